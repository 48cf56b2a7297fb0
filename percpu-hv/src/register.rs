//! The per-CPU register: which area this CPU's is.

use crate::{arch, percpu_area_base};

/// The base that this CPU's per-CPU register stands for, in every mode; see [the table of
/// registers](crate#architectures).
///
/// It is what [`write_percpu_reg`] or [`init_percpu_reg`] wrote; before that it means nothing.
#[inline]
pub fn read_percpu_reg() -> usize {
    arch::register().wrapping_add(arch::bias())
}

/// Makes `base` the area of this CPU: writes its per-CPU register; see [the table of
/// registers](crate#architectures).
///
/// # Safety
///
/// `base` is the base of an area that no other CPU uses (rule 2 of docs/safety.md), and the
/// register is accessible at this exception level.
#[inline]
pub unsafe fn write_percpu_reg(base: usize) {
    // SAFETY: rule 2 is the caller's.
    unsafe { arch::set_register(base.wrapping_sub(arch::bias())) }
}

/// Makes the area of `cpu_id` that of this CPU: writes its per-CPU register; see [the table of
/// registers](crate#architectures). Call it once on each CPU, after init.
///
/// `cpu_id` is this CPU's own dense index. That no other CPU uses the id is not checked in release
/// builds: the signature is that of `percpu`, for compatibility. [`claim_percpu_reg`](crate::claim_percpu_reg)
/// always checks it.
///
/// # Panics
///
/// Before init, if `cpu_id` is not in `0..percpu_area_num()`, and at an exception level where
/// the register is not accessible (an AArch64 image built for EL2 that runs at EL1). With areas of
/// the platform also where accesses do not reach its template, as no init looks at it. In debug builds
/// of a kernel also if another CPU took the area, as far as that shows (docs/safety.md, "What debug
/// builds tell").
#[track_caller]
pub fn init_percpu_reg(cpu_id: usize) {
    arch::assert_register_accessible();
    let base = percpu_area_base(cpu_id);
    #[cfg(all(debug_assertions, not(any(process, platform_areas))))]
    crate::owner::take(cpu_id, base);
    #[cfg(platform_areas)]
    crate::platform::assert_reach();
    // SAFETY: rule 2, the base of an area; the id is the caller's.
    unsafe { write_percpu_reg(base) }
}
