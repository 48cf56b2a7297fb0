//! The state machine of the areas and of their owners, the lock of their reserve, `PerCpuOnce` and the total of a counter,
//! files of percpu-hv itself, with loom's atomics: each test runs in every order of accesses that the memory model allows.
#![cfg(test)]

#[path = "../../../percpu-hv/src/area/counts.rs"]
#[allow(dead_code, reason = "the checks of init use all of it")]
mod counts;
#[path = "../../../percpu-hv/src/area/counts_in_one_word.rs"]
#[allow(dead_code, reason = "the checks of init use all of it")]
mod counts_in_one_word;
#[path = "../../../percpu-hv/src/area/lock.rs"]
mod lock;
#[path = "../../../percpu-hv/src/types/once.rs"]
#[allow(unreachable_pub, reason = "it is public there")]
mod once;
#[path = "../../../percpu-hv/src/area/owner.rs"]
mod owner;
#[path = "../../../percpu-hv/src/area/slot.rs"]
#[allow(unreachable_pub, reason = "it is public there")]
mod slot;
#[path = "../../../percpu-hv/src/area/state.rs"]
#[allow(unexpected_cfgs, reason = "the build script of percpu-hv has them")]
mod state;
#[path = "../../../percpu-hv/src/types/total.rs"]
#[allow(unreachable_pub, reason = "it is public there")]
mod total;

mod sequences;

