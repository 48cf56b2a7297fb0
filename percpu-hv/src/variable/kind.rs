//! The kinds of variables: a variable's kind determines what safe code may do with it.
//!
//! Each variable has one kind, which its definition fixes. Kinds do not mix, so safe code never holds a
//! reference to memory to which safe code stores.
//!
//! | kind | types | safe accessors |
//! |---|---|---|
//! | [`Value`] | [`Scalar`]: integers, `bool`, pointers, ... | `read_current`, `write_current`, the this-CPU operations, `read(&pin)`, `read_remote`, `sum`; `with_current` works on a local copy |
//! | [`Shared`] | [`Shared`](trait@crate::Shared): atomics, `Cell`, `RefCell`, ... | `&T` by `get(&pin)`, `on(cpu)`, `iter`, `get_local(&irq)`, `borrow_mut(&irq)` |
//! | [`Exclusive`] | every other type that is `Send` | `&mut T` by `with_current` and `try_with_current` |
//! | [`Elements`] | none by default | those of [`Value`], but for `with_current`, on one part: `at(index)`, `fields()` |
//!
//! `#[def_percpu(shared)]`, `#[def_percpu(exclusive)]` and `#[def_percpu(elements)]` override the default kind of a type. The `unsafe`
//! methods (`current_ptr`, `remote_ptr`, `with_current_unchecked` and others) exist for every kind.
//!
//! The traits of this module define which accessors a kind has. A function that is generic over variables may
//! use them as bounds. Only this crate implements them: an impl for another crate's type would mix the kinds,
//! which is why they are `unsafe`.

use core::alloc::Layout;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::place::{Place, sealed};
use super::symbol::Symbol;
use crate::arch::{Bits, Integer, Scalar};

pub use super::place::Kind;

/// The kind of variables that are loaded and stored as a whole. Safe code never holds a reference to one.
#[derive(Debug)]
pub enum Value {}

/// The kind of variables that safe code accesses by `&T` only: on this CPU and, where `T` is `Sync`, on
/// others.
#[derive(Debug)]
pub enum Shared {}

/// The kind of variables that safe code accesses by `&mut T`: on their own CPU, one borrow at a time.
#[derive(Debug)]
pub enum Exclusive {}

/// The kind of arrays and structs whose parts are loaded and stored one by one. Safe code never holds a reference to one
/// or to a part of one.
#[derive(Debug)]
pub enum Elements {}

impl Kind for Value {
    const NAME: &'static str = "value";
}

impl Kind for Shared {
    const NAME: &'static str = "shared";
}

impl Kind for Exclusive {
    const NAME: &'static str = "exclusive";
}

impl Kind for Elements {
    const NAME: &'static str = "elements";
}

impl sealed::Sealed for Value {}
impl sealed::Sealed for Shared {}
impl sealed::Sealed for Exclusive {}
impl sealed::Sealed for Elements {}

/// Kinds whose variables have `at` and `fields`: a part is of the kind of the whole.
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` has no parts",
    label = "only one with `#[def_percpu(elements)]` has parts, and a `Shared` one",
    note = "`#[def_percpu(elements)]` is for arrays and structs of scalars; an `Exclusive` variable is reached as a whole \
            by `with_current`"
)]
pub trait Parts: Kind {}

impl Parts for Elements {}
impl Parts for Shared {}

/// Kinds whose variables are loaded and stored as a whole.
///
/// # Safety
///
/// `As` is `T`, and safe code gets no reference to a variable of the kind (rules 14 and 16 of
/// docs/safety.md).
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` is not loaded and stored as a whole",
    label = "only a `Value` is, and a scalar in an `Elements`",
    note = "arrays and structs of scalars are reached by their parts with `#[def_percpu(elements)]`: `at(index)` and \
            `fields()`",
    note = "a `Shared` variable is reached by `get(&pin)`, `get_local(&irq)` or `on(cpu)`, an `Exclusive` one by \
            `with_current`",
    note = "a type of your own is a `Value` by `#[derive(percpu_hv::Scalar)]`, and every `Scalar` is one unless \
            the variable has `#[def_percpu(shared)]` or `#[def_percpu(exclusive)]`"
)]
pub unsafe trait Values<T>: Kind {
    /// `T`, known to be a scalar.
    #[doc(hidden)]
    type As: Scalar;

