//! Where the runtime is, seen from the user's crate.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

/// The runtime's absolute path: a consumer may have a module of the same name.
///
/// Where there is no manifest, or the runtime is not in it, it is `::percpu_hv`, so that rustc says what
/// is missing.
pub(crate) fn path() -> TokenStream {
    find("percpu-hv", "percpu_hv").unwrap_or_else(|| absolute("percpu_hv"))
}

/// The path of a compat crate, which re-exports the runtime for crates that were written for `percpu`.
/// It does not matter which one, where there are several.
///
/// Where the manifest does not have it, it is whatever `percpu` means there, as it was for the macros
/// of `percpu`: a crate may have it from another one's re-export.
pub(crate) fn compat_path() -> TokenStream {
    find("percpu", "percpu").unwrap_or_else(|| quote!(percpu))
}

fn find(package: &str, library: &str) -> Option<TokenStream> {
    match crate_name(package) {
        // The library, which says `extern crate self`, or a test or example beside it.
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
