//! Which CPU has an area: of those that ask for a free one, one gets it, and keeps it until the area
//! is built anew.
//!
//! tests/loom compiles this file too, with atomics that try every order of accesses.

use crate::sync::{AtomicUsize, Ordering, fence};

/// The state of an area that is not built, or is being built anew; that of the template.
pub(crate) const UNBUILT: usize = 0;
/// The state of an area that no CPU has.
const FREE: usize = 1;
/// The first state that stands for a CPU.
const FIRST_MARK: usize = 2;

/// What [`Owner::door`] holds: whether a CPU without exclusives found nobody before it.
pub(crate) const OPEN: usize = 0;
const SHUT: usize = 1;

/// The state of an area that a CPU of this hardware id has; the CPUs that do not know theirs share one.
/// No architecture has ids up to the end of a `usize`.
pub(crate) const fn mark(hardware_id: Option<usize>) -> usize {
    match hardware_id {
        Some(id) => id.wrapping_add(FIRST_MARK),
        None => FIRST_MARK,
    }
}

/// What an area says of the CPU that has it.
#[repr(C)]
pub(crate) struct Owner {
    /// [`UNBUILT`], [`FREE`], or the [`mark`] of the CPU that has the area.
    pub(crate) state: AtomicUsize,
    /// The mark of the last CPU that asked without exclusives.
    pub(crate) contender: AtomicUsize,
    /// [`OPEN`] or [`SHUT`].
    pub(crate) door: AtomicUsize,
}

impl Owner {
    /// The mark of the CPU that has the area, if one has.
    pub(crate) fn mark(&self) -> Option<usize> {
        let state = self.state.load(Ordering::Relaxed);
        (state >= FIRST_MARK).then_some(state)
    }

    /// Gives the area to the CPU of this mark if no CPU has it. What was written before
    /// [`release`](Self::release) is seen then.
    ///
    /// Without `exclusives` (rule 11) the mark is that of no other CPU that asks; if several do at once,
    /// it may be that none gets the area until it is built anew.
    pub(crate) fn claim(&self, mark: usize, exclusives: bool) -> bool {
        // A refusal leaves no trace.
        if self.state.load(Ordering::Acquire) != FREE || self.door.load(Ordering::Relaxed) != OPEN {
            return false;
        }
        if exclusives {
            let (free, seen) = (Ordering::Acquire, Ordering::Relaxed);
            return self.state.compare_exchange(FREE, mark, free, seen).is_ok();
        }
        // Again: what was free above may have been taken, given up and be built anew, with the door open again.
        self.split(mark) && self.state.load(Ordering::Acquire) == FREE && {
            self.state.store(mark, Ordering::Relaxed);
            true
        }
    }

    /// Whether this CPU is the one of all that come here that may go on: at most one is, and it is if it is
    /// alone (L. Lamport, "A Fast Mutual Exclusion Algorithm", 1987).
    fn split(&self, mark: usize) -> bool {
        self.contender.store(mark, Ordering::Relaxed);
        // Whoever finds the door open has the others that come find its mark, or a later one.
        fence(Ordering::SeqCst);
        if self.door.load(Ordering::Acquire) != OPEN {
            return false;
        }
        self.door.store(SHUT, Ordering::Relaxed);
        // Whoever writes its mark after this CPU looks finds the door shut.
        fence(Ordering::SeqCst);
        self.contender.load(Ordering::Relaxed) == mark
    }

    /// Keeps the area from all CPUs while it is built.
    pub(crate) fn hold(&self) {
        self.state.store(UNBUILT, Ordering::Relaxed);
    }

    /// Lets a CPU have the area, which finds what was written before.
    pub(crate) fn release(&self) {
        self.contender.store(0, Ordering::Relaxed);
        // Whoever finds the door of this building finds its state, too.
        self.door.store(OPEN, Ordering::Release);
        self.state.store(FREE, Ordering::Release);
    }
}
