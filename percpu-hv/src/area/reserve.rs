//! The reserve of the areas: space for variables that are made at run time. A variable has the same offset in every
//! area, so one allocator gives out the space of all.

use core::alloc::Layout;
use core::fmt;
use core::ops::Range;

use bitmap_allocator::{BitAlloc, BitAlloc64K};

use super::context::own;
use super::lock::{Held, Lock};
use super::storage::CacheLine;
use super::{count, reserve};
use crate::arch;
use crate::error::InitError;

/// The reason why a variable, or the section of a module, could not be made at run time. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DynError {
    /// No init has succeeded yet.
    NotInitialized,
    /// The areas have no reserve.
    NoReserve,
    /// No part of the reserve that is free is large enough.
    OutOfSpace {
        /// The bytes that it takes on each CPU.
        needed: usize,
        /// The free bytes of each CPU's reserve. They may be in pieces that are too small.
        free: usize,
    },
    /// It needs a larger alignment than an area has.
    Misaligned {
        /// The alignment that it needs.
        align: usize,
        /// The alignment of an area.
        limit: usize,
    },
    /// The free space is where the instructions of a module do not reach. A [`DynPerCpu`](crate::DynPerCpu) may be
    /// there.
    OutOfReach {
        /// The distance in bytes from the base of an area to the end of the module's section.
        end: usize,
    },
    /// A handler that no mask stops interrupted this CPU while it made or dropped another variable.
    Busy,
    /// The MMU of this CPU is off, so it cannot take the lock of the reserve.
    MmuOff,
}

impl fmt::Display for DynError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInitialized => f.write_str(
                "there are no per-CPU areas yet, in which variables could be made; call `init_in_place` or \
                 `init_from` first (`init_hosted` in tests on a host)",
            ),
            Self::NoReserve => f.write_str(
                "the per-CPU areas have no space for variables that are made at run time; set PERCPU_DYNAMIC_SIZE \
                 in the linker script and link with percpu.x",
            ),
            Self::OutOfSpace { needed, free } => write!(
                f,
                "a per-CPU variable or section takes {needed} bytes on each CPU, and {free} bytes of each CPU's reserve \
                 are free, perhaps in smaller pieces; drop variables, or raise PERCPU_DYNAMIC_SIZE in the linker script"
            ),
            Self::Misaligned { align, limit } => write!(
                f,
                "a per-CPU variable or section that is made at run time needs the alignment {align}, but areas are \
                 aligned to {limit}; one static variable of that alignment aligns the areas to it, with percpu.x"
            ),
            Self::OutOfReach { end } => write!(
                f,
                "the per-CPU section of a module ends {end} bytes from the base of an area, where this mode's \
                 instructions do not reach; load it before other variables are made, make the static ones smaller, or \
                 enable percpu-hv's feature `non-zero-vma`"
            ),
            Self::Busy => f.write_str(
                "a handler makes a per-CPU variable while it interrupts this CPU, which is making or dropping another \
                 one; make it before, or later",
            ),
            Self::MmuOff => f.write_str(
                "a per-CPU variable is made while the MMU of this CPU is off, where locks need not work; make it later",
            ),
        }
    }
}

impl core::error::Error for DynError {}

/// The unit in which space is given out, in bytes: of two small variables none takes more than one.
const GRANULE: usize = 16;

/// The largest reserve in bytes, as percpu.x says too.
#[cfg(test)]
const LIMIT: usize = BitAlloc64K::CAP * GRANULE;

/// Which granules are free. It is all zeros in the image, so that it takes no bytes in the file.
struct Granules {
    free: BitAlloc64K,
    /// How many granules the reserve has; 0 until the first one is taken.
    all: usize,
    taken: usize,
}

static GRANULES: CacheLine<Lock<Granules>> = CacheLine(Lock::new(Granules::NONE));

/// Returns the addresses of what is known of the reserve: which part of it is taken.
pub(crate) fn state() -> Range<usize> {
    let start = (&raw const GRANULES).addr();
    start..start + size_of_val(&GRANULES)
}

impl Granules {
    const NONE: Self = Self {
        free: BitAlloc64K::DEFAULT,
        all: 0,
        taken: 0,
    };

    /// Takes aligned granules in a reserve of `bytes` bytes, and returns the first.
    fn take(&mut self, bytes: usize, layout: Layout) -> Result<Granted, DynError> {
        if self.all == 0 {
            self.all = (bytes / GRANULE).min(BitAlloc64K::CAP);
            self.free.insert(0..self.all);
        }
        let count = layout.size().max(1).div_ceil(GRANULE);
        let align = layout.align().div_ceil(GRANULE).ilog2();
        let free = self.all - self.taken;
        // The search for one granule ends at once, and that for several looks at each.
        let first = match (count, align) {
            (1, 0) => self.free.alloc(),
            _ if count > free => None,
            _ => self.free.alloc_contiguous(None, count, align as usize),
        };
        let first = first.ok_or(DynError::OutOfSpace {
            needed: count * GRANULE,
            free: free * GRANULE,
        })?;
        self.taken += count;
        Ok(Granted { first, count })
    }

