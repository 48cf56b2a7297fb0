//! What the user wrote: the options in the attribute's parentheses, and the item below it.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Lit, Result, Token, token};

use crate::attrs::Attribute;
use crate::lifetimes::with_static;

/// The options of `#[def_percpu(...)]`, and each mistake in them.
#[derive(Default)]
pub(crate) struct Options {
    /// The path of `crate = path`.
    pub(crate) runtime: Option<TokenStream>,
    /// One of [`GROUPS`].
    pub(crate) group: Option<Ident>,
    /// One of [`KINDS`].
    pub(crate) kind: Option<Ident>,
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
            // An error leaves the rest of its option.
            until(input, |input| input.peek(Token![,]))?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(options)
    }
}

/// Which variables a variable lies among.
const GROUPS: [&str; 4] = ["hot", "read_mostly", "page_aligned", "cache_aligned"];

/// Which accessors a variable has, where it is not as its type says.
const KINDS: [&str; 2] = ["shared", "exclusive"];

impl Options {
    /// An option that is a name alone.
    fn named(&mut self, input: ParseStream) -> Result<()> {
        let name: TokenTree = input.fork().parse()?;
        let unknown = || {
            let text = format!(
                "unknown option `{name}`; `def_percpu` knows the groups `hot`, `read_mostly`, `page_aligned` and \
                 `cache_aligned`, the kinds `shared` and `exclusive`, and `crate = path`"
            );
            Error::new(name.span(), text)
        };
        let found: Ident = input.parse().map_err(|_| unknown())?;
        let (place, one) = if GROUPS.iter().any(|known| found == known) {
            (&mut self.group, "a variable is in one group")
        } else if KINDS.iter().any(|known| found == known) {
            (&mut self.kind, "a variable is of one kind")
        } else {
            return Err(unknown());
        };
        if let Some(first) = place {
            let text = format!("`{found}` and `{first}` exclude each other; {one}");
            return Err(Error::new(found.span(), text));
        }
        if !ends(input) {
            return Err(input.error(format!("option `{found}` takes no value")));
        }
        *place = Some(found);
        Ok(())
    }
}

/// `crate = path`, up to a comma or the end.
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

/// A path without generic arguments, `$crate` included; `before` is the token that led to it.
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
    input.is_empty() || input.peek(Token![,])
}

/// The item below the attribute.
pub(crate) enum Item {
    Static(Static),
    /// No static, or one that rustc refuses by itself (then without an error): it is given back as it
    /// is, so that nothing else that names it fails.
    Other(Option<Error>),
}

/// `#[...] pub static NAME: TYPE = VALUE;`. Whether type and value are right is left to rustc.
pub(crate) struct Static {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) vis: TokenStream,
    pub(crate) name: Ident,
    pub(crate) ty: TokenStream,
    pub(crate) value: TokenStream,
}

impl Parse for Item {
    fn parse(input: ParseStream) -> Result<Self> {
        let attributes = Attribute::parse_outer(input)?;
        let vis = visibility(input)?;
        if !input.peek(Token![static]) {
            let error = not_a_static(input);
            input.parse::<TokenStream>()?;
            return Ok(Self::Other(Some(error)));
        }
        input.parse::<Token![static]>()?;
        input.parse::<Option<Token![mut]>>()?;
        if input.peek(Ident) && (input.peek2(Token![:]) && !input.peek3(Token![_])) {
            static_item(input, attributes, vis).map(Self::Static)
        } else {
            // `_` for a name, generics, or no type.
            input.parse::<TokenStream>()?;
            Ok(Self::Other(None))
        }
    }
}

fn not_a_static(input: ParseStream) -> Error {
    if input.peek(Token![const]) && (input.peek2(Ident) || input.peek2(Token![_])) {
        input.error("`def_percpu` expects a `static` item; constants have no address per CPU")
    } else if input.peek2(Token![static]) {
        // `safe static` and `unsafe static`.
        input.error(NO_VALUE)
    } else {
        input.error("`def_percpu` expects a `static` item: write `static NAME: Type = value;`")
    }
}

