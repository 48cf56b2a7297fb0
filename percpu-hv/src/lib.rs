#![doc = include_str!("../guide/overview.md")]
#![cfg_attr(not(hosted), no_std)]
#![cfg_attr(platform_areas, allow(dead_code, reason = "nothing makes areas here"))]

#[cfg(process)]
extern crate std;

// The expansion says `::percpu_hv`, also in this crate's own code, tests and examples.
extern crate self as percpu_hv;

mod arch;
#[cfg(not(feature = "sp-naive"))]
mod area;
#[cfg(not(any(feature = "sp-naive", platform_areas)))]
mod claim;
mod compat;
#[cfg(target_has_atomic = "64")]
mod counter;
mod cpu;
mod data;
mod error;
mod exclusive;
mod group;
mod guard;
#[cfg(not(any(feature = "sp-naive", platform_areas)))]
mod init;
mod irq;
pub mod kind;
#[cfg(not(feature = "sp-naive"))]
mod layout;
mod once;
mod operations;
mod pin;
#[cfg(all(not(feature = "sp-naive"), platform_areas))]
mod platform;
#[cfg(not(feature = "sp-naive"))]
mod register;
mod scalar;
#[cfg(not(feature = "sp-naive"))]
mod section;
mod shared;
#[cfg(not(any(feature = "sp-naive", platform_areas)))]
mod state;
mod sync;
mod value;
mod variable;

// Who makes the areas.
#[cfg(feature = "sp-naive")]
use arch as init;
#[cfg(all(not(feature = "sp-naive"), platform_areas))]
use platform as init;

#[cfg(feature = "sp-naive")]
pub use arch::{
    init_percpu_reg, percpu_area_layout_expected, percpu_area_size, read_percpu_reg,
    resume_percpu_reg, write_percpu_reg,
};
#[cfg(target_has_atomic = "64")]
pub use counter::PerCpuCounter;
pub use cpu::{CpuId, CpuIds, current_cpu};
pub use error::InitError;
pub use exclusive::Borrowed;
#[cfg(hosted)]
pub use init::init_hosted;
pub use init::{
    claim_percpu_reg, init, init_from, init_in_place, percpu_area_base, percpu_area_num,
    reinit_percpu_area,
};
pub use irq::IrqOff;
#[cfg(not(feature = "sp-naive"))]
pub use layout::{percpu_area_layout_expected, percpu_area_size};
pub use once::PerCpuOnce;
pub use percpu_hv_macros::def_percpu;
pub use pin::CpuPin;
#[cfg(not(feature = "sp-naive"))]
pub use register::{init_percpu_reg, read_percpu_reg, resume_percpu_reg, write_percpu_reg};
pub use scalar::{Bits, Integer, Scalar};
pub use shared::Shared;
pub use variable::PerCpu;

/// What hypervisor and kernel authors ask beyond a single item.
#[cfg(doc)]
pub mod guide {
    // The pages name the items of this crate.
    use super::*;

    #[doc = include_str!("../guide/assumptions.md")]
    pub mod assumptions {}
    #[doc = include_str!("../guide/boot.md")]
    pub mod boot {}
    #[doc = include_str!("../guide/errors.md")]
    pub mod errors {}
    #[doc = include_str!("../guide/features.md")]
    pub mod features {}
    #[doc = include_str!("../guide/groups.md")]
    pub mod groups {}
    #[doc = include_str!("../guide/guests.md")]
    pub mod guests {}
    #[doc = include_str!("../guide/kinds.md")]
    pub mod kinds {}
    #[doc = include_str!("../guide/linking.md")]
    pub mod linking {}
    #[doc = include_str!("../guide/testing.md")]
    pub mod testing {}
    #[doc = include_str!("../guide/trap-handlers.md")]
    pub mod trap_handlers {}
}

/// Its code runs with the other examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What expansions and the compat crates name; not for other code.
#[doc(hidden)]
pub mod __priv {
    #[cfg(all(not(any(feature = "sp-naive", hosted)), target_arch = "x86_64"))]
    pub use crate::arch::__PERCPU_SELF_PTR;
    pub use crate::compat::Percpu;
    #[cfg(target_has_atomic = "64")]
    pub use crate::counter::Total;
    pub use crate::data::PerCpuData;
    pub use crate::exclusive::Flag;
    pub use crate::group::{CacheLine, Page};
    pub use crate::guard::NoPreemptGuard;
    pub use crate::init::compat;
    pub use crate::kind::{Choice, Otherwise, Probe, choose};
    pub use crate::scalar::{combine, load_at, op, store_at};
    pub use crate::variable::{Initial, Symbol};
    pub use percpu_hv_macros::{def_percpu_compat, def_percpu_data};
}

/// The linked address of a static in the per-CPU section, as `percpu_macros` offered it.
#[doc(hidden)]
#[macro_export]
macro_rules! percpu_symbol_vma {
    ($symbol:path) => {
        $crate::__address!($symbol)
    };
}
