//! What all CPUs may read of an area at any time: which CPU owns it, and whether that CPU is online.
//!
//! Of the CPUs that claim a free area, one gets it, and keeps it until the area is rebuilt. It comes online and goes
//! offline as often as it likes.
//!
//! tests/loom also compiles this file, with atomics that try every order of accesses.

use crate::sync::{AtomicUsize, Ordering, fence};

/// The state of an area that is not built or is being rebuilt, and of the template.
pub(crate) const UNBUILT: usize = 0;
/// The state of an area without an owner.
const FREE: usize = 1;
/// The lowest state that denotes an owner.
const FIRST_MARK: usize = 2;

/// The values of [`Owner::door`]. The first CPU that claims without exclusives shuts it.
pub(crate) const OPEN: usize = 0;
const SHUT: usize = 1;

/// The values of [`Owner::presence`].
pub(crate) const OFFLINE: usize = 0;
/// The owner comes or goes: the functions that are told run on it.
const CHANGING: usize = 1;
const ONLINE: usize = 2;

/// Returns the state of an area that the CPU with this hardware id owns. All CPUs that do not know their
/// hardware id share one mark. No architecture has hardware ids near `usize::MAX`, so the sum does not wrap.
pub(crate) const fn mark(hardware_id: Option<usize>) -> usize {
    match hardware_id {
        Some(id) => id.wrapping_add(FIRST_MARK),
        None => FIRST_MARK,
    }
}

/// The owner record of an area: which CPU has it.
#[repr(C)]
pub(crate) struct Owner {
    /// [`UNBUILT`], [`FREE`], or the [`mark`] of the owner.
    pub(crate) state: AtomicUsize,
    /// The mark of the CPU that last claimed the area without exclusives.
    pub(crate) contender: AtomicUsize,
    /// [`OPEN`] or [`SHUT`].
    pub(crate) door: AtomicUsize,
    /// [`OFFLINE`], `CHANGING` or `ONLINE`.
    pub(crate) presence: AtomicUsize,
}

impl Owner {
    /// Returns the mark of the owner, if there is one.
    pub(crate) fn mark(&self) -> Option<usize> {
        let state = self.state.load(Ordering::Relaxed);
        (state >= FIRST_MARK).then_some(state)
    }

    /// Returns whether the CPU with this mark is the owner.
    #[inline(always)]
    #[allow(dead_code, reason = "in a process threads share an id")]
    pub(crate) fn is_of(&self, mark: usize) -> bool {
        // No mark is the state of an area without an owner.
        self.state.load(Ordering::Relaxed) == mark
    }

    /// Returns whether the area is built. Then the caller sees all stores before [`release`](Self::release).
    #[allow(
        dead_code,
        reason = "in a process threads share an id, which they do not claim"
    )]
    pub(crate) fn is_built(&self) -> bool {
        self.state.load(Ordering::Acquire) != UNBUILT
    }

    /// Makes the CPU with this mark the owner if the area is free, and returns whether it did. A new owner
    /// sees all stores before [`release`](Self::release).
    ///
    /// Without `exclusives` (rule 11), CPUs that claim at the same time must have different marks, and
    /// possibly none of them gets the area until it is rebuilt.
    pub(crate) fn claim(&self, mark: usize, exclusives: bool) -> bool {
        // A claim that is refused here stores nothing.
        if self.state.load(Ordering::Acquire) != FREE || self.door.load(Ordering::Relaxed) != OPEN {
            return false;
        }
        if exclusives {
            let (free, seen) = (Ordering::Acquire, Ordering::Relaxed);
            return self.state.compare_exchange(FREE, mark, free, seen).is_ok();
        }
        // Check the state again: since the check above, the area may have been claimed, and a rebuild of it
        // may have opened the door again.
        self.split(mark) && self.state.load(Ordering::Acquire) == FREE && {
            self.state.store(mark, Ordering::Relaxed);
            true
        }
    }

    /// Returns whether this CPU may take the area. At most one of the CPUs that call it may, and a CPU that
    /// calls it alone may (L. Lamport, "A Fast Mutual Exclusion Algorithm", 1987).
    fn split(&self, mark: usize) -> bool {
        self.contender.store(mark, Ordering::Relaxed);
        // If this CPU finds the door open below, a CPU that shuts it sees this mark, or a later one.
        fence(Ordering::SeqCst);
        if self.door.load(Ordering::Acquire) != OPEN {
            return false;
        }
        self.door.store(SHUT, Ordering::Relaxed);
        // A CPU that stores its mark after the load below finds the door shut.
        fence(Ordering::SeqCst);
        self.contender.load(Ordering::Relaxed) == mark
    }

    /// Refuses all claims while the area is rebuilt, and marks the CPU offline.
    pub(crate) fn hold(&self) {
        self.state.store(UNBUILT, Ordering::Relaxed);
        self.presence.store(OFFLINE, Ordering::Relaxed);
    }

    /// Returns whether the CPU is online. Then the caller sees all stores before [`come`](Self::come).
    pub(crate) fn is_online(&self) -> bool {
        self.presence.load(Ordering::Acquire) == ONLINE
    }

    /// Begins to come online, and returns whether the CPU was offline. It sees all stores before
    /// [`went`](Self::went). Without `exclusives` (rule 11) only the owner calls it.
    pub(crate) fn come(&self, exclusives: bool) -> bool {
        self.change(OFFLINE, exclusives)
    }

    /// Begins to go offline, and returns whether the CPU was online. From now on no CPU finds it online.
    pub(crate) fn go(&self, exclusives: bool) -> bool {
        self.change(ONLINE, exclusives)
    }

    /// In a process several threads may run as one CPU, and one of them changes its presence.
    fn change(&self, from: usize, exclusives: bool) -> bool {
        if exclusives {
            let (done, seen) = (Ordering::Acquire, Ordering::Relaxed);
            let changed = self.presence.compare_exchange(from, CHANGING, done, seen);
            return changed.is_ok();
        }
        self.presence.load(Ordering::Acquire) == from && {
            self.presence.store(CHANGING, Ordering::Relaxed);
            true
        }
    }

    /// Ends what [`come`](Self::come) began.
    pub(crate) fn came(&self) {
        self.presence.store(ONLINE, Ordering::Release);
    }

    /// Ends what [`go`](Self::go) began, or takes back what [`come`](Self::come) began.
    pub(crate) fn went(&self) {
        self.presence.store(OFFLINE, Ordering::Release);
    }

    /// Marks the area free. The CPU that claims it next sees all stores before this call.
    pub(crate) fn release(&self) {
        self.contender.store(0, Ordering::Relaxed);
        // A CPU that acquires this `OPEN` does not see a state older than that of this rebuild.
        self.door.store(OPEN, Ordering::Release);
        self.state.store(FREE, Ordering::Release);
    }
}
