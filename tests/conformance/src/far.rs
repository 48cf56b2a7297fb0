//! Variables behind 64 KiB of others, in every mode whose offsets have more than 16 bits.

use percpu_hv::def_percpu;

use crate::{Bench, Test, values::scalar};

pub(crate) const TESTS: &[Test] = &[
    ("scalars behind 64 KiB", scalars),
    ("an array behind 64 KiB", array),
];

// The linker sorts by alignment, so these come first.
#[def_percpu(page_aligned)]
static BEFORE: [u8; 0x1_0000] = [0; 0x1_0000];
#[def_percpu]
static BYTE: u8 = 0x5a;
#[def_percpu]
static DOUBLE: u64 = 0x1111_2222_3333_4444;
#[def_percpu]
static WORDS: [u64; LENGTH] = initial();

const LENGTH: usize = 1024;

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

/// Checks that an offset needs more than 16 bits; in a process the section is another one, without a limit.
#[track_caller]
fn is_far(bench: &Bench<'_>, offset: usize) {
    if cfg!(any(target_os = "none", feature = "linux-gs")) {
        bench.holds(0, offset > 0xffff);
    }
}

fn scalars(bench: &Bench<'_>) {
    // Else the linker drops it.
    bench.holds(0, BEFORE.offset() % 4096 == 0);
    is_far(bench, BYTE.offset());
    is_far(bench, DOUBLE.offset());
    scalar(bench, &BYTE, 0x5a, |cpu| cpu as u8);
    scalar(bench, &DOUBLE, 0x1111_2222_3333_4444, |cpu| !(cpu as u64));
}

fn array(bench: &Bench<'_>) {
    is_far(bench, WORDS.offset());
    let own = |at, cpu: usize| word(at) ^ (cpu as u64 + 1);
    bench.on_all(|cpu| {
        WORDS.with_current(|words| {
            for (at, found) in words.iter_mut().enumerate() {
                bench.equal(cpu, *found, word(at));
                *found = own(at, cpu);
            }
        });
    });
    bench.on_all(|cpu| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, all CPUs only read in this phase.
            let words = unsafe { WORDS.remote_ref_raw(other) };
            let mut whole = (0..).zip(words);
            let wrong = whole.find(|(at, found)| **found != own(*at, other));
            bench.equal(cpu, wrong, None);
        }
    });
}
