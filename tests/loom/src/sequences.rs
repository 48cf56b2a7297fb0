//! Random programs of several CPUs, each in every order that a few preemptions make.
//!
//! The values say who wrote them, so a CPU that reads one knows all that its writer knew: the model is what
//! each CPU has to find from then on.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard};

use loom::thread;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::lock::UNKNOWN;
use crate::once::PerCpuOnce;
use crate::owner::mark;
use crate::sync::{AtomicI64, AtomicUsize, Ordering};
use crate::total::Total;
use crate::{Area, FIRST, Image, SECOND};

/// The programs that one run draws.
const PROGRAMS: u32 = 300;
/// The most CPUs of a program, and the most steps of a CPU.
const CPUS: usize = 3;
const STEPS: usize = 3;
/// The areas that CPUs claim and build anew, and the words that they store to.
const IDS: usize = 2;
const WORDS: usize = 2;
/// A part of a counter that holds so many additions moves to the total.
const BATCH: u32 = 2;

/// What one CPU does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Init {
        first: bool,
    },
    Read(usize),
    Claim(usize),
    /// Builds an area of this CPU anew, this one if it can be chosen; without one it asks for this one.
    Rebuild(usize),
    Get,
    Set,
    GetOrInit,
    Add,
    Sum,
    Approximate,
    /// Of this part if its CPU adds nothing, or else of a CPU that is gone.
    Retire(usize),
    Store(usize),
    Load(usize),
}

/// Which of them have to do with each other.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Areas,
    Ids,
    Once,
    Counter,
    Words,
}

/// The steps of each CPU.
type Program = Vec<Vec<Step>>;

fn any_step(thing: Thing) -> BoxedStrategy<Step> {
    match thing {
        Thing::Areas => prop_oneof![
            any::<bool>().prop_map(|first| Step::Init { first }),
            (0..FIRST.count).prop_map(Step::Read),
        ]
        .boxed(),
        Thing::Ids => prop_oneof![
            (0..IDS).prop_map(Step::Claim),
            (0..IDS).prop_map(Step::Rebuild),
        ]
        .boxed(),
        Thing::Once => prop_oneof![Just(Step::Get), Just(Step::Set), Just(Step::GetOrInit)].boxed(),
        Thing::Counter => prop_oneof![
            Just(Step::Add),
            Just(Step::Sum),
            Just(Step::Approximate),
            (0..=CPUS).prop_map(Step::Retire),
        ]
        .boxed(),
        Thing::Words => prop_oneof![
            (0..WORDS).prop_map(Step::Store),
            (0..WORDS).prop_map(Step::Load),
        ]
        .boxed(),
    }
}

/// Of two things only, so that CPUs meet: what one does to the first is what another knows of the second.
fn any_program() -> impl Strategy<Value = Program> {
    use Thing::{Areas, Counter, Ids, Once, Words};

    let things = subsequence(vec![Areas, Ids, Once, Counter, Words], 2);
    (things, prop_oneof![5 => Just(2), 1 => Just(CPUS)]).prop_flat_map(|(things, cpus)| {
        let step = prop_oneof![any_step(things[0]), any_step(things[1])];
        // All orders of three CPUs with more take long.
        let steps = if cpus == 2 { 2..=STEPS } else { 2..=2 };
        prop::collection::vec(prop::collection::vec(step, steps), cpus)
    })
}

/// What a CPU has done, or knows that another has done before: what it may not miss.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The areas are there.
    ready: bool,
    /// The cell is full.
    full: bool,
    /// The last building of each area.
    building: [usize; IDS],
    /// The additions, as [`digit`]s, and those of them that are in the total.
    added: i64,
    moved: i64,
    /// How often each CPU stored to each word.
    stored: [[usize; CPUS]; WORDS],
}

impl Known {
    fn learn(&mut self, other: &Self) {
        self.ready |= other.ready;
        self.full |= other.full;
        for (own, &other) in self.building.iter_mut().zip(&other.building) {
            *own = other.max(*own);
        }
        self.added |= other.added;
        self.moved |= other.moved;
        let stored = self.stored.iter_mut().flatten();
        for (own, &other) in stored.zip(other.stored.iter().flatten()) {
            *own = other.max(*own);
        }
    }
}

