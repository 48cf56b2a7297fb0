//! The representation of a type, in its attributes `repr`.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{Attribute, Ident, Meta};

/// Returns the names in the attributes `repr`.
pub(crate) fn names(attributes: &[Attribute]) -> impl Iterator<Item = Ident> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("repr"))
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) => Some(list.tokens.clone()),
            _ => None,
        })
        .flat_map(TokenStream::into_iter)
        .filter_map(|token| match token {
            TokenTree::Ident(name) => Some(name),
            _ => None,
        })
}

/// Returns where a type is said to be packed.
pub(crate) fn packed(attributes: &[Attribute]) -> Option<Span> {
    names(attributes)
        .find(|name| name == "packed")
        .map(|name| name.span())
}
