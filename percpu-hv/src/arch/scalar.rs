//! The types that one instruction can load, store or change.

use core::marker::PhantomData;
use core::mem::transmute_copy;
use core::num::NonZero;
use core::ptr::NonNull;

/// A type that one load or store moves: its variables are of the kind [`Value`](crate::kind::Value).
///
/// Implemented for all integers up to 64 bits (128 on AArch64 and in a process), `NonZero` of these and its `Option`,
/// `bool`, `char`, `f32`, `f64`, raw pointers, `NonNull`, `&'static T` of a `Sync` type, function pointers, and
/// `Option` of the last three. Type aliases work, because the type counts and not its spelling. Only the names of the
/// language's scalars stand for nothing else: a variable does not compile if its type is called `u64` and is another one.
/// A function pointer with a lifetime of its own (`fn(&mut T)`) has no impl, which would overlap with the one for `fn(A)`.
/// Wrap it in a transparent newtype.
///
/// riscv32 and 32-bit Arm may move 64 bits in two steps. There a variable does not compile if its type has 64 bits and
/// some bit patterns are no value of it. Of a newtype with `#[derive(Scalar)]` all are, if all are of its field, and the
/// field is `pub` or the newtype is an [`Integer`]. AArch64 moves 128 bits by a pair of exclusives.
///
/// `#[derive(Scalar)]` implements the trait for newtypes and enums without `unsafe`.
///
/// An impl for a type that already has variables changes their kind. This is a breaking change.
///
/// # Safety
///
/// The implementor
/// * has the size and alignment of one of `u8`, `u16`, `u32`, `u64`. A variable of another size or alignment does not
///   compile;
/// * has no uninitialized byte, such as padding, in any value;
/// * is `Send`, because another context on the CPU, or another CPU, reads the value. A variable of a type that is not
///   `Send` does not compile. (Raw pointers and `NonNull` are scalars without it: on another CPU they are only
///   addresses);
/// * holds no reference if its [`HOLDS_REFERENCES`](Self::HOLDS_REFERENCES) is `false`;
/// * has one field if it has fields by `#[derive(Elements)]` too.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// /// A newtype opts in, and so does an enum without fields.
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// #[repr(transparent)]
/// struct VcpuId(u32);
/// // SAFETY: rule 14: a transparent `u32`, which is `Send`.
/// unsafe impl percpu_hv::Scalar for VcpuId {}
///
/// #[derive(Clone, Copy)]
/// #[repr(transparent)]
/// struct Ticks(u64);
/// // SAFETY: rule 14: a transparent `u64`, which is `Send` and holds no reference.
/// unsafe impl percpu_hv::Scalar for Ticks {
///     const HOLDS_REFERENCES: bool = false;
/// }
///
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// #[repr(u8)]
/// enum World { Host, Guest }
/// // SAFETY: rule 14: one byte, which is `Send`.
/// unsafe impl percpu_hv::Scalar for World {}
///
/// #[derive(Clone, Copy)]
/// #[repr(transparent)]
/// struct Handler(fn(&mut u32));
/// // SAFETY: rule 14: a transparent function pointer, which is `Send`.
/// unsafe impl percpu_hv::Scalar for Handler {}
///
/// #[percpu_hv::def_percpu]
/// static CURRENT: VcpuId = VcpuId(7);
/// #[percpu_hv::def_percpu]
/// static WORLD: World = World::Host;
/// #[percpu_hv::def_percpu]
/// static HANDLER: Handler = Handler(|count| *count += 1);
///
/// percpu_hv::init_hosted(1).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// assert_eq!(CURRENT.read_current(), VcpuId(7));
/// assert_eq!(WORLD.swap_current(World::Guest), World::Host);
/// let mut count = 0;
/// (HANDLER.read_current().0)(&mut count);
/// assert_eq!(count, 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scalar: one load or store cannot move it",
    note = "put `#[derive(percpu_hv::Scalar)]` on a newtype of a scalar, or on an enum with the `repr` of an integer"
)]
pub unsafe trait Scalar: Copy + 'static {
    /// Whether a value is only an address, with which another context can do nothing by safe code.
    #[doc(hidden)]
    const __IS_ADDRESS: bool = false;

    /// Whether every bit pattern is a value.
    #[doc(hidden)]
    const __ANY_BITS: bool = false;

    /// Whether equal bits are the same value. They are unless the value has a pointer's provenance.
    #[doc(hidden)]
    const __BITS_ARE_ALL: bool = false;

    /// Whether a value may hold a reference, through which another CPU or a handler reads what was written before the
    /// value was stored.
    ///
    /// A store of such a value is a release, and a load of another CPU's value an acquire. Each is one more barrier on
    /// AArch64, 32-bit Arm, RISC-V and LoongArch64. A newtype of a pointer-sized integer sets `false` to avoid them. A
    /// value smaller than a pointer holds no reference, and has no barrier.
    const HOLDS_REFERENCES: bool = true;

    /// Tells the optimizer which bit patterns a loaded byte can have.
    ///
    /// # Safety
    ///
    /// The byte was loaded from a value.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn __loaded(_byte: usize) {}
}