const NO_VALUE: &str = "`def_percpu` expects an initial value, which each CPU's copy starts from: \
    write `static NAME: Type = value;`, not in an `extern` block";

/// What follows `static`.
fn static_item(input: ParseStream, attributes: Vec<Attribute>, vis: TokenStream) -> Result<Static> {
    let name: Ident = input.parse()?;
    input.parse::<Token![:]>()?;
    let ty = outside_angles(input, |input| {
        input.peek(Token![=]) || input.peek(Token![;])
    })?;
    if input.parse::<Option<Token![=]>>()?.is_none() {
        return Err(Error::new(name.span(), NO_VALUE));
    }
    let value = until(input, |input| input.peek(Token![;]))?;
    input.parse::<Token![;]>()?;
    if !input.is_empty() {
        return Err(input.error("`def_percpu` expects one `static` item and nothing after it"));
    }
    Ok(Static {
        attributes,
        vis,
        name,
        ty: with_static(ty)?,
        value,
    })
}

/// `pub`, `pub(...)` or nothing.
fn visibility(input: ParseStream) -> Result<TokenStream> {
    let mut vis = TokenStream::new();
    if let Some(public) = input.parse::<Option<Token![pub]>>()? {
        public.to_tokens(&mut vis);
        if input.peek(token::Paren) {
            input.parse::<TokenTree>()?.to_tokens(&mut vis);
        }
    }
    Ok(vis)
}

