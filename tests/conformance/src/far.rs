//! Variables behind one of 64 KiB, in every mode whose offsets have more than 16 bits.

use percpu_hv::def_percpu;

use crate::{Bench, Test, values::scalar};

pub(crate) const TESTS: &[Test] = &[
    ("a variable of 64 KiB", large),
    ("scalars behind it", scalars),
];

const LENGTH: usize = 0x1_0000 / size_of::<u64>();

/// The linker sorts by alignment.
#[repr(align(64))]
struct Large([u64; LENGTH]);

#[def_percpu(cold)]
static LARGE: Large = Large(initial());
#[def_percpu(cold)]
static BYTE: u8 = 0x5a;
#[def_percpu(cold)]
static DOUBLE: u64 = 0x1111_2222_3333_4444;

/// Each word differs, so that one from a wrong place is seen.
const fn initial() -> [u64; LENGTH] {
    let mut words = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        words[at] = word(at);
        at += 1;
    }
    words
}

const fn word(at: usize) -> u64 {
    (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn large(bench: &Bench<'_>) {
    let own = |at, cpu: usize| word(at) ^ (cpu as u64 + 1);
    bench.on_all(|cpu| {
        LARGE.with_current(|large| {
            for (at, found) in large.0.iter_mut().enumerate() {
                bench.equal(cpu, *found, word(at));
                *found = own(at, cpu);
            }
        });
    });
    bench.on_all(|cpu| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, all CPUs only read in this phase.
            let large = unsafe { LARGE.remote_ref_raw(other) };
            for at in [0, LENGTH / 2, LENGTH - 1] {
                bench.equal(cpu, large.0[at], own(at, other));
            }
        }
        LARGE.with_current(|large| {
            let mut whole = (0..).zip(&large.0);
            let wrong = whole.find(|(at, found)| **found != own(*at, cpu));
            bench.equal(cpu, wrong, None);
        });
    });
}

fn scalars(bench: &Bench<'_>) {
    // The section of a process is not sorted, and offsets have no limit there.
    if cfg!(any(target_os = "none", feature = "linux-gs")) {
        for offset in [BYTE.offset(), DOUBLE.offset()] {
            bench.holds(0, offset > 0xffff);
        }
    }
    scalar(bench, &BYTE, 0x5a, |cpu| cpu as u8);
    scalar(bench, &DOUBLE, 0x1111_2222_3333_4444, |cpu| !(cpu as u64));
}
