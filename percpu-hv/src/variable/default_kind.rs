//! The kind of a variable whose definition does not name one: what is looked up about its type, and what follows.

use core::marker::PhantomData;

use super::kind::{Exclusive, Kind, Shared, Value};
use super::shared_types;
use crate::arch::{Integer, Scalar};

/// Facts about a type, looked up where the type is concrete: the inherent constants where their bound holds,
/// and those of [`Otherwise`] elsewhere.
pub struct Probe<T>(PhantomData<T>);

/// The constants of a [`Probe`] for which no bound holds. Their prefix keeps them apart from the constants of
/// a user's trait that all types implement.
pub trait Otherwise {
    #![allow(missing_docs, reason = "the inherent constants say it")]
    const __PERCPU_SCALAR: Option<Facts> = None;
    const __PERCPU_SHARED: bool = false;
    const __PERCPU_INTEGER: bool = false;
    const __PERCPU_SEND: bool = false;
    const __PERCPU_COUNTERS: usize = 0;
}

impl<T> Otherwise for Probe<T> {}

/// The properties of a `Scalar`.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    size: usize,
    align: usize,
    is_address: bool,
    any_bits: bool,
}

impl<T: Scalar> Probe<T> {
    /// The properties of the type if it is a scalar.
    pub const __PERCPU_SCALAR: Option<Facts> = Some(Facts {
        size: size_of::<T>(),
        align: align_of::<T>(),
        is_address: T::__IS_ADDRESS,
        any_bits: T::__ANY_BITS,
    });
}

impl<T: shared_types::Shared> Probe<T> {
    /// Whether the type is shared by default.
    pub const __PERCPU_SHARED: bool = true;
}

impl<T: Integer> Probe<T> {
    /// Whether every bit pattern is a value.
    pub const __PERCPU_INTEGER: bool = true;
}

impl<T: Send> Probe<T> {
    /// Whether another context may use the value.
    pub const __PERCPU_SEND: bool = true;
}

impl<T: Counters> Probe<T> {
    /// The number of totals that the counters in the type have.
    pub const __PERCPU_COUNTERS: usize = if T::HAS_ONE { size_of::<T>() / 8 } else { 0 };
}

/// A type of which it is known whether it has counters in it, each of 8 bytes.
pub trait Counters {
    /// Whether it may have one.
    const HAS_ONE: bool;
}

impl<T: Counters, const N: usize> Counters for [T; N] {
    const HAS_ONE: bool = T::HAS_ONE;
}

/// Returns the default kind of a type, as an index of [`Choice`]. Panics if a `Scalar` breaks a rule that can
/// be checked here.
pub const fn choose(scalar: Option<Facts>, shared: bool, integer: bool, send: bool) -> u8 {
    let Some(facts) = scalar else {
        return if shared { SHARED } else { EXCLUSIVE };
    };
    assert!(
        !shared,
        "percpu-hv: a type is `Scalar` or `Shared`, not both; remove one of the two impls"
    );
    assert!(
        send || facts.is_address,
        "percpu-hv: a `Scalar` is `Send`, as another context on the CPU reads it; implement `Send` too if that is sound"
    );
    check(facts, integer);
    VALUE
}

/// Panics unless the target loads and stores the scalar in one access.
const fn check(facts: Facts, integer: bool) {
    let wide = facts.size == 16 && cfg!(wide);
    assert!(
        (matches!(facts.size, 1 | 2 | 4 | 8) || wide)
            && facts.align == align_of_integer(facts.size),
        "percpu-hv: a `Scalar` has the size and alignment of an integer that the target loads in one access; give the \
         type such a `repr`, or remove the impl"
    );
    // riscv32 has no 64-bit load, and that of 32-bit Arm may be two accesses.
    assert!(
        facts.size != 8 || !cfg!(target_pointer_width = "32") || facts.any_bits || integer,
        "percpu-hv: this target may read 64 bits in two steps, so a `Scalar` of 64 bits of which not all bits are a \
         value can be torn; make it smaller, or the variable `#[def_percpu(exclusive)]`; all bits are a value of a \
         newtype of an integer with `#[derive(Scalar)]` if its field is `pub`, or if it implements `Integer`"
    );
}

/// Panics unless a part of this type can be loaded and stored.
pub(super) const fn check_part<T: Scalar>() {
    if let Some(facts) = Probe::<T>::__PERCPU_SCALAR {
        check(facts, false);
    }
}

const fn align_of_integer(size: usize) -> usize {
    match size {
        2 => align_of::<u16>(),
        4 => align_of::<u32>(),
        8 => align_of::<u64>(),
        16 => align_of::<u128>(),
        _ => 1,
    }
}

const VALUE: u8 = 0;
const SHARED: u8 = 1;
const EXCLUSIVE: u8 = 2;

/// A map from an index to a kind.
pub trait Choice<const KIND: u8> {
    /// The kind.
    type Kind: Kind;
}

impl Choice<VALUE> for () {
    type Kind = Value;
}

impl Choice<SHARED> for () {
    type Kind = Shared;
}

impl Choice<EXCLUSIVE> for () {
    type Kind = Exclusive;
}

/// The scalars of the language whose variables `def_percpu` knows by the name of the type: each is a [`Value`]. No type of
/// a user's is one, so that none escapes [`choose`] by its name.
#[diagnostic::on_unimplemented(
    message = "the type of a per-CPU variable has the name of a scalar of the language, but is `{Self}`",
    label = "this name is the language's",
    note = "call the type by another name, or by a path, as `self::u64`"
)]
pub trait Primitive {}

macro_rules! primitives {
    ($($ty:ty)*) => {$(
        impl Primitive for $ty {}
    )*};
}
primitives!(bool char f32 f64 i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

/// The arrays of a [`Primitive`]: each is [`Exclusive`].
pub trait Primitives {}

impl<T: Primitive, const N: usize> Primitives for [T; N] {}

/// A kind that a definition names by its type: its users check what the library checks for the others.
///
/// # Safety
///
/// The kind is for each type, and `Itself` is the kind (rules 5, 7, 14 and 16 of docs/safety.md).
pub unsafe trait Unchecked {
    /// The kind.
    type Itself: Kind;
}

/// Expands to the kind of a variable: that of its option, that of [`Primitive`] or [`Primitives`], the default of
/// another type, or an [`Unchecked`] type in parentheses, which borrows without a flag.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (by_type $ty:ty) => {
        <() as $crate::__priv::Choice<
            {
                use $crate::__priv::Otherwise as _;
                $crate::__priv::choose(
                    $crate::__priv::Probe::<$ty>::__PERCPU_SCALAR,
                    $crate::__priv::Probe::<$ty>::__PERCPU_SHARED,
                    $crate::__priv::Probe::<$ty>::__PERCPU_INTEGER,
                    $crate::__priv::Probe::<$ty>::__PERCPU_SEND,
                )
            },
        >>::Kind
    };
    (scalar $ty:ty) => {
        $crate::kind::Value
    };
    (scalars $ty:ty) => {
        $crate::kind::Exclusive
    };
    (shared $ty:ty) => {
        $crate::kind::Shared
    };
    (exclusive $ty:ty) => {
        $crate::kind::Exclusive
    };
    (($kind:path) $ty:ty) => {
        <$kind as $crate::__priv::Unchecked>::Itself
    };
}
