//! Which CPU has which id: an id is claimed once, and is free again when its area is rebuilt.

use super::id::CpuId;
use super::register::write_percpu_reg;
use crate::arch;
use crate::area;
#[cfg(not(process))]
use crate::area::bias;
use crate::area::header::owner_at;
use crate::area::owner::{Owner, mark};
use crate::area::records::{functions, of_counters};
use crate::error::InitError;

/// Returns the owner record of a CPU's area.
pub(super) fn owner_of(cpu: CpuId) -> &'static Owner {
    // SAFETY: rule 3, an area.
    unsafe { owner_at(cpu.base()) }
}

/// Moves what a CPU counted in all static counters to their totals. The CPU is the current one, or does not run.
pub(super) fn keep_counts(cpu: CpuId) {
    // Additions to a total are exclusive accesses (rule 11).
    if arch::memory_is_normal() {
        // SAFETY: rule 20, types/counter.rs puts functions of this type there, and nothing else does.
        unsafe { functions::<fn(CpuId)>(of_counters()) }.for_each(|fold| fold(cpu));
    }
}

/// Returns the id that the current CPU already has, found by its hardware id or else by its register.
///
/// The id that it asks for is looked at first. If that is not its own, it has to look at all: a note of who ever had an
/// id would be written by CPUs whose caches are off beside what others use (rule 11). Each of 512 CPUs executes
/// 4,000 instructions, unless it says that it has no id.
#[cfg(not(process))]
fn own_id(asked: CpuId, hardware_id: Option<usize>) -> Option<CpuId> {
    if hardware_id.is_some() {
        let mark = mark(hardware_id);
        let is_own = |cpu: &CpuId| owner_of(*cpu).is_of(mark);
        return Some(asked)
            .filter(is_own)
            .or_else(|| CpuId::all().find(is_own));
    }
    let cpu = area::cpu_at(base_from_register(arch::register()?, bias())?)?;
    CpuId::new(cpu).filter(|&cpu| owner_of(cpu).mark().is_some())
}

/// Returns the base for a value of the per-CPU register, or `None` for 0, which boot code leaves there. (0 is
/// a valid value only for CPU 0 with a biased register, if the template is its area.)
#[cfg(any(all(test, hosted), not(process)))]
fn base_from_register(register: usize, bias: usize) -> Option<usize> {
    (register != 0).then(|| register.wrapping_add(bias))
}

/// Claims an id for the current CPU, if it is free or already this CPU's, and writes the register.
#[cfg(not(process))]
fn claim_id(cpu: CpuId) -> Result<(), InitError> {
    claim_beside(cpu, own_id)
}

/// Claims an id for the current CPU, which has none, if it is free, and writes the register.
#[cfg(not(process))]
fn claim_first_id(cpu: CpuId) -> Result<(), InitError> {
    claim_beside(cpu, |_, _| None)
}

/// Claims an id, and writes the register, of a CPU whose own id `own` returns, for the one that it asks for and its
/// hardware id.
#[cfg(not(process))]
fn claim_beside(
    cpu: CpuId,
    own: impl FnOnce(CpuId, Option<usize>) -> Option<CpuId>,
) -> Result<(), InitError> {
    // No handler runs, and the context does not migrate, between the checks and the write of the register.
    let interrupts = arch::interrupts::mask();
    let taken = claim_uninterrupted(cpu, own);
    // SAFETY: rule 13, the state of this CPU, and no guard was made since.
    unsafe { arch::interrupts::restore(interrupts) };
    taken
}

#[cfg(not(process))]
fn claim_uninterrupted(
    cpu: CpuId,
    own: impl FnOnce(CpuId, Option<usize>) -> Option<CpuId>,
) -> Result<(), InitError> {
    let cpu_id = cpu.index();
    let hardware_id = arch::hardware_id();
    let own = own(cpu, hardware_id);
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
    unsafe { write_percpu_reg(cpu.base()) };
    Ok(())
}

