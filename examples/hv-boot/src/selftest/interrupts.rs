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

/// From the end of one interrupt to the next.
const PERIOD: Duration = Duration::from_micros(if cfg!(debug_assertions) { 200 } else { 20 });

/// How many interrupts a core takes at least.
const INTERRUPTS: usize = 20;

/// How often the handler adds in one of them, so that on every core it and the loop each add 10^6 times to a counter:
/// odd, since 256 lost ones would be none to a `u8`. Unoptimized code is slow, that of interrupts too.
const BURST: usize = if cfg!(debug_assertions) {
    1_001
} else {
    50_001
};
/// The same by several operations, since with one instruction per block they are slow.
const SMALL_BURST: usize = BURST / 20 * 2 + 1;

/// How many interrupts a core takes at most before the control loses a count: it seldom comes where it does harm.
const MOST_INTERRUPTS: usize = 20_000;

/// A way to add 1, by the loop and by the handler.
trait Way {
    /// How often the handler adds in one interrupt.
    const BURST: usize;
    /// How often the loop and the handler add at least.
    const ADDITIONS: usize = Self::BURST * INTERRUPTS;

    fn reset();
    fn add();
    /// How many of the additions since the reset are not there.
    fn lost(additions: usize) -> usize;
}

/// Defines a way: unsigned variables, and what adds 1 to each.
macro_rules! way {
    ($(#[$doc:meta])* $way:ident, $burst:expr; $($(#[$attribute:meta])* $name:ident: $type:ty => $add:expr;)*) => {
        $(#[$doc])*
        enum $way {}

        $(
            $(#[$attribute])*
            #[def_percpu]
            static $name: $type = 0;
        )*

        impl Way for $way {
            const BURST: usize = $burst;

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
    AtOnce, BURST;
    COUNT: usize => COUNT.add_current(1);
}

way! {
    /// Other operations and other widths.
    OtherOperations, SMALL_BURST;
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
    UnderIrqOff, SMALL_BURST;
    READ_AND_WRITTEN: usize => {
        let _irq = IrqOff::new();
        drop(IrqOff::new());
        READ_AND_WRITTEN.write_current(READ_AND_WRITTEN.read_current() + 1);
    };
    REFERENCED: usize => {
        let _irq = IrqOff::new();
        REFERENCED.with_current(|count| *count += 1);
    };
    SCOPED: usize => IrqOff::scoped(|_| {
        drop(IrqOff::new());
        IrqOff::scoped(|_| ());
        SCOPED.with_current(|count| *count += 1);
    });
}

way! {
    /// What an interrupt in between undoes; once in each, since with one instruction per block more would take long.
    ReadAndWrite, 1;
    UNPROTECTED: usize => UNPROTECTED.write_current(UNPROTECTED.read_current() + 1);
}

/// How often the handler added.
#[def_percpu]
static BY_HANDLER: AtomicUsize = AtomicUsize::new(0);

fn by_handler() -> &'static AtomicUsize {
    // SAFETY: rule 3, rule 5: this core's copy, which its loop and its handler share.
    unsafe { BY_HANDLER.current_ref_raw() }
}

/// Adds in bursts until it has added enough, and then once each time: the loop goes on meanwhile.
fn handler<W: Way>() {
    let enough = by_handler().load(Ordering::Relaxed) >= W::ADDITIONS;
    let additions = if enough { 1 } else { W::BURST };
    for _ in 0..additions {
        W::add();
    }
    by_handler().fetch_add(additions, Ordering::Relaxed);
}

/// The additions of a core.
#[derive(Clone, Copy)]
struct Tally {
    by_loop: usize,
    by_handler: usize,
    /// Of both.
    lost: usize,
}

const NOTHING: Tally = Tally {
    by_loop: 0,
    by_handler: 0,
    lost: 0,
};

#[def_percpu]
static TALLY: Tally = NOTHING;

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            by_loop,
            by_handler,
            lost,
        } = self;
        write!(
            f,
            "additions: {by_loop} by the loop, {by_handler} by the handler, {lost} lost"
        )
    }
}

/// Additions that no interrupt divides: none is lost.
pub(super) fn keep_counts(machine: &Machine) -> Count {
    keep::<AtOnce>(machine, "keep_counts")
        .and(keep::<OtherOperations>(
            machine,
            "keep_counts_by_other_operations",
        ))
        .and(keep::<UnderIrqOff>(machine, "keep_counts_under_irq_off"))
}

fn keep<W: Way>(machine: &Machine, name: &str) -> Count {
    let is_enough =
        |tally: Tally| tally.by_loop >= W::ADDITIONS && tally.by_handler >= W::ADDITIONS;
    let is_good = |tally: Tally| is_enough(tally) && tally.lost == 0;
    test::<W>(machine, name, is_enough, is_good)
}

/// How many handler calls are counted.
const COUNTED: u32 = 40;

/// How often the handler was called, and how many interrupts the vector had counted at the first call and at the last.
#[def_percpu]
static CALLS: u32 = 0;
#[def_percpu]
static COUNTED_FIRST: u64 = 0;
#[def_percpu]
static COUNTED_LAST: u64 = 0;

/// Compares the vector's count where no event of another core is on its way: after the first interrupt.
fn compare_counts() {
    match CALLS.fetch_add_current(1) {
        0 => COUNTED_FIRST.write_current(interrupts::taken()),
        COUNTED => COUNTED_LAST.write_current(interrupts::taken()),
        _ => {}
    }
}

/// The vector of each core counts in assembly, in its own copy, one for each call of the handler.
pub(super) fn count_in_assembly(machine: &Machine) -> Count {
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        CALLS.write_current(0);
        interrupts::start_timer(PERIOD, compare_counts);
        interrupts::enable();
        wait_until(format_args!("cpu {} to be interrupted", cpu.id()), || {
            CALLS.read_current() > COUNTED
        });
        interrupts::disable();
        interrupts::stop_timer();
    });
    let mut failed = 0;
    // The script reserves more areas than there are cores.
    let counts = COUNTED_FIRST.values().zip(COUNTED_LAST.values());
    for ((cpu, first), (_, last)) in counts.take(machine.cpu_count()) {
        if first == 0 || last.wrapping_sub(first) != u64::from(COUNTED) {
            failed = 1;
            println!(
                "    cpu {cpu}: {first} at the first call, {last} at the last, {COUNTED} calls later"
            );
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test interrupts::count_in_assembly ({COUNTED} on each core) ... {verdict}");
    Count {
        passed: 1 - failed,
        failed,
    }
}

/// How many turns a reservation is to last: most interrupts come during one.
const TURNS: usize = 1_000;

/// How many interrupts come during a reservation, at least.
const RESERVED_INTERRUPTS: usize = 50;

/// Reservations of this core.
#[derive(Clone, Copy)]
struct Reservations {
    /// Without an interrupt, and held.
    held: usize,
    /// An interrupt came.
    interrupted: usize,
    /// An interrupt came, and they held all the same.
    outlived: usize,
}

const NO_RESERVATIONS: Reservations = Reservations {
    held: 0,
    interrupted: 0,
    outlived: 0,
};

#[def_percpu]
static RESERVATIONS: Reservations = NO_RESERVATIONS;
/// The word that is reserved. No handler stores to it: QEMU's exclusive store fails where the value is another one,
/// whatever became of the reservation.
#[def_percpu]
static RESERVED: AtomicUsize = AtomicUsize::new(7);

/// Counts by a load and a store: an exclusive store would end the reservation, which is for the way out to do.
fn count_an_interrupt() {
    let count = by_handler().load(Ordering::Relaxed);
    by_handler().store(count + 1, Ordering::Relaxed);
}

/// The way out of a handler ends what the interrupted code holds exclusively. Else its store would overwrite what a
/// handler stored to the same word: to the variable, or on RISC-V and LoongArch64 to a neighbour of one of 8 or 16
/// bits. (QEMU's RISC-V and LoongArch64 end it at each trap, whatever the way out does: of RISC-V's links/code looks
/// at the instructions.)
pub(super) fn end_reservations(machine: &Machine) -> Count {
    let name = "defect_45_an_interrupt_ends_a_reservation";
    if interrupts::reserve(&AtomicUsize::new(0), &AtomicUsize::new(0), 1).is_none() {
        println!("test interrupts::{name} ... left out: one instruction loads and stores here");
        return Count::default();
    }
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        let found = reserve_under_interrupts(&cpu);
        RESERVATIONS.with_current(|own| *own = found);
    });
    let (mut all, mut failed) = (NO_RESERVATIONS, 0);
    for cpu in 0..machine.cpu_count() {
        // SAFETY: rule 6: a valid id, after init; the other cores have no job now.
        let found = unsafe { *RESERVATIONS.remote_ref_raw(cpu) };
        all.held += found.held;
        all.interrupted += found.interrupted;
        all.outlived += found.outlived;
        if found.outlived > 0 {
            failed = 1;
            println!("    cpu {cpu}: {} outlived an interrupt", found.outlived);
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "test interrupts::{name} (reservations: {} held, {} interrupted) ... {verdict}",
        all.held, all.interrupted
    );
    Count {
        passed: 1 - failed,
        failed,
    }
}