/// One building of an area: what its builder knew, and which CPU has it.
struct Building {
    known: Known,
    winner: Option<usize>,
}

/// What happened, in the order in which it did; outside of what loom looks at.
struct Log {
    /// The first word of the areas, and what their builder knew.
    built: Option<(usize, Known)>,
    /// What CPUs offer to the cell, with what they know, and what is in it.
    offered: BTreeMap<u32, Known>,
    full: Option<u32>,
    buildings: [Vec<Building>; IDS],
    /// The areas that were refused, by a CPU that knows this building.
    refused: Vec<(usize, usize)>,
    /// The additions that were begun.
    added: i64,
    /// For each part the CPUs that began to move it.
    movers: Vec<BTreeSet<usize>>,
    /// How often each CPU began to store to each word.
    stored: [[usize; CPUS]; WORDS],
}

/// What all CPUs reach.
struct Machine {
    program: Program,
    image: loom::sync::Arc<Image>,
    areas: [loom::sync::Arc<Area>; IDS],
    cell: PerCpuOnce<[u32; 2]>,
    /// One more than CPUs run: the last one's is gone.
    parts: Vec<AtomicI64>,
    total: AtomicI64,
    words: [AtomicUsize; WORDS],
    log: Mutex<Log>,
}

/// An addition, which has a digit of its own in all sums.
fn digit(index: usize) -> i64 {
    1 << (4 * index)
}

/// What parts are made with: one addition each.
fn first_of_part(part: usize) -> i64 {
    digit(part)
}

fn addition(cpu: usize, step: usize) -> i64 {
    digit(CPUS + 1 + cpu * STEPS + step)
}

/// All that is ever added to a part.
fn all_of_part(part: usize) -> i64 {
    let additions = (0..STEPS).filter(|_| part < CPUS);
    additions.fold(first_of_part(part), |all, step| all | addition(part, step))
}

/// What the CPU stores when it stores to a word for this time: two halves, and not 0.
fn word(cpu: usize, time: usize) -> usize {
    (cpu << 8 | time) * 0x1_0001
}

/// What the first building of an area writes, `Area::new`.
const FIRST_BUILDING: u32 = 7;