/// What these files are made of.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
    pub(crate) use loom::sync::atomic::{AtomicI64, AtomicU8};
    // A CPU that waits lets the others run: loom has no time.
    pub(crate) use loom::thread::yield_now as spin_loop;

    /// As on bare metal, where fences acquire.
    pub(crate) fn looked() {
        fence(Ordering::Acquire);
    }

    /// Loom tells a read that may come before the write, or at the same time.
    pub(crate) struct Published(loom::cell::UnsafeCell<usize>);

    impl Published {
        pub(crate) fn new(value: usize) -> Self {
            Self(loom::cell::UnsafeCell::new(value))
        }

        pub(crate) unsafe fn get(&self) -> usize {
            // SAFETY: rule 4: loom fails the test if another thread writes it.
            self.0.with(|value| unsafe { *value })
        }

        pub(crate) unsafe fn set(&self, value: usize) {
            // SAFETY: rule 4: loom fails the test if another thread uses it.
            self.0.with_mut(|place| unsafe { *place = value });
        }
    }

    /// Loom tells a call that may come before the write, or at the same time.
    pub(crate) type Place<T> = loom::cell::UnsafeCell<T>;

    /// Loom counts its atomics as it makes them, so they are no constants.
    macro_rules! constructor {
        ($(#[$attr:meta])* $vis:vis const fn $($function:tt)*) => {
            $(#[$attr])* $vis fn $($function)*
        };
    }
    pub(crate) use constructor;
}

/// As on bare metal.
mod look {
    use crate::sync::{AtomicUsize, Ordering};

    pub(crate) fn look([first, second]: &[AtomicUsize; 2]) -> (usize, impl FnOnce() -> usize) {
        let first = first.load(Ordering::Relaxed);
        (first, move || second.load(Ordering::Relaxed))
    }
}

/// The number of areas in a block and in a table, as two words and as one.
mod numbers {
    use loom::sync::Arc;
    use loom::thread;

    use crate::seen_in;
    use crate::sync::Published;

    macro_rules! tests {
        ($counts:ident) => {
            mod $counts {
                use super::*;
                use crate::$counts::Counts;

                /// What a CPU finds by an index while another one publishes.
                fn found(publish: fn(&Counts), index: usize) -> Vec<Option<(bool, usize)>> {
                    seen_in(move || {
                        let shared = Arc::new((Published::new(0), Counts::new()));
                        let other = Arc::clone(&shared);
                        let other = thread::spawn(move || {
                            let (value, counts) = &*other;
                            // SAFETY: rule 4: loom fails the test if it is read before it is published.
                            unsafe { value.set(7) };
                            publish(counts);
                        });
                        let (value, counts) = &*shared;
                        // SAFETY: rule 4, as above.
                        let value = || unsafe { value.get() };
                        let found = counts.find(index, || (true, value()), || (false, value()));
                        other.join().unwrap();
                        found
                    })
                }

                #[test]
                fn what_is_found_is_whole() {
                    let [block, table]: [fn(&Counts); 2] = [
                        |counts| counts.publish_block(2),
                        |counts| counts.publish_table(2),
                    ];
                    assert_eq!(found(block, 1), [None, Some((true, 7))]);
                    assert_eq!(found(table, 1), [None, Some((false, 7))]);
                    for publish in [block, table] {
                        assert_eq!(found(publish, 2), [None]);
                        assert_eq!(found(publish, usize::MAX), [None]);
                    }
                }

                #[test]
                fn one_of_the_numbers_is_0() {
                    loom::model(|| {
                        let counts = Counts::new();
                        let numbers = || (counts.all(), counts.in_block(), counts.in_table());
                        assert_eq!(numbers(), (0, 0, 0));
                        counts.publish_table(3);
                        assert_eq!(numbers(), (3, 0, 3));
                        counts.publish_table(4);
                        assert_eq!(numbers(), (4, 0, 4));
                        // As a crate that is called `percpu` may do.
                        counts.publish_block(2);
                        assert_eq!(numbers(), (2, 2, 0));
                    });
                }
            }
        };
    }

    tests!(counts);
    tests!(counts_in_one_word);
}

/// The lock of the reserve, from which variables are made at run time.
mod locked {
    use loom::sync::Arc;
    use loom::thread;

    use crate::lock::Lock;

    #[test]
    fn one_cpu_at_a_time_uses_what_is_locked() {
        loom::model(|| {
            let lock = Arc::new(Lock::new([0; 2]));
            let add = |own, lock: &Lock<[usize; 2]>| {
                let mut held = lock.take(own, true)?;
                Some(held.with(|words| {
                    words[0] += 1;
                    words[1] += 1;
                    *words
                }))
            };
            let other = Arc::clone(&lock);
            let other = thread::spawn(move || add(2, &other).unwrap());
            let mut found = [add(1, &lock).unwrap(), other.join().unwrap()];
            found.sort_unstable();
            assert_eq!(found, [[1; 2], [2; 2]]);
        });
    }

    #[test]
    fn a_handler_of_the_holder_is_refused() {
        loom::model(|| {
            let lock = Arc::new(Lock::new(0));
            let other = Arc::clone(&lock);
            let other = thread::spawn(move || {
                let mut held = other.take(2, true).unwrap();
                held.with(|value| *value += 1);
            });
            let mut held = lock.take(1, true).unwrap();
            let refused = held.with(|value| {
                *value += 1;
                lock.take(1, true).is_none()
            });
            drop(held);
            other.join().unwrap();
            assert!(refused);
            let mut held = lock.take(1, true).unwrap();
            assert_eq!(held.with(|value| *value), 2);
        });
    }
}

/// Variables that are made at run time, one after the other in the same space: the lock of the reserve, and a word that
/// hands a variable over.
mod made {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    use crate::lock::Lock;
    use crate::seen_in;
    use crate::sync::{AtomicUsize, Ordering};

    /// The values of a variable on two CPUs, each of two halves.
    type Values = [[u32; 2]; 2];

    /// What a space holds when its values have been dropped.
    const DROPPED: u32 = u32::MAX;

    struct Reserve {
        /// Which spaces are taken.
        taken: Lock<Vec<bool>>,
        spaces: Vec<[UnsafeCell<[u32; 2]>; 2]>,
        /// One more than the space of a variable that is handed over, or 0.
        handed_over: AtomicUsize,
    }

    impl Reserve {
        fn new(spaces: usize) -> Arc<Self> {
            let values = || [(); 2].map(|()| UnsafeCell::new([DROPPED; 2]));
            Arc::new(Self {
                taken: Lock::new(vec![false; spaces]),
                spaces: (0..spaces).map(|_| values()).collect(),
                handed_over: AtomicUsize::new(0),
            })
        }

        /// Makes a variable, unless all space is taken.
        fn make(&self, own: usize, value: u32) -> Option<usize> {
            let mut held = self.taken.take(own, true).expect("no handler runs");
            let space = held.with(|taken| {
                let free = taken.iter().position(|taken| !taken)?;
                taken[free] = true;
                Some(free)
            });
            drop(held);
            let space = space?;
            for (cpu, place) in self.spaces[space].iter().enumerate() {
                // SAFETY: rule 22: loom fails the test if another thread uses the space.
                let old = place.with_mut(|place| unsafe {
                    std::mem::replace(&mut *place, [value + cpu as u32; 2])
                });
                assert_eq!(old, [DROPPED; 2], "the values before were not dropped");
            }
            Some(space)
        }

        /// Drops the values, and then gives the space back.
        fn retire(&self, own: usize, space: usize) -> Values {
            let values = [0, 1].map(|cpu| {
                // SAFETY: rule 22: as in `make`.
                self.spaces[space][cpu]
                    .with_mut(|place| unsafe { std::mem::replace(&mut *place, [DROPPED; 2]) })
            });
            let mut held = self.taken.take(own, true).expect("no handler runs");
            held.with(|taken| assert!(std::mem::replace(&mut taken[space], false)));
            values
        }

        /// What an access of a CPU does.
        fn add(&self, space: usize, cpu: usize) {
            // SAFETY: rule 22: loom fails the test if another thread uses this CPU's value.
            self.spaces[space][cpu].with_mut(|place| unsafe {
                (*place)[0] += 10;
                (*place)[1] += 10;
            });
        }
    }

    #[test]
    fn whoever_gets_a_variable_finds_whole_values_and_may_drop_them() {
        let seen = seen_in(|| {
            let reserve = Reserve::new(1);
            let other = Arc::clone(&reserve);
            let other = thread::spawn(move || {
                let space = other.handed_over.load(Ordering::Acquire).checked_sub(1)?;
                other.add(space, 1);
                Some(other.retire(2, space))
            });
            let space = reserve.make(1, 3).expect("there is space");
            reserve.add(space, 0);
            reserve.handed_over.store(space + 1, Ordering::Release);
            // In the same space, if the other CPU dropped the first one.
            let next = reserve.make(1, 6);
            let found = other.join().unwrap();
            assert!(found.is_none_or(|found| found == [[13; 2], [14; 2]]));
            assert!(next.is_none() || found.is_some(), "space is taken twice");
            let next = next.map(|next| reserve.retire(1, next));
            assert!(next.is_none_or(|next| next == [[6; 2], [7; 2]]));
            (found.is_some(), next.is_some())
        });
        assert_eq!(seen, [(false, false), (true, false), (true, true)]);
    }

    #[test]
    fn two_cpus_that_make_and_drop_have_space_of_their_own() {
        let seen = seen_in(|| {
            let reserve = Reserve::new(2);
            let make_and_drop = |reserve: &Reserve, own: usize| {
                let value = 3 * own as u32;
                let space = reserve.make(own, value).expect("there is space");
                reserve.add(space, own - 1);
                let mut expected = [[value; 2], [value + 1; 2]];
                expected[own - 1] = [value + own as u32 - 1 + 10; 2];
                assert_eq!(reserve.retire(own, space), expected);
                space
            };
            let other = Arc::clone(&reserve);
            let other = thread::spawn(move || make_and_drop(&other, 2));
            (make_and_drop(&reserve, 1), other.join().unwrap())
        });
        // At the same time, or one after the other.
        assert_eq!(seen, [(0, 0), (0, 1), (1, 0)]);
    }
}

/// A `PerCpuOnce` that CPUs fill and read at the same time.
mod lazy {
    use loom::sync::Arc;
    use loom::thread;

    use crate::once::PerCpuOnce;
    use crate::seen_in;

    /// Not copied at once: halves of two values would not be equal.
    type Whole = [u32; 2];
    type Cell = PerCpuOnce<Whole>;

    #[test]
    fn of_two_that_fill_a_cell_one_succeeds() {
        let seen = seen_in(|| {
            let cell = Arc::new(Cell::new());
            let threads = [1, 2].map(|value| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || (cell.set([value; 2]), cell.get().copied()))
            });
            let [one, two] = threads.map(|thread| thread.join().unwrap());
            let (value, loser) = match (one.0, two.0) {
                (Ok(()), Err([2, 2])) => ([1; 2], two.1),
                (Err([1, 1]), Ok(())) => ([2; 2], one.1),
                results => panic!("{results:?}"),
            };
            assert_eq!(cell.get(), Some(&value));
            assert_eq!(cell.get_or_init(|| unreachable!()), &value);
            // It may look while the cell is being filled.
            loser
        });
        assert_eq!(seen, [None, Some([1; 2]), Some([2; 2])]);
    }

    #[test]
    fn a_reader_sees_the_whole_value_or_none() {
        let seen = seen_in(|| {
            let cell = Arc::new(Cell::default());
            let jobs: [fn(&Cell) -> Option<Whole>; 2] =
                [|cell| cell.set([7; 2]).err(), |cell| cell.get().copied()];
            let threads = jobs.map(|job| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || job(&cell))
            });
            let [refused, seen] = threads.map(|thread| thread.join().unwrap());
            assert_eq!((refused, cell.get()), (None, Some(&[7; 2])));
            seen
        });
        assert_eq!(seen, [None, Some([7; 2])]);
    }
}

