//! The attributes of a static, sorted by the item of the expansion they belong to.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Result, Token, bracketed, parenthesized};

use crate::tokens::until;

/// An attribute: the content of `#[...]`, or one that follows the predicate of a `cfg_attr`.
pub(crate) enum Attribute {
    /// `cfg_attr(predicate, attributes)`.
    Conditional {
        predicate: TokenStream,
        attributes: Vec<Attribute>,
    },
    Plain {
        /// The segments of the path, which is that of `x` for `unsafe(x)`.
        path: Vec<Ident>,
        /// The tokens after the path. There are none for `unsafe(...)`.
        arguments: TokenStream,
        tokens: TokenStream,
    },
}

impl Attribute {
    /// Parses every `#[...]` in front of an item.
    pub(crate) fn parse_outer(input: ParseStream) -> Result<Vec<Self>> {
        let mut attributes = Vec::new();
        while input.parse::<Option<Token![#]>>()?.is_some() {
            let content;
            bracketed!(content in input);
            attributes.push(content.parse()?);
        }
        Ok(attributes)
    }
}

impl Parse for Attribute {
    fn parse(input: ParseStream) -> Result<Self> {
        let tokens = input.fork().parse()?;
        let mut path = path(input)?;
        if path[0] == "cfg_attr" {
            return conditional(input);
        }
        if path[0] == "unsafe" {
            let content;
            parenthesized!(content in input);
            path = self::path(&content)?;
            content.parse::<TokenStream>()?;
        }
        Ok(Self::Plain {
            path,
            arguments: input.parse()?,
            tokens,
        })
    }
}

fn path(input: ParseStream) -> Result<Vec<Ident>> {
    input.parse::<Option<Token![::]>>()?;
    let mut path = vec![input.call(Ident::parse_any)?];
    while input.parse::<Option<Token![::]>>()?.is_some() {
        path.push(input.call(Ident::parse_any)?);
    }
    Ok(path)
}

/// Parses the parentheses of a `cfg_attr`.
fn conditional(input: ParseStream) -> Result<Attribute> {
    let content;
    parenthesized!(content in input);
    let comma = |input: ParseStream| input.peek(Token![,]);
    let predicate = until(&content, comma)?;
    let mut attributes = Vec::new();
    while content.parse::<Option<Token![,]>>()?.is_some() && !content.is_empty() {
        attributes.push(syn::parse2(until(&content, comma)?)?);
    }
    Ok(Attribute::Conditional {
        predicate,
        attributes,
    })
}

/// The attributes of each item, as `#[...]`, and the errors in them.
#[derive(Default)]
pub(crate) struct Routed {
    /// Those of the whole expansion.
    pub(crate) call: TokenStream,
    /// Those of the static with the user's name.
    pub(crate) variable: TokenStream,
    pub(crate) storage: TokenStream,
    /// Those of other items that have the type or the value: levels of lints.
    pub(crate) lints: TokenStream,
    pub(crate) errors: Vec<Error>,
}

impl Routed {
    pub(crate) fn new(attributes: Vec<Attribute>) -> Self {
        let mut routed = Self::default();
        for attribute in attributes {
            routed.route(attribute, &[]);
        }
        routed
    }

    /// Adds an attribute to its items. `predicates` are those of the `cfg_attr`s around it, outermost first.
    fn route(&mut self, attribute: Attribute, predicates: &[TokenStream]) {
        match attribute {
            Attribute::Conditional {
                predicate,
                attributes,
            } => {
                let predicates = [predicates, &[predicate]].concat();
                for attribute in attributes {
                    self.route(attribute, &predicates);
                }
            }
            Attribute::Plain {
                path,
                arguments,
                tokens,
            } => {
                self.route_plain(&path, &arguments, &tokens, predicates);
            }
        }
    }

