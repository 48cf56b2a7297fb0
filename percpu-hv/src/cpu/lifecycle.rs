//! Which CPU has which area: ids are taken once, and free again when the area is built anew.

use super::id::CpuId;
use super::register::write_percpu_reg;
use crate::InitError;
use crate::arch;
use crate::area::header::owner_at;
use crate::area::owner::{Owner, mark};
use crate::area::{self, bias, percpu_area_base};

/// What the area of a CPU that has one says of the CPU that has it.
fn owner_of(cpu: CpuId) -> &'static Owner {
    // SAFETY: rule 3, an area.
    unsafe { owner_at(cpu.register().wrapping_add(bias())) }
}

/// The id that this CPU has: by its hardware id, or else by its register.
#[cfg(not(process))]
fn own_id(hardware_id: Option<usize>) -> Option<CpuId> {
    if hardware_id.is_some() {
        return CpuId::all().find(|&cpu| owner_of(cpu).mark() == Some(mark(hardware_id)));
    }
    let cpu = area::cpu_at(base_in(arch::register()?, bias())?)?;
    Some(CpuId::checked(cpu)).filter(|&cpu| owner_of(cpu).mark().is_some())
}

/// The base that a register stands for. None if it is 0, which boot code leaves there: it is CPU 0's only where
/// the template is its area and the register biased.
#[cfg(any(all(test, hosted), not(process)))]
fn base_in(register: usize, bias: usize) -> Option<usize> {
    (register != 0).then(|| register.wrapping_add(bias))
}

/// Has the CPU that runs this take an id that is free, or its own, and writes its register.
#[cfg(not(process))]
fn take(cpu: CpuId) -> Result<(), InitError> {
    // Neither a handler nor another CPU comes between the questions and the register.
    let interrupts = arch::interrupts::mask();
    let taken = take_uninterrupted(cpu);
    // SAFETY: rule 13, the state of this CPU, and no guard was made since.
    unsafe { arch::interrupts::restore(interrupts) };
    taken
}

#[cfg(not(process))]
fn take_uninterrupted(cpu: CpuId) -> Result<(), InitError> {
    let cpu_id = cpu.index();
    let hardware_id = arch::hardware_id();
    let own = own_id(hardware_id);
    if own != Some(cpu) {
        let owner = owner_of(cpu);
        if let Some(own) = own.filter(|_| owner.mark().is_none()) {
            let own_id = own.index();
            return Err(InitError::HasOtherId { cpu_id, own_id });
        }
        if own.is_some() || !owner.claim(mark(hardware_id), arch::memory_is_normal()) {
            return Err(InitError::CpuTaken { cpu_id });
        }
    }
    // SAFETY: rule 2, the base of the area that this CPU has.
    unsafe { write_percpu_reg(percpu_area_base(cpu_id)) };
    Ok(())
}

/// Has the thread that runs this take an id that nobody claimed, and writes its register.
#[cfg(process)]
fn take(cpu: CpuId) -> Result<(), InitError> {
    let cpu_id = cpu.index();
    if !owner_of(cpu).claim(mark(None), arch::memory_is_normal()) {
        return Err(InitError::CpuTaken { cpu_id });
    }
    // SAFETY: rule 2, the base of the area that this thread has.
    unsafe { write_percpu_reg(percpu_area_base(cpu_id)) };
    Ok(())
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
    // It says what is wrong with the id.
    let base = percpu_area_base(cpu_id);
    if cfg!(process) || arch::ONE_CPU {
        // SAFETY: rule 2, the base of an area, which threads may share.
        unsafe { write_percpu_reg(base) };
    } else if let Err(error) = take(CpuId::checked(cpu_id)) {
        panic!("{error}");
    }
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
    let base = percpu_area_base(cpu_id);
    assert!(
        cfg!(process) || arch::ONE_CPU || owner_of(CpuId::checked(cpu_id)).mark().is_some(),
        "no CPU has CPU id {cpu_id}, so none comes back to it; call `percpu_hv::init_percpu_reg(cpu_id)` for \
         an id that is new to this CPU, or free since `reinit_percpu_area`"
    );
    // SAFETY: rule 2 is the caller's.
    unsafe { write_percpu_reg(base) };
}

/// As [`init_percpu_reg`](crate::init_percpu_reg), and a refusal is an error: for an id that nobody has, or
/// that this CPU has already.
///
/// [The rules of ids](crate::init_percpu_reg#ids) are the same. In a process an id that a thread claimed is
/// refused to every thread, also to itself.
///
/// # Errors
///
/// `NotInitialized`, `NoSuchCpu`, `CpuTaken` and `HasOtherId`; the register is as before then.
///
/// # Panics
///
/// As `init_percpu_reg` at a wrong exception level.
#[track_caller]
pub fn claim_percpu_reg(cpu_id: usize) -> Result<CpuId, InitError> {
    arch::assert_register_is_own();
    let cpu = match area::register(cpu_id) {
        Ok(_) => CpuId::checked(cpu_id),
        Err(0) => return Err(InitError::NotInitialized),
        Err(cpu_count) => return Err(InitError::NoSuchCpu { cpu_id, cpu_count }),
    };
    if !arch::ONE_CPU {
        take(cpu)?;
    }
    Ok(cpu)
}

