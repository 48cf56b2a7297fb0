//! Every scalar type, and a struct that no single load or store can move: each core works on its own copies while all
//! others do the same, and then reads its neighbours' copies.

use core::{
    fmt::Debug,
    sync::atomic::{AtomicUsize, Ordering},
};

use conformance::Count;
use percpu_hv::def_percpu;

use crate::{Cpu, Machine, println, wait_until};

/// How often each core increments its counter.
const INCREMENTS: u64 = 100_000;

#[def_percpu]
static COUNTER: u64 = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Vcpu {
    exits: [u64; 3],
    name: [u8; 5],
    runs: bool,
}

impl Vcpu {
    const fn of(cpu: usize) -> Self {
        Self {
            exits: [cpu as u64, !(cpu as u64), 3 * cpu as u64],
            name: [b'v', b'c', b'p', b'u', cpu as u8],
            runs: cpu % 2 == 1,
        }
    }
}

#[def_percpu]
static VCPU: Vcpu = Vcpu::of(INITIAL);

/// The "CPU" whose values the template holds: none of the machine's.
const INITIAL: usize = 0x5a5a;

/// What a core says of itself.
#[derive(Clone, Copy)]
struct Report {
    hardware_id: u64,
    level: &'static str,
}

#[def_percpu]
static REPORT: Report = Report {
    hardware_id: 0,
    level: "",
};

/// Defines variables whose value is a function of the CPU id, and the two checks of them all.
macro_rules! scalars {
    ($($name:ident: $type:ty = |$cpu:ident| $value:expr;)*) => {
        $(
            #[def_percpu]
            static $name: $type = { let $cpu: usize = INITIAL; $value };
        )*

        /// Checks that `cpu`, the running one, finds the template's values, and its own once it has written them.
        fn write_own_scalars(cpu: usize) {
            $({
                let $cpu: usize = INITIAL;
                check(stringify!($name), cpu, $name.read_current(), $value);
                let $cpu: usize = cpu;
                $name.write_current($value);
                check(stringify!($name), cpu, $name.read_current(), $value);
            })*
        }

        /// Checks what `cpu` wrote, from any core.
        fn check_remote_scalars(cpu: usize) {
            $({
                let $cpu: usize = cpu;
                // SAFETY: rule 6: a valid id, after init; all cores only read between the two barriers.
                let found = unsafe { *$name.remote_ref_raw(cpu) };
                check(stringify!($name), cpu, found, $value);
            })*
        }
    };
}

scalars! {
    BOOL: bool = |cpu| cpu % 2 == 1;
    BYTE: u8 = |cpu| cpu as u8;
    HALF: u16 = |cpu| cpu as u16 ^ 0xa5a5;
    WORD: u32 = |cpu| cpu as u32 ^ 0xdead_0000;
    DOUBLE: u64 = |cpu| cpu as u64 ^ 0x0123_4567_89ab_0000;
    SIZE: usize = |cpu| usize::MAX - cpu;
    SIGNED_BYTE: i8 = |cpu| -1 - (cpu as i8 & 0x7f);
    SIGNED_HALF: i16 = |cpu| -1 - cpu as i16;
    SIGNED_WORD: i32 = |cpu| i32::MIN + cpu as i32;
    SIGNED_DOUBLE: i64 = |cpu| -1 - cpu as i64;
    CHARACTER: char = |cpu| match char::from_u32(0x1_0000 + cpu as u32) {
        Some(character) => character,
        None => panic!("every plane above the first is full"),
    };
}

#[track_caller]
fn check<T: PartialEq + Debug>(what: &str, cpu: usize, found: T, expected: T) {
    assert!(
        found == expected,
        "{what} of cpu {cpu} is {found:x?}, not {expected:x?}"
    );
}

/// Runs the checks on all cores at once.
///
/// # Panics
///
/// If any variable of any CPU has another value than it must have.
pub(super) fn hold_on_all_cores(machine: &Machine) -> Count {
    let (cpus, level) = (machine.cpu_count(), machine.boot_cpu().level());
    let areas = percpu_hv::percpu_area_num();
    assert!(
        areas >= cpus,
        "{areas} areas are too few for {cpus} cpus: set PERCPU_CPU_NUM"
    );

    let start = Barrier::new("start counting", cpus);
    let counted = Barrier::new("count", cpus);
    machine.run_on_all(|cpu| work(&cpu, cpus, &start, &counted));

    for cpu in 0..cpus {
        // SAFETY: rule 6: a valid id, after init; the other cores have no job now.
        let (report, counter) =
            unsafe { (*REPORT.remote_ref_raw(cpu), *COUNTER.remote_ref_raw(cpu)) };
        let Report {
            hardware_id,
            level: own_level,
        } = report;
        check(
            "the hardware id",
            cpu,
            hardware_id,
            machine.hardware_id(cpu),
        );
        check("the level", cpu, own_level, level);
        check("COUNTER", cpu, counter, INCREMENTS);
    }
    println!("test scalars::hold_on_all_cores ... ok");
    Count {
        passed: 1,
        failed: 0,
    }
}

/// What one core does.
fn work(cpu: &Cpu, cpus: usize, start: &Barrier, counted: &Barrier) {
    let id = cpu.id();
    percpu_hv::init_percpu_reg(id);
    check(
        "the base in the register",
        id,
        percpu_hv::read_percpu_reg(),
        percpu_hv::percpu_area_base(id),
    );

    REPORT.with_current(|report| {
        *report = Report {
            hardware_id: cpu.hardware_id(),
            level: cpu.level(),
        };
    });
    write_own_scalars(id);
    VCPU.with_current(|vcpu| {
        check("VCPU", id, *vcpu, Vcpu::of(INITIAL));
        *vcpu = Vcpu::of(id);
    });

    start.wait();
    for _ in 0..INCREMENTS {
        COUNTER.with_current(|counter| *counter += 1);
    }
    counted.wait();

    for neighbour in [(id + 1) % cpus, (id + cpus - 1) % cpus] {
        check_remote_scalars(neighbour);
        // SAFETY: rule 6: as in `check_remote_scalars`.
        let (vcpu, counter) = unsafe {
            (
                *VCPU.remote_ref_raw(neighbour),
                *COUNTER.remote_ref_raw(neighbour),
            )
        };
        check("VCPU", neighbour, vcpu, Vcpu::of(neighbour));
        check("COUNTER", neighbour, counter, INCREMENTS);
    }
    // The own copies are still what this core wrote.
    check_remote_scalars(id);
    check("COUNTER", id, COUNTER.read_current(), INCREMENTS);
}

/// A point that all cores reach before one goes on. For one use.
struct Barrier {
    what: &'static str,
    expected: usize,
    arrived: AtomicUsize,
}

impl Barrier {
    fn new(what: &'static str, expected: usize) -> Self {
        let arrived = AtomicUsize::new(0);
        Self {
            what,
            expected,
            arrived,
        }
    }

    fn wait(&self) {
        self.arrived.fetch_add(1, Ordering::AcqRel);
        wait_until(
            format_args!("all {} cpus to {}", self.expected, self.what),
            || self.arrived.load(Ordering::Acquire) == self.expected,
        );
    }
}