impl Machine {
    fn new(program: &Program) -> Arc<Self> {
        let parts = program.len() + 1;
        let areas = [(); IDS].map(|()| Area::new());
        // The first CPU has an area, and the others are free.
        assert_eq!(areas[0].claim(0, true), Some([FIRST_BUILDING; 2]));
        let added = (0..parts).fold(0, |added, part| added | first_of_part(part));
        let mut buildings = [(); IDS].map(|()| {
            vec![Building {
                known: Known::default(),
                winner: None,
            }]
        });
        buildings[0][0].winner = Some(0);
        #[allow(
            clippy::arc_with_non_send_sync,
            reason = "loom's threads are all of one thread"
        )]
        let machine = Arc::new(Self {
            program: program.clone(),
            image: Image::new(),
            areas,
            cell: PerCpuOnce::new(),
            parts: (0..parts).map(first_of_part).map(AtomicI64::new).collect(),
            total: AtomicI64::new(0),
            words: [(); WORDS].map(|()| AtomicUsize::new(0)),
            log: Mutex::new(Log {
                built: None,
                offered: BTreeMap::new(),
                full: None,
                buildings,
                refused: Vec::new(),
                added,
                movers: vec![BTreeSet::new(); parts],
                stored: [[0; CPUS]; WORDS],
            }),
        });
        machine
    }

    /// Never kept over an access that loom looks at.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// Whether one CPU at most stores to the word. Of several, loom forgets that a CPU's first store
    /// comes before its second where a load finds another CPU's before the first.
    fn has_one_writer(&self, index: usize) -> bool {
        let stores = |step: &Step| matches!(step, Step::Store(at) if *at == index);
        let writers = self.program.iter();
        writers.filter(|steps| steps.iter().any(stores)).count() <= 1
    }

    fn adds(&self, cpu: usize) -> bool {
        let mut steps = self.program[cpu].iter();
        steps.any(|step| matches!(step, Step::Add))
    }

    /// What holds when all CPUs are done.
    fn end(&self) {
        let log = self.log();

        let mut steps = self.program.iter().flatten();
        let inits = steps.any(|step| matches!(step, Step::Init { .. }));
        assert_eq!(self.image.built(), usize::from(inits), "buildings");
        for cpu in 0..FIRST.count {
            let found = log.built.as_ref().map(|(base, _)| (base + cpu, 7));
            assert_eq!(self.image.read(cpu), found, "area of CPU {cpu}");
        }

        // Whoever comes first fills it.
        assert_eq!(log.full.is_some(), !log.offered.is_empty());
        assert_eq!(self.cell.get(), log.full.map(|value| [value; 2]).as_ref());

        for &(id, building) in &log.refused {
            let building = &log.buildings[id][building];
            assert!(building.winner.is_some(), "area {id} was refused to all");
        }
        for (area, buildings) in self.areas.iter().zip(&log.buildings) {
            let winner = buildings.last().unwrap().winner;
            assert_eq!(area.owner.mark(), winner.map(|cpu| mark(Some(cpu))));
        }

        assert_eq!(
            Total(&self.total).sum(self.parts.iter()),
            log.added,
            "sum at last"
        );
        for part in &self.parts {
            assert!(part.load(Ordering::Relaxed).count_ones() < BATCH);
        }

        for (index, place) in self.words.iter().enumerate() {
            let found = place.load(Ordering::Relaxed);
            let exact = self.has_one_writer(index);
            let possible = log.stored[index]
                .into_iter()
                .enumerate()
                .filter(|&(_, times)| times != 0);
            let possible: BTreeSet<_> = possible
                .flat_map(|(cpu, last)| {
                    (if exact { last } else { 1 }..=last).map(move |time| word(cpu, time))
                })
                .collect();
            assert!(
                possible.contains(&found) || found == 0 && possible.is_empty(),
                "word {index} is {found:#x} at last, not of {possible:x?}"
            );
        }
    }
}

/// What a step came to. The orders that show each of them are tried, or the test would see nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Built,
    WaitedForBuilder,
    InitRefused,
    NoAreas,
    SawAreas,
    Claimed,
    /// After another CPU gave it up.
    ClaimedAgain,
    ClaimRefused,
    Rebuilt,
    CellEmpty,
    CellFull,
    Filled,
    FillRefused,
    /// `get_or_init` while another CPU fills the cell.
    CellBusy,
    Added,
    MovedBatch,
    SummedAll,
    /// What moved was in neither place.
    SummedLess,
    ApproximatedLess,
    Retired,
    Stored,
    LoadedFirst,
    LoadedOwn,
    LoadedOther,
}

impl Outcome {
    const ALL: [Self; 24] = [
        Self::Built,
        Self::WaitedForBuilder,
        Self::InitRefused,
        Self::NoAreas,
        Self::SawAreas,
        Self::Claimed,
        Self::ClaimedAgain,
        Self::ClaimRefused,
        Self::Rebuilt,
        Self::CellEmpty,
        Self::CellFull,
        Self::Filled,
        Self::FillRefused,
        Self::CellBusy,
        Self::Added,
        Self::MovedBatch,
        Self::SummedAll,
        Self::SummedLess,
        Self::ApproximatedLess,
        Self::Retired,
        Self::Stored,
        Self::LoadedFirst,
        Self::LoadedOwn,
        Self::LoadedOther,
    ];
}

/// One that runs its program.
struct Cpu<'machine> {
    index: usize,
    machine: &'machine Machine,
    known: Known,
    has: [bool; IDS],
    outcomes: BTreeSet<Outcome>,
}