/// A counter whose parts move to the total while they are summed.
mod moves {
    use loom::sync::Arc;
    use loom::thread;

    use crate::seen_in;
    use crate::sync::{AtomicI64, Ordering};
    use crate::total::Total;

    struct Counter {
        parts: [AtomicI64; 2],
        total: AtomicI64,
    }

    /// All additions: each has a digit of its own, which shows how often a sum counts it.
    const ADDED: i64 = 0x111;

    impl Counter {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                parts: [AtomicI64::new(0x101), AtomicI64::new(0x10)],
                total: AtomicI64::new(0),
            })
        }

        fn sum(&self) -> i64 {
            self.sum_of(ADDED)
        }

        fn sum_of(&self, added: i64) -> i64 {
            let sum = Total(&self.total).sum(self.parts.iter());
            assert_eq!(sum & !added, 0, "{sum:#x} counts an addition twice");
            sum
        }

        /// What a CPU does itself when its batch is full.
        fn move_batch(&self, cpu: usize) {
            let batch = self.parts[cpu].swap(0, Ordering::Relaxed);
            Total(&self.total).receive(batch);
        }

        /// What another one does when that CPU is gone.
        fn retire(&self, cpu: usize) {
            Total(&self.total).take(&self.parts[cpu]);
        }
    }

    /// Sums while each CPU's part moves.
    fn sum_while(moves: [fn(&Counter, usize); 2]) {
        let seen = seen_in(move || {
            let counter = Counter::new();
            let threads = [0, 1].map(|cpu| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || moves[cpu](&counter, cpu))
            });
            let seen = counter.sum();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(
                (counter.sum(), Total(&counter.total).read()),
                (ADDED, ADDED)
            );
            seen
        });
        // All, or all but what moves at this moment.
        assert_eq!(seen, [0, 0x10, 0x101, ADDED]);
    }

    #[test]
    fn nothing_is_lost_of_a_cpu_that_has_gone_and_comes_back() {
        use crate::Area;

        const LATER: i64 = 0x1000;
        let seen = seen_in(|| {
            let (counter, area) = (Counter::new(), Area::new());
            assert!(area.owner.come(true));
            area.owner.came();
            let told = Arc::new(AtomicI64::new(0));
            let (goes, parts, tells) = (Arc::clone(&area), Arc::clone(&counter), Arc::clone(&told));
            let cpu = thread::spawn(move || {
                assert!(goes.owner.go(true));
                // A function `down`.
                parts.move_batch(0);
                goes.owner.went();
                tells.store(1, Ordering::Release);
                assert!(goes.owner.come(true));
                goes.owner.came();
                parts.parts[0].fetch_add(LATER, Ordering::Relaxed);
            });
            let told = told.load(Ordering::Acquire) == 1;
            let sum = counter.sum_of(ADDED | LATER);
            assert!(!told || sum & ADDED == ADDED, "{sum:#x} of a CPU that went");
            cpu.join().unwrap();
            assert!(area.owner.is_online());
            assert_eq!(counter.sum_of(ADDED | LATER), ADDED | LATER);
            (told, sum)
        });
        let (gone, all) = (0x10, ADDED);
        // The total is read before the part, so a sum may have what was added later, and not what moved.
        assert_eq!(
            seen,
            [
                (false, gone),
                (false, all),
                (false, gone | LATER),
                (false, all | LATER),
                (true, all),
                (true, all | LATER)
            ]
        );
    }

    #[test]
    fn a_sum_counts_no_batch_twice() {
        sum_while([Counter::move_batch; 2]);
    }

    #[test]
    fn defect_41_a_sum_counts_nothing_twice_while_a_cpu_is_retired() {
        sum_while([Counter::retire, Counter::move_batch]);
        sum_while([Counter::move_batch, Counter::retire]);
        sum_while([Counter::retire; 2]);
    }
}

