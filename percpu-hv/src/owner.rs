//! Which CPU took an area: in debug builds of a kernel, a second one that takes it is told.
//!
//! A CPU is known by its hardware id where the architecture has one that this software can read. Where
//! it has none, a CPU shows only that it has an area already and takes another one. A CPU that comes
//! back, from a reset or a sleep, takes its area again.

/// The owner of an area that no CPU took.
pub(crate) const NOBODY: usize = 0;

/// What an area says of a CPU of this hardware id: not [`NOBODY`].
const fn mark(hardware_id: Option<usize>) -> usize {
    match hardware_id {
        Some(id) => id.wrapping_add(1),
        None => 1,
    }
}

/// Whether an area of this owner is another CPU's than that of `hardware_id`, which `leaves` an area
/// that it has for this one.
const fn is_anothers(owner: usize, hardware_id: Option<usize>, leaves: bool) -> bool {
    owner != NOBODY && (owner != mark(hardware_id) || hardware_id.is_none() && leaves)
}

#[cfg(not(process))]
pub(crate) use kernel::{OWNER, take};

#[cfg(not(process))]
mod kernel {
    use super::{NOBODY, is_anothers, mark};
    use crate::scalar::{compare_exchange_at, load_at};
    use crate::{InitError, arch, def_percpu, init, read_percpu_reg};

    /// The mark of the CPU that took the area.
    #[def_percpu(crate = crate::variable::own)]
    pub(crate) static OWNER: usize = NOBODY;

    /// Has this CPU take the area at `base`, that of `cpu_id`, and leave the one that it has. With the
    /// MMU off nothing is written (rule 11), and nothing told.
    #[track_caller]
    pub(crate) fn take(cpu_id: usize, base: usize) {
        if !arch::memory_is_normal() {
            return;
        }
        let hardware_id = arch::hardware_id();
        let mark = mark(hardware_id);
        let left = read_percpu_reg();
        let leaves = left != base && init::cpu_at(left).is_some();
        let owner = base + OWNER.offset();
        // SAFETY: rule 3, inside the areas.
        unsafe {
            let found = load_at(owner);
            if is_anothers(found, hardware_id, leaves)
                || compare_exchange_at(owner, found, mark).is_err()
            {
                panic!("{}", InitError::CpuTaken { cpu_id });
            }
            if leaves {
                // It is another one's if that was not told.
                let _ = compare_exchange_at(left + OWNER.offset(), mark, NOBODY);
            }
        }
    }
}

#[cfg(all(test, hosted))]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_takes_what_is_free_or_its_own() {
        for id in [Some(0), Some(1), Some(0x8000_0003), None] {
            for leaves in [false, true] {
                assert!(!is_anothers(NOBODY, id, leaves));
            }
            assert!(!is_anothers(mark(id), id, false));
        }
        assert!(!is_anothers(mark(Some(2)), Some(2), true));
    }

    #[test]
    fn a_cpu_does_not_take_what_is_anothers() {
        for leaves in [false, true] {
            assert!(is_anothers(mark(Some(0)), Some(1), leaves));
            assert!(is_anothers(mark(Some(1)), Some(0), leaves));
        }
        assert!(is_anothers(mark(None), None, true));
    }
}
