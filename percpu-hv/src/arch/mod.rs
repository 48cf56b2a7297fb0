//! The contract that an architecture fulfils.
//!
//! One file is one architecture; it defines exactly these names, and no other file names an
//! instruction or a register of it:
//!
//! | name | gives |
//! |---|---|
//! | `interrupts::mask() -> usize` | masks local interrupts, and gives the state before |
//! | `unsafe interrupts::restore(state)` | restores that state |
//! | `wide::{load, swap, compare_exchange}` | on 128 bits, only where the architecture has them |
//! | `double::{load, store}` | of 64 bits, only where the compiler's atomics are longer |
//! | `access::register() -> usize` | the per-CPU register, also before it was written |
//! | `access::register_for_access() -> usize` | the same for an access, in the fewest instructions |
//! | `unsafe access::set_register(usize)` | writes it |
//! | `unsafe access::name_area(base)` | writes what an area itself holds about the register, if anything |
//! | `access::register_for_pin() -> usize` | the same, and no instruction if nothing uses it |
//! | `access::HOT_REACH: Option<usize>` | which offsets of hot variables are part of an access: the smaller ones |
//! | `access::assert_register_accessible()` | panics where using the register would trap |
//! | `access::assert_register_is_own()` | the same, and where other software may write it |
//! | `access::hardware_id() -> Option<usize>` | tells this CPU from the others, where software at this level can; not in a process |
//! | `access::bias() -> usize` | the base minus the register's value: 0, or the template's start |
//! | `access::check_template(start, size)` | whether the offsets reach every byte of the template |
//! | `access::memory_is_normal() -> bool` | whether exclusive and unaligned accesses work now |
//! | `__displacement!(STATIC)` | [`Symbol::displacement`](crate::variable::Symbol) |
//! | `__direct!(STATIC)` | methods of `Symbol` that take fewer instructions than its own |
//! | `__address!(STATIC)` | a linked address, by relocations that cannot wrap |
//! | `__optional_address!("symbol")` | the same, and 0 if nothing defines the symbol |
//!
//! With `sp-naive`, naive.rs takes the place of `access` and of the macros.
//!
//! The macros are exported: they expand in the crate of the variable, whose features are not
//! ours, so a feature chooses between definitions and never stands inside one.

#[cfg_attr(hosted, path = "hosted.rs")]
#[cfg_attr(all(not(hosted), target_arch = "aarch64"), path = "aarch64.rs")]
#[cfg_attr(all(not(hosted), target_arch = "arm"), path = "arm.rs")]
#[cfg_attr(all(not(hosted), target_arch = "loongarch64"), path = "loongarch64.rs")]
#[cfg_attr(
    all(not(hosted), any(target_arch = "riscv32", target_arch = "riscv64")),
    path = "riscv.rs"
)]
#[cfg_attr(all(not(hosted), target_arch = "x86_64"), path = "x86_64.rs")]
mod imp;

#[cfg(not(any(
    hosted,
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "loongarch64",
    target_arch = "riscv32",
    target_arch = "riscv64",
    target_arch = "x86_64"
)))]
compile_error!(
    "percpu-hv has no backend for this architecture: docs/porting.md says how to add one"
);

pub(crate) use access::Access;
#[cfg(not(feature = "sp-naive"))]
pub(crate) use imp::access::*;
#[cfg(all(not(hosted), target_arch = "arm"))]
pub(crate) use imp::double;
pub(crate) use imp::interrupts;
#[cfg(hosted)]
pub(crate) use imp::interrupts::Turn;
#[cfg(any(hosted, target_arch = "aarch64"))]
pub(crate) use imp::wide;
pub(crate) use memory::{load_at, obtain, publish, store_at};
pub use scalar::{Bits, Integer, Scalar};
pub(crate) use scalar::{combine, one, op, zero};
#[cfg(feature = "sp-naive")]
mod naive;
#[cfg(feature = "sp-naive")]
pub(crate) use naive::*;

mod access;
mod memory;
mod scalar;

/// Whether there is one CPU, whose variables are plain globals.
pub(crate) const ONE_CPU: bool = cfg!(feature = "sp-naive");

/// What expansions name.
pub(crate) mod expansion {
    pub use super::access::Access;
    #[cfg(all(not(any(feature = "sp-naive", hosted)), target_arch = "x86_64"))]
    pub use super::imp::access::__PERCPU_SELF_PTR;
    pub use super::memory::{load_at, store_at};
    pub use super::scalar::{combine, op};
}

/// The turn of a context on its CPU, where others run beside it as this CPU: in a process.
#[cfg(not(hosted))]
pub(crate) struct Turn;

#[cfg(not(hosted))]
impl Turn {
    /// Nothing: one context at a time runs on a CPU.
    #[inline(always)]
    pub(crate) const fn new(_register: usize) -> Self {
        Self
    }
}

/// Nothing: a kernel, or a test of one, runs here.
#[cfg(any(feature = "sp-naive", target_os = "linux", not(hosted)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __refuse_host {
    () => {};
}

/// Refuses variables on a host where only the documentation builds.
#[cfg(not(any(feature = "sp-naive", target_os = "linux", not(hosted))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __refuse_host {
    () => {
        ::core::compile_error!(
            "percpu-hv runs on bare metal and, for tests, on Linux; on this host enable its \
             feature `sp-naive`"
        );
    };
}

/// Whether an offset of the low bits of an address reaches every byte of the template.
#[cfg(all(
    not(any(feature = "sp-naive", feature = "non-zero-vma", hosted)),
    any(target_arch = "aarch64", target_arch = "arm")
))]
fn check_reach(start: usize, size: usize, reach: usize) -> Result<(), crate::InitError> {
    if start % reach != 0 {
        return Err(crate::InitError::TemplateMisaligned {
            address: start,
            align: reach,
        });
    }
    if size > reach {
        return Err(crate::InitError::TemplateTooLarge { size, limit: reach });
    }
    Ok(())
}

/// Whether every byte of the template has an address that 32 signed bits hold.
#[cfg(all(
    not(any(feature = "sp-naive", feature = "non-zero-vma", hosted)),
    any(
        target_arch = "loongarch64",
        target_arch = "riscv32",
        target_arch = "riscv64",
        target_arch = "x86_64"
    )
))]
fn check_signed_32(start: usize, size: usize) -> Result<(), crate::InitError> {
    let last = start.wrapping_add(size.saturating_sub(1));
    if start as i32 as usize == start && last as i32 as usize == last && last >= start {
        Ok(())
    } else {
        Err(crate::InitError::TemplateOutOfReach { start, size })
    }
}

/// Whether the low bits of a hot variable's address are its offset, if the image accesses any: such an
/// access defines the symbol.
#[cfg(all(
    not(any(feature = "sp-naive", feature = "non-zero-vma", hosted)),
    any(
        target_arch = "loongarch64",
        target_arch = "riscv32",
        target_arch = "riscv64"
    )
))]
fn check_hot(start: usize) -> Result<(), crate::InitError> {
    if start == 0 || crate::__optional_address!("__percpu_hv_has_hot") == 0 {
        Ok(())
    } else {
        Err(crate::InitError::HotOutOfReach)
    }
}