use std::collections::BTreeSet;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use counts::Counts;
use lock::{Lock, UNKNOWN};
use owner::{OFFLINE, OPEN, Owner, UNBUILT, mark};
use slot::AreaSlot;
use state::{Areas, Block};
use sync::{AtomicBool, AtomicUsize, Ordering, Published};

/// Areas for two CPUs: a word each, whose address is its index.
struct Image {
    areas: Areas,
    words: [UnsafeCell<u32>; 4],
    /// How often areas were built; outside of what loom looks at.
    built: std::sync::atomic::AtomicUsize,
}

const FIRST: Block = Block {
    register: 0,
    stride: 1,
    count: 2,
};
const SECOND: Block = Block {
    register: 2,
    ..FIRST
};

impl Image {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            areas: Areas {
                register: Published::new(usize::MAX),
                stride: Published::new(usize::MAX),
                slots: Published::new(usize::MAX),
                counts: Counts::new(),
                building: Lock::new(()),
            },
            words: [(); 4].map(|()| UnsafeCell::new(0)),
            built: std::sync::atomic::AtomicUsize::new(0),
        })
    }

    /// Writes the initial values; loom tells a write that races with another access.
    fn build(&self, block: Block, value: u32) {
        self.built
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for cpu in 0..block.count {
            // SAFETY: rule 9: loom fails the test if another thread uses the word.
            self.words[block.register + cpu * block.stride]
                .with_mut(|word| unsafe { *word = value });
        }
    }

    fn init(&self, block: Block) -> Result<usize, usize> {
        self.areas
            .init(block, UNKNOWN, true, || self.build(block, 7))
    }

    /// What a CPU finds in its area; `None` before init.
    fn read(&self, cpu: usize) -> Option<(usize, u32)> {
        let at = self.areas.register(cpu)?;
        // SAFETY: rule 6: loom fails the test if another thread writes the word.
        Some((at, self.words[at].with(|word| unsafe { *word })))
    }

    fn built(&self) -> usize {
        self.built.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// A thread for each of `jobs`, and what they give.
fn together<T: 'static>(image: &Arc<Image>, jobs: &[fn(&Image) -> T]) -> Vec<T> {
    let threads: Vec<_> = jobs
        .iter()
        .map(|&job| {
            let image = Arc::clone(image);
            thread::spawn(move || job(&image))
        })
        .collect();
    let results = threads.into_iter().map(|thread| thread.join().unwrap());
    results.collect()
}

/// All that `run` gives, in whatever order. A test that compares it sees that the orders are tried, which
/// loom forgets where a thread reads what it writes next.
fn seen_in<T: Ord + Send + 'static>(run: impl Fn() -> T + Send + Sync + 'static) -> Vec<T> {
    seen_by(loom::model::Builder::new(), run)
}

/// As [`seen_in`], in the orders that a model tries.
fn seen_by<T: Ord + Send + 'static>(
    model: loom::model::Builder,
    run: impl Fn() -> T + Send + Sync + 'static,
) -> Vec<T> {
    // Outside of what loom looks at.
    let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let insert = {
        let seen = std::sync::Arc::clone(&seen);
        move |result| seen.lock().unwrap().insert(result)
    };
    model.check(move || {
        insert(run());
    });
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.into_iter().collect()
}