fn reserve_under_interrupts(cpu: &Cpu) -> Reservations {
    // SAFETY: rule 3, rule 5: this core's copy, which nothing else uses.
    let reserved = unsafe { RESERVED.current_ref_raw() };
    by_handler().store(0, Ordering::Relaxed);
    let mut found = NO_RESERVATIONS;
    interrupts::start_timer(PERIOD, count_an_interrupt);
    interrupts::enable();
    wait_until(format_args!("cpu {} to be interrupted", cpu.id()), || {
        for _ in 0..100 {
            let Some(reservation) = interrupts::reserve(reserved, by_handler(), TURNS) else {
                continue;
            };
            if reservation.at_load == reservation.at_store {
                found.held += usize::from(reservation.held);
            } else {
                found.interrupted += 1;
                found.outlived += usize::from(reservation.held);
            }
        }
        // Both are needed: a store that always fails would say nothing.
        found.interrupted >= RESERVED_INTERRUPTS && found.held > 0
    });
    interrupts::disable();
    interrupts::stop_timer();
    found
}

/// The step of [`guards`] at which [`guard_at_a_step`] has a guard of its own, or `EACH`, and the number of steps so
/// far.
static GUARD_AT: AtomicUsize = AtomicUsize::new(0);
const EACH: usize = usize::MAX;
static STEPS: AtomicUsize = AtomicUsize::new(0);