/// Retires a CPU that went away, for the CPU that comes in its place, or for itself: builds its area from the
/// template once more, so that every variable has its initial value, and then frees the id. Nothing else
/// frees an id.
///
/// A CPU that polls for the id meanwhile, by `claim_percpu_reg` with its MMU and caches on, is refused until
/// the area is whole, and then finds all of it.
///
/// Values are forgotten, not dropped, since an area does not know their types: what a variable
/// owns is released before by [`reset_remote`](crate::PerCpu::reset_remote), and a counter keeps
/// its count by [`retire`](crate::PerCpu::retire). A CPU that comes back to its values takes
/// [`resume_percpu_reg`](crate::resume_percpu_reg) instead.
///
/// # Errors
///
/// `TemplateInUse`, `TemplateNotLoaded`; nothing is changed then.
///
/// # Safety
///
/// No CPU uses the area or comes back to it, and no reference into it lives (rules 6 and 17 of
/// docs/safety.md). On RISC-V a hart that had it and asks for an id again first writes another value to its
/// register, such as 0: it is known by that.
pub unsafe fn reinit_percpu_area(cpu: CpuId) -> Result<(), InitError> {
    // SAFETY: rule 4, the id was checked; the rest is the caller's.
    unsafe { area::rebuild(cpu.index()) }
}

#[cfg(all(test, hosted))]
mod tests {
    use core::hint;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;
    use crate::area::owner::{OPEN, UNBUILT};
    use crate::sync::AtomicUsize;

    const OWN: usize = mark(Some(0));
    const OTHER: usize = mark(Some(0x8000_0003));

    /// Built, and free.
    fn free() -> Owner {
        let owner = Owner {
            state: AtomicUsize::new(UNBUILT),
            contender: AtomicUsize::new(0),
            door: AtomicUsize::new(OPEN),
        };
        owner.release();
        owner
    }

    #[test]
    fn both_ways_to_claim_leave_the_same() {
        for first in [true, false] {
            for later in [true, false] {
                let owner = free();
                assert_eq!(owner.mark(), None);
                assert!(owner.claim(OWN, first));
                for mark in [OTHER, OWN] {
                    assert!(!owner.claim(mark, later), "{first}, then {later}");
                }
                assert_eq!(owner.mark(), Some(OWN));
                owner.release();
                assert!(owner.claim(OTHER, later), "{first}, free, then {later}");
                assert_eq!(owner.mark(), Some(OTHER));
            }
        }
    }

    #[test]
    fn an_area_that_is_built_is_nobodys() {
        let owner = free();
        assert!(owner.claim(OWN, true));
        owner.hold();
        assert_eq!(owner.mark(), None);
        for exclusives in [true, false] {
            assert!(!owner.claim(OWN, exclusives) && !owner.claim(OTHER, exclusives));
        }
        owner.release();
        assert!(owner.claim(OTHER, true));
    }

    #[test]
    fn a_register_of_0_holds_no_base() {
        for bias in [0, 0x8021_3000] {
            assert_eq!(base_in(0, bias), None);
            assert_eq!(base_in(0x40, bias), Some(bias + 0x40));
            assert_eq!(base_in(bias.wrapping_neg() | 0x40, bias), Some(0x40));
        }
    }

    #[test]
    fn marks_tell_cpus_apart() {
        let marks = [None, Some(1), Some(2), Some(0x8000_0003)].map(mark);
        for (index, mark) in marks.into_iter().enumerate() {
            let owner = free();
            assert!(owner.claim(mark, true));
            assert_eq!(owner.mark(), Some(mark), "no state of a free area");
            assert!(!marks[..index].contains(&mark));
        }
    }

    /// Waits, and goes on in the same moment as the thread that ends it.
    fn spin_until(condition: impl Fn() -> bool) {
        for spins in 1_u32.. {
            if condition() {
                return;
            }
            // There may be one processor.
            if spins % 1_000 == 0 {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
    }

    #[cfg_attr(miri, ignore = "too many rounds for Miri")]
    #[test]
    fn of_two_claims_in_the_same_moment_one_succeeds() {
        const ROUNDS: u32 = 50_000;

        let owner = free();
        let (asked, answered, others) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let mut wrong = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    spin_until(|| asked.load(Ordering::Acquire) == round);
                    let claimed = owner.claim(OTHER, true);
                    others.fetch_add(u32::from(claimed), Ordering::Relaxed);
                    answered.store(round, Ordering::Release);
                }
            });
            for round in 1..=ROUNDS {
                asked.store(round, Ordering::Release);
                // Now this one is the first, and now the other.
                for _ in 0..round % 128 {
                    hint::spin_loop();
                }
                let claimed = owner.claim(OWN, true);
                spin_until(|| answered.load(Ordering::Acquire) == round);
                let claims = u32::from(claimed) + others.swap(0, Ordering::Relaxed);
                wrong += u32::from(claims != 1);
                owner.release();
            }
        });
        assert_eq!(wrong, 0, "of {ROUNDS} rounds");
    }
}
