//! Rule 24: a crate that is called `core` does not take the place of the language's.
//!
//! must print: 1 hello 2 3 4 5
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, unused_macros)]

extern crate self as core;

pub(crate) use std::*;

/// Another `asm!`, which would be code in the `unsafe` blocks of expansions.
pub(crate) mod arch {
    macro_rules! __own_asm {
        ($($text:tt)*) => {{ (0x41_usize as *const u8).read() }};
    }
    pub(crate) use __own_asm as asm;
}

/// A storage and an offset of another size, and marks of what a type is.
pub(crate) mod mem {
    pub(crate) use std::mem::*;

    pub(crate) struct MaybeUninit<T>(std::marker::PhantomData<T>);
    impl<T> MaybeUninit<T> {
        pub(crate) const fn zeroed() -> Self {
            Self(std::marker::PhantomData)
        }
    }

    macro_rules! __own_offset_of {
        ($($field:tt)*) => {
            4096
        };
    }
    pub(crate) use __own_offset_of as offset_of;

    #[allow(clippy::extra_unused_type_parameters)]
    pub(crate) const fn size_of<T>() -> usize {
        1
    }
}

pub(crate) mod marker {
    pub(crate) trait Send {}
    impl<T> Send for T {}
    pub(crate) trait Copy {}
    impl<T> Copy for T {}
}

pub(crate) mod primitive {
    pub(crate) use std::primitive::*;

    #[allow(non_camel_case_types)]
    pub(crate) type usize = u8;
}

macro_rules! __own_text {
    ($($text:tt)*) => {
        ".text"
    };
}
pub(crate) use __own_text as concat;
pub(crate) use __own_text as stringify;

use percpu_hv::def_percpu;

#[def_percpu(init = number)]
static NUMBER: u64;
#[def_percpu(init = text)]
static TEXT: &'static str;
#[def_percpu]
static ARRAY: [u8; 3] = [2; 3];
#[derive(percpu_hv::Elements)]
struct Stats {
    exits: u8,
    traps: u64,
}
#[def_percpu(elements)]
static STATS: Stats = Stats { exits: 0, traps: 3 };
#[derive(Clone, Copy, percpu_hv::Scalar)]
#[repr(transparent)]
struct Id(u32);
#[def_percpu]
static ID: Id = Id(4);
#[def_percpu(cold)]
static COLD: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(5);

fn number(_: std::primitive::usize) -> u64 {
    1
}

fn text(_: std::primitive::usize) -> &'static str {
    "hello"
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(STATS.fields().exits.read_current(), 0);
    std::println!(
        "{} {} {} {} {} {}",
        NUMBER.read_current(),
        TEXT.with_current(|text| *text),
        ARRAY.with_current(|array| array[2]),
        STATS.fields().traps.read_current(),
        ID.read_current().0,
        COLD.get(&percpu_hv::CpuPin::new())
            .load(std::sync::atomic::Ordering::Relaxed),
    );
}
