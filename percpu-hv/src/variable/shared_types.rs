//! The types that are shared by default.

use core::cell::{Cell, LazyCell, OnceCell, RefCell};
use core::sync::atomic;

/// A type whose variables are [`Shared`](enum@crate::kind::Shared) by default: it is changed through `&self`.
///
/// Implemented for atomics, `Cell`, `RefCell`, `OnceCell`, `LazyCell`, [`PerCpuOnce`](crate::PerCpuOnce),
/// [`PerCpuCounter`](crate::PerCpuCounter), and arrays and tuples of these. The trait is safe to implement
/// for a type of your own, since a shared variable never provides `&mut T`. For a type of another crate, such
/// as a lock, put `#[def_percpu(shared)]` on the variable instead.
///
/// An impl for a type that already has variables changes their kind, and breaks their users.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use percpu_hv::{CpuPin, def_percpu};
///
/// struct Load { running: AtomicU32, waiting: AtomicU32 }
/// impl percpu_hv::Shared for Load {}
///
/// #[def_percpu]
/// static LOAD: Load = Load { running: AtomicU32::new(0), waiting: AtomicU32::new(0) };
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// LOAD.get(&CpuPin::new()).waiting.fetch_add(1, Relaxed);
/// assert_eq!(LOAD.fold(0, |sum, load| sum + load.waiting.load(Relaxed)), 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Shared` by itself",
    note = "implement the safe trait `percpu_hv::Shared` for a type of your own, or say `#[def_percpu(shared)]`"
)]
pub trait Shared {}

macro_rules! shared {
    ($($(#[$attr:meta])* [$($generic:tt)*] $ty:ty;)*) => {$(
        $(#[$attr])*
        impl<$($generic)*> Shared for $ty {}
    )*};
}

shared! {
    [] atomic::AtomicBool;
    [] atomic::AtomicU8;
    [] atomic::AtomicI8;
    [] atomic::AtomicU16;
    [] atomic::AtomicI16;
    [] atomic::AtomicU32;
    [] atomic::AtomicI32;
    #[cfg(target_has_atomic = "64")] [] atomic::AtomicU64;
    #[cfg(target_has_atomic = "64")] [] atomic::AtomicI64;
    [] atomic::AtomicUsize;
    [] atomic::AtomicIsize;
    [T] atomic::AtomicPtr<T>;
    [T] Cell<T>;
    [T] RefCell<T>;
    [T] OnceCell<T>;
    [T, F] LazyCell<T, F>;
    [T: Shared, const N: usize] [T; N];
}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first: Shared, $($rest: Shared),*> Shared for ($first, $($rest,)*) {}
        tuples!($($rest)*);
    };
    () => {};
}
tuples!(A B C D E F G H);