    #[doc(hidden)]
    fn to(value: T) -> Self::As;

    #[doc(hidden)]
    fn from(value: Self::As) -> T;
}

/// Kinds whose variables have `and_current`, `or_current`, `xor_current` and their variants.
///
/// # Safety
///
/// As [`Values`].
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` has no `and`, `or` and `xor`",
    label = "only integers and `bool` that are a `Value` have them",
    note = "a newtype that is a `Value` has them by `unsafe impl percpu_hv::Bits`",
    note = "a `Shared` variable is reached by `get(&pin)`, `get_local(&irq)` or `on(cpu)`, an `Exclusive` one by \
            `with_current`"
)]
pub unsafe trait BitValues<T>: Values<T, As: Bits> {}

/// Kinds whose variables have `add_current`, `inc_current`, `sum` and their variants.
///
/// # Safety
///
/// As [`Values`].
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` has no `add` and `sub`",
    label = "only integers that are a `Value` have them",
    note = "a newtype that is a `Value` has them by `unsafe impl percpu_hv::Integer`",
    note = "a `Shared` variable is reached by `get(&pin)`, `get_local(&irq)` or `on(cpu)`, an `Exclusive` one by \
            `with_current`; a `PerCpuCounter` has `add(n)` and `sum()`"
)]
pub unsafe trait IntegerValues<T>: BitValues<T> + Values<T, As: Integer> {}

/// Kinds whose variables have a `sum` over all CPUs. `R` is `T` itself, or `i64` for a counter.
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` has no such `sum`",
    label = "only integers that are a `Value` have one, of their own type, and a `PerCpuCounter`, which is an `i64`",
    note = "a `Shared` variable has `fold`; the copies of an `Exclusive` one are for their own CPUs"
)]
pub trait Sums<T, R>: Kind {
    #[doc(hidden)]
    fn sum<P: Place<T, Kind = Self>>(place: &P) -> R;
}

/// Kinds whose variables provide `&T` to the copy of any CPU.
///
/// # Safety
///
/// `T` is `Sync`, and safe code neither stores to a variable of the kind nor gets a `&mut T` (rule 16 of
/// docs/safety.md).
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` gives no `&{T}` by a `CpuPin` or to another CPU",
    label = "only a `Shared` one of a type that is `Sync` does",
    note = "a `Value` has `read_current`, `read(&pin)` and `read_remote(cpu)`, an `Exclusive` variable \
            `with_current`, a `Shared` one that is not `Sync` has `get_local(&irq)`",
    note = "atomics, cells, `PerCpuOnce` and `PerCpuCounter` are `Shared` without `#[def_percpu(exclusive)]`, \
            others by `#[def_percpu(shared)]`, and a type of your own by `impl percpu_hv::Shared`"
)]
pub unsafe trait References<T>: Kind {}

/// Kinds whose variables provide `&T` to this CPU's copy while interrupts are masked.
///
/// # Safety
///
/// `T` is `Send` (rule 7 of docs/safety.md); otherwise as [`References`].
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` gives no `&{T}` while interrupts are off",
    label = "only a `Shared` one of a type that is `Send` does",
    note = "a `Value` has `read_current` and `read(&irq)`, an `Exclusive` variable `with_current`",
    note = "atomics, cells, `PerCpuOnce` and `PerCpuCounter` are `Shared` without `#[def_percpu(exclusive)]`, \
            others by `#[def_percpu(shared)]`, and a type of your own by `impl percpu_hv::Shared`",
    note = "a type that is not `Send` must stay in one context, but another one on the same CPU would find the value; \
            `current_ptr` is `unsafe`"
)]
pub unsafe trait LocalReferences<T>: Kind {}

