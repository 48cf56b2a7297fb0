//! Two threads, each of which adds to a word of its own: words of one cache line, of neighbouring lines, and the words of
//! two areas that are nearest to each other. Prints what an addition takes in nanoseconds, how often that is longer than
//! while the other thread rests, and the range of that ratio in several phases.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use percpu_hv::{def_percpu, percpu_area_base};

/// At or near the start of an area: the linker puts what a program defines before what its libraries do.
#[def_percpu]
static FIRST: AtomicU64 = AtomicU64::new(0);

/// Memory that nothing else is in.
#[repr(align(256))]
struct Words([AtomicU64; 32]);

static WORDS: Words = Words([const { AtomicU64::new(0) }; 32]);

const PHASES: usize = 15;
/// How often a phase is tried: on a busy machine the threads seldom run at the same time.
const TRIES: usize = 10 * PHASES;
/// Parts of a phase whose median counts, and how long a phase waits for them.
const PARTS: usize = 100;
const PATIENCE: Duration = Duration::from_millis(300);
const ADDITIONS: u64 = 1000;

fn main() {
    assert_eq!(percpu_hv::init_hosted(2), Ok(2));
    assert!(FIRST.offset() < 64, "not in the first line of an area");
    // SAFETY: rule 9, the last word of area 0 is in its reserve, in which no variable is made.
    let last = unsafe { AtomicU64::from_ptr((percpu_area_base(1) as *mut u64).sub(1)) };
    let second = percpu_hv::CpuId::new(1).expect("there are two CPUs");
    let places = [
        ("one line", &WORDS.0[0], &WORDS.0[1]),
        ("the two lines of a pair", &WORDS.0[0], &WORDS.0[8]),
        ("two pairs", &WORDS.0[0], &WORDS.0[16]),
        ("two areas", last, FIRST.on(second)),
    ];
    let mut phases = places.map(|_| Vec::new());
    for _ in 0..TRIES {
        for (phases, (_, mine, others)) in phases.iter_mut().zip(places) {
            if phases.len() == PHASES {
                continue;
            }
            let alone = median((0..PARTS).map(|_| additions(mine)).collect());
            if let Some(together) = while_other_adds(mine, others) {
                phases.push((together / alone, together));
            }
        }
    }
    for (mut phases, (name, ..)) in phases.into_iter().zip(places) {
        phases.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(
            phases.len() == PHASES,
            "{name}: the threads hardly ever run at the same time"
        );
        let (ratio, time) = phases[PHASES / 2];
        // Without the two extremes, which other load on the machine makes.
        let (least, largest) = (phases[1].0, phases[PHASES - 2].0);
        println!("{name}\t{time:.1}\t{ratio:.2}\t{least:.2}\t{largest:.2}");
    }
}

/// Adds many times, and returns the nanoseconds of an addition.
fn additions(word: &AtomicU64) -> f64 {
    let start = Instant::now();
    for _ in 0..ADDITIONS {
        word.fetch_add(1, Relaxed);
    }
    start.elapsed().as_secs_f64() * 1e9 / ADDITIONS as f64
}

/// The same, while another thread adds to another word; `None` if that hardly ever ran at the same time.
fn while_other_adds(mine: &AtomicU64, others: &AtomicU64) -> Option<f64> {
    let stop = AtomicBool::new(false);
    let mut times = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                others.fetch_add(1, Relaxed);
            }
        });
        let start = Instant::now();
        while times.len() < PARTS && start.elapsed() < PATIENCE {
            let before = others.load(Relaxed);
            let time = additions(mine);
            let added = others.load(Relaxed) - before;
            // Neither thread rested meanwhile.
            if (ADDITIONS / 8..ADDITIONS * 8).contains(&added) {
                times.push(time);
            }
        }
        stop.store(true, Relaxed);
    });
    (times.len() > PARTS / 2).then(|| median(times))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
