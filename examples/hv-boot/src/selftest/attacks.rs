//! Attacks: on every core a timer's handler uses the variable whose access it interrupts, for each kind.
//!
//! With one instruction in each of QEMU's translation blocks (scripts/qemu-virt.sh `--one-insn-per-tb`) interrupts
//! come between any two instructions. Each kind has a control that makes the error on purpose, so that the tests can
//! fail.

mod exclusive;
mod shared;
mod value;

use core::{
    hint::black_box,
    panic::Location,
    sync::atomic::{AtomicUsize, Ordering, compiler_fence},
    time::Duration,
};

use conformance::Count;
use percpu_hv::{CpuPin, IrqOff, def_percpu};

use crate::{Cpu, Machine, interrupts, println, wait_until};

/// From the end of one interrupt to the next.
const PERIOD: Duration = Duration::from_micros(if cfg!(debug_assertions) { 500 } else { 50 });

/// How often a core's handler attacks in a test at most before the test has seen what it is about.
const MOST_ATTACKS: usize = 20_000;

/// The tests of each kind.
const KINDS: [&[Test]; 3] = [value::TESTS, exclusive::TESTS, shared::TESTS];

/// How many tests there are.
const TESTS: usize = value::TESTS.len() + exclusive::TESTS.len() + shared::TESTS.len();

fn tests() -> impl Iterator<Item = &'static Test> {
    KINDS.into_iter().flatten()
}

/// What the loop and the handler of a core do to a variable of their own, with checks on both sides.
trait Attack {
    /// How many interrupts come at least while a core is in the accesses: as many as the code is long in which they
    /// may do harm.
    const HITS: usize = 6;

    fn reset();

    /// What the loop does, to be interrupted: the accesses are in [`Notes::access`].
    fn access(notes: &Notes, pin: &CpuPin);

    /// What the handler does.
    fn attack(notes: &Notes, pin: &CpuPin);

    /// Checks what both did. No interrupt comes meanwhile.
    fn inspect(_notes: &Notes) {}

    /// Whether what the test is about has happened.
    fn is_enough(notes: &Notes) -> bool {
        notes.hits.get() >= Self::HITS
    }
}

/// An [`Attack`], and what it is called.
struct Test {
    name: &'static str,
    group: &'static str,
    reset: fn(),
    access: fn(&Notes, &CpuPin),
    attack: fn(&Notes, &CpuPin),
    inspect: fn(&Notes),
    is_enough: fn(&Notes) -> bool,
}

impl Test {
    const fn new<A: Attack>(name: &'static str, group: &'static str) -> Self {
        Self {
            name,
            group,
            reset: A::reset,
            access: A::access,
            attack: A::attack,
            inspect: A::inspect,
            is_enough: A::is_enough,
        }
    }

    fn is_good(&self, notes: &Notes) -> bool {
        notes.broken.get() == 0 && (self.is_enough)(notes)
    }

    fn is_over(&self, notes: &Notes) -> bool {
        self.is_good(notes) || notes.broken.get() > 0 || notes.attacks.get() >= MOST_ATTACKS
    }
}

/// A number that a core's loop and handler share.
struct Note(AtomicUsize);

