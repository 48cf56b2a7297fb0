//! Attributes that name a symbol name the storage, in either order.

use percpu_hv::def_percpu;

#[unsafe(no_mangle)]
#[def_percpu]
static BEFORE: u64 = 1;

#[def_percpu]
#[unsafe(no_mangle)]
static AFTER: u64 = 2;

#[def_percpu]
#[unsafe(export_name = "percpu_hv_test_exported")]
static EXPORTED: u64 = 3;

#[def_percpu]
#[cfg_attr(all(), unsafe(no_mangle))]
static CONDITIONAL: u64 = 4;

mod symbols {
    unsafe extern "C" {
        pub safe static __PERCPU_BEFORE: u64;
        pub safe static __PERCPU_AFTER: u64;
        pub safe static percpu_hv_test_exported: u64;
        pub safe static __PERCPU_CONDITIONAL: u64;
    }
}

/// These symbols are free, since a variable exports its storage and nothing else.
#[allow(dead_code)]
mod others {
    #[unsafe(no_mangle)]
    static BEFORE: u64 = 10;
    #[unsafe(no_mangle)]
    static AFTER: u64 = 20;
    #[unsafe(no_mangle)]
    static EXPORTED: u64 = 30;
    #[unsafe(no_mangle)]
    static CONDITIONAL: u64 = 40;
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let address = |symbol: &u64| (&raw const *symbol).addr();
    assert_eq!(BEFORE.symbol_vma(), address(&symbols::__PERCPU_BEFORE));
    assert_eq!(AFTER.symbol_vma(), address(&symbols::__PERCPU_AFTER));
    assert_eq!(
        EXPORTED.symbol_vma(),
        address(&symbols::percpu_hv_test_exported)
    );
    assert_eq!(
        CONDITIONAL.symbol_vma(),
        address(&symbols::__PERCPU_CONDITIONAL)
    );
    assert_eq!(AFTER.read_current(), symbols::__PERCPU_AFTER);
}