#[test]
fn of_concurrent_inits_one_builds_and_all_see_it() {
    loom::model(|| {
        let image = Image::new();
        let init = |image: &Image| (image.init(FIRST), image.read(1));
        for (result, seen) in together(&image, &[init, init]) {
            // A CPU that comes when all is done is told, too.
            assert!(result == Ok(2) || result == Err(2));
            assert_eq!(seen, Some((1, 7)));
        }
        assert_eq!(image.built(), 1);
    });
}

#[test]
fn of_different_inits_one_succeeds() {
    loom::model(|| {
        let image = Image::new();
        let results = together(
            &image,
            &[|image| image.init(FIRST), |image| image.init(SECOND)],
        );
        assert!(results == [Ok(2), Err(2)] || results == [Err(2), Ok(2)]);
        assert_eq!(image.built(), 1);
        let base = if results[0].is_ok() { 0 } else { 2 };
        assert_eq!(image.read(0), Some((base, 7)));
        assert_eq!(image.read(1), Some((base + 1, 7)));
    });
}

#[test]
fn a_cpu_that_is_told_finds_the_areas_at_their_new_address() {
    loom::model(|| {
        let image = Image::new();
        assert_eq!(image.init(FIRST), Ok(2));
        let told = Arc::new(AtomicBool::new(false));
        let reader = {
            let (image, told) = (Arc::clone(&image), Arc::clone(&told));
            thread::spawn(move || {
                told.load(Ordering::Acquire)
                    .then(|| image.areas.register(1))
            })
        };
        // SAFETY: rule 4: loom fails the test if the other thread reads before it is told.
        unsafe { image.areas.rebase(SECOND.register) };
        told.store(true, Ordering::Release);
        let seen = reader.join().unwrap();
        assert!(seen.is_none() || seen == Some(Some(SECOND.register + 1)));
    });
}

#[test]
fn a_reader_sees_no_area_or_a_whole_one() {
    loom::model(|| {
        let image = Image::new();
        let readers = together(
            &image,
            &[
                |image| image.init(SECOND).map(|_| None).unwrap(),
                |image| image.read(0),
                |image| image.read(1),
            ],
        );
        assert!([None, Some((2, 7))].contains(&readers[1]));
        assert!([None, Some((3, 7))].contains(&readers[2]));
    });
}

#[test]
fn a_second_init_is_refused_while_areas_are_used() {
    loom::model(|| {
        let image = Image::new();
        assert_eq!(image.init(FIRST), Ok(2));
        let results = together(
            &image,
            &[
                |image| (image.init(FIRST), image.read(0)),
                |image| (image.init(SECOND), image.read(1)),
            ],
        );
        assert_eq!(results, [(Err(2), Some((0, 7))), (Err(2), Some((1, 7)))]);
        assert_eq!(image.built(), 1);
    });
}

#[test]
fn one_cpu_needs_no_exclusives() {
    loom::model(|| {
        let image = Image::new();
        let init = |block| {
            image
                .areas
                .init(block, UNKNOWN, false, || image.build(block, 7))
        };
        assert_eq!((init(SECOND), init(SECOND)), (Ok(2), Err(2)));
        // The others start when the areas are there.
        assert_eq!(
            together(&image, &[|image| image.read(0), |image| image.read(1)]),
            [Some((2, 7)), Some((3, 7))]
        );
    });
}

#[test]
fn areas_built_again_are_those_of_the_next_cpus() {
    loom::model(|| {
        let image = Image::new();
        assert_eq!(image.init(FIRST), Ok(2));
        image
            .areas
            .rebuild(SECOND, UNKNOWN, true, || image.build(SECOND, 8));
        assert!(image.areas.are_live(SECOND) && !image.areas.are_live(FIRST));
        assert_eq!(
            together(&image, &[|image| image.read(0), |image| image.read(1)]),
            [Some((2, 8)), Some((3, 8))]
        );
        assert_eq!(image.areas.count(), 2);
    });
}

impl Image {
    /// Areas at the words of `words`, in that order, in a table with two slots more.
    fn init_table(&self, words: &[usize]) -> Result<Result<usize, ()>, usize> {
        // As long as the areas are used, which is as long as loom runs one order of accesses.
        let table = (0..words.len() + 2).map(|_| AreaSlot::new());
        let table: &'static [AreaSlot] = Vec::leak(table.collect());
        self.areas.init_table(table, UNKNOWN, true, || {
            for (slot, &word) in table.iter().zip(words) {
                self.build_word(word, 7);
                slot.set(word);
            }
            Ok(words.len())
        })
    }

    fn build_word(&self, word: usize, value: u32) {
        // SAFETY: rule 9: loom fails the test if another thread uses the word.
        self.words[word].with_mut(|word| unsafe { *word = value });
    }

    /// Adds the area at a word; the error is whether there is a table.
    fn add(&self, word: usize) -> Result<usize, bool> {
        self.add_if(word, || Ok(())).unwrap()
    }

