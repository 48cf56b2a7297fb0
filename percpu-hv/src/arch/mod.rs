//! The contract that an architecture fulfils.
//!
//! One file is one architecture: instructions as texts, and facts of its registers. It defines these names, and no
//! other file names an instruction or a register of it. What they are is written once: emit.rs has the methods that
//! read and write registers, linked.rs those of linked addresses, direct.rs those that load and store a copy.
//!
//! | name | gives | from |
//! |---|---|---|
//! | `interrupts::mask() -> usize` | masks local interrupts, and gives the state before | `interrupts!` |
//! | `unsafe interrupts::restore(state)` | restores that state | `interrupts!` |
//! | `wide::{load, swap, compare_exchange}` | on 128 bits, only where the architecture has them | |
//! | `double::{load, store}` | of 64 bits, only where the compiler's atomics are longer | |
//! | `access::register() -> Option<usize>` | the per-CPU register, also before it was written | `register!` |
//! | `access::register_for_access() -> usize` | the same for an access, in the fewest instructions | `register!` |
//! | `access::register_for_pin() -> usize` | the same, and no instruction if nothing uses it | `register!` |
//! | `unsafe access::set_register(usize)` | writes it | `register!` |
//! | `access::REGISTER_IS_IN_AREA` | whether accesses read it in the area, which has to hold it | `register!` |
//! | `access::DEFAULT_MODE` | how accesses reach a copy without `non-zero-vma` | |
//! | `access::assert_register_accessible()` | panics where using the register would trap | |
//! | `access::assert_register_is_own()` | the same, and where other software may write it | |
//! | `access::hardware_id() -> Option<usize>` | tells this CPU from the others, where software at this level can | |
//! | `access::memory_is_normal() -> bool` | whether exclusive and unaligned accesses work now | |
//!
//! | text, in a macro that is exported | makes |
//! |---|---|
//! | `__linked!(displacement)` | what is added to the register to reach `{symbol}+{offset}`, in the default mode |
//! | `__linked!(address SYMBOL)` | all bits of a symbol's address; with `non-zero-vma` by the code's |
//! | `__linked!(slot SYMBOL)` | the same from the GOT, with `non-zero-vma`: 0 if nothing defines the symbol |
//! | `__form!([MACRO] GROUP STATIC, OFFSET)` | nothing, or a call of the macro with the form of direct.rs by which a copy is reached in fewer instructions |
//! | `__text!(..)` | what that form asks for: loads and stores of each width, and the like |
//!
//! A text writes to `{to}` only, which is its scratch register too, and reads `{value}` or `{register}`.
//!
//! With `sp-naive`, naive.rs takes the place of `access`, and in a process hosted.rs that of the whole file;
//! with either plain.rs takes that of the texts.
//!
//! The feature `non-zero-vma` stands in each file: an architecture has other texts with it.
//! The feature `sp-naive` stands in each file: it leaves the interrupts, and takes the place of the rest.
//!
//! The macros are exported: they expand in the crate of the variable, whose features are not
//! ours, so a feature chooses between definitions and never stands inside one.

#[cfg(not(hosted))]
#[macro_use]
mod emit;

// Without a line here it is imp.rs, an error.
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
#[cfg(not(any(feature = "sp-naive", hosted)))]
pub(crate) use linked::{BIASED, HOT_REACH, check_template};
pub(crate) use memory::{load_at, obtain, publish, store_at};
pub use scalar::{Bits, Integer, Scalar};
pub(crate) use scalar::{combine, one, op, zero};
#[cfg(feature = "sp-naive")]
mod naive;
#[cfg(feature = "sp-naive")]
pub(crate) use naive::*;

mod access;
#[cfg(not(any(feature = "sp-naive", hosted)))]
mod direct;
#[cfg(not(any(feature = "sp-naive", hosted)))]
mod linked;
mod memory;
#[cfg(any(feature = "sp-naive", hosted))]
mod plain;
mod scalar;

/// Whether there is one CPU, whose variables are plain globals.
pub(crate) const ONE_CPU: bool = cfg!(feature = "sp-naive");

/// What expansions name.
pub(crate) mod expansion {
    pub use super::access::Access;
    #[cfg(all(not(any(feature = "sp-naive", hosted)), target_arch = "x86_64"))]
    pub use super::imp::access::__percpu_hv_header;
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
