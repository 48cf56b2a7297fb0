//! Scalars in memory: loads, stores and operations at an address.
//!
//! They are not `inline(always)`: a debug build compiles each once for a type, and not for each variable.

use core::mem::transmute_copy;
use core::ptr;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU32, fence};

#[cfg(double)]
use super::double;
#[cfg(wide)]
use super::scalar::combine;
use super::scalar::{Bits, Scalar, op};
#[cfg(wide)]
use super::wide;

/// Returns whether a value may hold a reference, through which its readers reach other memory.
const fn may_refer<V: Scalar>() -> bool {
    V::HOLDS_REFERENCES && size_of::<V>() >= size_of::<usize>()
}

/// Precedes the store of a value, so that whoever loads the value sees what it refers to. In a process the accesses
/// themselves are ordered instead, for tools that do not support fences.
#[inline]
pub(crate) fn publish<V: Scalar>() {
    if may_refer::<V>() && cfg!(not(hosted)) {
        fence(Release);
    }
}

/// Follows the load of another CPU's value, as the counterpart of [`publish`].
#[inline]
pub(crate) fn obtain<V: Scalar>() {
    if may_refer::<V>() && cfg!(not(hosted)) {
        fence(Acquire);
    }
}

/// Returns the ordering of an access to a `V`: `order` in a process if a value may hold a reference, else `Relaxed`.
const fn ordered<V: Scalar>(order: Ordering) -> Ordering {
    if may_refer::<V>() && cfg!(hosted) {
        order
    } else {
        Relaxed
    }
}

/// Fails to compile unless the target has an atomic operation of the scalar's width.
macro_rules! assert_width {
    ($ty:ty) => {
        const {
            assert!(
                size_of::<$ty>() <= 4 || cfg!(target_has_atomic = "64") || size_of::<$ty>() == 16,
                "percpu-hv: this target changes at most 32 bits atomically; use `with_current` \
                 while interrupts are off"
            )
        }
    };
}

/// Evaluates an operation on the atomic of the scalar's width at an address. The parameter names the atomic and the
/// type of its bits. A scalar of a pointer's size is an `AtomicPtr`, which keeps provenance. With `integer` it is an
/// atomic integer, which has arithmetic.
macro_rules! atomic {
    ($ty:ty, $address:expr, |$atomic:ident: $bits:ident| $operation:expr) => {
        if size_of::<$ty>() == size_of::<usize>() {
            atomic!(@ AtomicPtr<()>, *mut (), $address, $atomic, $bits, $operation)
        } else {
            atomic!(integer $ty, $address, |$atomic: $bits| $operation)
        }
    };
    (integer $ty:ty, $address:expr, |$atomic:ident: $bits:ident| $operation:expr) => {
        match size_of::<$ty>() {
            1 => atomic!(@ AtomicU8, u8, $address, $atomic, $bits, $operation),
            2 => atomic!(@ AtomicU16, u16, $address, $atomic, $bits, $operation),
            4 => atomic!(@ AtomicU32, u32, $address, $atomic, $bits, $operation),
            #[cfg(target_has_atomic = "64")]
            _ => atomic!(@ AtomicU64, u64, $address, $atomic, $bits, $operation),
            #[cfg(not(target_has_atomic = "64"))]
            _ => unreachable!(),
        }
    };
    (@ $own:ty, $inner:ty, $address:expr, $atomic:ident, $bits:ident, $operation:expr) => {{
        type $bits = $inner;
        let $atomic = <$own>::from_ptr(ptr::with_exposed_provenance_mut($address));
        $operation
    }};
}

/// Loads the copy at `address`. The load is atomic, because a handler or another CPU may store to the copy meanwhile.
/// Only 64 bits on a target without such atomics may take two steps.
///
/// # Safety
///
/// There is a `V` at `address` that may be read (rules 3 and 5 of docs/safety.md).
#[inline]
pub unsafe fn load_at<V: Scalar>(address: usize) -> V {
    // SAFETY: rules 3 and 5 are the caller's.
    unsafe {
        #[cfg(wide)]
        if size_of::<V>() == 16 {
            return transmute_copy(&wide::load(address));
        }
        #[cfg(double)]
        if size_of::<V>() == 8 {
            return transmute_copy(&double::load(address));
        }
        if size_of::<V>() > 4 && cfg!(not(target_has_atomic = "64")) {
            return ptr::with_exposed_provenance::<V>(address).read_volatile();
        }
        atomic!(V, address, |atomic: Width| {
            let bits = atomic.load(ordered::<V>(Acquire));
            if size_of::<V>() == 1 {
                V::__loaded(usize::from(transmute_copy::<Width, u8>(&bits)));
            }
            transmute_copy::<Width, V>(&bits)
        })
    }
}

/// Stores to the copy at `address`. The store is atomic, as [`load_at`] is.
///
/// # Safety
///
/// There is a `V` at `address` that may be written (rules 3 and 5 of docs/safety.md).
#[inline]
pub unsafe fn store_at<V: Scalar>(address: usize, value: V) {
    // SAFETY: rules 3 and 5 are the caller's.
    unsafe {
        #[cfg(wide)]
        if size_of::<V>() == 16 {
            wide::swap(address, transmute_copy(&value));
            return;
        }
        #[cfg(double)]
        if size_of::<V>() == 8 {
            return double::store(address, transmute_copy(&value));
        }
        if size_of::<V>() > 4 && cfg!(not(target_has_atomic = "64")) {
            return ptr::with_exposed_provenance_mut::<V>(address).write_volatile(value);
        }
        atomic!(V, address, |atomic: Width| {
            atomic.store(transmute_copy::<V, Width>(&value), ordered::<V>(Release))
        });
    }
}