    /// Adds the area at a word, if `hold` does not refuse it. It is `None` if this context is building areas.
    fn add_if<H>(
        &self,
        word: usize,
        hold: impl FnOnce() -> Result<H, bool>,
    ) -> Option<Result<usize, bool>> {
        let build = |cpu: usize, table: Option<&'static [AreaSlot]>| {
            let table = table.ok_or(false)?;
            let slot = table.get(cpu).ok_or(true)?;
            self.build_word(word, 8);
            Ok((slot, word))
        };
        self.areas.add(UNKNOWN, true, build, hold)
    }

    /// What all CPUs find in their areas.
    fn read_all(&self) -> Vec<(usize, u32)> {
        let (count, registers) = self.areas.all();
        let read = |cpu| {
            // SAFETY: rule 4, an id below the count.
            let at = unsafe { registers.of(cpu) };
            // SAFETY: rule 6: loom fails the test if another thread writes the word.
            (at, self.words[at].with(|word| unsafe { *word }))
        };
        (0..count).map(read).collect()
    }
}

#[test]
fn a_reader_sees_no_table_or_whole_areas() {
    let seen = seen_in(|| {
        let image = Image::new();
        let readers = together(
            &image,
            &[
                |image| {
                    assert_eq!(image.init_table(&[3, 1]), Ok(Ok(2)));
                    None
                },
                |image| image.read(1),
            ],
        );
        readers[1]
    });
    assert_eq!(seen, [None, Some((1, 7))]);
}

#[test]
fn a_reader_sees_an_area_that_is_added_whole_or_not_at_all() {
    let seen = seen_in(|| {
        let image = Image::new();
        assert_eq!(image.init_table(&[3]), Ok(Ok(1)));
        let results = together(
            &image,
            &[
                |image| {
                    assert_eq!(image.add(0), Ok(1));
                    Vec::new()
                },
                |image| {
                    let all = image.read_all();
                    let second = image.areas.register(1);
                    assert!(second.is_none_or(|at| at == 0));
                    if second.is_some() {
                        assert_eq!(image.read(1), Some((0, 8)));
                    } else {
                        assert_eq!(all.len(), 1, "what was there is gone");
                    }
                    all
                },
            ],
        );
        results[1].clone()
    });
    assert_eq!(seen, [vec![(3, 7)], vec![(3, 7), (0, 8)]]);
}

#[test]
fn of_concurrent_additions_each_gets_an_id_of_its_own() {
    let seen = seen_in(|| {
        let image = Image::new();
        assert_eq!(image.init_table(&[3]), Ok(Ok(1)));
        let ids = together(&image, &[|image| image.add(0), |image| image.add(1)]);
        let mut words = image.read_all();
        assert_eq!(words.remove(0), (3, 7));
        assert_eq!((image.add(2), words.len()), (Err(true), 2));
        for (word, id) in ids.iter().enumerate() {
            assert_eq!(words[id.unwrap() - 1], (word, 8));
        }
        ids
    });
    assert_eq!(seen, [[Ok(1), Ok(2)], [Ok(2), Ok(1)]]);
}

#[test]
fn a_variable_made_at_run_time_has_a_value_in_each_area() {
    let seen = seen_in(|| {
        let shared = Arc::new((Image::new(), Lock::new(0)));
        assert_eq!(shared.0.init_table(&[3]), Ok(Ok(1)));
        let other = Arc::clone(&shared);
        let other = thread::spawn(move || {
            let (image, taken) = &*other;
            let unused = || {
                let mut held = taken.take(2, true).unwrap();
                (held.with(|taken| *taken) == 0).then_some(held).ok_or(true)
            };
            image.add_if(0, unused).unwrap().is_ok()
        });
        let (image, taken) = &*shared;
        taken.take(1, true).unwrap().with(|taken| *taken += 1);
        let areas = image.areas.count();
        let added = other.join().unwrap();
        assert_eq!(image.areas.count(), areas, "an area has no value");
        (added, areas)
    });
    assert_eq!(seen, [(false, 1), (true, 2)]);
}

#[test]
fn whoever_builds_areas_is_refused_and_does_not_wait() {
    for exclusives in [true, false] {
        loom::model(move || {
            let (image, own) = (Image::new(), 1);
            let areas = &image.areas;
            let nested = || {
                assert!(areas.building.is_held_by(own));
                let never = || unreachable!();
                assert_eq!(areas.init(SECOND, own, exclusives, never), Err(0));
                let table: Result<Result<usize, ()>, _> =
                    areas.init_table(&[], own, exclusives, || unreachable!());
                assert_eq!(table, Err(0));
                assert!(!areas.rebuild(SECOND, own, exclusives, || unreachable!()));
                let added: Option<Result<usize, ()>> =
                    areas.add(own, exclusives, |_, _| unreachable!(), || Ok(()));
                assert_eq!(added, None);
            };
            let built = areas.init(FIRST, own, exclusives, || {
                image.build(FIRST, 7);
                nested();
            });
            assert_eq!((built, image.read(1)), (Ok(2), Some((1, 7))));
            assert!(!areas.building.is_held_by(own));
        });
    }
}

