//! Elements of arrays and fields of structs, each of its own CPU and none beside it.

use core::fmt::Debug;

use percpu_hv::kind::Elements;
use percpu_hv::{CpuId, CpuPin, Integer, PerCpu, Place, Scalar, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("elements of arrays and fields", parts),
    ("elements of hot variables", hot),
    ("elements of other CPUs", others),
    ("an array of atomics has elements", shared),
];

#[derive(Clone, Copy, Debug, PartialEq, Scalar)]
#[repr(u8)]
enum State {
    Off,
    On,
}

#[derive(percpu_hv::Elements)]
struct Vcpu {
    state: State,
    exits: [u16; 3],
}

#[derive(percpu_hv::Elements)]
struct Stats {
    ticks: usize,
    bytes: [u8; 5],
    vcpus: [Vcpu; 4],
    words: [[u32; 2]; 3],
    sizes: [usize; 6],
}

const STATS: Stats = Stats {
    ticks: 1,
    bytes: [2; 5],
    vcpus: [const {
        Vcpu {
            state: State::Off,
            exits: [3; 3],
        }
    }; 4],
    words: [[4; 2]; 3],
    sizes: [5; 6],
};

/// Changes each element in each way, and finds the others as they were.
fn each<P, T, const N: usize>(
    bench: &Bench<'_>,
    cpu: usize,
    array: &PerCpu<P, [T; N]>,
    number: fn(usize) -> T,
) where
    P: Place<[T; N], Kind = Elements>,
    T: Integer + PartialEq + Debug,
{
    let mut model = [number(0); N];
    for (index, expected) in model.iter_mut().enumerate() {
        *expected = number(cpu + index);
        array.at(index).write_current(*expected);
    }
    for index in 0..N {
        let element = array.at(index);
        element.add_current(number(300));
        element.inc_current();
        model[index] = number(cpu + index + 301);
        bench.equal(cpu, element.fetch_sub_current(number(300)), model[index]);
        element.dec_current();
        model[index] = number(cpu + index);
        bench.equal(cpu, element.fetch_xor_current(number(0xff)), model[index]);
        element.xor_current(number(0xff));
        bench.equal(cpu, element.swap_current(number(7)), model[index]);
        bench.equal(cpu, element.swap_current_unprotected(number(8)), number(7));
        bench.equal(
            cpu,
            element.compare_exchange_current(number(7), number(9)),
            Err(number(8)),
        );
        bench.equal(
            cpu,
            element.compare_exchange_current(number(8), number(9)),
            Ok(number(8)),
        );
        let pin = CpuPin::new();
        bench.equal(cpu, element.read(&pin), number(9));
        element.write(&pin, number(index + 1));
        element.add_current_unprotected(number(cpu));
        model[index] = number(cpu + index + 1);
        for (index, expected) in model.iter().enumerate() {
            bench.equal(cpu, array.at(index).read_current(), *expected);
        }
    }
    bench.holds(cpu, array.try_at(N).is_none());
}

fn parts(bench: &Bench<'_>) {
    #[def_percpu(elements)]
    static PARTS: Stats = STATS;

    bench.on_all(|cpu| {
        let stats = PARTS.fields();
        each(bench, cpu, &stats.bytes, |n| n as u8);
        each(bench, cpu, &stats.words.at(1), |n| n as u32);
        each(bench, cpu, &stats.sizes, |n| n);
        for vcpu in stats.vcpus.elements() {
            bench.equal(cpu, vcpu.fields().state.swap_current(State::On), State::Off);
            each(bench, cpu, &vcpu.fields().exits, |n| n as u16);
            bench.equal(cpu, vcpu.fields().state.swap_current(State::Off), State::On);
        }
        bench.equal(cpu, stats.ticks.read_current(), 1);
        bench.equal(cpu, stats.words.at(0).at(1).read_current(), 4);
        bench.equal(cpu, stats.words.at(2).at(0).read_current(), 4);
    });
}

fn hot(bench: &Bench<'_>) {
    #[def_percpu(elements, hot)]
    static HOT: Stats = STATS;

    bench.on_all(|cpu| {
        let stats = HOT.fields();
        each(bench, cpu, &stats.bytes, |n| n as u8);
        each(bench, cpu, &stats.words.at(2), |n| n as u32);
        each(bench, cpu, &stats.sizes, |n| n);
        each(bench, cpu, &stats.vcpus.at(3).fields().exits, |n| n as u16);
        bench.equal(
            cpu,
            stats.vcpus.at(2).fields().exits.at(2).read_current(),
            3,
        );
        bench.equal(cpu, stats.ticks.fetch_add_current(cpu), 1);
        stats.ticks.write_current(1);
    });
}

fn others(bench: &Bench<'_>) {
    #[def_percpu(elements)]
    static SEEN: [[usize; 3]; 2] = [[0; 3]; 2];

    bench.on_all(|cpu| {
        for (i, row) in SEEN.elements().enumerate() {
            for (j, element) in row.elements().enumerate() {
                element.write_current(100 * cpu + 10 * i + j);
            }
        }
    });
    bench.on_all(|cpu| {
        let row = SEEN.at(1);
        let element = row.at(2);
        // Further CPUs have an area, but do not run.
        for other in CpuId::all().take(bench.cpus()) {
            bench.equal(cpu, element.read_remote(other), 100 * other.index() + 12);
        }
        let values = element.values().map(|(_, value)| value);
        let sum: usize = element.sum();
        bench.equal(cpu, sum, values.sum());
    });
}

fn shared(bench: &Bench<'_>) {
    use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

    #[def_percpu]
    static ATOMICS: [AtomicU8; 5] = [const { AtomicU8::new(1) }; 5];

    bench.on_all(|cpu| {
        ATOMICS.at(3).get(&CpuPin::new()).fetch_add(1, Relaxed);
        let element = ATOMICS.at(3);
        bench.equal(cpu, element.get(&CpuPin::new()).load(Relaxed), 2);
        bench.equal(cpu, ATOMICS.at(4).get(&CpuPin::new()).load(Relaxed), 1);
    });
    let added = ATOMICS
        .at(3)
        .fold(0, |sum, value| sum + usize::from(value.load(Relaxed) - 1));
    bench.equal(0, added, bench.cpus());
}
