//! A user's strict lints find nothing in the expansion.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    future_incompatible,
    let_underscore_drop,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use percpu_hv::def_percpu;

/// Documented.
#[def_percpu]
static EXITS: u64 = 0;

#[def_percpu]
static NAME: &str = "boot";

#[deprecated]
const OLD: u64 = 1;
#[deprecated]
#[derive(Debug)]
struct Old;

/// A level on the static is one for its type and its value.
#[allow(deprecated)]
#[def_percpu]
static OF_OLD: u64 = OLD + 1;
#[allow(deprecated)]
#[def_percpu(exclusive)]
static EXPECTED: Option<Old> = Some(Old);
#[allow(deprecated)]
#[def_percpu(init = |_| OLD)]
static MADE: u64;
#[allow(deprecated)]
#[def_percpu(elements)]
static PARTS: [u64; 2] = [OLD; 2];

fn main() -> Result<(), percpu_hv::InitError> {
    #[def_percpu]
    static LOCAL: Option<Box<u64>> = None;

    let _count = percpu_hv::init_hosted(1)?;
    percpu_hv::init_percpu_reg(0);
    EXITS.write_current(EXITS.read_current() + 1);
    assert_eq!(EXITS.read_current(), 1);
    assert_eq!(NAME.with_current(|name| name.len()), 4);
    LOCAL.with_current(|local| assert!(local.replace(Box::new(1)).is_none()));
    assert_eq!(
        (OF_OLD.read_current(), MADE.read_current(), PARTS.at(1).read_current()),
        (2, 1, 1)
    );
    EXPECTED.with_current(|old| assert!(old.is_some()));
    LOCAL.reset_to_init();
    LOCAL.with_current(|local| assert!(local.is_none()));
    Ok(())
}