impl Note {
    const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn get(&self) -> usize {
        // The compiler moves no access over a note, and the handler runs on the same core.
        compiler_fence(Ordering::SeqCst);
        let value = self.0.load(Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        value
    }

    fn set(&self, value: usize) {
        compiler_fence(Ordering::SeqCst);
        self.0.store(value, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }

    /// Counts one more, or as many as before if the handler counts at the same time: never none.
    fn count(&self) {
        self.set(self.get() + 1);
    }
}

/// What a core's loop and handler share in a test.
struct Notes {
    /// How often the loop has done its accesses.
    accesses: Note,
    /// How often the handler has attacked.
    attacks: Note,
    /// How many of these attacks came while the loop was in an access.
    hits: Note,
    /// How many checks failed.
    broken: Note,
    /// How often a control found what it breaks.
    found: Note,
    /// Whether the loop is in an access.
    is_inside: Note,
    /// The number in the variable before the loop's access, and the one after it.
    before: Note,
    after: Note,
    /// How often the handler has changed the variable.
    changes: Note,
    /// Whether the loop runs what it gave to `with_current`.
    is_borrowed: Note,
    /// How often the handler was refused a borrow.
    refusals: Note,
}

impl Notes {
    const fn new() -> Self {
        Self {
            accesses: Note::new(),
            attacks: Note::new(),
            hits: Note::new(),
            broken: Note::new(),
            found: Note::new(),
            is_inside: Note::new(),
            before: Note::new(),
            after: Note::new(),
            changes: Note::new(),
            is_borrowed: Note::new(),
            refusals: Note::new(),
        }
    }

    /// Runs the loop's accesses: an attack meanwhile is a hit.
    fn access<R>(&self, accesses: impl FnOnce() -> R) -> R {
        self.is_inside.set(1);
        let result = accesses();
        self.is_inside.set(0);
        result
    }

    #[track_caller]
    fn check(&self, holds: bool) {
        if !holds {
            self.broken.count();
            // Another one may be first.
            let _ = FIRST_BROKEN.compare_exchange_current(None, Some(Location::caller()));
        }
    }
}

/// What a core's loop and handler share.
struct Core {
    /// How many interrupts it took.
    interrupts: Note,
    /// Whether the handler runs.
    is_handling: Note,
    /// The test that the loop is at.
    test: Note,
    notes: [Notes; TESTS],
}

impl percpu_hv::Shared for Core {}

#[def_percpu]
static CORE: Core = Core {
    interrupts: Note::new(),
    is_handling: Note::new(),
    test: Note::new(),
    notes: [const { Notes::new() }; TESTS],
};

/// The first check of a core that failed, in any test.
#[def_percpu]
static FIRST_BROKEN: Option<&'static Location<'static>> = None;

/// How many interrupts this core took.
fn interrupts_taken() -> usize {
    CORE.get(&CpuPin::new()).interrupts.get()
}

/// Gives interrupts time to come.
fn linger() {
    for turn in 0..6 {
        black_box(turn);
    }
}

/// Attacks on every kind of variables. All tests are in one run, since a core may have to wait for interrupts.
pub(super) fn attack_every_kind(machine: &Machine) -> Count {
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        run(&cpu);
    });
    // The image has areas for more CPUs than the machine.
    let cores = || CORE.iter().take(machine.cpu_count());
    let mut count = Count::default();
    for (index, test) in tests().enumerate() {
        let of_all = |note: fn(&Notes) -> &Note| -> usize {
            cores()
                .map(|(_, core)| note(&core.notes[index]).get())
                .sum()
        };
        let is_good = cores().all(|(_, core)| test.is_good(&core.notes[index]));
        println!(
            "test attacks::{}, {} ({} accesses, {} attacks, {} in accesses, {} checks failed) ... {}",
            test.name,
            test.group,
            of_all(|notes| &notes.accesses),
            of_all(|notes| &notes.attacks),
            of_all(|notes| &notes.hits),
            of_all(|notes| &notes.broken),
            if is_good { "ok" } else { "FAILED" },
        );
        count = count.and(Count {
            passed: usize::from(is_good),
            failed: usize::from(!is_good),
        });
    }
    for (cpu, _) in cores() {
        if let Some(first) = FIRST_BROKEN.read_remote(cpu) {
            println!("    the first check that failed on cpu {cpu}: {first}");
        }
    }
    count
}

fn run(cpu: &Cpu) {
    let pin = CpuPin::new();
    let core = CORE.get(&pin);
    for test in tests() {
        (test.reset)();
    }
    interrupts::start_timer(PERIOD, handler);
    interrupts::enable();
    wait_until(
        format_args!("the attacks on cpu {} to be enough", cpu.id()),
        || {
            let mut are_over = true;
            for (index, (test, notes)) in tests().zip(&core.notes).enumerate() {
                if test.is_over(notes) {
                    continue;
                }
                are_over = false;
                core.test.set(index);
                // Until an interrupt comes: they come in bursts, of which each test needs a part.
                let attacks = notes.attacks.get();
                for _ in 0..20 {
                    (test.access)(notes, &pin);
                    notes.accesses.count();
                    if notes.attacks.get() != attacks {
                        break;
                    }
                }
                // Not by `interrupts`: where an attack leaves them masked, no more come.
                IrqOff::scoped(|_| (test.inspect)(notes));
            }
            are_over
        },
    );
    interrupts::disable();
    interrupts::stop_timer();
}

/// Attacks the variable of the test that the loop is at.
fn handler() {
    let pin = CpuPin::new();
    let core = CORE.get(&pin);
    core.interrupts.count();
    let index = core.test.get();
    let notes = &core.notes[index];
    if core.is_handling.get() == 1 {
        // Whatever guards an attack makes, interrupts stay masked.
        notes.check(false);
        return;
    }
    core.is_handling.set(1);
    notes.attacks.count();
    if notes.is_inside.get() == 1 {
        notes.hits.count();
    }
    if let Some(test) = tests().nth(index) {
        (test.attack)(notes, &pin);
    }
    core.is_handling.set(0);
}