#[test]
fn of_a_table_and_a_block_one_succeeds() {
    let seen = seen_in(|| {
        let image = Image::new();
        let results = together(
            &image,
            &[
                |image| image.init(FIRST).is_ok(),
                |image| image.init_table(&[3, 2]).is_ok(),
                |image| image.areas.table().is_none() || image.read(1) == Some((2, 7)),
            ],
        );
        assert!(results[0] != results[1] && results[2]);
        // To a block nothing is added.
        assert_eq!(image.add(1).is_ok(), results[1]);
        results[0]
    });
    assert_eq!(seen, [false, true]);
}

#[test]
fn a_table_that_is_refused_leaves_the_next_one_free() {
    loom::model(|| {
        let image = Image::new();
        let refused = |image: &Image| image.areas.init_table(&[], UNKNOWN, true, || Err(()));
        let results = together(
            &image,
            &[
                |image| image.areas.init_table(&[], UNKNOWN, true, || Err(())),
                |image| image.init_table(&[3]),
            ],
        );
        assert!([Ok(Err(())), Err(1)].contains(&results[0]));
        assert_eq!(results[1], Ok(Ok(1)));
        assert_eq!((refused(&image), image.read(0)), (Err(1), Some((3, 7))));
    });
}

/// An area and who has it: two words that a building of it writes.
struct Area {
    owner: Owner,
    words: [UnsafeCell<u32>; 2],
}

impl Area {
    /// Built once, with the value 7.
    fn new() -> Arc<Self> {
        let area = Self {
            owner: Owner {
                state: AtomicUsize::new(UNBUILT),
                contender: AtomicUsize::new(0),
                door: AtomicUsize::new(OPEN),
                presence: AtomicUsize::new(OFFLINE),
            },
            words: [(); 2].map(|()| UnsafeCell::new(0)),
        };
        area.build(7);
        Arc::new(area)
    }

    fn build(&self, value: u32) {
        self.owner.hold();
        for word in &self.words {
            // SAFETY: rule 17: loom fails the test if another thread uses the word.
            word.with_mut(|word| unsafe { *word = value });
        }
        self.owner.release();
    }

    /// Whether the CPU gets the area, and what it finds there.
    fn claim(&self, cpu: usize, exclusives: bool) -> Option<[u32; 2]> {
        self.owner.claim(mark(Some(cpu)), exclusives).then(|| {
            let [first, second] = &self.words;
            // SAFETY: rule 17: loom fails the test if another thread writes the word.
            [first, second].map(|word| word.with(|word| unsafe { *word }))
        })
    }
}

/// `cpus` that ask for one area at the same time, and how many get it: the same of them in every later look.
fn winners(cpus: usize, exclusives: bool) -> usize {
    let area = Area::new();
    let threads: Vec<_> = (0..cpus)
        .map(|cpu| {
            let area = Arc::clone(&area);
            thread::spawn(move || area.claim(cpu, exclusives))
        })
        .collect();
    let claims: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let winners = claims.iter().flatten().count();
    for (cpu, claim) in claims.into_iter().enumerate() {
        assert!(claim.is_none_or(|found| found == [7; 2]));
        assert_eq!(area.owner.mark() == Some(mark(Some(cpu))), claim.is_some());
    }
    // Who comes later is refused, in both ways, also if all of them were.
    for later in [true, false] {
        assert_eq!(area.claim(cpus, later), None);
    }
    winners
}

#[test]
fn of_concurrent_claims_one_succeeds() {
    loom::model(|| assert_eq!(winners(2, true), 1));
    loom::model(|| assert_eq!(winners(3, true), 1));
}

#[test]
fn without_exclusives_no_two_claims_succeed() {
    loom::model(|| assert!(winners(2, false) <= 1));
    // All orders of three take hours.
    let mut few_switches = loom::model::Builder::new();
    few_switches.preemption_bound = Some(2);
    few_switches.check(|| assert!(winners(3, false) <= 1));
}

#[test]
fn without_exclusives_a_claim_succeeds_alone() {
    loom::model(|| assert_eq!(winners(1, false), 1));
}

#[test]
fn whoever_finds_an_area_built_finds_all_of_it() {
    loom::model(|| {
        let area = Area::new();
        area.owner.hold();
        let shares = Arc::clone(&area);
        let shares = thread::spawn(move || {
            if shares.owner.is_built() {
                // SAFETY: loom fails the test if another thread writes the word.
                let found = shares
                    .words
                    .each_ref()
                    .map(|word| word.with(|word| unsafe { *word }));
                assert_eq!(found, [8; 2]);
            }
        });
        area.build(8);
        shares.join().unwrap();
        assert!(area.owner.is_built());
    });
}

#[test]
fn whoever_finds_a_cpu_online_finds_what_its_hooks_stored() {
    for exclusives in [true, false] {
        loom::model(move || {
            let area = Area::new();
            let comes = Arc::clone(&area);
            let comes = thread::spawn(move || {
                assert!(comes.owner.come(exclusives));
                // SAFETY: loom fails the test if another thread uses it.
                comes.words[0].with_mut(|word| unsafe { *word = 9 });
                comes.owner.came();
            });
            if area.owner.is_online() {
                // SAFETY: loom fails the test if another thread writes it.
                assert_eq!(area.words[0].with(|word| unsafe { *word }), 9);
            }
            comes.join().unwrap();
            assert!(area.owner.is_online());
        });
    }
}

