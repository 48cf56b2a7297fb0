//! The set of areas that a thread looks ids up in: the process's, or that of a machine, which one test has for itself.
//! Replaces home.rs in a process.

use core::cell::Cell;
use core::panic::RefUnwindSafe;
use core::ptr;

use super::layout::percpu_area_layout_expected;
use super::state::Areas;

/// What belongs to the CPUs of one test.
pub(crate) struct Machine {
    pub(crate) areas: Areas,
    /// The register's value for a further copy of the template, which no CPU has. Its variables are the words that all
    /// CPUs of the machine share.
    pub(crate) common: usize,
}

// A panic leaves no machine half changed: it is published once.
impl RefUnwindSafe for Machine {}

/// A set of areas: a machine's, or the process's if there is none.
#[derive(Clone, Copy)]
pub(crate) struct Home(Option<&'static Machine>);

std::thread_local! {
    static HOME: Cell<Home> = const { Cell::new(Home(None)) };
}

impl Home {
    /// Returns the set of a machine.
    pub(crate) const fn of(machine: &'static Machine) -> Self {
        Self(Some(machine))
    }

    /// Returns the set of this thread.
    pub(crate) fn current() -> Self {
        HOME.get()
    }

    /// Makes this set the thread's, and returns the one before.
    pub(crate) fn enter(self) -> Self {
        HOME.replace(self)
    }

    /// Panics unless this is the set of this thread.
    #[track_caller]
    pub(crate) fn assert_current(self) {
        if !self.is(Self::current()) {
            refuse();
        }
    }

    /// Panics unless `register` is the value of the per-CPU register of a CPU of this set, plus a distance inside of its
    /// area.
    #[track_caller]
    pub(crate) fn assert_has(self, register: usize) {
        let (count, registers) = self.all();
        let size = percpu_area_layout_expected(1).size();
        let has = |cpu| {
            // SAFETY: rule 4, an id below `count`.
            register.wrapping_sub(unsafe { registers.of(cpu) }) < size
        };
        let found = match registers.stride() {
            // SAFETY: rule 4, a block has an area for CPU 0.
            Some(stride) => register.wrapping_sub(unsafe { registers.of(0) }) / stride < count,
            None => (0..count).any(has),
        };
        if !found {
            refuse();
        }
    }

    fn is(self, other: Self) -> bool {
        match (self.0, other.0) {
            (Some(one), Some(other)) => ptr::eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// Returns where the areas of this set are, or `None` if it is the process's.
    pub(crate) fn own(self) -> Option<&'static Areas> {
        self.0.map(|machine| &machine.areas)
    }

    /// Returns the register's value for the words that all CPUs of this set share, or `None` if they are statics.
    #[cfg(target_has_atomic = "64")]
    pub(crate) fn common(self) -> Option<usize> {
        self.0.map(|machine| machine.common)
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse() -> ! {
    panic!(
        "this per-CPU variable was made at run time for other CPUs: those of the process, or of another `with_cpus`; \
         use it where it was made"
    )
}