/// Claims an id for the current thread, if no thread has claimed it, and writes the register.
#[cfg(process)]
fn claim_id(cpu: CpuId) -> Result<(), InitError> {
    let cpu_id = cpu.index();
    if !owner_of(cpu).claim(mark(None), arch::memory_is_normal()) {
        return Err(InitError::CpuTaken { cpu_id });
    }
    // SAFETY: rule 2, the base of the area that this thread has.
    unsafe { write_percpu_reg(cpu.base()) };
    Ok(())
}

/// Refuses an id, which threads share, while its area is not built: it is poisoned, or built anew, or a function of the
/// option `init` panicked.
#[cfg(process)]
pub(super) fn check_built(cpu: CpuId) -> Result<(), InitError> {
    // The only CPU has no area.
    if arch::ONE_CPU || owner_of(cpu).is_built() {
        return Ok(());
    }
    let cpu_id = cpu.index();
    Err(InitError::CpuTaken { cpu_id })
}

/// Makes this thread run as a CPU, as other threads may.
#[cfg(process)]
fn share_or_claim_id(cpu: CpuId) -> Result<(), InitError> {
    check_built(cpu)?;
    // SAFETY: rule 2, the base of an area, which threads may share.
    unsafe { write_percpu_reg(cpu.base()) };
    Ok(())
}

#[cfg(process)]
use claim_id as claim_first_id;
#[cfg(not(process))]
use claim_id as share_or_claim_id;

/// Makes the area of `cpu_id` the current CPU's, by writing the CPU's per-CPU register (see [the table of
/// registers](crate::guide::features#architectures)). Call it once on each CPU, after init.
///
/// # Ids
///
/// `cpu_id` is the dense index of the current CPU. An id belongs to one CPU:
///
/// * A free id is claimed. An id that another CPU has is refused.
/// * A CPU has one id. A second id is refused.
/// * A CPU that asks for its own id again gets it: the register is written, and nothing else changes.
/// * Only [`reinit_percpu_area`](crate::reinit_percpu_area) frees an id. A CPU that is off, reset or asleep
///   keeps its id.
///
/// A CPU is identified by its hardware id: `MPIDR_EL1`, `MPIDR`, the APIC id, or `CSR.CPUID`. RISC-V hides
/// the id of a hart. There, a hart has the id whose area its register points to, if that id is claimed and
/// the register is not 0:
///
/// * A hart that lost its register calls [`resume_percpu_reg`] instead.
/// * Boot code clears `gp`. A hart whose `gp` happens to hold the base of another hart's area counts as that
///   hart: it gets that hart's id, and is refused every other one.
///
/// It may run before the MMU is on, also on several CPUs at once. Then it uses plain loads and stores only,
/// and if several CPUs ask for one id at the same time, possibly none of them gets it. A CPU that runs
/// without caches and one that runs with them see each other's ids only after [maintenance of the
/// caches](crate::guide::caches), like all other data.
///
/// In a process any number of threads may run as one CPU. An id is refused only while its area is rebuilt or poisoned.
///
/// # Panics
///
/// * Before init, and if `cpu_id` is not in `0..percpu_area_num()`.
/// * If the id is refused. [`claim_percpu_reg`](crate::claim_percpu_reg) returns an error instead.
/// * At a wrong exception level: where the register traps (an image for EL2 at EL1, or for Hyp mode of 32-bit
///   Arm in SVC mode), and where the register is a guest's (an image for EL1 at EL2, or for SVC mode in Hyp
///   mode).
#[track_caller]
pub fn init_percpu_reg(cpu_id: usize) {
    arch::assert_register_is_own();
    let cpu = CpuId::expect(cpu_id);
    if arch::ONE_CPU {
        // SAFETY: rule 2, the base of the only area.
        unsafe { write_percpu_reg(cpu.base()) };
    } else if let Err(error) = share_or_claim_id(cpu) {
        panic!("{error}");
    }
}

