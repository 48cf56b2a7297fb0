//! The per-CPU register: which area this CPU's is.

use crate::{arch, init};

/// The base that this CPU's per-CPU register stands for, in every mode; see [the table of
/// registers](crate#architectures).
///
/// It is what [`write_percpu_reg`] or [`init_percpu_reg`] wrote; before that it means nothing.
#[inline]
pub fn read_percpu_reg() -> usize {
    arch::register().wrapping_add(arch::bias())
}

/// Makes `base` the area of this CPU: writes its per-CPU register; see [the table of
/// registers](crate#architectures). Which CPU has which id is neither asked nor noted.
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
/// # Ids
///
/// `cpu_id` is this CPU's own dense index. An id belongs to one CPU:
///
/// * A free id is taken. One that another CPU has is refused.
/// * A CPU has one id: another one is refused, too.
/// * A CPU that asks for its own id again gets it. Its register is written, and nothing else.
/// * [`reinit_percpu_area`](crate::reinit_percpu_area) frees an id, and nothing else does: not that the CPU is
///   off, reset or asleep.
///
/// A CPU is known by its hardware id: `MPIDR_EL1`, `MPIDR`, the APIC id, `CSR.CPUID`. RISC-V hides that
/// of a hart: there a hart has the id whose area its register points to, if that is taken and the register not 0.
/// So a hart that lost its register takes [`resume_percpu_reg`]; and one whose `gp` happens to hold the base
/// of another hart's area counts as that hart: it is refused for every other id, and not for that one. Boot code
/// clears `gp`.
///
/// It may run before the MMU is on, also on several CPUs at once: then it uses plain loads and stores only,
/// and of CPUs that ask for one id at the same time it may be that none gets it. CPUs with and without caches
/// see each other's ids as they see all else that the others wrote: after maintenance of the caches.
///
/// In a process nothing is refused, as any number of threads may run as one CPU.
///
/// # Panics
///
/// Before init, if `cpu_id` is not in `0..percpu_area_num()`, and if the rules refuse it:
/// [`claim_percpu_reg`](crate::claim_percpu_reg) gives an error instead. At a wrong exception level: where the
/// register traps (an image for EL2 at EL1, or for Hyp mode of 32-bit Arm in SVC mode), and where it is a
/// guest's (an image for EL1 at EL2, or for SVC mode in Hyp mode). With areas of the platform ids are not
/// checked; there it panics where accesses do not reach the template, as no init looks at it.
#[track_caller]
pub fn init_percpu_reg(cpu_id: usize) {
    arch::assert_register_is_own();
    init::enter(cpu_id);
}

/// Gives a CPU that lost its register the area back that it had, with all values: after a reset, a deep
/// sleep, or `CPU_OFF` and `CPU_ON`. Where a CPU is known by its hardware id, [`init_percpu_reg`] does
/// that, too.
///
/// What lived on the CPU when it went down is as it was left. Contexts that come back with their stacks go
/// on with their guards, borrows and references. Those that do not are forgotten, and what they held is
/// not dropped: a variable stays borrowed, and an [`IrqOff`](crate::IrqOff) still counts, so that interrupts
/// stay masked when later ones end. A CPU that comes back to no context goes down without any of that, or has
/// its area built anew.
///
/// # Panics
///
/// Before init, if `cpu_id` is not in `0..percpu_area_num()`, if no CPU has that id (but not in a process, nor
/// with areas of the platform), and as [`init_percpu_reg`] at a wrong exception level.
///
/// # Safety
///
/// This CPU had that id when it went down, and no other CPU uses it (rule 2 of docs/safety.md).
#[track_caller]
pub unsafe fn resume_percpu_reg(cpu_id: usize) {
    arch::assert_register_is_own();
    // SAFETY: rule 2 is the caller's.
    unsafe { init::enter_again(cpu_id) };
}