/// A scalar with the operations `and`, `or` and `xor` on its bits: all integers and `bool`.
///
/// # Safety
///
/// Each of the three operations on the bits of two values yields a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `and`, `or` and `xor`",
    note = "integers and `bool` have them; a newtype implements `percpu_hv::Bits`"
)]
pub unsafe trait Bits: Scalar {}

/// A scalar with `add` and `sub`, which wrap around: all integers.
///
/// # Safety
///
/// Every bit pattern is a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `add` and `sub`",
    note = "integers have them; a newtype implements `percpu_hv::Integer`"
)]
pub unsafe trait Integer: Bits {}

/// What a newtype or an enum is a scalar by.
pub struct Inside<T>(PhantomData<fn() -> T>);

impl<T: Scalar> Inside<T> {
    /// Returns what a function finds in the type. Panics if the type has padding beside it.
    #[inline(always)]
    pub const fn of<W>(_: fn(W) -> [T; 1]) -> Self {
        assert!(
            size_of::<W>() == size_of::<T>(),
            "percpu-hv: a `Scalar` has no padding; keep the `repr` that `derive(Scalar)` found"
        );
        Self(PhantomData)
    }

    /// Whether every bit pattern is a value.
    pub const fn any_bits(&self) -> bool {
        T::__ANY_BITS
    }

    /// Whether equal bits are the same value.
    pub const fn bits_are_all(&self) -> bool {
        T::__BITS_ARE_ALL
    }

    /// Tells the optimizer which bit patterns a loaded byte can have.
    ///
    /// # Safety
    ///
    /// The byte was loaded from a value.
    #[inline(always)]
    pub unsafe fn loaded(&self, byte: usize) {
        // SAFETY: as this function.
        unsafe { T::__loaded(byte) };
    }
}

macro_rules! scalars {
    ($($ty:ty),*) => {$(
        // SAFETY: rule 14: a primitive without padding, of 1 to 16 bytes, and `Send`.
        unsafe impl Scalar for $ty {
            const __ANY_BITS: bool = true;
            const __BITS_ARE_ALL: bool = true;
            const HOLDS_REFERENCES: bool = false;
        }
    )*};
}
scalars!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64);

macro_rules! with_a_niche {
    ($($ty:ty),*) => {$(
        // SAFETY: rule 14: a primitive without padding, of 1 to 16 bytes, and `Send`.
        unsafe impl Scalar for $ty {
            const __BITS_ARE_ALL: bool = true;
            const HOLDS_REFERENCES: bool = false;
        }
    )*};
}
with_a_niche!(char);

macro_rules! non_zero {
    ($($integer:ty),*) => {
        with_a_niche!($(NonZero<$integer>),*);
        $(
            // SAFETY: rule 14: as the integer; `None` is its 0.
            unsafe impl Scalar for Option<NonZero<$integer>> {
                const __ANY_BITS: bool = true;
                const __BITS_ARE_ALL: bool = true;
                const HOLDS_REFERENCES: bool = false;
            }
        )*
    };
}
non_zero!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

#[cfg(wide)]
scalars!(u128, i128);
#[cfg(wide)]
non_zero!(u128, i128);

macro_rules! integers {
    ($($ty:ty),*) => {$(
        // SAFETY: rule 14: every bit pattern is an integer.
        unsafe impl Bits for $ty {}
        // SAFETY: rule 14: every bit pattern is an integer.
        unsafe impl Integer for $ty {}
    )*};
}
integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);
#[cfg(wide)]
integers!(u128, i128);

// SAFETY: rule 14: one byte, and `Send`.
unsafe impl Scalar for bool {
    const __BITS_ARE_ALL: bool = true;
    const HOLDS_REFERENCES: bool = false;

    #[inline(always)]
    unsafe fn __loaded(byte: usize) {
        // SAFETY: rule 1, the byte is a `bool`'s.
        unsafe { core::hint::assert_unchecked(byte < 2) }
    }
}

// SAFETY: rule 14: the operations on 0 and 1 yield 0 or 1.
unsafe impl Bits for bool {}

