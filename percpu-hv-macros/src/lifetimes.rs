//! The lifetimes that a static's type may leave out. The expansion also uses the type in an alias and an `impl`, which
//! require them.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Lifetime, Result, Token, token};

use crate::tokens::outside_angles;

/// Adds `'static` where a static's type implies it: in `&T` and for `'_`, but not in the signatures of function
/// pointers and `Fn` traits.
///
/// A path that hides its lifetimes stays as it is: `Ref<T>` for `Ref<'_, T>` looks like any other path.
pub(crate) fn with_static(ty: TokenStream) -> Result<TokenStream> {
    types.parse2(ty)
}

/// Converts a type, the types of a tuple, or an array's type and length.
fn types(input: ParseStream) -> Result<TokenStream> {
    let mut written = TokenStream::new();
    while !input.is_empty() {
        // An array's length is a value, in which `&` is an operator. So are braces, which `part` leaves as they are.
        let part = if input.peek(Token![;]) {
            input.parse()?
        } else {
            part(input)?
        };
        written.extend(part);
    }
    Ok(written)
}

fn part(input: ParseStream) -> Result<TokenStream> {
    let nested = input.peek(token::Group) || input.peek(token::Paren) || input.peek(token::Bracket);
    let name = input.peek(Token![fn]) || input.peek(Ident);
    if nested {
        inside(input.parse()?)
    } else if input.peek(Token![&]) {
        let and: Token![&] = input.parse()?;
        let lifetime = (!input.peek(Lifetime)).then(|| quote_spanned!(and.spans[0]=> 'static));
        Ok(quote!(#and #lifetime))
    } else if input.peek(Lifetime) {
        let lifetime: Lifetime = input.parse()?;
        Ok(if lifetime.ident == "_" {
            quote_spanned!(lifetime.span()=> 'static)
        } else {
            quote!(#lifetime)
        })
    } else if name && input.peek2(token::Paren) {
        signature(input)
    } else if name && input.peek2(Token![!]) {
        // `name!(...)`
        trees(input, 3)
    } else {
        trees(input, 1)
    }
}

/// Converts the types in a group. A fragment of `macro_rules!` is a group without delimiters.
fn inside(tree: TokenTree) -> Result<TokenStream> {
    let TokenTree::Group(group) = tree else {
        return Ok(quote!(#tree));
    };
    let mut written = Group::new(group.delimiter(), with_static(group.stream())?);
    written.set_span(group.span());
    Ok(quote!(#written))
}

/// Returns `fn(...) -> T` or `Fn(...) -> T` unchanged.
fn signature(input: ParseStream) -> Result<TokenStream> {
    let mut signature = trees(input, 2)?;
    if let Some(arrow) = input.parse::<Option<Token![->]>>()? {
        arrow.to_tokens(&mut signature);
        signature.extend(outside_angles(input, |input| {
            input.peek(Token![,]) || input.peek(Token![+]) || input.peek(Token![;])
        })?);
    }
    Ok(signature)
}

fn trees(input: ParseStream, count: usize) -> Result<TokenStream> {
    (0..count).map(|_| input.parse::<TokenTree>()).collect()
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::quote;

    use super::with_static;

    #[track_caller]
    fn becomes(ty: TokenStream, written: TokenStream) {
        assert_eq!(with_static(ty).unwrap().to_string(), written.to_string());
    }

    #[track_caller]
    fn stays(ty: TokenStream) {
        becomes(ty.clone(), ty);
    }

    #[test]
    fn references_and_placeholders_are_static() {
        becomes(quote!(&str), quote!(&'static str));
        becomes(
            quote!(&&mut [&u8]),
            quote!(&'static &'static mut [&'static u8]),
        );
        becomes(quote!(&'_ Guest<'_>), quote!(&'static Guest<'static>));
        becomes(
            quote!(Option<(&A, *mut (&B,))>),
            quote!(Option<(&'static A, *mut (&'static B,))>),
        );
        stays(quote!(&'static (u8, Guest<'static>)));
    }

    #[test]
    fn signatures_keep_their_own_lifetimes() {
        stays(quote!(unsafe extern "C" fn(&u8, &mut [u8]) -> &u8));
        stays(quote!(for<'a> fn(&'a u8) -> Option<&u8>));
        becomes(
            quote!((fn(&u8) -> &u8, &u8)),
            quote!((fn(&u8) -> &u8, &'static u8)),
        );
        becomes(
            quote!(&(dyn Fn(&u8) -> Option<&u8> + Sync)),
            quote!(&'static (dyn Fn(&u8) -> Option<&u8> + Sync)),
        );
        becomes(
            quote!(Map<Box<dyn Fn(&u8) -> &u8>, &u8>),
            quote!(Map<Box<dyn Fn(&u8) -> &u8>, &'static u8>),
        );
        becomes(quote!([fn() -> u8; A & B]), quote!([fn() -> u8; A & B]));
    }

    #[test]
    fn values_and_macros_stay() {
        stays(quote!([u8; A & B]));
        stays(quote!(Ring<{ A & B }>));
        stays(quote!(fields!(&u8)));
        stays(quote!(path::fields![&u8]));
    }

    #[test]
    fn fragments_keep_their_groups() {
        let fragment = |tokens| Group::new(Delimiter::None, tokens);
        let (elided, written) = (fragment(quote!(&u8)), fragment(quote!(&'static u8)));
        becomes(quote!([#elided; 1]), quote!([#written; 1]));
        let with_static = with_static(quote!(Option<#elided>)).unwrap();
        let groups = with_static.into_iter().filter(|tree| {
            matches!(tree, proc_macro2::TokenTree::Group(group) if group.delimiter() == Delimiter::None)
        });
        assert_eq!(groups.count(), 1);
    }
}
