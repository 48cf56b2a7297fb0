//! The path of the runtime in the user's crate.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

/// Returns the runtime's path. It is absolute, because the user's crate may have a module of the same name.
///
/// Without a manifest, or if the manifest does not have the runtime, the path is `::percpu_hv`. Then rustc reports what
/// is missing.
pub(crate) fn path() -> TokenStream {
    find("percpu-hv", "percpu_hv").unwrap_or_else(|| absolute("percpu_hv"))
}

/// Returns the path of a compat crate, which re-exports the runtime for crates that were written for `percpu`. If the
/// manifest has several, any of them works.
///
/// If the manifest has none, the path is `percpu`, as in the macros of `percpu`: the name may come from another crate's
/// re-export.
pub(crate) fn compat_path() -> TokenStream {
    find("percpu", "percpu").unwrap_or_else(|| quote!(percpu))
}

fn find(package: &str, library: &str) -> Option<TokenStream> {
    match crate_name(package) {
        // The library, which has `extern crate self`, or one of its tests or examples.
        Ok(FoundCrate::Itself) => Some(absolute(library)),
        Ok(FoundCrate::Name(name)) => Some(absolute(&name)),
        Err(_) => None,
    }
}

fn absolute(name: &str) -> TokenStream {
    let name =
        syn::parse_str::<Ident>(name).unwrap_or_else(|_| Ident::new_raw(name, Span::call_site()));
    quote!(::#name)
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn path_is_absolute_whatever_the_name() {
        assert_eq!(absolute("cpu_local").to_string(), ":: cpu_local");
        assert_eq!(absolute("async").to_string(), ":: r#async");
    }
}