/// The tokens before the one that `stop` sees.
pub(crate) fn until(input: ParseStream, stop: fn(ParseStream) -> bool) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !stop(input) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// The same outside of `<...>`, and at the latest before a `>` that closes what is around.
pub(crate) fn outside_angles(
    input: ParseStream,
    stop: fn(ParseStream) -> bool,
) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut depth = 0_usize;
    while !input.is_empty() && !(depth == 0 && (stop(input) || input.peek(Token![>]))) {
        if let Some(arrow) = input.parse::<Option<Token![->]>>()? {
            arrow.to_tokens(&mut tokens);
            continue;
        }
        // `peek` looks into a group without delimiters, of which the angles are balanced.
        if !input.peek(token::Group) {
            depth += usize::from(input.peek(Token![<]));
            depth -= usize::from(input.peek(Token![>]));
        }
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::quote;
    use syn::parse2;

    use super::{Item, NO_VALUE, Options, Static};

    fn options(tokens: TokenStream) -> (Option<String>, Vec<String>) {
        let options: Options = parse2(tokens).unwrap();
        let errors = options.errors.iter().map(ToString::to_string);
        (
            options.runtime.map(|path| path.to_string()),
            errors.collect(),
        )
    }

    #[track_caller]
    fn variable(tokens: TokenStream) -> Static {
        match parse2(tokens.clone()) {
            Ok(Item::Static(variable)) => variable,
            _ => panic!("{tokens} is a static"),
        }
    }

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
            read_mostly
        ));
        assert_eq!(runtime.as_deref(), Some("a"));
        assert_eq!(
            errors,
            [
                "`cache_aligned` and `hot` exclude each other; a variable is in one group",
                "`page_aligned` and `hot` exclude each other; a variable is in one group",
                "`read_mostly` and `hot` exclude each other; a variable is in one group",
            ]
        );
        let (_, errors) = options(quote!(hot = 1));
        assert_eq!(errors, ["option `hot` takes no value"]);
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
        let (_, errors) = self::options(quote!(shared, exclusive));
        assert_eq!(
            errors,
            ["`exclusive` and `shared` exclude each other; a variable is of one kind"]
        );
    }

    #[test]
    fn every_wrong_option_is_one_error() {
        let (runtime, errors) = options(quote!(cold, crate = a, align(64) = x, crate = b.c, "d"));
        assert_eq!(runtime.as_deref(), Some("a"));
        assert_eq!(errors.len(), 4);
        assert!(errors[0].starts_with("unknown option `cold`"), "{errors:?}");
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

    #[test]
    fn type_ends_at_its_own_equals_sign() {
        for ty in [
            quote!(Box<dyn Iterator<Item = u8> + Send>),
            quote!(<A as B<C = D>>::E),
            quote!(Option<fn(u8) -> Vec<Vec<u8>>>),
            quote!([u8; 1 << 2]),
            quote!(Ring<-1, { 1 < 2 }>),
        ] {
            let item = variable(quote!(static X: #ty = a <= b;));
            assert_eq!(item.ty.to_string(), ty.to_string());
            assert_eq!(item.value.to_string(), "a <= b");
        }
        // Without a space `>=` is one operator.
        let item = variable("static X: Vec<Vec<u8>>= a;".parse().unwrap());
        assert_eq!(item.ty.to_string(), "Vec < Vec < u8 >>");
        assert_eq!(item.value.to_string(), "a");
    }

    #[test]
    fn fragments_are_looked_into() {
        let fragment = |tokens| Group::new(Delimiter::None, tokens);
        for (vis, written) in [(quote!(), ""), (quote!(pub(super)), "pub (super)")] {
            let (vis, ty, value) = (fragment(vis), fragment(quote!(u8)), fragment(quote!(1 + 1)));
            let item = variable(quote!(#vis static mut X: #ty = #value;));
            assert_eq!(item.vis.to_string(), written);
            assert_eq!(item.ty.to_string(), "u8");
            assert_eq!(item.value.to_string(), "1 + 1");
        }
        let whole = fragment(quote!(
            #[a]
            pub static X: u8 = 1;
        ));
        let item = variable(quote!(#[b] #whole));
        assert_eq!(
            (item.attributes.len(), item.name.to_string()),
            (2, "X".into())
        );
    }

    #[test]
    fn what_is_no_static_is_given_back() {
        for (item, start) in [
            (
                quote!(
                    const X: u8 = 0;
                ),
                "`def_percpu` expects a `static` item; constants",
            ),
            (
                quote!(
                    const _: u8 = 0;
                ),
                "`def_percpu` expects a `static` item; constants",
            ),
            (
                quote!(
                    pub const fn f() {}
                ),
                "`def_percpu` expects a `static` item: write",
            ),
            (
                quote!(
                    const unsafe extern "C" fn f() {}
                ),
                "`def_percpu` expects a `static` item: write",
            ),
            (
                quote!(let x = 0;),
                "`def_percpu` expects a `static` item: write",
            ),
            (quote!(safe static X: u8;), NO_VALUE),
        ] {
            let Ok(Item::Other(Some(error))) = parse2(item.clone()) else {
                panic!("{item} is no static");
            };
            assert!(error.to_string().starts_with(start), "{item}: {error}");
        }
    }

    #[test]
    fn what_rustc_refuses_is_left_to_it() {
        for item in [
            quote!(static X = 0;),
            quote!(static mut X = 0;),
            quote!(
                static X: _ = 0;
            ),
            quote!(static X<T>: u8 = 0;),
            quote!(static _: u8 = 0;),
        ] {
            assert!(
                matches!(parse2(item.clone()), Ok(Item::Other(None))),
                "{item}"
            );
        }
    }

    #[test]
    fn nothing_follows_the_static() {
        let error = parse2::<Item>(quote!(
            static X: u8 = 0;
            static Y: u8 = 0;
        ))
        .err()
        .unwrap();
        assert_eq!(
            error.to_string(),
            "`def_percpu` expects one `static` item and nothing after it"
        );
    }

    #[test]
    fn a_static_without_value_is_an_error() {
        let error = parse2::<Item>(quote!(
            static X: Option<u8>;
        ))
        .err()
        .unwrap();
        assert_eq!(error.to_string(), NO_VALUE);
    }
}