/// Returns whether two values have the same bits.
#[inline]
pub(crate) fn same_bits<V: Scalar>(a: V, b: V) -> bool {
    // SAFETY: rule 14, `V` has one of these widths and no padding.
    unsafe {
        match size_of::<V>() {
            1 => transmute_copy::<V, u8>(&a) == transmute_copy::<V, u8>(&b),
            2 => transmute_copy::<V, u16>(&a) == transmute_copy::<V, u16>(&b),
            4 => transmute_copy::<V, u32>(&a) == transmute_copy::<V, u32>(&b),
            8 => transmute_copy::<V, u64>(&a) == transmute_copy::<V, u64>(&b),
            _ => transmute_copy::<V, u128>(&a) == transmute_copy::<V, u128>(&b),
        }
    }
}

/// Stands in for the store of a value whose bits the copy at `address` already has. The optimizer must not drop the new
/// pointer: an equal address may have another provenance, and a later load returns the pointer that was stored last.
///
/// # Safety
///
/// As [`store_at`]. `old` was loaded from the copy, and has the bits of `new`.
#[inline(always)]
pub(crate) unsafe fn store_same_at<V: Scalar>(address: impl FnOnce() -> usize, old: V, new: V) {
    if V::__BITS_ARE_ALL || size_of::<V>() != size_of::<usize>() {
        return;
    }
    // A store would overwrite what a handler stored meanwhile. Outside of a process an empty `asm!` suffices: the
    // optimizer assumes that it may have stored the pointer.
    #[cfg(process)]
    // SAFETY: as this function.
    unsafe {
        let _ = compare_exchange_at(address(), old, new);
    }
    #[cfg(not(process))]
    {
        let _ = (address, old);
        // SAFETY: rule 10, no instruction. Not `nomem`: it stands for a store.
        unsafe {
            let pointer = transmute_copy::<V, *mut ()>(&new);
            core::arch::asm!("/* {} */", in(reg) pointer, options(nostack, preserves_flags));
        }
    }
}

/// Replaces the copy at `address`. Returns the old value.
///
/// # Safety
///
/// As [`store_at`].
#[inline]
#[cfg_attr(displaced, allow(dead_code, reason = "an instruction replaces it"))]
pub(crate) unsafe fn swap_at<V: Scalar>(address: usize, value: V) -> V {
    assert_width!(V);
    // SAFETY: rules 3 and 5 are the caller's.
    unsafe {
        #[cfg(wide)]
        if size_of::<V>() == 16 {
            return transmute_copy(&wide::swap(address, transmute_copy(&value)));
        }
        atomic!(V, address, |atomic: Width| {
            let order = ordered::<V>(AcqRel);
            transmute_copy::<Width, V>(&atomic.swap(transmute_copy::<V, Width>(&value), order))
        })
    }
}

/// Replaces the copy at `address` if it has the bits of `current`. Returns the old value, as `Ok` if it was replaced.
///
/// # Safety
///
/// As [`store_at`].
#[inline]
#[cfg_attr(displaced, allow(dead_code, reason = "an instruction replaces it"))]
pub(crate) unsafe fn compare_exchange_at<V: Scalar>(
    address: usize,
    current: V,
    new: V,
) -> Result<V, V> {
    assert_width!(V);
    // SAFETY: rules 3 and 5 are the caller's.
    unsafe {
        #[cfg(wide)]
        if size_of::<V>() == 16 {
            let (current, new) = (transmute_copy(&current), transmute_copy(&new));
            let value = |found: u128| transmute_copy::<u128, V>(&found);
            let result = wide::compare_exchange(address, current, new);
            return result.map(value).map_err(value);
        }
        atomic!(V, address, |atomic: Width| {
            let current = transmute_copy::<V, Width>(&current);
            let new = transmute_copy::<V, Width>(&new);
            let value = |found: Width| transmute_copy::<Width, V>(&found);
            let (success, failure) = (ordered::<V>(AcqRel), ordered::<V>(Acquire));
            let result = atomic.compare_exchange(current, new, success, failure);
            result.map(value).map_err(value)
        })
    }
}

/// Combines the copy at `address` with `operand` by `OP`. Returns the old value.
///
/// # Safety
///
/// As [`store_at`]; `V: Integer` for `add` and `sub`.
#[inline]
pub(crate) unsafe fn fetch_at<V: Bits, const OP: u8>(address: usize, operand: V) -> V {
    assert_width!(V);
    // SAFETY: rules 3 and 5 are the caller's; rule 14, the result of `OP` is a value.
    unsafe {
        #[cfg(wide)]
        if size_of::<V>() == 16 {
            let mut old: V = load_at(address);
            loop {
                match compare_exchange_at(address, old, combine::<V, OP>(old, operand)) {
                    Ok(old) => return old,
                    Err(found) => old = found,
                }
            }
        }
        atomic!(integer V, address, |atomic: Width| {
            let operand = transmute_copy::<V, Width>(&operand);
            let old = match OP {
                op::ADD => atomic.fetch_add(operand, Relaxed),
                op::SUB => atomic.fetch_sub(operand, Relaxed),
                op::AND => atomic.fetch_and(operand, Relaxed),
                op::OR => atomic.fetch_or(operand, Relaxed),
                _ => atomic.fetch_xor(operand, Relaxed),
            };
            transmute_copy::<Width, V>(&old)
        })
    }
}