/// Kinds whose variables have `with_current` and `reset_to_init`.
///
/// # Safety
///
/// Safe code gets no other reference to a variable of the kind (rules 5 and 16 of docs/safety.md).
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` gives safe code no `&mut {T}`",
    label = "only a `Value` does, and an `Exclusive` one of a type that is `Send`",
    note = "a `Shared` variable is reached by `get(&pin)`, `get_local(&irq)` or `on(cpu)`; \
            `#[def_percpu(exclusive)]` makes it `Exclusive`; an element has the operations of a value, as `read_current`",
    note = "a type that is not `Send` must stay in one context, but another one on the same CPU would find the value; \
            `with_current_unchecked` is `unsafe`"
)]
pub unsafe trait Borrows<T>: Kind {
    /// Calls `f` with this CPU's value.
    ///
    /// # Safety
    ///
    /// The variable is of this kind, this CPU's register is set, and the context stays on the CPU (rules 2
    /// and 13 of docs/safety.md).
    #[doc(hidden)]
    unsafe fn with_current<P: Place<T, Kind = Self>, R>(
        place: &P,
        f: impl FnOnce(&mut T) -> R,
    ) -> R;

    /// Assigns the initial value.
    ///
    /// # Safety
    ///
    /// As [`with_current`](Self::with_current).
    #[doc(hidden)]
    unsafe fn reset<P: Symbol<T, Kind = Self>>(place: &P);
}

/// Kinds whose variables have `try_with_current`.
///
/// # Safety
///
/// The kind is [`Exclusive`], and `T` is `Send` (rules 5 and 7 of docs/safety.md).
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` has no `try_with_current`",
    label = "only an `Exclusive` one of a type that is `Send` has it, as no other can be found borrowed",
    note = "a `Value` has `with_current`, which never panics by itself; a `Shared` variable is reached by \
            `get(&pin)`, `get_local(&irq)` or `on(cpu)`"
)]
pub unsafe trait TryBorrows<T>: Borrows<T> {}

/// Kinds whose variables can be made at run time: [`DynPerCpu`](crate::DynPerCpu).
///
/// # Safety
///
/// The accessors of the kind use nothing beside the value but [`BESIDE`](Self::BESIDE), and `T` is `Send` (rules 7 and 22
/// of docs/safety.md).
#[diagnostic::on_unimplemented(
    message = "a per-CPU variable of kind `{Self}` and type `{T}` cannot be made at run time",
    label = "a `Value` can if its type is `Scalar`, `Send` and `'static`; a `Shared` or `Exclusive` one if its type is \
             `Send` and `'static`",
    note = "the kind is a parameter: `DynPerCpu<T, kind::Shared>` or `DynPerCpu<T, kind::Exclusive>`, else `Value`"
)]
pub unsafe trait AtRunTime<T>: Kind {
    /// What the accessors use beside the value.
    #[doc(hidden)]
    const BESIDE: Beside;
}

/// What a variable that is made at run time has beside its value. A static one has it in a static of its own.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Beside {
    Nothing,
    /// The borrow flag.
    Flag,
    /// So many totals of counters, one for each 8 bytes: those of CPU 0 are for all CPUs.
    Totals(usize),
}

impl Beside {
    pub(crate) const fn layout(self) -> Layout {
        match self {
            Self::Flag => Layout::new::<bool>(),
            #[cfg(target_has_atomic = "64")]
            Self::Totals(words) => match Layout::array::<AtomicI64>(words) {
                Ok(layout) => layout,
                Err(_) => panic!("percpu-hv: the type of a per-CPU variable is too large"),
            },
            _ => Layout::new::<()>(),
        }
    }
}
