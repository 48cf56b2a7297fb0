//! The contract of an architecture.
//!
//! An architecture is one file of instruction texts and register facts. It defines the names in the tables below.
//! No other file names an instruction or a register of it.
//!
//! The code over the texts is written once: emit.rs has the functions that read and write registers, linked.rs those
//! that compute linked addresses, direct.rs and moves.rs those that load and store a copy, and assembly.rs the macros for
//! assembly.
//!
//! The first table lists Rust items. The column "from" names the macro of emit.rs that defines the item from
//! instruction texts; an architecture may define it by itself instead.
//!
//! | name | meaning | from |
//! |---|---|---|
//! | `interrupts::mask() -> usize` | masks local interrupts, and returns the previous state | `interrupts!` |
//! | `unsafe interrupts::restore(state)` | restores that state | `interrupts!` |
//! | `unsafe cache::flush(address)` | cleans and invalidates a block, only with the cfg `data_cache` | `cache!` |
//! | `cache::barrier()` | completes the flushes before it, only with the cfg `data_cache` | `cache!` |
//! | `cache::block_size() -> usize` | returns the size of a block in bytes, only with the cfg `data_cache_block` | |
//! | `wide::{load, swap, compare_exchange}` | access 128 bits, only where the architecture can | |
//! | `double::{load, store}` | access 64 bits, only where the compiler's atomics are longer | |
//! | `double::load_words(&words) -> [usize; 2]` | loads two words by one instruction, in the same case | |
//! | `access::register() -> Option<usize>` | returns the per-CPU register, also before it was written | `register!` |
//! | `access::register_for_access() -> usize` | the same for an access, in the fewest instructions | `register!` |
//! | `access::register_plus(usize) -> usize` | the sum of it and a distance, only with the cfg `named` | `register!` |
//! | `access::register_for_pin() -> usize` | the same for a pin, and no instruction if it is not used | `register!` |
//! | `unsafe access::set_register(usize)` | writes the per-CPU register | `register!` |
//! | `access::REGISTER_IS_IN_AREA` | whether accesses read it from the area, which then holds it | `register!` |
//! | `access::DEFAULT_MODE` | how accesses reach a copy without `non-zero-vma` | |
//! | `access::assert_register_accessible()` | panics where using the register would trap | `always_accessible!` |
//! | `access::assert_register_is_own()` | the same, and where other software may write it | `always_accessible!` |
//! | `access::hardware_id() -> Option<usize>` | returns a number that identifies this CPU, if it can be read | |
//! | `access::memory_is_normal() -> bool` | returns whether exclusive and unaligned accesses work now | |
//!
//! The second table lists exported macros. `__linked!` and `__text!` expand to instruction texts, and may have further
//! arms, of which these are made.
//!
//! | macro | meaning |
//! |---|---|
//! | `__linked!(displacement GROUP TO SYMBOL)` | what an access to the symbol adds to the register, in the default mode; the group is `hot` or `any` |
//! | `__anywhere!(low TO SYMBOL)` | the same of a hot symbol, only with the cfg `paged` |
//! | `__anywhere!(distance TO SCRATCH SYMBOL)` | the same of any symbol, only with the cfg `paged`; `SCRATCH` may be written |
//! | `__linked!(address TO SYMBOL)` | the full address of a symbol; with `non-zero-vma`, by its distance from the code |
//! | `__linked!(slot TO SYMBOL)` | with `non-zero-vma`, the full address from the GOT: 0 if the symbol is undefined |
//! | `__direct_form!([MACRO] GROUP STATIC, OFFSET)` | nothing, or calls `MACRO` with a form of direct.rs |
//! | `__text!(reach GROUP [REGISTERS] SYMBOL)` | prepares `REGISTERS`, by which the next three reach the copy |
//! | `__text!(address GROUP TO [REGISTERS] SYMBOL)` | computes the address of the copy |
//! | `__text!(load WIDTH GROUP TO [REGISTERS] SYMBOL)` | loads the copy; `unsigned` is a `word` that is zero-extended |
//! | `__text!(store WIDTH GROUP FROM [REGISTERS] SYMBOL)` | stores to the copy |
//!
//! The form `name` needs this one too. After it, the texts for a hot copy have the group `hot_beyond`:
//!
//! | macro | meaning |
//! |---|---|
//! | `__text!(reach GROUP [REGISTER INDEX] SYMBOL)` | prepares `REGISTER` for a place `INDEX` bytes beyond the copy |
//!
//! Only access in assembly needs these:
//!
//! | macro | meaning |
//! |---|---|
//! | `__text!(register TO)` | reads the per-CPU register, where an access does not name it |
//! | `__text!(add [MACRO] WIDTH GROUP VALUE [REGISTERS] SYMBOL, ADDEND)` | adds a literal to the copy, or by `MACRO` |
//! | `__text!(increase WIDTH VALUE ADDEND)` | adds a literal to a register; `MACRO` loads before and stores after it |
//! | `general_registers!` | names the registers that an access can use, and how many reach a copy: `__with_registers!` |
//!
//! * `TO`, `FROM` and `VALUE` are registers, each a token: `{to}` for an operand of `asm!`, or a name such as `x0` in
//!   assembly that a user writes. `TO` may be one of `[REGISTERS]`.
//! * `[REGISTERS]` are those that reach the copy: none, one, or one for the offset and one for the per-CPU register.
//! * `SYMBOL` may be a sum, of a symbol and an offset in it.
//! * `GROUP` is `hot`, or a word for all other groups.
//! * With the cfg `indexed` the texts `load` and `store` take `[DISPLACEMENT]` and no `SYMBOL` too, if the group is not
//!   `hot`.
//! * `WIDTH` is `byte`, `half`, `word` or `double`. A load zero-extends a byte or a half.
//!
//! A text writes only `TO` and, for `reach` and `add`, `REGISTERS` and `VALUE`. It preserves the flags. The exception is
//! the form `memory`: its addresses and operations may change the flags. `__on_copy!` has its texts for a memory operand,
//! in which `{op}` selects an operation, and `fetch_add` and `compare_exchange` return the old value in an operand.
//!
//! Other files replace an architecture's. With `sp-naive`, naive.rs replaces `access`, and only access in assembly uses
//! the texts, which reach the one copy: the symbol. In a process, hosted.rs replaces the whole file. In both cases
//! plain.rs replaces what linked.rs and direct.rs make of the texts.
//!
//! The feature `non-zero-vma` stands in each file: an architecture has other texts with it.
//! The feature `sp-naive` stands in each file: it replaces the registers, and an architecture has other texts with it.
//!
//! The exported macros expand in the variable's crate, whose features differ from this crate's. So a feature selects
//! between two definitions of a macro, and never stands inside one.