// SAFETY: rule 14: one address; dereferencing it is unsafe in every context.
unsafe impl<T: 'static> Scalar for *const T {
    const __IS_ADDRESS: bool = true;
    const HOLDS_REFERENCES: bool = false;
}
// SAFETY: rule 14: as `*const T`.
unsafe impl<T: 'static> Scalar for *mut T {
    const __IS_ADDRESS: bool = true;
    const HOLDS_REFERENCES: bool = false;
}
// SAFETY: rule 14: as `*const T`.
unsafe impl<T: 'static> Scalar for NonNull<T> {
    const __IS_ADDRESS: bool = true;
    const HOLDS_REFERENCES: bool = false;
}
// SAFETY: rule 14: as `*const T`; `None` is the null address.
unsafe impl<T: 'static> Scalar for Option<NonNull<T>> {
    const __IS_ADDRESS: bool = true;
    const HOLDS_REFERENCES: bool = false;
}
// SAFETY: rule 14: one address, `Send` since `T` is `Sync`.
unsafe impl<T: Sync + 'static> Scalar for &'static T {}
// SAFETY: rule 14: as `&T`; `None` is the null address.
unsafe impl<T: Sync + 'static> Scalar for Option<&'static T> {}

macro_rules! functions {
    ($($argument:ident)*) => {
        functions!(@ [$($argument)*] fn($($argument),*) -> R);
        functions!(@ [$($argument)*] unsafe fn($($argument),*) -> R);
        functions!(@ [$($argument)*] extern "C" fn($($argument),*) -> R);
        functions!(@ [$($argument)*] unsafe extern "C" fn($($argument),*) -> R);
    };
    (@ [$($argument:ident)*] $function:ty) => {
        // SAFETY: rule 14: the address of code, which is `Send`.
        unsafe impl<R: 'static, $($argument: 'static),*> Scalar for $function {
            const HOLDS_REFERENCES: bool = false;
        }
        // SAFETY: rule 14: as the function; `None` is the null address.
        unsafe impl<R: 'static, $($argument: 'static),*> Scalar for Option<$function> {
            const HOLDS_REFERENCES: bool = false;
        }
    };
}
functions!();
functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E F);

/// The operations of [`Bits`] and [`Integer`], as const arguments.
pub mod op {
    #![allow(missing_docs, reason = "the names are enough")]
    pub const ADD: u8 = 0;
    pub const SUB: u8 = 1;
    pub const AND: u8 = 2;
    pub const OR: u8 = 3;
    pub const XOR: u8 = 4;
}

/// Applies an operation to two unsigned integers. A value's bits may be the low bits of them.
macro_rules! apply {
    ($op:ident, $a:expr, $b:expr) => {
        match $op {
            op::ADD => $a.wrapping_add($b),
            op::SUB => $a.wrapping_sub($b),
            op::AND => $a & $b,
            op::OR => $a | $b,
            _ => $a ^ $b,
        }
    };
}

/// Returns the value's bits, zero-extended.
#[inline(always)]
fn bits<V: Bits>(value: V) -> u64 {
    // SAFETY: rule 14, `V` has one of these widths and no padding.
    unsafe {
        match size_of::<V>() {
            1 => u64::from(transmute_copy::<V, u8>(&value)),
            2 => u64::from(transmute_copy::<V, u16>(&value)),
            4 => u64::from(transmute_copy::<V, u32>(&value)),
            _ => transmute_copy::<V, u64>(&value),
        }
    }
}

/// Returns the value that consists of the low bits.
///
/// # Safety
///
/// The low bits are a value of `V`.
#[inline(always)]
unsafe fn value<V: Bits>(bits: u64) -> V {
    // SAFETY: rule 14, `V` has one of these widths. The caller ensures that the bits are a value.
    unsafe {
        match size_of::<V>() {
            1 => transmute_copy::<u8, V>(&(bits as u8)),
            2 => transmute_copy::<u16, V>(&(bits as u16)),
            4 => transmute_copy::<u32, V>(&(bits as u32)),
            _ => transmute_copy::<u64, V>(&bits),
        }
    }
}

/// Applies `OP` to two values.
///
/// # Safety
///
/// `V: Integer` for `add` and `sub`.
#[inline(always)]
pub unsafe fn combine<V: Bits, const OP: u8>(a: V, b: V) -> V {
    // SAFETY: rule 14, the contract of `Bits`. For `add` and `sub` the caller ensures `V: Integer`.
    unsafe {
        if size_of::<V>() == 16 {
            let [a, b] = [a, b].map(|value| transmute_copy::<V, u128>(&value));
            return transmute_copy::<u128, V>(&apply!(OP, a, b));
        }
        value(apply!(OP, bits(a), bits(b)))
    }
}

/// Returns 1.
#[inline(always)]
pub(crate) fn one<V: Integer>() -> V {
    // SAFETY: rule 14, every bit pattern is a value.
    unsafe {
        if size_of::<V>() == 16 {
            return transmute_copy::<u128, V>(&1);
        }
        value(1)
    }
}

/// Returns 0.
#[inline(always)]
pub(crate) fn zero<V: Integer>() -> V {
    // SAFETY: rule 14, every bit pattern is a value.
    unsafe { core::mem::zeroed() }
}