impl<'machine> Cpu<'machine> {
    fn run(machine: &'machine Machine, index: usize) -> BTreeSet<Outcome> {
        let parts = 0..machine.parts.len();
        let mut cpu = Self {
            index,
            machine,
            known: Known {
                added: parts.fold(0, |added, part| added | first_of_part(part)),
                ..Known::default()
            },
            has: std::array::from_fn(|id| index == 0 && id == 0),
            outcomes: BTreeSet::new(),
        };
        for (time, &step) in machine.program[index].iter().enumerate() {
            let outcome = cpu.take(step, time);
            cpu.outcomes.insert(outcome);
        }
        cpu.outcomes
    }

    fn take(&mut self, step: Step, time: usize) -> Outcome {
        match step {
            Step::Init { first } => self.init(first),
            Step::Read(cpu) => self.read(cpu),
            Step::Claim(id) => self.claim(id),
            Step::Rebuild(id) => self.rebuild(id),
            Step::Get => self.get(),
            Step::Set => self.set(time),
            Step::GetOrInit => self.get_or_init(time),
            Step::Add => self.add(time),
            Step::Sum => self.sum(),
            Step::Approximate => self.approximate(),
            Step::Retire(part) => self.retire(part),
            Step::Store(index) => self.store(index),
            Step::Load(index) => self.load(index),
        }
    }

    fn init(&mut self, first: bool) -> Outcome {
        let Machine { image, .. } = self.machine;
        let block = if first { FIRST } else { SECOND };
        let mut builds = false;
        let result = image.areas.init(block, UNKNOWN, true, || {
            image.build(block, 7);
            let known = Known {
                ready: true,
                ..self.known.clone()
            };
            let earlier = (self.machine.log().built).replace((block.register, known));
            assert!(earlier.is_none(), "areas are built twice");
            builds = true;
        });
        let were_there = self.known.ready;
        let base = self.learn_of_areas();
        match result {
            Ok(2) if builds => Outcome::Built,
            Ok(2) if base == block.register && !were_there => Outcome::WaitedForBuilder,
            Err(2) if !builds => Outcome::InitRefused,
            _ => panic!("init of {block:?} gave {result:?}; areas are at {base}"),
        }
    }

    /// Where they are.
    fn learn_of_areas(&mut self) -> usize {
        let log = self.machine.log();
        let (base, known) = log.built.as_ref().expect("no CPU built areas");
        self.known.learn(known);
        *base
    }

    fn read(&mut self, cpu: usize) -> Outcome {
        match self.machine.image.read(cpu) {
            None => {
                assert!(!self.known.ready, "the areas were there");
                Outcome::NoAreas
            }
            found => {
                let base = self.learn_of_areas();
                assert_eq!(found, Some((base + cpu, 7)), "area of CPU {cpu}");
                Outcome::SawAreas
            }
        }
    }

    /// With exclusives, as every CPU has that asks at the same time as others.
    fn claim(&mut self, id: usize) -> Outcome {
        let found = self.machine.areas[id].claim(self.index, true);
        let mut log = self.machine.log();
        let known = self.known.building[id];
        let Some(found) = found else {
            log.refused.push((id, known));
            return Outcome::ClaimRefused;
        };
        let index = (found[0] - FIRST_BUILDING) as usize;
        assert_eq!(found[0], found[1], "area {id} is of two buildings");
        assert!(index >= known, "area {id} was built anew");
        let building = &mut log.buildings[id][index];
        assert_eq!(building.winner, None, "area {id} is claimed twice");
        building.winner = Some(self.index);
        self.known.learn(&building.known);
        self.has[id] = true;
        if index == 0 {
            Outcome::Claimed
        } else {
            Outcome::ClaimedAgain
        }
    }

    fn rebuild(&mut self, id: usize) -> Outcome {
        let Some(id) = [id, IDS - 1 - id].into_iter().find(|&id| self.has[id]) else {
            return self.claim(id);
        };
        let building = {
            let mut log = self.machine.log();
            let building = log.buildings[id].len();
            self.known.building[id] = building;
            log.buildings[id].push(Building {
                known: self.known.clone(),
                winner: None,
            });
            building
        };
        self.has[id] = false;
        self.machine.areas[id].build(FIRST_BUILDING + building as u32);
        Outcome::Rebuilt
    }

