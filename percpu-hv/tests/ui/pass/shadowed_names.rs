//! Modules, types and macros of the user with the names that an expansion might say.

use ::percpu_hv::def_percpu;

mod percpu_hv {
    #[::percpu_hv::def_percpu]
    pub static EXITS: u64 = 1;
}

mod percpu {
    #[::percpu_hv::def_percpu]
    pub static EXITS: u64 = 2;
}

mod own {
    #![allow(dead_code, non_camel_case_types)]

    mod core {}
    mod std {}
    struct PerCpu;
    trait Symbol {}
    type u32 = ();
    const INITIAL: u64 = 3;
    const FLAG: u64 = 0;
    const SYMBOL: u64 = 0;
    struct Probe(u8);
    struct Facts(u8);
    struct Initial(u8);
    fn choose() -> u64 {
        0
    }

    macro_rules! __variable {
        () => {};
    }

    #[::percpu_hv::def_percpu]
    pub static EXITS: u64 = INITIAL + FLAG + SYMBOL;
    #[::percpu_hv::def_percpu]
    pub static PROBE: Option<(Probe, Facts, Initial)> = None;
}

#[def_percpu]
static EXITS: u64 = 4;

fn main() {
    ::percpu_hv::init_hosted(1).unwrap();
    ::percpu_hv::init_percpu_reg(0);
    assert_eq!(percpu_hv::EXITS.read_current(), 1);
    assert_eq!(percpu::EXITS.read_current(), 2);
    assert_eq!(own::EXITS.read_current(), 3);
    assert_eq!(EXITS.read_current(), 4);
}