/// Restores the register of a CPU that lost it, so that the CPU has its area back with all values: after a
/// reset, a deep sleep, or `CPU_OFF` and `CPU_ON`. Or moves it to the new address of the area, after
/// [`rebase_areas`](crate::rebase_areas). Where a hardware id identifies the CPU, [`init_percpu_reg`] does both too.
///
/// Everything that was live on the CPU when it went down stays as it was. A context that resumes with its
/// stack keeps its guards, borrows and references. A context that does not resume is forgotten, and nothing
/// that it held is dropped: a variable stays borrowed, and an [`IrqOff`](crate::IrqOff) still counts, so that
/// interrupts stay masked when later guards end. So a CPU that will resume no context goes down without
/// guards and borrows, or has its area rebuilt.
///
/// # Panics
///
/// Before init; if `cpu_id` is not in `0..percpu_area_num()`; if no CPU has that id (except in a process);
/// and at a wrong exception level, as [`init_percpu_reg`].
///
/// # Safety
///
/// This CPU had that id when it went down or when the areas were re-based, and no other CPU uses it (rule 2 of
/// docs/safety.md).
#[track_caller]
pub unsafe fn resume_percpu_reg(cpu_id: usize) {
    arch::assert_register_is_own();
    let cpu = CpuId::expect(cpu_id);
    assert!(
        cfg!(process) || arch::ONE_CPU || owner_of(cpu).mark().is_some(),
        "no CPU has CPU id {cpu_id}, so none can resume with it; for a new id, or one that \
         `reinit_percpu_area` freed, call `percpu_hv::init_percpu_reg(cpu_id)`"
    );
    // SAFETY: rule 2 is the caller's.
    unsafe { write_percpu_reg(cpu.base()) };
}

/// Claims an id as [`init_percpu_reg`](crate::init_percpu_reg) does, but returns an error if the id is
/// refused. It succeeds if no CPU has the id, or if the current CPU already has it.
///
/// [The rules of ids](crate::init_percpu_reg#ids) are the same. In a process, an id that a thread has claimed
/// is refused to every thread, including that one.
///
/// # Errors
///
/// `NotInitialized`, `NoSuchCpu`, `CpuTaken` or `HasOtherId`. The register is unchanged then.
///
/// # Panics
///
/// At a wrong exception level, as `init_percpu_reg`.
#[track_caller]
pub fn claim_percpu_reg(cpu_id: usize) -> Result<CpuId, InitError> {
    arch::assert_register_is_own();
    let cpu = CpuId::try_from(cpu_id)?;
    if !arch::ONE_CPU {
        claim_id(cpu)?;
    }
    Ok(cpu)
}

/// Claims an id for a CPU that has none, in a time that does not grow with the number of CPUs.
///
/// [`claim_percpu_reg`] and [`init_percpu_reg`](crate::init_percpu_reg) refuse a second id. Where a hardware id identifies a
/// CPU, they look for the first one in all areas: a few instructions and a cache line each. On a machine with hundreds of
/// CPUs, a CPU that just started skips this search here. [`bring_up`](crate::bring_up) with the same id finds it at once
/// afterwards.
///
/// # Errors
///
/// `NotInitialized`, `NoSuchCpu` or `CpuTaken`, the last one also if this CPU has the id already. The register is
/// unchanged then.
///
/// # Panics
///
/// At a wrong exception level, as `init_percpu_reg`.
///
/// # Safety
///
/// This CPU has no id: it never had one, or the area of the one that it had was rebuilt since (rule 2 of docs/safety.md).
/// Otherwise it gets a second area, and what it holds in the first one stays: guards and borrows.
#[track_caller]
pub unsafe fn claim_first_percpu_reg(cpu_id: usize) -> Result<CpuId, InitError> {
    arch::assert_register_is_own();
    let cpu = CpuId::try_from(cpu_id)?;
    if !arch::ONE_CPU {
        claim_first_id(cpu)?;
    }
    Ok(cpu)
}

