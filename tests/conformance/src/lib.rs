//! What percpu-hv promises, as tests that run in a kernel on all CPUs, and in a process whose threads
//! play CPUs.
//!
//! [`before_init`] provokes every error that an init can give and sets the areas up at last;
//! [`after_init`] tests the variables. Both print a line per test.
#![no_std]

mod areas;
#[cfg_attr(any(unix, windows), path = "no_assembly.rs")]
mod assembly;
#[cfg_attr(not(target_has_atomic = "64"), path = "no_counters.rs")]
mod counters;
#[cfg_attr(not(feature = "dump"), path = "no_dumps.rs")]
mod dumps;
mod dynamic;
mod elements;
mod errors;
#[cfg_attr(
    all(
        any(target_arch = "aarch64", target_arch = "arm"),
        not(any(feature = "non-zero-vma", feature = "sp-naive", target_os = "linux"))
    ),
    path = "out_of_reach.rs"
)]
mod far;
mod groups;
mod guards;
mod lazy;
mod lifecycle;
#[cfg_attr(all(feature = "custom-base", target_os = "none"), path = "no_made.rs")]
mod made;
mod names;
mod operations;
mod other_cpus;
mod values;

use core::alloc::Layout;
use core::fmt::{self, Arguments};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::InitError;

/// Where the tests run.
pub trait Machine: Sync {
    /// How many CPUs there are; their ids are `0..cpu_count()`.
    fn cpu_count(&self) -> usize;

    /// Runs `job` with its id on every CPU at once, and returns when all have returned. Once the
    /// areas exist, each CPU has called `init_percpu_reg` with its id.
    fn run_on_all(&self, job: &(dyn Fn(usize) + Sync));

    /// Takes memory for good, aligned as the layout says.
    fn take_memory(&self, layout: Layout) -> &'static mut [MaybeUninit<u8>];

    /// Prints a line; from any CPU.
    fn print(&self, line: Arguments<'_>);
}

/// Where the areas are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Areas {
    /// Where the linker script reserves them.
    InPlace,
    /// In memory of the machine.
    Given,
}

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Tests in which every check held.
    pub passed: usize,
    /// Tests in which a check failed, and said which.
    pub failed: usize,
}

impl Count {
    /// Both counts together.
    pub fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What a test runs on, and where its checks report.
struct Bench<'a> {
    machine: &'a dyn Machine,
    failures: AtomicUsize,
}

/// More lines than these say nothing new.
const SHOWN: usize = 8;

impl Bench<'_> {
    fn cpus(&self) -> usize {
        self.machine.cpu_count()
    }

    fn on_all(&self, job: impl Fn(usize) + Sync) {
        self.machine.run_on_all(&job);
    }

    fn fail(&self, what: Arguments<'_>) {
        if self.failures.fetch_add(1, Ordering::Relaxed) < SHOWN {
            self.machine.print(format_args!("    {what}"));
        }
    }

    /// Says why a test has nothing to check here.
    fn skip(&self, why: &str) {
        self.machine.print(format_args!("    skipped: {why}"));
    }

    /// Checks that two values are equal; `cpu` is the one that found them.
    #[track_caller]
    fn equal<T: PartialEq + fmt::Debug>(&self, cpu: usize, found: T, expected: T) {
        if found != expected {
            let place = core::panic::Location::caller();
            self.fail(format_args!(
                "{place}: cpu {cpu}: found {found:?}, expected {expected:?}"
            ));
        }
    }

    #[track_caller]
    fn holds(&self, cpu: usize, condition: bool) {
        self.equal(cpu, condition, true);
    }
}

type Test = (&'static str, fn(&Bench<'_>));

fn run(machine: &dyn Machine, tests: &[Test]) -> Count {
    let mut count = Count::default();
    for (name, test) in tests {
        let bench = Bench {
            machine,
            failures: AtomicUsize::new(0),
        };
        test(&bench);
        let verdict = match bench.failures.into_inner() {
            0 => {
                count.passed += 1;
                "ok"
            }
            _ => {
                count.failed += 1;
                "FAILED"
            }
        };
        machine.print(format_args!("test {name} ... {verdict}"));
    }
    count
}

/// Runs tests of what `sp-naive` does not have: there a variable is a plain global, and an init does nothing.
fn run_with_areas(machine: &dyn Machine, tests: &[Test]) -> Count {
    if cfg!(feature = "sp-naive") {
        for (name, _) in tests {
            machine.print(format_args!(
                "test {name} ... left out: `sp-naive` has no areas"
            ));
        }
        return Count::default();
    }
    run(machine, tests)
}

/// Provokes the errors of the init functions, and sets the areas up at last. Only one CPU runs.
///
/// # Errors
///
/// What the last init said; then nothing else can be tested.
pub fn before_init(machine: &dyn Machine, areas: Areas) -> Result<Count, InitError> {
    let count = run_with_areas(machine, errors::TESTS)
        .and(run_with_areas(machine, dynamic::TESTS_BEFORE_INIT));
    match areas {
        Areas::InPlace => percpu_hv::init_in_place()?,
        Areas::Given => areas::init_given(machine)?,
    };
    Ok(count)
}

/// Tests the variables, once [`before_init`] has set the areas up.
pub fn after_init(machine: &dyn Machine) -> Count {
    run_with_areas(machine, errors::TESTS_AFTER_INIT)
        .and(run(machine, values::TESTS))
        .and(run(machine, names::TESTS))
        .and(run(machine, made::TESTS))
        .and(run(machine, operations::TESTS))
        .and(run(machine, elements::TESTS))
        .and(run(machine, groups::TESTS))
        .and(run(machine, assembly::TESTS))
        .and(run(machine, far::TESTS))
        .and(run(machine, guards::TESTS))
        .and(run(machine, counters::TESTS))
        .and(run(machine, lazy::TESTS))
        .and(run(machine, dynamic::TESTS))
        .and(run(machine, areas::TESTS_OF_VALUES))
        .and(run(machine, dumps::TESTS))
        .and(run_with_areas(machine, other_cpus::TESTS))
        .and(run_with_areas(machine, made::TESTS_WITH_AREAS))
        .and(run_with_areas(machine, areas::TESTS))
        .and(run_with_areas(machine, dynamic::TESTS_OF_AREAS))
        .and(run_with_areas(machine, lifecycle::TESTS))
}
