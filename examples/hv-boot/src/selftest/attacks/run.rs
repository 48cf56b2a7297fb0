//! Runs the attacks on every core.

use core::time::Duration;

use conformance::Count;
use percpu_hv::{CpuPin, IrqOff, def_percpu};

use super::{FIRST_BROKEN, INTERRUPTS, Note, Notes, Test, exclusive, shared, value};
use crate::{Cpu, Machine, interrupts, println, wait_until};

/// From the end of one interrupt to the next.
const PERIOD: Duration = Duration::from_micros(if cfg!(debug_assertions) { 500 } else { 50 });

/// The tests of each kind.
const KINDS: [&[Test]; 3] = [value::TESTS, exclusive::TESTS, shared::TESTS];

/// How many tests there are.
const TESTS: usize = value::TESTS.len() + exclusive::TESTS.len() + shared::TESTS.len();

fn tests() -> impl Iterator<Item = &'static Test> {
    KINDS.into_iter().flatten()
}

/// What a core's loop and handler share.
struct Core {
    /// Whether the handler runs.
    is_handling: Note,
    /// The test that the loop is at.
    test: Note,
    notes: [Notes; TESTS],
}

impl percpu_hv::Shared for Core {}

#[def_percpu(cold)]
static CORE: Core = Core {
    is_handling: Note::new(),
    test: Note::new(),
    notes: [const { Notes::new() }; TESTS],
};

/// Attacks on every kind of variables. All tests are in one run, since a core may have to wait for interrupts.
pub(in crate::selftest) fn attack_every_kind(machine: &Machine) -> Count {
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
    INTERRUPTS.get(&pin).count();
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