/// Retires a CPU: rebuilds its area from the template, so that every variable has its initial value, and then
/// frees the id for another CPU, or for the same one. Nothing else frees an id.
///
/// A CPU may poll for the id with `claim_percpu_reg` or [`bring_up`](crate::bring_up), with its MMU and caches on. It is
/// refused until the area is rebuilt, and then sees all of it. (In a process a thread that has not claimed the id polls
/// by `bring_up` only after this call has begun: before, it would come up.)
///
/// The values of variables with the option `init` are made anew, by their functions, which run on the calling CPU. If
/// one panics, the id stays taken until a call succeeds, and what is said under Safety holds until then.
///
/// No count is lost: the CPU's parts of all static counters move to the counters' totals first, and those that were made
/// at run time stay as they are. This adds to the totals by exclusive accesses, so a CPU whose MMU is off leaves it out:
/// call [`retire`](crate::PerCpu::retire) of each counter elsewhere.
///
/// Other values are forgotten, not dropped, because an area does not know their types. Before the call,
/// [`reset_remote`](crate::PerCpu::reset_remote) releases what a variable owns. A CPU that resumes with its values calls
/// [`resume_percpu_reg`](crate::resume_percpu_reg) instead.
///
/// # Errors
///
/// `TemplateInUse` or `TemplateNotLoaded`. Nothing has changed then.
///
/// # Safety
///
/// No CPU uses the area or will resume on it, and no reference into it is live (rules 6, 17 and 20 of
/// docs/safety.md). Functions of the option `init` reach nothing in it either. On RISC-V, a hart that had the
/// area and asks for an id again first writes another value to its register, such as 0, because the register
/// identifies it.
pub unsafe fn reinit_percpu_area(cpu: CpuId) -> Result<(), InitError> {
    // SAFETY: rule 4, the id was checked; the rest is the caller's.
    unsafe { area::rebuild(cpu.home(), cpu.index(), || keep_counts(cpu)) }
}

/// Fills the area of a CPU that went with bytes `0x6b`, so that who still uses it is found: a pointer that is read there
/// faults on most machines, and in debug builds of a kernel an access by the CPU itself panics. The CPU is offline then,
/// and its id is nobody's and cannot be claimed, until [`reinit_percpu_area`] builds the area anew.
///
/// Values are forgotten and counts are kept, as by a rebuild. Variables that were made at run time stay as they are.
///
/// # Errors
///
/// `TemplateInUse` or `TemplateNotLoaded`. Nothing has changed then.
///
/// # Safety
///
/// As [`reinit_percpu_area`], from this call to the end of the next rebuild (rules 6 and 17 of docs/safety.md): no CPU uses
/// the area, no reference into it is live, and nothing reads that CPU's values, which need not be values of their types.
/// `sum`, `values`, `iter` and `fold` read the values of all CPUs; `sum_online` does not read these.
pub unsafe fn poison_percpu_area(cpu: CpuId) -> Result<(), InitError> {
    // SAFETY: rule 4, the id was checked; the rest is the caller's.
    unsafe { area::poison(cpu.home(), cpu.index(), || keep_counts(cpu)) }
}

#[cfg(all(test, hosted))]
mod tests {
    use core::hint;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;
    use crate::area::owner::{OFFLINE, OPEN, UNBUILT};
    use crate::sync::AtomicUsize;

    const OWN: usize = mark(Some(0));
    const OTHER: usize = mark(Some(0x8000_0003));

    /// Returns the owner record of an area that is built and free.
    fn free() -> Owner {
        let owner = Owner {
            state: AtomicUsize::new(UNBUILT),
            contender: AtomicUsize::new(0),
            door: AtomicUsize::new(OPEN),
            presence: AtomicUsize::new(OFFLINE),
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
            assert_eq!(base_from_register(0, bias), None);
            assert_eq!(base_from_register(0x40, bias), Some(bias + 0x40));
            assert_eq!(
                base_from_register(bias.wrapping_neg() | 0x40, bias),
                Some(0x40)
            );
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

    /// Spins, so that this thread goes on at the same moment as the one that makes the condition true.
    fn spin_until(condition: impl Fn() -> bool) {
        for spins in 1_u32.. {
            if condition() {
                return;
            }
            // The machine may have only one processor.
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
                // Vary which thread is the first.
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
