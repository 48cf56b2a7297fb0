//! Rule 16: the kind follows the type, whatever it is called.
//!
//! must print: 1 1 1 1 1
//! must print: 2 2 2 2
//! must print: 3 3 3
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use percpu_hv::{CpuPin, IrqOff, def_percpu};

type Number = u64;
trait Names {
    type Value;
    type Shared;
}
impl Names for () {
    type Value = Number;
    type Shared = [Cell<u64>; 2];
}
struct Newtype(u64);
#[allow(non_camel_case_types)]
type usize = u64;
#[allow(non_camel_case_types)]
mod names {
    pub(crate) type u64 = std::sync::atomic::AtomicU64;
}
struct Marked<T>(T);
impl<T> percpu_hv::Shared for Marked<T> {}
type Alias<T> = Marked<T>;
macro_rules! of {
    ($ty:ty) => {
        $ty
    };
}

#[def_percpu]
static VALUE: Number = 1;
#[def_percpu]
static OF_THE_LANGUAGE: usize = 1;
#[def_percpu]
static PROJECTED: <() as Names>::Value = 1;
#[def_percpu]
static MACRO: of!(u64) = 1;
#[def_percpu]
static CONSTRAINED: <Option<u64> as IntoIterator>::Item = 1;
#[def_percpu]
static SHARED: <() as Names>::Shared = [const { Cell::new(2) }; 2];
#[def_percpu]
static GENERIC: Alias<u64> = Marked(2);
#[def_percpu]
static ONE: (AtomicU64,) = (AtomicU64::new(2),);
#[def_percpu]
static BY_A_PATH: names::u64 = names::u64::new(2);
#[def_percpu]
static NEWTYPE: Newtype = Newtype(3);
#[def_percpu]
static MIXED: (AtomicU64, u64) = (AtomicU64::new(3), 0);
#[def_percpu]
static ARRAY: [u64; 1] = [3];

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let irq = IrqOff::new();
    println!(
        "{} {} {} {} {}",
        VALUE.read_current(),
        OF_THE_LANGUAGE.sum::<u64>(),
        PROJECTED.swap_current(0),
        MACRO.sum::<u64>(),
        CONSTRAINED.read(&irq),
    );
    println!(
        "{} {} {} {}",
        SHARED.get_local(&irq)[1].get(),
        GENERIC.get(&CpuPin::new()).0,
        ONE.get(&irq).0.load(Relaxed),
        BY_A_PATH.get(&irq).load(Relaxed),
    );
    println!(
        "{} {} {}",
        NEWTYPE.with_current(|newtype| newtype.0),
        MIXED.with_current(|mixed| *mixed.0.get_mut()),
        ARRAY.try_with_current(|array| array[0]).unwrap(),
    );
}