#[cfg(not(hosted))]
#[macro_use]
mod emit;

// An architecture without a line here gets imp.rs, which does not compile.
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

pub(crate) use access::{Access, Unit};
pub(crate) use assembly::form;
#[cfg(not(feature = "sp-naive"))]
pub(crate) use imp::access::*;
#[cfg(data_cache)]
pub(crate) use imp::cache;
#[cfg(double)]
pub(crate) use imp::double;
pub(crate) use imp::interrupts;
#[cfg(hosted)]
pub(crate) use imp::interrupts::Turn;
#[cfg(wide)]
pub(crate) use imp::wide;
#[cfg(not(any(feature = "sp-naive", hosted)))]
pub(crate) use linked::{__section, BIASED, HOT_REACH, SMALL_TEMPLATE, check_template, running};
pub(crate) use memory::{load_at, obtain, publish, store_at};
#[cfg(any(feature = "sp-naive", hosted))]
pub(crate) use plain::{__section, SMALL_TEMPLATE};
pub use scalar::{Bits, Integer, Scalar};
pub(crate) use scalar::{combine, one, op, zero};
#[cfg(feature = "sp-naive")]
mod naive;
#[cfg(feature = "sp-naive")]
pub(crate) use naive::*;

mod access;
mod assembly;
#[cfg(not(any(feature = "sp-naive", hosted)))]
mod direct;
#[cfg(not(any(feature = "sp-naive", hosted)))]
mod linked;
mod memory;
#[cfg(not(any(feature = "sp-naive", hosted)))]
mod moves;
#[cfg(any(feature = "sp-naive", hosted))]
mod plain;
mod scalar;

/// Whether there is only one CPU, and its variables are plain globals.
pub(crate) const ONE_CPU: bool = cfg!(feature = "sp-naive");

/// The names that expansions use.
pub(crate) mod expansion {
    pub use super::access::{Access, Unit};
    #[cfg(all(not(any(feature = "sp-naive", hosted)), target_arch = "x86_64"))]
    pub use super::imp::access::__percpu_hv_header;
    pub use super::memory::{load_at, store_at};
    #[cfg(feature = "sp-naive")]
    pub use super::naive::assert_made;
    pub use super::scalar::{Inside, combine, op};
}

/// A context's turn on its CPU. Only a process needs it, where several threads may run as one CPU.
#[cfg(not(hosted))]
pub(crate) struct Turn;

#[cfg(not(hosted))]
impl Turn {
    /// Does nothing: one context at a time runs on a CPU.
    #[inline(always)]
    pub(crate) const fn new(_register: usize) -> Self {
        Self
    }
}

/// Expands to nothing: no CPU reaches an area whose values are not made.
#[cfg(not(feature = "sp-naive"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_made {
    () => {};
}

/// Expands to nothing: variables work on this target.
#[cfg(any(feature = "sp-naive", target_os = "linux", not(hosted)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __refuse_host {
    () => {};
}

/// Refuses variables on a host that can only build the documentation.
#[cfg(not(any(feature = "sp-naive", target_os = "linux", not(hosted))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __refuse_host {
    () => {
        $crate::__core::compile_error!(
            "percpu-hv runs on bare metal and, for tests, on Linux; on this host enable its \
             feature `sp-naive`"
        );
    };
}
