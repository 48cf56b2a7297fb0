//! Where the runtime is, seen from the user's crate.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

/// Packages that hold the runtime, and the names of their library. `percpu` re-exports `percpu-hv` for
/// crates that were written for `percpu`.
const PACKAGES: [(&str, &str); 2] = [("percpu-hv", "percpu_hv"), ("percpu", "percpu")];

/// The runtime's absolute path: a consumer may have a module of the same name.
///
/// Where there is no manifest, or the runtime is not in it, it is `::percpu_hv`, so that rustc says what
/// is missing.
pub(crate) fn path() -> TokenStream {
    let found = PACKAGES
        .iter()
        .find_map(|(package, library)| match crate_name(package) {
            // The library, which says `extern crate self`, or a test or example beside it.
            Ok(FoundCrate::Itself) => Some((*library).to_owned()),
            Ok(FoundCrate::Name(name)) => Some(name),
            Err(_) => None,
        });
    absolute(found.as_deref().unwrap_or(PACKAGES[0].1))
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
