//! Values that a function makes for each CPU.

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use percpu_hv::{CpuId, CpuPin, Elements, claim_percpu_reg, def_percpu, reinit_percpu_area};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a function makes each CPU's value", each),
    ("no two CPUs have the same value", distinct),
    ("a reset makes the value again", reset),
];

/// These build an area anew.
pub(crate) const TESTS_WITH_AREAS: &[Test] = &[
    ("values of other CPUs are made by their index", of_others),
    ("an area built anew has new values", anew),
];

#[def_percpu(init = square)]
static SQUARE: u64;
#[def_percpu(init = |cpu| AtomicU32::new(square(cpu) as u32 + 1))]
static NEXT: AtomicU32;
#[def_percpu(init = Ticket::take)]
static TICKET: Ticket;

#[def_percpu(elements, init = Pair::of)]
static PAIRS: [Pair; 2];

fn square(cpu: usize) -> u64 {
    (cpu * cpu) as u64
}

#[derive(Elements)]
struct Pair {
    cpu: u8,
    square: u32,
}

impl Pair {
    fn of(cpu: usize) -> [Self; 2] {
        [0, 1].map(|more| Self {
            cpu: cpu as u8,
            square: square(cpu) as u32 + more,
        })
    }
}

/// What must not be copied: no two have one number. It says how often one was dropped.
struct Ticket {
    number: usize,
    cpu: usize,
}

static TICKETS: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);

impl Ticket {
    fn take(cpu: usize) -> Self {
        // Only one CPU at a time makes a value, and not every target has this operation.
        let number = TICKETS.load(Ordering::Relaxed) + 1;
        TICKETS.store(number, Ordering::Relaxed);
        Self { number, cpu }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        DROPPED.store(DROPPED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

fn ticket() -> (usize, usize) {
    TICKET.with_current(|ticket| (ticket.number, ticket.cpu))
}

fn each(bench: &Bench<'_>) {
    fn byte<const ADD: u8>(cpu: usize) -> u8 {
        (cpu as u8).wrapping_add(ADD)
    }
    #[def_percpu(init = byte::<3>)]
    static BYTE: u8;

    bench.on_all(|cpu| {
        bench.equal(cpu, SQUARE.read_current(), square(cpu));
        bench.equal(cpu, BYTE.read_current(), cpu as u8 + 3);
        let next = NEXT.get(&CpuPin::new()).load(Ordering::Relaxed);
        bench.equal(cpu, next, square(cpu) as u32 + 1);
        bench.equal(cpu, PAIRS.at(1).fields().cpu.read_current(), cpu as u8);
        let square = PAIRS.at(1).fields().square;
        bench.equal(
            cpu,
            square.fetch_add_current(1),
            self::square(cpu) as u32 + 1,
        );
        bench.equal(cpu, square.read_current(), self::square(cpu) as u32 + 2);
    });
}

fn distinct(bench: &Bench<'_>) {
    static SEEN: AtomicUsize = AtomicUsize::new(0);

    SEEN.store(0, Ordering::Relaxed);
    bench.on_all(|cpu| {
        let (number, of) = ticket();
        bench.equal(cpu, of, cpu);
        // The CPUs of the image come first, in the order of their indices.
        bench.equal(cpu, number, cpu + 1);
    });
    bench.equal(0, DROPPED.load(Ordering::Relaxed), 0);
    bench.equal(
        0,
        TICKETS.load(Ordering::Relaxed),
        percpu_hv::percpu_area_num(),
    );
}

fn reset(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        SQUARE.write_current(5);
        SQUARE.reset_to_init();
        bench.equal(cpu, SQUARE.read_current(), square(cpu));
    });
    let (taken, dropped) = (
        TICKETS.load(Ordering::Relaxed),
        DROPPED.load(Ordering::Relaxed),
    );
    bench.on_all(|cpu| {
        if cpu == 0 {
            TICKET.reset_to_init();
            bench.equal(cpu, ticket(), (taken + 1, cpu));
        }
    });
    bench.equal(0, DROPPED.load(Ordering::Relaxed), dropped + 1);
}

fn of_others(bench: &Bench<'_>) {
    let Some(last) = CpuId::new(bench.cpus() - 1) else {
        return;
    };
    bench.on_all(|_| SQUARE.write_current(5));
    let taken = TICKETS.load(Ordering::Relaxed);
    // SAFETY: rule 6, that CPU waits for the next job.
    unsafe {
        SQUARE.reset_remote(last);
        TICKET.reset_remote(last);
    }
    bench.on_all(|cpu| {
        let expected = if cpu == last.index() { square(cpu) } else { 5 };
        bench.equal(cpu, SQUARE.read_current(), expected);
        if cpu == last.index() {
            bench.equal(cpu, ticket(), (taken + 1, cpu));
        }
        SQUARE.reset_to_init();
    });
}

fn anew(bench: &Bench<'_>) {
    let Some(gone) = CpuId::new(bench.cpus() - 1).filter(|gone| gone.index() > 0) else {
        bench.skip("there is no CPU but the one that runs this");
        return;
    };
    bench.on_all(|_| SQUARE.write_current(5));
    let (taken, dropped) = (
        TICKETS.load(Ordering::Relaxed),
        DROPPED.load(Ordering::Relaxed),
    );
    // SAFETY: rules 6 and 17, that CPU waits for the next job.
    bench.equal(0, unsafe { reinit_percpu_area(gone) }, Ok(()));
    bench.equal(0, TICKETS.load(Ordering::Relaxed), taken + 1);
    bench.equal(0, DROPPED.load(Ordering::Relaxed), dropped);
    bench.on_all(|cpu| {
        if cpu == gone.index() {
            bench.equal(cpu, claim_percpu_reg(cpu), Ok(gone));
            bench.equal(cpu, SQUARE.read_current(), square(cpu));
            bench.equal(cpu, ticket(), (taken + 1, cpu));
        } else {
            bench.equal(cpu, SQUARE.read_current(), 5);
        }
        SQUARE.reset_to_init();
    });
}