    fn route_plain(
        &mut self,
        path: &[Ident],
        arguments: &TokenStream,
        tokens: &TokenStream,
        predicates: &[TokenStream],
    ) {
        let attribute = outer(quote!(#tokens), predicates);
        let last = &path[path.len() - 1];
        // A built-in attribute has a path of one segment.
        let builtin = if path.len() == 1 {
            last.unraw().to_string()
        } else {
            String::new()
        };
        match builtin.as_str() {
            _ if last == "def_percpu" => {
                self.mistake(last, "`def_percpu` is given twice; keep one");
            }
            "link_section" => {
                self.mistake(
                    last,
                    "`def_percpu` chooses the section; remove `link_section`",
                );
            }
            "thread_local" => {
                self.mistake(
                    last,
                    "a per-CPU variable is not per thread; remove `thread_local`",
                );
            }
            "cfg" => self.call.extend(attribute),
            "no_mangle" | "export_name" | "used" => self.storage.extend(attribute),
            "allow" | "warn" | "deny" | "forbid" => {
                self.storage.extend(attribute.clone());
                self.lints.extend(attribute.clone());
                self.variable.extend(attribute);
            }
            "expect" => {
                // Only one of the items fulfils the expectation. On the others rustc would report it as unfulfilled.
                let allow = Ident::new("allow", last.span());
                let allowed = outer(quote!(#allow #arguments), predicates);
                self.storage.extend(allowed.clone());
                self.lints.extend(allowed);
                self.variable.extend(attribute);
            }
            _ => self.variable.extend(attribute),
        }
    }

    fn mistake(&mut self, attribute: &Ident, text: &str) {
        self.errors.push(Error::new(attribute.span(), text));
    }
}

/// Returns `#[attribute]`, inside a `cfg_attr` for each predicate.
fn outer(attribute: TokenStream, predicates: &[TokenStream]) -> TokenStream {
    let wrap = |inner, predicate: &TokenStream| quote!(cfg_attr(#predicate, #inner));
    let first = attribute.clone().into_iter().next();
    // With the span of the user's attribute: else it counts as the macro's, and the lint `unsafe_code` does not see it.
    let span = first.map_or_else(Span::call_site, |first| first.span());
    let meta = predicates.iter().rfold(attribute, wrap);
    quote_spanned!(span=> #[#meta])
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;
    use syn::parse::Parser;

    use super::{Attribute, Routed};

    fn route(attributes: TokenStream) -> Routed {
        Routed::new(Attribute::parse_outer.parse2(attributes).unwrap())
    }

    /// Asserts which attributes the call, the static and the storage have.
    #[track_caller]
    fn arrives(attributes: TokenStream, at: [TokenStream; 3]) {
        let routed = route(attributes);
        assert!(routed.errors.is_empty());
        let arrived = [routed.call, routed.variable, routed.storage];
        assert_eq!(arrived.map(|a| a.to_string()), at.map(|a| a.to_string()));
    }

    #[track_caller]
    fn is_refused(attributes: TokenStream, text: &str) {
        let routed = route(attributes);
        let errors: Vec<_> = routed.errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, [text]);
        assert!(routed.call.is_empty() && routed.variable.is_empty() && routed.storage.is_empty());
    }

    #[test]
    fn each_attribute_has_one_place() {
        let none = TokenStream::new;
        for attribute in [quote!(#[cfg(feature = "smp")]), quote!(#[cfg(all())])] {
            arrives(attribute.clone(), [attribute, none(), none()]);
        }
        for attribute in [
            quote!(#[doc = "documented"]),
            quote!(#[doc = concat!("a", "b")]),
            quote!(#[deprecated]),
            quote!(#[clippy::used]),
            quote!(#[::user::cfg(all())]),
            quote!(#[user::no_mangle]),
        ] {
            arrives(attribute.clone(), [none(), attribute, none()]);
        }
        for attribute in [
            quote!(#[no_mangle]),
            quote!(#[unsafe(no_mangle)]),
            quote!(#[export_name = "exits"]),
            quote!(#[unsafe(export_name = "exits")]),
            quote!(#[used(linker)]),
        ] {
            arrives(attribute.clone(), [none(), none(), attribute]);
        }
    }

    #[test]
    fn lints_go_to_both_and_expectations_to_one() {
        for attribute in [
            quote!(#[allow(unused)]),
            quote!(#[warn(unused)]),
            quote!(#[deny(clippy::all)]),
            quote!(#[forbid(unused, reason = "so")]),
        ] {
            arrives(attribute.clone(), [quote!(), attribute.clone(), attribute]);
        }
        arrives(
            quote!(#[expect(unused, reason = "so")]),
            [
                quote!(),
                quote!(#[expect(unused, reason = "so")]),
                quote!(#[allow(unused, reason = "so")]),
            ],
        );
    }

    #[test]
    fn cfg_attr_is_split() {
        arrives(
            quote! {
                #[cfg_attr(all(a, b), doc = "x", unsafe(no_mangle), cfg(c), expect(unused),)]
                #[cfg_attr(a, cfg_attr(b, used, deprecated), cfg_attr(c, cfg(d)))]
                #[cfg_attr(a,)]
            },
            [
                quote!(#[cfg_attr(all(a, b), cfg(c))] #[cfg_attr(a, cfg_attr(c, cfg(d)))]),
                quote! {
                    #[cfg_attr(all(a, b), doc = "x")]
                    #[cfg_attr(all(a, b), expect(unused))]
                    #[cfg_attr(a, cfg_attr(b, deprecated))]
                },
                quote! {
                    #[cfg_attr(all(a, b), unsafe(no_mangle))]
                    #[cfg_attr(all(a, b), allow(unused))]
                    #[cfg_attr(a, cfg_attr(b, used))]
                },
            ],
        );
    }

    #[test]
    fn what_contradicts_the_macro_is_refused() {
        let section = "`def_percpu` chooses the section; remove `link_section`";
        is_refused(quote!(#[link_section = ".data"]), section);
        is_refused(quote!(#[unsafe(link_section = ".data")]), section);
        is_refused(
            quote!(#[cfg_attr(a, unsafe(link_section = ".data"))]),
            section,
        );
        let twice = "`def_percpu` is given twice; keep one";
        is_refused(quote!(#[def_percpu]), twice);
        is_refused(quote!(#[::percpu_hv::def_percpu(crate = x)]), twice);
        let thread = "a per-CPU variable is not per thread; remove `thread_local`";
        is_refused(quote!(#[thread_local]), thread);
    }
}
