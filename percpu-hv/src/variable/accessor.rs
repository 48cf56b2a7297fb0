//! What accessors of all kinds do with a place: checks, guards and addresses.

use core::ptr;

use super::place::{Kind, Place};
use crate::arch::{self, Access};
use crate::area::{bias, start};
use crate::cpu::{CpuId, NoPreemptGuard, assert_register};

/// Returns the distance in bytes of a place from the base of any area, also of a hot one that is out of reach.
#[inline(always)]
pub(crate) fn offset(place: &impl Access) -> usize {
    place.linked().wrapping_sub(bias())
}

/// Returns the address of a place in the template.
pub(crate) fn address(place: &impl Access) -> usize {
    start().wrapping_add(offset(place))
}

/// Begins a safe access: keeps the context on this CPU and, in debug builds of a kernel, checks the
/// register.
#[inline(always)]
#[track_caller]
pub(crate) fn enter<P: Place<T>, T>(place: &P) -> NoPreemptGuard {
    let guard = enter_as::<P::Kind>();
    if P::HOT && !arch::SMALL_TEMPLATE {
        assert_offset::<P, T>(place);
    }
    guard
}

/// Begins a safe access to a variable of the kind. A debug build compiles it once, not for each variable.
#[inline]
#[track_caller]
fn enter_as<K: Kind>() -> NoPreemptGuard {
    let guard = NoPreemptGuard::new();
    if K::CHECKED {
        assert_register();
    }
    guard
}

/// Begins a this-CPU operation: keeps the context on its CPU between the read of the register and the operation. Takes
/// no guard if both are one instruction.
#[inline(always)]
#[track_caller]
pub(crate) fn stay<P: Place<T>, T>(place: &P) -> Option<NoPreemptGuard> {
    if P::IN_ONE_INSTRUCTION {
        if <P::Kind as Kind>::CHECKED {
            assert_register();
        }
        assert_reach(place);
        None
    } else {
        Some(enter(place))
    }
}

/// Panics, in debug builds of a kernel, if the linker script placed a hot variable where its accesses do
/// not reach.
#[inline(always)]
#[track_caller]
pub(crate) fn assert_reach<P: Place<T>, T>(place: &P) {
    // The variables of a small template are checked by percpu.x, or by init.
    if P::HOT && !arch::SMALL_TEMPLATE {
        assert_offset::<P, T>(place);
    }
}

/// A function of its own, so that not even a debug build compiles it for the others.
#[inline(always)]
#[track_caller]
fn assert_offset<P: Place<T>, T>(place: &P) {
    if cfg!(debug_assertions) {
        let offset = offset(place);
        let reach = arch::HOT_REACH.unwrap_or(usize::MAX);
        if offset >= reach {
            out_of_reach(core::any::type_name::<P>(), offset, reach);
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn out_of_reach(place: &str, offset: usize, reach: usize) -> ! {
    let name = name_of(place);
    panic!(
        "the hot per-CPU variable `{name}` is {offset:#x} bytes into the template, but its accesses reach only \
         {reach:#x}; link with percpu.x of percpu-hv, or put `*(percpu_hot)` first into `.percpu` and make fewer \
         variables hot"
    );
}

/// Returns the name of a variable, from that of its marker's type. Another type's name stays as it is.
fn name_of(marker: &str) -> &str {
    let last = marker.rfind(':').map_or(0, |colon| colon + 1);
    marker[last..].strip_prefix("__PerCpu_").unwrap_or(marker)
}

/// Returns the pointer to a copy of the place, at the copy's address.
#[inline(always)]
#[track_caller]
pub(crate) fn pointer<P: Place<T>, T>(place: &P, address: usize) -> *const T {
    assert_reach(place);
    pointer_as::<P::Kind, T>(address)
}

/// Returns the pointer to a copy in a variable of the kind.
#[inline]
#[track_caller]
pub(super) fn pointer_as<K: Kind, T>(address: usize) -> *const T {
    // A script written for `percpu` fixes the stride, and honours no alignment above 64.
    if K::CHECKED {
        assert_aligned(address, align_of::<T>());
    }
    ptr::with_exposed_provenance(address)
}

#[inline(always)]
#[track_caller]
fn assert_aligned(address: usize, align: usize) {
    // Alignments are powers of two.
    if cfg!(debug_assertions) && address & (align - 1) != 0 {
        misaligned();
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn misaligned() -> ! {
    panic!(
        "a per-CPU variable is misaligned in this area; link with percpu.x of percpu-hv, which aligns areas to their \
         variables"
    );
}

/// Returns the address of a CPU's copy. A [`CpuId`] needs no check.
#[inline(always)]
#[track_caller]
pub(crate) fn address_on<P: Place<T>, T>(place: &P, cpu: CpuId) -> usize {
    assert_reach(place);
    place.at(cpu.register())
}