/// A handler that comes while interrupts are masked, as a non-maskable interrupt does.
fn guard_at_a_step() {
    let step = STEPS.load(Ordering::Relaxed);
    STEPS.store(step + 1, Ordering::Relaxed);
    if [step, EACH].contains(&GUARD_AT.load(Ordering::Relaxed)) {
        drop(IrqOff::new());
    }
}

/// What is interrupted.
fn guards() {
    let first = IrqOff::new();
    let second = IrqOff::new();
    drop(first);
    drop(second);
}

/// Interrupts are masked or not as before the guards, whatever instruction of them a handler interrupts that has a
/// guard itself.
pub(super) fn end_as_they_began(machine: &Machine) -> Count {
    let name = "defect_38_a_handler_that_no_mask_stops_may_use_a_guard";
    machine.run_on_all(|cpu| percpu_hv::init_percpu_reg(cpu.id()));
    let (mut masked, mut unmasked, mut steps) = (0, 0, 0);
    // Unoptimized code has thousands of steps: there each is interrupted in one go.
    let first = if cfg!(debug_assertions) { EACH } else { 0 };
    for at in first..=EACH {
        for enable in [true, false] {
            GUARD_AT.store(at, Ordering::Relaxed);
            STEPS.store(0, Ordering::Relaxed);
            if enable {
                interrupts::enable();
            }
            let enabled = interrupts::step(guard_at_a_step, &mut guards);
            interrupts::disable();
            let Some(enabled) = enabled else {
                println!("test interrupts::{name} ... left out: no single steps here");
                return Count::default();
            };
            masked += usize::from(enable && !enabled);
            unmasked += usize::from(!enable && enabled);
        }
        steps = STEPS.load(Ordering::Relaxed);
        if at >= steps {
            break;
        }
    }
    let good = masked == 0 && unmasked == 0 && steps > 0;
    let verdict = if good { "ok" } else { "FAILED" };
    println!(
        "test interrupts::{name} (at each of {steps} instructions; interrupts left masked: {masked}, unmasked: {unmasked}) ... {verdict}"
    );
    Count {
        passed: usize::from(good),
        failed: usize::from(!good),
    }
}

/// Additions by a separate read and write: each core loses some.
pub(super) fn lose_counts(machine: &Machine) -> Count {
    let is_good = |tally: Tally| tally.lost > 0;
    let is_enough = |tally: Tally| is_good(tally) || tally.by_handler >= MOST_INTERRUPTS;
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
        all.by_loop += tally.by_loop;
        all.by_handler += tally.by_handler;
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
    by_handler().store(0, Ordering::Relaxed);
    let tally = |by_loop| {
        let by_handler = by_handler().load(Ordering::Relaxed);
        Tally {
            by_loop,
            by_handler,
            lost: W::lost(by_loop + by_handler),
        }
    };
    let mut by_loop = 0;
    interrupts::start_timer(PERIOD, handler::<W>);
    interrupts::enable();
    wait_until(format_args!("cpu {} to be interrupted", cpu.id()), || {
        for _ in 0..1000 {
            W::add();
        }
        by_loop += 1000;
        // No interrupt comes between what is compared.
        let _irq = IrqOff::new();
        is_enough(tally(by_loop))
    });
    interrupts::disable();
    interrupts::stop_timer();
    tally(by_loop)
}
