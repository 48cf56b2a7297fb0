//! Which CPU has which area: ids are taken once, and free again when the area is built anew.

use core::ops::Range;
use core::ptr;

use super::{AREAS, copy_but, loaded_template, name, percpu_area_base};
use crate::claim::{OPEN, Owner, UNBUILT, mark};
use crate::sync::AtomicUsize;
use crate::{CpuId, InitError, arch, write_percpu_reg};

// No variable of `def_percpu`: what is in an area while no CPU has it.
crate::__storage! {
    variables [] {static mut} __PERCPU_OWNER: Owner = Owner {
        state: AtomicUsize::new(UNBUILT),
        contender: AtomicUsize::new(0),
        door: AtomicUsize::new(OPEN),
    };
}

/// The part of an area that says which CPU has it, in bytes from the base: nothing copies to it.
pub(super) fn words_of_owner() -> Range<usize> {
    let start = crate::__displacement!(__PERCPU_OWNER).wrapping_sub(arch::bias());
    start..start + size_of::<Owner>()
}

/// What the area at `area` says of the CPU that has it.
///
/// # Safety
///
/// There is an area at `area`, which no CPU may have yet (rule 3 of docs/safety.md).
pub(super) unsafe fn owner_at(area: usize) -> &'static Owner {
    let owner: *const Owner = ptr::with_exposed_provenance(area + words_of_owner().start);
    // SAFETY: rule 3, inside the area and aligned; atomics, which nothing else writes.
    unsafe { &*owner }
}

/// What the area of a CPU that has one says of the CPU that has it.
fn owner_of(cpu: CpuId) -> &'static Owner {
    // SAFETY: rules 3 and 4, the id was checked.
    unsafe { owner_at(super::register_of(cpu).wrapping_add(arch::bias())) }
}

/// The id that this CPU has: by its hardware id, or else by its register.
#[cfg(not(process))]
fn own_id(hardware_id: Option<usize>) -> Option<CpuId> {
    if hardware_id.is_some() {
        return CpuId::all().find(|&cpu| owner_of(cpu).mark() == Some(mark(hardware_id)));
    }
    let cpu = super::cpu_at(base_in(arch::register(), arch::bias())?)?;
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

/// What `init_percpu_reg` does where the register is this software's.
#[track_caller]
pub(crate) fn enter(cpu_id: usize) {
    // It says what is wrong with the id.
    let base = percpu_area_base(cpu_id);
    if cfg!(process) {
        // SAFETY: rule 2, the base of an area, which threads may share.
        unsafe { write_percpu_reg(base) };
    } else if let Err(error) = take(CpuId::checked(cpu_id)) {
        panic!("{error}");
    }
}

/// What `resume_percpu_reg` does where the register is this software's.
///
/// # Safety
///
/// This CPU had the id, and no other CPU uses it (rule 2 of docs/safety.md).
#[track_caller]
pub(crate) unsafe fn enter_again(cpu_id: usize) {
    let base = percpu_area_base(cpu_id);
    assert!(
        cfg!(process) || owner_of(CpuId::checked(cpu_id)).mark().is_some(),
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
    let cpu = match AREAS.register(cpu_id) {
        Ok(_) => CpuId::checked(cpu_id),
        Err(0) => return Err(InitError::NotInitialized),
        Err(cpu_count) => return Err(InitError::NoSuchCpu { cpu_id, cpu_count }),
    };
    take(cpu).map(|()| cpu)
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
    let template = loaded_template()?;
    if percpu_area_base(0) == template.image {
        return Err(InitError::TemplateInUse);
    }
    let area = percpu_area_base(cpu.index());
    let owner = owner_of(cpu);
    owner.hold();
    copy_but(&words_of_owner(), template.image, area, template.size);
    // SAFETY: rule 3, an area; rule 17 is the caller's.
    unsafe { name(area, cpu.index()) };
    // Last: a claim finds what was written above.
    owner.release();
    Ok(())
}

#[cfg(all(test, hosted))]
mod tests {
    use core::hint;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

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