    fn learn_of_cell(&mut self, found: [u32; 2]) {
        let mut log = self.machine.log();
        assert_eq!(found[0], found[1], "the cell's value is half of another");
        let value = *log.full.get_or_insert(found[0]);
        assert_eq!(found[0], value, "the cell has two values");
        self.known
            .learn(log.offered.get(&value).expect("no CPU made this value"));
    }

    fn get(&mut self) -> Outcome {
        match self.machine.cell.get() {
            Some(&found) => {
                self.learn_of_cell(found);
                Outcome::CellFull
            }
            None => {
                assert!(!self.known.full, "the cell was full");
                Outcome::CellEmpty
            }
        }
    }

    /// A value of this CPU and this step.
    fn offer(&self, time: usize) -> u32 {
        let value = (self.index * STEPS + time) as u32;
        let known = Known {
            full: true,
            ..self.known.clone()
        };
        self.machine.log().offered.insert(value, known);
        value
    }

    /// A refusal has another value as its cause.
    fn assert_others_offer(&self) {
        assert!(
            self.machine.log().offered.len() > 1,
            "nobody fills the cell"
        );
    }

    fn set(&mut self, time: usize) -> Outcome {
        let value = self.offer(time);
        match self.machine.cell.set([value; 2]) {
            Ok(()) => {
                assert!(!self.known.full, "the cell was full");
                self.learn_of_cell([value; 2]);
                Outcome::Filled
            }
            Err(refused) => {
                assert_eq!(refused, [value; 2]);
                self.assert_others_offer();
                Outcome::FillRefused
            }
        }
    }

    fn get_or_init(&mut self, time: usize) -> Outcome {
        let value = self.offer(time);
        let was_full = self.machine.log().full.is_some();
        let cell = &self.machine.cell;
        let found = panic::catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(|| [value; 2])));
        match found {
            Ok(found) => {
                assert!(found[0] != value || !self.known.full, "the cell was full");
                self.learn_of_cell(found);
                if found[0] == value {
                    Outcome::Filled
                } else {
                    Outcome::CellFull
                }
            }
            Err(panic) if is_busy(&*panic) => {
                // The claim that fails sees the last state, whatever this CPU knew.
                assert!(!was_full, "the cell was full");
                self.assert_others_offer();
                Outcome::CellBusy
            }
            Err(panic) => panic::resume_unwind(panic),
        }
    }

    /// As counter.rs does: a change of the part, which moves when it holds a batch.
    fn add(&mut self, time: usize) -> Outcome {
        let part = &self.machine.parts[self.index];
        let amount = addition(self.index, time);
        self.machine.log().added |= amount;
        let sum = part.fetch_add(amount, Ordering::Relaxed) + amount;
        self.known.added |= amount;
        if sum.count_ones() < BATCH {
            return Outcome::Added;
        }
        self.machine.log().movers[self.index].insert(self.index);
        let batch = part.swap(0, Ordering::Relaxed);
        assert_eq!(batch, sum, "another CPU changed this one's part");
        Total(&self.machine.total).receive(batch);
        self.known.moved |= batch;
        Outcome::MovedBatch
    }

    /// Fails if a sum counts what was not begun, or counts it twice, or misses what moved before.
    fn learn_of_sum(&mut self, sum: i64) {
        let added = self.machine.log().added;
        assert_eq!(sum & !added, 0, "{sum:#x} counts more than {added:#x}");
        let moved = self.known.moved;
        assert_eq!(moved & !sum, 0, "{sum:#x} counts less than {moved:#x}");
        self.known.added |= sum;
    }

    fn sum(&mut self) -> Outcome {
        let sum = Total(&self.machine.total).sum(self.machine.parts.iter());
        let missing = self.known.added & !sum;
        self.learn_of_sum(sum);
        let log = self.machine.log();
        for (part, movers) in log.movers.iter().enumerate() {
            let missing = missing & all_of_part(part);
            assert!(
                missing == 0 || movers.iter().any(|&cpu| cpu != self.index),
                "{sum:#x} is without {missing:#x}, which nobody moves"
            );
        }
        if missing == 0 {
            Outcome::SummedAll
        } else {
            Outcome::SummedLess
        }
    }

    fn approximate(&mut self) -> Outcome {
        let total = Total(&self.machine.total).read();
        let missing = self.known.added & !total;
        self.learn_of_sum(total);
        self.known.moved |= total;
        if missing == 0 {
            Outcome::SummedAll
        } else {
            Outcome::ApproximatedLess
        }
    }

    fn retire(&mut self, part: usize) -> Outcome {
        let gone = self.machine.parts.len() - 1;
        let part = if part < gone && !self.machine.adds(part) {
            part
        } else {
            gone
        };
        self.machine.log().movers[part].insert(self.index);
        Total(&self.machine.total).take(&self.machine.parts[part]);
        // Unless another CPU has it.
        if self.machine.log().movers[part].len() == 1 {
            self.known.moved |= self.known.added & all_of_part(part);
        }
        Outcome::Retired
    }

    fn store(&mut self, index: usize) -> Outcome {
        let times = &mut self.known.stored[index][self.index];
        *times += 1;
        self.machine.log().stored[index][self.index] = *times;
        self.machine.words[index].store(word(self.index, *times), Ordering::Relaxed);
        Outcome::Stored
    }

    fn load(&mut self, index: usize) -> Outcome {
        let found = self.machine.words[index].load(Ordering::Relaxed);
        let known = &mut self.known.stored[index];
        if found == 0 {
            assert_eq!(*known, [0; CPUS], "word {index} was written");
            return Outcome::LoadedFirst;
        }
        let (cpu, times) = (found >> 8 & 0xff, found & 0xff);
        assert_eq!(found, word(cpu, times), "word {index} is half of another");
        assert!(times <= self.machine.log().stored[index][cpu]);
        let exact = self.machine.has_one_writer(index);
        assert!(
            !exact || times >= known[cpu],
            "word {index} was written again"
        );
        known[cpu] = times.max(known[cpu]);
        if cpu == self.index {
            Outcome::LoadedOwn
        } else {
            Outcome::LoadedOther
        }
    }
}

