//! Which types one load or store can move.

use core::ptr::NonNull;

/// A type that one load or store moves: the variables with `read_current` and `write_current`.
///
/// Implemented for all integers up to 64 bits, `bool`, `char`, `f32`, `f64`, raw pointers,
/// `NonNull` and `Option<NonNull>`. Aliases need nothing: a type is looked at, not its spelling.
/// (A 32-bit CPU moves a 64-bit value in two steps.)
///
/// # Safety
///
/// The implementor
/// * has the size and alignment of one of `u8`, `u16`, `u32`, `u64`, without padding bytes;
/// * may be used from another context than the one that stored it, because it is `Send`, or
///   because nothing safe can be done with it there (a raw pointer).
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// /// A newtype opts in.
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// #[repr(transparent)]
/// struct VcpuId(u32);
/// // SAFETY: rule 7: a transparent `u32`, which is `Send`.
/// unsafe impl percpu_hv::Scalar for VcpuId {}
///
/// #[percpu_hv::def_percpu]
/// static CURRENT: VcpuId = VcpuId(7);
///
/// percpu_hv::init_hosted(1).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// assert_eq!(CURRENT.read_current(), VcpuId(7));
/// # }
/// ```
pub unsafe trait Scalar: Copy + 'static {
    /// Tells the optimizer which bit patterns a loaded byte can have.
    #[doc(hidden)]
    #[inline(always)]
    fn __loaded(_byte: usize) {}
}

macro_rules! scalars {
    ($($ty:ty),*) => {$(
        // SAFETY: rule 7: a primitive without padding, of 1, 2, 4 or 8 bytes, and `Send`.
        unsafe impl Scalar for $ty {}
    )*};
}
scalars!(
    char, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64
);

// SAFETY: rule 7: one byte, and `Send`.
unsafe impl Scalar for bool {
    #[inline(always)]
    fn __loaded(byte: usize) {
        // SAFETY: rule 1, the variable is a `bool`.
        unsafe { core::hint::assert_unchecked(byte < 2) }
    }
}

// SAFETY: rule 7: one address; dereferencing it is unsafe in every context.
unsafe impl<T: 'static> Scalar for *const T {}
// SAFETY: rule 7: as `*const T`.
unsafe impl<T: 'static> Scalar for *mut T {}
// SAFETY: rule 7: as `*const T`.
unsafe impl<T: 'static> Scalar for NonNull<T> {}
// SAFETY: rule 7: as `*const T`; `None` is the null address.
unsafe impl<T: 'static> Scalar for Option<NonNull<T>> {}
