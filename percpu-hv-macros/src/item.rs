//! Parses the item below the attribute.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Result, Token, token};

use crate::attrs::Attribute;
use crate::lifetimes::with_static;
use crate::tokens::{outside_angles, until};

/// The item below the attribute.
pub(crate) enum Item {
    Static(Static),
    /// Any other item, with an error; or a static that rustc refuses by itself, without one. The expansion is the item
    /// itself, so that its uses are no further errors.
    Other(Option<Error>),
}

/// `#[...] pub static NAME: TYPE = VALUE;`. The type and the value are checked by rustc. `expand` checks whether there
/// has to be a value.
pub(crate) struct Static {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) vis: TokenStream,
    pub(crate) name: Ident,
    pub(crate) ty: TokenStream,
    pub(crate) value: Option<TokenStream>,
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
        let no_type = [
            input.peek3(Token![_]),
            input.peek3(Token![=]),
            input.peek3(Token![;]),
        ];
        if input.peek(Ident) && input.peek2(Token![:]) && no_type == [false; 3] {
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

/// The error where there is no value, and no function that makes one.
pub(crate) const NO_VALUE: &str = "`def_percpu` expects an initial value, which each CPU's copy starts from: \
    write `static NAME: Type = value;`, not in an `extern` block";

/// Parses what follows `static`.
fn static_item(input: ParseStream, attributes: Vec<Attribute>, vis: TokenStream) -> Result<Static> {
    let name: Ident = input.parse()?;
    input.parse::<Token![:]>()?;
    let ty = outside_angles(input, |input| {
        input.peek(Token![=]) || input.peek(Token![;])
    })?;
    let value = match input.parse::<Option<Token![=]>>()? {
        Some(_) => Some(until(input, |input| input.peek(Token![;]))?),
        None => None,
    };
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

/// Parses `pub`, `pub(...)` or nothing.
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

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::quote;
    use syn::parse2;

    use super::{Item, NO_VALUE, Static};

    #[track_caller]
    fn variable(tokens: TokenStream) -> Static {
        match parse2(tokens.clone()) {
            Ok(Item::Static(variable)) => variable,
            _ => panic!("{tokens} is a static"),
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
            assert_eq!(item.value.unwrap().to_string(), "a <= b");
        }
        // Without a space, `>=` is one operator.
        let item = variable("static X: Vec<Vec<u8>>= a;".parse().unwrap());
        assert_eq!(item.ty.to_string(), "Vec < Vec < u8 >>");
        assert_eq!(item.value.unwrap().to_string(), "a");
    }

    #[test]
    fn fragments_are_looked_into() {
        let fragment = |tokens| Group::new(Delimiter::None, tokens);
        for (vis, written) in [(quote!(), ""), (quote!(pub(super)), "pub (super)")] {
            let (vis, ty, value) = (fragment(vis), fragment(quote!(u8)), fragment(quote!(1 + 1)));
            let item = variable(quote!(#vis static mut X: #ty = #value;));
            assert_eq!(item.vis.to_string(), written);
            assert_eq!(item.ty.to_string(), "u8");
            assert_eq!(item.value.unwrap().to_string(), "1 + 1");
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
            quote!(static X: = 0;),
            quote!(static X:;),
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
    fn a_static_may_have_no_value() {
        let item = variable(quote!(
            static X: Option<u8>;
        ));
        assert!(item.value.is_none());
    }
}