    fn give_back(&mut self, granted: Granted) {
        self.taken -= granted.count;
        self.free.dealloc_contiguous(granted.first, granted.count);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Granted {
    first: usize,
    count: usize,
}

/// Space at one offset in every area. It is given back when this value is dropped.
#[derive(Debug)]
pub(crate) struct Space(Granted);

impl Space {
    /// Takes space that is aligned as the layout says.
    pub(crate) fn take(layout: Layout) -> Result<Self, DynError> {
        if count() == 0 {
            return Err(DynError::NotInitialized);
        }
        if !arch::memory_is_normal() {
            return Err(DynError::MmuOff);
        }
        let (range, limit) = reserve();
        if range.is_empty() {
            return Err(DynError::NoReserve);
        }
        if layout.align() > limit {
            let align = layout.align();
            return Err(DynError::Misaligned { align, limit });
        }
        alone(|granules| granules.take(range.len(), layout))
            .unwrap_or(Err(DynError::Busy))
            .map(Self)
    }

    /// Returns the distance of the space from the base of an area.
    pub(crate) fn offset(&self) -> usize {
        reserve().0.start + self.0.first * GRANULE
    }
}

impl Drop for Space {
    /// A handler that no mask stops may find the reserve in use on its own CPU. Then the space stays taken: to wait would
    /// take for ever.
    fn drop(&mut self) {
        // With the MMU off the lock need not work, and the space stays taken too.
        if arch::memory_is_normal() {
            alone(|granules| granules.give_back(self.0));
        }
    }
}

/// The granules, while no other CPU and no handler of a maskable interrupt uses them.
pub(super) struct Alone {
    held: Option<Held<'static, Granules>>,
    #[cfg(not(process))]
    interrupts: usize,
}

impl Alone {
    /// Masks interrupts, and waits for the lock. Returns `None` if this CPU has it already.
    fn new() -> Option<Self> {
        #[cfg(not(process))]
        let interrupts = arch::interrupts::mask();
        let alone = Self {
            held: GRANULES.0.take(own(), arch::memory_is_normal()),
            #[cfg(not(process))]
            interrupts,
        };
        alone.held.is_some().then_some(alone)
    }

    fn with<R>(&mut self, f: impl FnOnce(&mut Granules) -> R) -> Option<R> {
        self.held.as_mut().map(|held| held.with(f))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.held = None;
        // SAFETY: rule 13, the state of this CPU, and no guard made since is left.
        #[cfg(not(process))]
        unsafe {
            arch::interrupts::restore(self.interrupts);
        }
    }
}

/// Lets no space be taken until the result is dropped: for what adds an area, in which variables would have no values.
/// It is refused if some is taken, or if this CPU is just taking some.
pub(super) fn hold_unused() -> Result<Alone, InitError> {
    let mut alone = Alone::new().ok_or(InitError::Busy)?;
    match alone.with(|granules| granules.taken) {
        Some(0) => Ok(alone),
        _ => Err(InitError::VariablesLive),
    }
}

/// Calls `f` with the granules, or returns `None` if this CPU is just using them.
fn alone<R>(f: impl FnOnce(&mut Granules) -> R) -> Option<R> {
    Alone::new()?.with(f)
}

#[cfg(all(test, hosted))]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_panic_frees_the_lock() {
        let lock = Lock::new(7);
        let panics = || {
            lock.take(1, true)
                .map(|mut held| held.with(|_: &mut i32| panic!("a function of the caller")))
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        for own in [1, 2] {
            assert_eq!(
                lock.take(own, true)
                    .map(|mut held| held.with(|value| *value)),
                Some(7)
            );
        }
    }

    #[test]
    fn the_fragment_knows_the_limit() {
        for fragment in [
            include_str!("../../percpu.x"),
            include_str!("../../percpu-at-0.x"),
        ] {
            assert!(fragment.contains(&std::format!("_percpu_load_start <= {LIMIT:#x}")));
        }
    }

    /// What a step of the test does.
    #[derive(Debug, Clone)]
    enum Step {
        Take(usize, u32),
        GiveBack(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0usize..600, 0u32..=12).prop_map(|(size, align)| Step::Take(size, align)),
            2 => any::<prop::sample::Index>().prop_map(Step::GiveBack),
        ]
    }

    proptest! {
        #[test]
        fn space_is_aligned_and_taken_once(
            reserve in 64usize..16 << 10,
            steps in prop::collection::vec(step(), 1..300),
        ) {
            let mut granules = Granules::NONE;
            let mut taken = std::vec![false; reserve / GRANULE];
            let mut live = Vec::new();
            for step in steps {
                match step {
                    Step::Take(size, align) => {
                        let layout = Layout::from_size_align(size, 1 << align).unwrap();
                        let count = size.max(1).div_ceil(GRANULE);
                        let step = (1usize << align).div_ceil(GRANULE);
                        let fits = (0..taken.len()).step_by(step).any(|first| {
                            taken.get(first..first + count).is_some_and(|all| !all.contains(&true))
                        });
                        let free = taken.iter().filter(|taken| !**taken).count() * GRANULE;
                        let needed = count * GRANULE;
                        match granules.take(reserve, layout) {
                            Ok(granted) => {
                                prop_assert!(fits);
                                prop_assert_eq!((granted.first % step, granted.count), (0, count));
                                for granule in &mut taken[granted.first..granted.first + count] {
                                    prop_assert!(!std::mem::replace(granule, true));
                                }
                                live.push(granted);
                            }
                            Err(error) => {
                                prop_assert!(!fits);
                                prop_assert_eq!(error, DynError::OutOfSpace { needed, free });
                            }
                        }
                    }
                    Step::GiveBack(index) if !live.is_empty() => {
                        let granted = live.swap_remove(index.index(live.len()));
                        granules.give_back(granted);
                        taken[granted.first..granted.first + granted.count].fill(false);
                    }
                    Step::GiveBack(_) => {}
                }
            }
            for granted in live {
                granules.give_back(granted);
            }
            // All of it is one piece again.
            let whole = Layout::from_size_align(reserve / GRANULE * GRANULE, 1).unwrap();
            prop_assert_eq!(granules.take(reserve, whole).map(|granted| granted.first), Ok(0));
        }
    }
}