#[test]
fn of_threads_that_come_one_succeeds_and_the_next_finds_what_it_left() {
    loom::model(|| {
        let area = Area::new();
        let come_and_go = |area: Arc<Area>| {
            let came = area.owner.come(true);
            if came {
                // SAFETY: loom fails the test if another thread uses it.
                area.words[0].with_mut(|word| unsafe { *word += 1 });
                area.owner.came();
                assert!(area.owner.go(true) && !area.owner.is_online());
                // SAFETY: as above.
                area.words[0].with_mut(|word| unsafe { *word += 1 });
                area.owner.went();
            }
            u32::from(came)
        };
        let other = Arc::clone(&area);
        let other = thread::spawn(move || come_and_go(other));
        let times = come_and_go(Arc::clone(&area)) + other.join().unwrap();
        assert!(times >= 1);
        // SAFETY: the other thread ended.
        let word = area.words[0].with(|word| unsafe { *word });
        assert_eq!(word, 7 + 2 * times);
    });
}

#[test]
fn a_cpu_that_goes_is_found_offline_by_those_it_tells() {
    loom::model(|| {
        let area = Area::new();
        assert!(area.owner.come(true));
        area.owner.came();
        let told = Arc::new(AtomicUsize::new(0));
        let (goes, tells) = (Arc::clone(&area), Arc::clone(&told));
        let goes = thread::spawn(move || {
            assert!(goes.owner.go(true));
            tells.store(1, Ordering::Release);
            goes.owner.went();
        });
        if told.load(Ordering::Acquire) == 1 {
            assert!(!area.owner.is_online());
        }
        goes.join().unwrap();
    });
}

#[test]
fn who_finds_offline_and_then_online_sees_the_hooks_of_the_cpu_that_came() {
    for exclusives in [true, false] {
        // All orders of three take minutes.
        let mut few_switches = loom::model::Builder::new();
        few_switches.preemption_bound = Some(2);
        let seen = seen_by(few_switches, move || {
            let (area, stored) = (Area::new(), Arc::new(AtomicUsize::new(0)));
            let bring_up = move |area: &Area, cpu, stored: &AtomicUsize| {
                let found = area.claim(cpu, exclusives)?;
                assert!(area.owner.come(exclusives));
                // A function `up`.
                stored.store(cpu, Ordering::Relaxed);
                area.owner.came();
                Some(found)
            };
            assert_eq!(bring_up(&area, 1, &stored), Some([7; 2]));
            let (comes, stores) = (Arc::clone(&area), Arc::clone(&stored));
            let comes = thread::spawn(move || bring_up(&comes, 2, &stores));
            let looked = Arc::clone(&area);
            let looks = thread::spawn(move || {
                [(); 2].map(|()| {
                    let online = looked.owner.is_online();
                    online.then(|| stored.load(Ordering::Relaxed))
                })
            });
            assert!(area.owner.go(exclusives));
            area.owner.went();
            area.build(8);
            let (found, looks) = (comes.join().unwrap(), looks.join().unwrap());
            assert!(found.is_none_or(|found| found == [8; 2]));
            assert_eq!(area.owner.is_online(), found.is_some());
            // The first CPU was online from the start.
            assert_ne!(looks, [None, Some(1)]);
            looks
        });
        let [gone, first, second] = [None, Some(1), Some(2)];
        let expected = [
            [gone, gone],
            [gone, second],
            [first, gone],
            [first, first],
            [first, second],
            [second, gone],
            [second, second],
        ];
        assert_eq!(seen, expected);
    }
}

#[test]
fn defect_37_a_claim_finds_the_whole_area() {
    for exclusives in [true, false] {
        loom::model(move || {
            let area = Area::new();
            assert_eq!(area.claim(0, exclusives), Some([7; 2]));
            let builder = Arc::clone(&area);
            let builder = thread::spawn(move || builder.build(8));
            let poller = Arc::clone(&area);
            let poller = thread::spawn(move || {
                loop {
                    if let Some(found) = poller.claim(1, exclusives) {
                        break found;
                    }
                    thread::yield_now();
                }
            });
            assert_eq!(poller.join().unwrap(), [8; 2]);
            builder.join().unwrap();
            assert_eq!(area.owner.mark(), Some(mark(Some(1))));
        });
    }
}

#[test]
fn defect_37_of_two_that_wait_for_an_area_one_gets_all_of_it() {
    for exclusives in [true, false] {
        loom::model(move || {
            let area = Area::new();
            assert_eq!(area.claim(0, exclusives), Some([7; 2]));
            let pollers = [1, 2].map(|cpu| {
                let area = Arc::clone(&area);
                thread::spawn(move || area.claim(cpu, exclusives))
            });
            area.build(8);
            let claims = pollers.map(|poller| poller.join().unwrap());
            let found: Vec<_> = claims.iter().flatten().collect();
            assert!(found.len() <= 1 && found.iter().all(|&&found| found == [8; 2]));
        });
    }
}
