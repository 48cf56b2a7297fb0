//! Modules, types and macros of the user with the names that an expansion might say.

use std::sync::atomic::Ordering::Relaxed;

use ::percpu_hv::{CpuPin, def_percpu};

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

/// Of the prelude, and of what says which kind a variable has.
mod kinds {
    #![allow(dead_code, non_camel_case_types, non_upper_case_globals, unused_macros)]

    pub struct Option(pub ::core::primitive::u32);
    pub struct Some;
    pub struct Ok;
    pub struct Send;
    pub struct Sync;
    pub struct Copy;
    pub struct Sized;
    pub struct Default;
    pub struct Value;
    pub struct Shared(pub ::std::sync::atomic::AtomicU32);
    pub struct Exclusive;
    pub struct Kind;
    pub struct Scalar(pub Integer);
    pub struct Bits;
    pub struct Flag;
    pub struct Choice;
    pub struct __kind;
    pub struct bool;
    pub struct usize;
    pub struct str;
    pub trait Otherwise {}
    pub trait Values {}
    pub trait Borrows {}
    pub enum Result {}
    pub const None: () = ();
    pub const SCALAR: () = ();
    pub const SHARED: () = ();
    pub const SEND: () = ();
    pub static FLAG: () = ();
    pub type Integer = ::core::primitive::u64;

    macro_rules! concat {
        () => {};
    }
    macro_rules! stringify {
        () => {};
    }
    macro_rules! assert {
        () => {};
    }
    macro_rules! __kind {
        () => {};
    }
    macro_rules! __storage {
        () => {};
    }

    impl ::percpu_hv::Shared for Shared {}

    #[::percpu_hv::def_percpu]
    pub static INTEGER: Integer = 5;
    #[::percpu_hv::def_percpu]
    pub static OPTION: Option = Option(6);
    #[::percpu_hv::def_percpu]
    pub static ATOMIC: Shared = Shared(::std::sync::atomic::AtomicU32::new(7));
    #[::percpu_hv::def_percpu]
    pub static SCALARS: [Scalar; 2] = [Scalar(8), Scalar(9)];
    #[::percpu_hv::def_percpu(shared)]
    pub static ZERO_SIZED: (Some, Send, Value) = (Some, Send, Value);
}

#[no_implicit_prelude]
mod no_prelude {
    #[::percpu_hv::def_percpu]
    pub static NAMES: ::std::vec::Vec<&str> = ::std::vec::Vec::new();
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
    assert_eq!(kinds::INTEGER.read_current(), 5);
    assert_eq!(kinds::OPTION.try_with_current(|option| option.0), Ok(6));
    assert!(no_prelude::NAMES.with_current(|names| names.is_empty()));
    let pin = CpuPin::new();
    assert_eq!(kinds::ATOMIC.get(&pin).0.load(Relaxed), 7);
    assert_eq!(kinds::SCALARS.try_with_current(|all| all[1].0), Ok(9));
    let (kinds::Some, kinds::Send, kinds::Value) = kinds::ZERO_SIZED.get(&pin);
}
