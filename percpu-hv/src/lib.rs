#![doc = include_str!("../guide/overview.md")]
#![cfg_attr(not(hosted), no_std)]

// build.rs sets two cfgs: `process` is no bare metal, and `hosted` a process whose register is a thread-local (all but
// x86_64 Linux with `linux-gs`).
#[cfg(process)]
extern crate std;

// Expansions name `::percpu_hv`, also in this crate's own code, tests and examples.
extern crate self as percpu_hv;

mod arch;
// One CPU has no areas.
#[cfg_attr(feature = "sp-naive", path = "area/naive.rs")]
mod area;
#[cfg(feature = "compat")]
mod compat;
mod cpu;
mod error;
// One CPU publishes nothing.
#[cfg_attr(feature = "sp-naive", allow(dead_code, unused_imports))]
mod sync;
mod types;
mod variable;

pub use arch::{Bits, Integer, Scalar};
#[cfg(hosted)]
pub use area::init_hosted;
pub use area::{
    AreaSlot, DynError, init, init_each, init_from, init_from_each, init_in_place, maintenance,
    percpu_area_base, percpu_area_gap, percpu_area_layout_expected, percpu_area_num,
    percpu_area_size, rebase_areas, reserved_table, split_areas,
};
pub use cpu::{
    BringUpError, CpuId, CpuIds, CpuPin, IrqOff, OnlineCpus, add_area, add_area_from, bring_up,
    claim_first_percpu_reg, claim_percpu_reg, current_cpu, init_percpu_reg, poison_percpu_area,
    read_percpu_reg, reinit_percpu_area, resume_percpu_reg, retire, write_percpu_reg,
};
#[cfg(process)]
pub use cpu::{as_cpu, with_cpus};
pub use error::{AreaFault, InitError};
pub use percpu_hv_macros::{Elements, Scalar, def_percpu};
#[cfg(target_has_atomic = "64")]
pub use types::PerCpuCounter;
pub use types::PerCpuOnce;
// As `variable::dump`.
#[cfg(any(feature = "dump", doc))]
pub use variable::dump::{Variable, variables};
#[cfg(any(target_os = "linux", target_os = "none"))]
pub use variable::module_symbols;
pub use variable::{
    Borrowed, DynPerCpu, Dynamic, Elements, ModuleSection, PerCpu, Place, Shared, kind,
};

/// What an area holds beside the variables, for [access in assembly](guide::assembly).
///
/// ```text
/// ldr_this_cpu!(x0, ID, x1)       // the index of this CPU
///
/// ID = sym percpu_hv::header::STORAGE, ID_form = const percpu_hv::header::CPU_ID,
/// ```
pub mod header {
    pub use crate::area::header::{__PERCPU_HEADER as STORAGE, CPU_ID};
}

/// What hypervisor and kernel authors ask beyond a single item.
#[cfg(doc)]
pub mod guide {
    // The pages name the items of this crate.
    use super::*;

    #[doc = include_str!("../guide/assembly.md")]
    pub mod assembly {}
    #[doc = include_str!("../guide/assumptions.md")]
    pub mod assumptions {}
    #[doc = include_str!("../guide/boot.md")]
    pub mod boot {}
    #[doc = include_str!("../guide/caches.md")]
    pub mod caches {}
    #[doc = include_str!("../guide/dumps.md")]
    pub mod dumps {}
    #[doc = include_str!("../guide/dynamic.md")]
    pub mod dynamic {}
    #[doc = include_str!("../guide/errors.md")]
    pub mod errors {}
    #[doc = include_str!("../guide/features.md")]
    pub mod features {}
    #[doc = include_str!("../guide/groups.md")]
    pub mod groups {}
    #[doc = include_str!("../guide/hotplug.md")]
    pub mod hotplug {}
    #[doc = include_str!("../guide/in-a-hypervisor.md")]
    pub mod in_a_hypervisor {}
    #[doc = include_str!("../guide/kinds.md")]
    pub mod kinds {}
    #[doc = include_str!("../guide/linking.md")]
    pub mod linking {}
    #[doc = include_str!("../guide/testing.md")]
    pub mod testing {}
    #[doc = include_str!("../guide/trap-handlers.md")]
    pub mod trap_handlers {}
}

/// The README's code is tested with the other examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Expansions name `core` by this path: in a crate with `extern crate other as core` the path without it is another one.
#[doc(hidden)]
pub use ::core as __core;

/// Items for expansions and the compat crates only. Not a public interface.
#[doc(hidden)]
pub mod __priv {
    pub use crate::arch::expansion::*;
    pub use crate::area::{CacheLine, Page};
    #[cfg(feature = "compat")]
    pub mod compat {
        pub use crate::compat::*;
    }
    #[cfg(feature = "compat")]
    pub use crate::compat::{PerCpuData, Percpu};
    pub use crate::cpu::{CpuHook, NoPreemptGuard};
    pub use crate::variable::default_kind::{
        Choice, Counters, Otherwise, Probe, Unchecked, choose,
    };
    pub use crate::variable::dump;
    pub use crate::variable::is_escaped;
    pub use crate::variable::{
        Defined, End, Field, Fixed, Flag, HasField, Initial, Path, Symbol, Then, Typed, Unshared,
        Whole, Within, is_field, make, part, primitive, primitives, unmade,
    };
    #[cfg(target_has_atomic = "64")]
    pub use crate::variable::{Found, Total, Totals};
    #[cfg(feature = "compat")]
    pub use percpu_hv_macros::{def_percpu_compat, def_percpu_data};
    pub use percpu_hv_macros::{expand_elements, expand_scalar};
}
