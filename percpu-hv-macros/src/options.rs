//! The options in the attribute's parentheses.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Lit, Result, Token};

use crate::tokens::{outside_angles, until};

/// The options of `#[def_percpu(...)]`, and the errors in them.
#[derive(Default)]
pub(crate) struct Options {
    /// The path of `crate = path`.
    pub(crate) runtime: Option<TokenStream>,
    /// One of [`GROUPS`].
    pub(crate) group: Option<Ident>,
    /// One of [`KINDS`].
    pub(crate) kind: Option<Ident>,
    /// The function of `init = path`.
    pub(crate) init: Option<TokenStream>,
    pub(crate) errors: Vec<Error>,
}

impl From<Error> for Options {
    fn from(error: Error) -> Self {
        Self {
            errors: vec![error],
            ..Self::default()
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut options = Self::default();
        let mut seen = false;
        while !input.is_empty() {
            let again = seen && input.peek(Token![crate]);
            seen |= input.peek(Token![crate]);
            let parsed = if again {
                Err(input.error("option `crate` is given twice; keep one"))
            } else if input.peek(Token![crate]) {
                crate_option(input).map(|path| options.runtime = Some(path))
            } else {
                options.named(input)
            };
            if let Err(error) = parsed {
                options.errors.push(error);
            }
            // After an error, skip the rest of the option.
            until(input, ends)?;
            if input.peek(Token![;]) {
                options
                    .errors
                    .push(input.error("a comma separates two options"));
                input.parse::<Token![;]>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(options)
    }
}

/// The groups, which decide where a variable lies in an area.
const GROUPS: [&str; 5] = [
    "hot",
    "cold",
    "read_mostly",
    "page_aligned",
    "cache_aligned",
];

/// The kinds, which decide a variable's accessors in place of its type.
const KINDS: [&str; 3] = ["shared", "exclusive", "elements"];

impl Options {
    /// Parses an option that consists of a name.
    fn named(&mut self, input: ParseStream) -> Result<()> {
        let name: TokenTree = input.fork().parse()?;
        let unknown = || {
            let text = format!(
                "unknown option `{name}`; `def_percpu` knows the groups `hot`, `cold`, `read_mostly`, \
                 `page_aligned` and `cache_aligned`, the kinds `shared`, `exclusive` and `elements`, `init = path` and `crate = path`"
            );
            Error::new(name.span(), text)
        };
        let found: Ident = input.parse().map_err(|_| unknown())?;
        if found == "init" {
            return self.function(input, &found);
        }
        let (place, one) = if GROUPS.iter().any(|known| found == known) {
            (&mut self.group, "a variable is in one group")
        } else if KINDS.iter().any(|known| found == known) {
            (&mut self.kind, "a variable is of one kind")
        } else {
            return Err(unknown());
        };
        if let Some(first) = place {
            let text = if found == *first {
                format!("option `{found}` is given twice; keep one")
            } else {
                format!("`{found}` and `{first}` exclude each other; {one}")
            };
            return Err(Error::new(found.span(), text));
        }
        // With a mistake behind it the option still counts, so that uses of the variable are no further errors.
        let text = format!("option `{found}` takes no value");
        *place = Some(found);
        if ends(input) {
            Ok(())
        } else {
            Err(input.error(text))
        }
    }

    /// Parses what follows the name `init`.
    fn function(&mut self, input: ParseStream, name: &Ident) -> Result<()> {
        if self.init.is_some() {
            return Err(Error::new(
                name.span(),
                "option `init` is given twice; keep one",
            ));
        }
        let equals = input.parse::<Option<Token![=]>>()?;
        let path = outside_angles(input, ends)?;
        if equals.is_none() || path.is_empty() {
            let text = "option `init` needs a function: write `init = path`, of a `fn(usize) -> Type` that gets a \
                        CPU's index";
            return Err(Error::new(name.span(), text));
        }
        self.init = Some(path);
        Ok(())
    }
}

/// Parses `crate = path`, up to a comma or the end.
fn crate_option(input: ParseStream) -> Result<TokenStream> {
    let keyword = input.parse::<Token![crate]>()?;
    let Some(equals) = input.parse::<Option<Token![=]>>()? else {
        let text = "option `crate` needs a path: write `crate = path`";
        return Err(Error::new(keyword.span, text));
    };
    let path = crate_path(input, equals.span)?;
    if ends(input) {
        Ok(path)
    } else {
        Err(input.error("the path of a crate ends here; `def_percpu` expects `crate = path`"))
    }
}

/// Parses a path without generic arguments, which may start with `$crate`. `before` is the span of the token before it.
fn crate_path(input: ParseStream, mut before: Span) -> Result<TokenStream> {
    let mut path = TokenStream::new();
    loop {
        if let Some(colons) = input.parse::<Option<Token![::]>>()? {
            before = colons.spans[0];
            colons.to_tokens(&mut path);
        } else if !path.is_empty() {
            return Ok(path);
        }
        segment(input, before)?.to_tokens(&mut path);
    }
}

fn segment(input: ParseStream, before: Span) -> Result<Ident> {
    let keyword =
        input.peek(Token![crate]) || input.peek(Token![self]) || input.peek(Token![super]);
    if keyword || input.peek(Ident) {
        return input.call(Ident::parse_any);
    }
    if let Ok(Lit::Str(path)) = input.fork().parse() {
        let text = format!("write the path without quotes: `crate = {}`", path.value());
        return Err(input.error(text));
    }
    let span = if ends(input) { before } else { input.span() };
    let text = "expected the path of the crate `percpu-hv`, like `crate = ::percpu_hv`";
    Err(Error::new(span, text))
}

fn ends(input: ParseStream) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Token![;])
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::quote;
    use syn::parse2;

    use super::Options;

    fn options(tokens: TokenStream) -> (Option<String>, Vec<String>) {
        let options: Options = parse2(tokens).unwrap();
        let errors = options.errors.iter().map(ToString::to_string);
        (
            options.runtime.map(|path| path.to_string()),
            errors.collect(),
        )
    }

    #[track_caller]
    #[test]
    fn crate_takes_any_path() {
        assert_eq!(options(quote!()), (None, vec![]));
        for path in [
            quote!(::percpu_hv),
            quote!(percpu_hv),
            quote!(crate::platform::percpu),
            quote!(self::percpu),
            quote!(super::super::r#type),
        ] {
            assert_eq!(
                options(quote!(crate = #path)),
                (Some(path.to_string()), vec![])
            );
            assert_eq!(
                options(quote!(crate = #path,)),
                (Some(path.to_string()), vec![])
            );
            let fragment = Group::new(Delimiter::None, path.clone());
            assert_eq!(
                options(quote!(crate = #fragment)),
                (Some(path.to_string()), vec![])
            );
        }
    }

    #[test]
    fn a_variable_is_in_one_group() {
        let (runtime, errors) = options(quote!(
            hot,
            crate = a,
            cache_aligned,
            page_aligned = 1,
            cold,
            read_mostly
        ));
        assert_eq!(runtime.as_deref(), Some("a"));
        assert_eq!(
            errors,
            [
                "`cache_aligned` and `hot` exclude each other; a variable is in one group",
                "`page_aligned` and `hot` exclude each other; a variable is in one group",
                "`cold` and `hot` exclude each other; a variable is in one group",
                "`read_mostly` and `hot` exclude each other; a variable is in one group",
            ]
        );
        let options: Options = parse2(quote!(hot = 1; shared = true)).unwrap();
        let errors: Vec<_> = options.errors.iter().map(ToString::to_string).collect();
        let no_value = |name| format!("option `{name}` takes no value");
        assert_eq!(
            errors,
            [
                &no_value("hot"),
                "a comma separates two options",
                &no_value("shared")
            ]
        );
        assert!(options.group.is_some_and(|group| group == "hot"));
        assert!(options.kind.is_some_and(|kind| kind == "shared"));
    }

    #[test]
    fn a_variable_is_of_one_kind() {
        let options: Options = parse2(quote!(shared, hot)).unwrap();
        assert_eq!(
            options.kind.map(|kind| kind.to_string()).as_deref(),
            Some("shared")
        );
        assert_eq!(
            options.group.map(|group| group.to_string()).as_deref(),
            Some("hot")
        );
        let (_, errors) = self::options(quote!(shared, hot, shared, hot));
        let twice = |name| format!("option `{name}` is given twice; keep one");
        assert_eq!(errors, [twice("shared"), twice("hot")]);
        let (_, errors) = self::options(quote!(shared, exclusive));
        assert_eq!(
            errors,
            ["`exclusive` and `shared` exclude each other; a variable is of one kind"]
        );
    }

    #[test]
    fn every_wrong_option_is_one_error() {
        let (runtime, errors) = options(quote!(warm, crate = a, align(64) = x, crate = b.c, "d"));
        assert_eq!(runtime.as_deref(), Some("a"));
        assert_eq!(errors.len(), 4);
        assert!(errors[0].starts_with("unknown option `warm`"), "{errors:?}");
        assert!(
            errors[1].starts_with("unknown option `align`"),
            "{errors:?}"
        );
        assert!(
            errors[2].starts_with("option `crate` is given twice"),
            "{errors:?}"
        );
        assert!(
            errors[3].starts_with("unknown option `\"d\"`"),
            "{errors:?}"
        );
        for wrong in [
            quote!(crate),
            quote!(crate = ),
            quote!(crate = , ),
            quote!(crate = ::),
            quote!(crate = a::),
            quote!(crate = a::<b>),
            quote!(crate = a b),
            quote!(crate = "a"),
            quote!(crate = 'a'),
            quote!(crate == a),
            quote!(crate: a),
        ] {
            let (runtime, errors) = options(wrong.clone());
            assert_eq!((runtime, errors.len()), (None, 1), "{wrong}");
        }
    }
}
