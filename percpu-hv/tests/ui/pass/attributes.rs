//! Each attribute reaches what it is about, and only that.

#![deny(warnings)]

use percpu_hv::def_percpu;

/// Documented,
/// in two lines.
#[def_percpu]
#[doc = "And a third."]
#[doc(alias = "exits")]
#[cfg(target_pointer_width = "64")]
static WORD: u64 = 64;

#[cfg(not(target_pointer_width = "64"))]
#[def_percpu]
static WORD: u32 = 32;

// A `cfg` that does not hold removes all of it, the type that is not there included.
#[def_percpu]
#[cfg(any())]
static WORD: Missing = Missing;

#[def_percpu]
#[cfg_attr(all(), cfg(any()))]
static WORD: Missing = Missing;

#[def_percpu]
#[cfg_attr(any(), cfg(any()), link_name = "none")]
#[cfg_attr(
    all(),
    doc = "Conditional.",
    cfg(all()),
    cfg_attr(all(), allow(non_upper_case_globals))
)]
static conditional: u8 = 8;

#[def_percpu]
#[expect(
    non_upper_case_globals,
    reason = "it is fulfilled once, not once per static"
)]
static expected: u8 = 9;

#[def_percpu]
#[allow(dead_code)]
#[rustfmt::skip]
#[clippy::has_significant_drop]
static UNUSED: u8 = 9;

#[def_percpu]
#[deprecated = "the uses say so, the expansion does not"]
static DEPRECATED: u8 = 10;

mod limits {
    #[percpu_hv::def_percpu]
    #[warn(unused)]
    #[deny(unsafe_code)]
    #[forbid(missing_docs)]
    pub static STRICT: u8 = 11;
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(u64::from(WORD.read_current()), u64::from(usize::BITS));
    assert_eq!(conditional.read_current(), 8);
    assert_eq!(expected.read_current(), 9);
    #[expect(deprecated)]
    let deprecated = DEPRECATED.read_current();
    assert_eq!(deprecated, 10);
    assert_eq!(limits::STRICT.read_current(), 11);
}
