//! The lints that a derive takes over from its type, so that the expansion is judged as the type is.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Fields, Meta};

/// The attributes that set the level of a lint.
const LEVELS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// Returns the attributes of the type that set the level of a lint, and one that allows it to name its own deprecated
/// fields.
pub(crate) fn of(item: &DeriveInput) -> TokenStream {
    let levels = item.attrs.iter().filter_map(|attribute| {
        let level = LEVELS
            .iter()
            .find(|level| attribute.path().is_ident(level))?;
        match &attribute.meta {
            // The type itself is what fulfils an expectation.
            Meta::List(list) if *level == "expect" => {
                let lints = &list.tokens;
                Some(quote!(#[allow(#lints)]))
            }
            _ => Some(attribute.to_token_stream()),
        }
    });
    let levels: TokenStream = levels.collect();
    let fields = match &item.data {
        Data::Struct(data) => &data.fields,
        _ => &Fields::Unit,
    };
    let mut all = fields.iter().map(|field| &field.attrs).chain([&item.attrs]);
    if all.any(|attributes| deprecated(attributes).is_some()) {
        quote!(#levels #[allow(deprecated)])
    } else {
        levels
    }
}

/// Returns the attribute that says that something is deprecated.
pub(crate) fn deprecated(attributes: &[Attribute]) -> Option<&Attribute> {
    let mut attributes = attributes.iter();
    attributes.find(|attribute| attribute.path().is_ident("deprecated"))
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse2;

    use super::of;

    #[test]
    fn levels_and_deprecations_are_taken_over() {
        let item = parse2(quote!(
            /// Documented.
            #[deny(missing_docs)]
            #[repr(C)]
            #[expect(dead_code, reason = "none yet")]
            struct Stats {
                #[deprecated = "counted elsewhere"]
                exits: u64,
            }
        ));
        let expected = quote!(
            #[deny(missing_docs)]
            #[allow(dead_code, reason = "none yet")]
            #[allow(deprecated)]
        );
        assert_eq!(of(&item.unwrap()).to_string(), expected.to_string());
        let item = parse2(quote!(
            #[derive(Debug)]
            struct Stats(u64);
        ));
        assert!(of(&item.unwrap()).is_empty());
    }
}
