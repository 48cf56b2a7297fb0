#![doc = include_str!("../README.md")]
#![cfg_attr(not(hosted), no_std)]

#[cfg(hosted)]
extern crate std;

// The expansion says `::percpu_hv`, also in this crate's own code, tests and examples.
extern crate self as percpu_hv;

mod arch;
#[cfg(not(feature = "sp-naive"))]
mod area;
mod borrow;
#[cfg(target_has_atomic = "64")]
mod counter;
mod cpu;
mod error;
mod guard;
#[cfg(not(feature = "sp-naive"))]
mod init;
mod irq;
mod once;
mod operations;
mod pin;
mod scalar;
#[cfg(not(feature = "sp-naive"))]
mod section;
mod variable;

#[cfg(feature = "sp-naive")]
use arch as init;

#[cfg(target_has_atomic = "64")]
pub use counter::PerCpuCounter;
pub use cpu::{CpuId, CpuIds, current_cpu};
pub use error::InitError;
#[cfg(hosted)]
pub use init::init_hosted;
pub use init::{
    claim_percpu_reg, init, init_from, init_in_place, init_percpu_reg, percpu_area_base,
    percpu_area_layout_expected, percpu_area_num, percpu_area_size, read_percpu_reg,
    reinit_percpu_area, write_percpu_reg,
};
pub use irq::IrqOff;
pub use once::PerCpuOnce;
pub use percpu_hv_macros::def_percpu;
pub use pin::CpuPin;
pub use scalar::{Bits, Integer, Scalar};
pub use variable::PerCpu;

/// What expansions and the compat crates name; not for other code.
#[doc(hidden)]
pub mod __priv {
    #[cfg(all(not(any(feature = "sp-naive", hosted)), target_arch = "x86_64"))]
    pub use crate::arch::__PERCPU_SELF_PTR;
    pub use crate::borrow::Flag;
    pub use crate::guard::NoPreemptGuard;
    pub use crate::scalar::{combine, load_at, op, store_at};
    pub use crate::variable::{Checked, Percpu, Symbol};
}

/// The linked address of a static in the per-CPU section, as `percpu_macros` offered it.
#[doc(hidden)]
#[macro_export]
macro_rules! percpu_symbol_vma {
    ($symbol:path) => {
        $crate::__address!($symbol)
    };
}
