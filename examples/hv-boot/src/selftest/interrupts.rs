//! Additions against a real timer interrupt: on every core a loop and a handler add to the same variables.
//!
//! QEMU takes interrupts only between its translation blocks. With one instruction in each (scripts/qemu-virt.sh
//! `--one-insn-per-tb`) they come between any two instructions, and [`lose_counts`] shows that the tests can fail.

use core::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use conformance::Count;
use percpu_hv::{IrqOff, def_percpu};

use crate::{Cpu, Machine, interrupts, println, wait_until};

/// From the end of one interrupt to the next, and how often each core's loop adds at least: unoptimized code is slow,
/// that of interrupts too.
const PERIOD: Duration = Duration::from_micros(if cfg!(debug_assertions) { 200 } else { 20 });
const ADDITIONS: usize = if cfg!(debug_assertions) {
    20_000
} else {
    1_000_000
};

/// How many interrupts a core takes at least.
const MIN_TICKS: usize = 20;

/// How many interrupts a core takes at most before a count is lost.
const MAX_TICKS: usize = 20_000;

/// A way to add 1, by the loop and by the handler.
trait Way {
    fn reset();
    fn add();
    /// How many of the additions since the reset are not there.
    fn lost(additions: usize) -> usize;
}

/// Defines a way: unsigned variables, and what adds 1 to each.
macro_rules! way {
    ($(#[$doc:meta])* $way:ident: $($(#[$attribute:meta])* $name:ident: $type:ty => $add:expr;)*) => {
        $(#[$doc])*
        enum $way {}

        $(
            $(#[$attribute])*
            #[def_percpu]
            static $name: $type = 0;
        )*

        impl Way for $way {
            fn reset() {
                $($(#[$attribute])* $name.write_current(0);)*
            }

            fn add() {
                $($(#[$attribute])* { $add; })*
            }

            fn lost(additions: usize) -> usize {
                let mut lost = 0;
                $($(#[$attribute])* {
                    lost += (additions as $type).wrapping_sub($name.read_current()) as usize;
                })*
                lost
            }
        }
    };
}

way! {
    /// The operation that counters use.
    AtOnce: COUNT: usize => COUNT.add_current(1);
}

way! {
    /// Other operations and other widths.
    OtherOperations:
    BYTE: u8 => BYTE.inc_current();
    HALF: u16 => HALF.fetch_add_current(1);
    WORD: u32 => {
        let mut old = WORD.read_current();
        while let Err(found) = WORD.compare_exchange_current(old, old.wrapping_add(1)) {
            old = found;
        }
    };
    #[cfg(target_has_atomic = "64")]
    LONG: u64 => LONG.sub_current(u64::MAX);
}

way! {
    /// More than one operation, with interrupts masked; the end of an inner guard does not unmask them.
    UnderIrqOff:
    READ_AND_WRITTEN: usize => {
        let _irq = IrqOff::new();
        drop(IrqOff::new());
        READ_AND_WRITTEN.write_current(READ_AND_WRITTEN.read_current() + 1);
    };
    REFERENCED: usize => {
        let _irq = IrqOff::new();
        REFERENCED.with_current(|count| *count += 1);
    };
}

way! {
    /// What an interrupt in between undoes.
    ReadAndWrite: UNPROTECTED: usize => UNPROTECTED.write_current(UNPROTECTED.read_current() + 1);
}

/// How often the handler ran.
#[def_percpu]
static TICKS: AtomicUsize = AtomicUsize::new(0);

fn ticks() -> &'static AtomicUsize {
    // SAFETY: rule 3, rule 5: this core's copy, which its loop and its handler share.
    unsafe { TICKS.current_ref_raw() }
}

fn handler<W: Way>() {
    W::add();
    ticks().fetch_add(1, Ordering::Relaxed);
}

/// What a core did.
#[derive(Clone, Copy)]
struct Tally {
    /// By the loop.
    additions: usize,
    /// By the handler.
    ticks: usize,
    /// Of both.
    lost: usize,
}

const NOTHING: Tally = Tally {
    additions: 0,
    ticks: 0,
    lost: 0,
};

#[def_percpu]
static TALLY: Tally = NOTHING;

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            additions,
            ticks,
            lost,
        } = self;
        write!(f, "{additions} additions, {ticks} ticks, {lost} lost")
    }
}

/// Additions that no interrupt divides: none is lost.
pub(super) fn keep_counts(machine: &Machine) -> Count {
    keep::<AtOnce>(machine, "keep_counts", ADDITIONS)
        .and(keep::<OtherOperations>(
            machine,
            "keep_counts_by_other_operations",
            ADDITIONS / 10,
        ))
        .and(keep::<UnderIrqOff>(
            machine,
            "keep_counts_under_irq_off",
            ADDITIONS / 10,
        ))
}

fn keep<W: Way>(machine: &Machine, name: &str, additions: usize) -> Count {
    let is_enough = |tally: Tally| tally.additions >= additions && tally.ticks >= MIN_TICKS;
    let is_good = |tally: Tally| is_enough(tally) && tally.lost == 0;
    test::<W>(machine, name, is_enough, is_good)
}

/// Additions by a separate read and write: each core loses some.
pub(super) fn lose_counts(machine: &Machine) -> Count {
    let is_good = |tally: Tally| tally.lost > 0;
    let is_enough = |tally: Tally| is_good(tally) || tally.ticks >= MAX_TICKS;
    test::<ReadAndWrite>(machine, "lose_counts", is_enough, is_good)
}

/// Adds on every core until it `is_enough`; the test passes if each core's tally `is_good`.
fn test<W: Way>(
    machine: &Machine,
    name: &str,
    is_enough: impl Fn(Tally) -> bool + Sync,
    is_good: impl Fn(Tally) -> bool,
) -> Count {
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        let tally = add_under_interrupts::<W>(&cpu, &is_enough);
        TALLY.with_current(|own| *own = tally);
    });
    let (mut all, mut failed) = (NOTHING, 0);
    for cpu in 0..machine.cpu_count() {
        // SAFETY: rule 6: a valid id, after init; the other cores have no job now.
        let tally = unsafe { *TALLY.remote_ref_raw(cpu) };
        all.additions += tally.additions;
        all.ticks += tally.ticks;
        all.lost += tally.lost;
        if !is_good(tally) {
            failed = 1;
            println!("    cpu {cpu}: {tally}");
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test interrupts::{name} ({all}) ... {verdict}");
    Count {
        passed: 1 - failed,
        failed,
    }
}

fn add_under_interrupts<W: Way>(cpu: &Cpu, is_enough: impl Fn(Tally) -> bool) -> Tally {
    W::reset();
    ticks().store(0, Ordering::Relaxed);
    let tally = |additions| {
        let ticks = ticks().load(Ordering::Relaxed);
        Tally {
            additions,
            ticks,
            lost: W::lost(additions + ticks),
        }
    };
    let mut additions = 0;
    interrupts::start_timer(PERIOD, handler::<W>);
    interrupts::enable();
    wait_until(format_args!("cpu {} to be interrupted", cpu.id()), || {
        for _ in 0..1000 {
            W::add();
        }
        additions += 1000;
        // No tick comes between what is compared.
        let _irq = IrqOff::new();
        is_enough(tally(additions))
    });
    interrupts::disable();
    interrupts::stop_timer();
    tally(additions)
}