fn is_busy(panic: &(dyn Any + Send)) -> bool {
    let message = panic.downcast_ref::<&str>();
    message.is_some_and(|message| message.starts_with("a `PerCpuOnce` is used while"))
}

/// Runs the program in every order, and gives all that its steps came to.
fn run(program: &Program) -> BTreeSet<Outcome> {
    let mut few_switches = loom::model::Builder::new();
    few_switches.preemption_bound = Some(2);
    let program = program.clone();
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let all = Arc::clone(&outcomes);
    few_switches.check(move || {
        let machine = Machine::new(&program);
        // A drop outside of loom would end the process, which should say what failed.
        let leaked_by_panic = ManuallyDrop::new(Arc::clone(&machine));
        let others: Vec<_> = (1..program.len())
            .map(|cpu| {
                let machine = Arc::clone(&machine);
                thread::spawn(move || Cpu::run(&machine, cpu))
            })
            .collect();
        let mut outcomes = Cpu::run(&machine, 0);
        for other in others {
            outcomes.append(&mut other.join().unwrap());
        }
        machine.end();
        all.lock().unwrap().append(&mut outcomes);
        drop(ManuallyDrop::into_inner(leaked_by_panic));
    });
    std::mem::take(&mut *outcomes.lock().unwrap())
}

#[test]
fn any_programs_of_several_cpus_agree_with_the_model() {
    // That panic is expected, in thousands of orders.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !is_busy(info.payload()) {
            report(info);
        }
    }));

    let mut runner = TestRunner::new(Config {
        cases: PROGRAMS,
        failure_persistence: None,
        // The same programs in every run.
        rng_seed: RngSeed::Fixed(0x7063_6876),
        ..Config::default()
    });
    let outcomes = Mutex::new(BTreeSet::new());
    let result = runner.run(&any_program(), |program| {
        let mut found = run(&program);
        outcomes.lock().unwrap().append(&mut found);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert_eq!(
        outcomes.into_inner().unwrap(),
        BTreeSet::from(Outcome::ALL),
        "what the programs came to"
    );
}
