//! Rule 22: threads make, hand over, use and drop variables of all kinds at once. No two have the same space, and what
//! one stored is seen by the one that gets the variable.
//!
//! must print: 4 threads, 0 live
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use percpu_hv::kind::{Elements, Exclusive, Shared};
use percpu_hv::{CpuId, CpuPin, DynPerCpu, PerCpuCounter};

const CPUS: usize = 4;
const ROUNDS: u64 = 200;

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Owner(Box<u64>);

impl Owner {
    fn new(value: u64) -> Self {
        LIVE.fetch_add(1, Relaxed);
        Self(Box::new(value))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Relaxed);
    }
}

struct Guest {
    tag: u64,
    value: DynPerCpu<u64>,
    shared: DynPerCpu<AtomicU64, Shared>,
    counter: DynPerCpu<PerCpuCounter<4>, Shared>,
    owner: DynPerCpu<Owner, Exclusive>,
    array: DynPerCpu<[u32; 5], Elements>,
}

impl Guest {
    fn new(tag: u64) -> Self {
        Self {
            tag,
            value: DynPerCpu::new(tag).unwrap(),
            shared: DynPerCpu::new_with(|_| AtomicU64::new(tag)).unwrap(),
            counter: DynPerCpu::new_with(|_| PerCpuCounter::new()).unwrap(),
            owner: DynPerCpu::new_with(|_| Owner::new(tag)).unwrap(),
            array: DynPerCpu::new([tag as u32; 5]).unwrap(),
        }
    }

    /// On the next CPU.
    fn enter(&self) {
        self.value.inc_current();
        self.shared.get(&CpuPin::new()).fetch_add(1, Relaxed);
        self.counter.add(3);
        self.owner.with_current(|owner| {
            let old = std::mem::replace(owner, Owner::new(self.tag + 1));
            assert_eq!(*old.0, self.tag);
        });
        self.array.at(4).add_current(1);
    }

    /// After it was on all CPUs.
    fn check(&self) {
        for cpu in CpuId::all() {
            assert_eq!(self.value.read_remote(cpu), self.tag + 1);
            assert_eq!(self.shared.on(cpu).load(Relaxed), self.tag + 1);
            assert_eq!(self.array.at(4).read_remote(cpu), self.tag as u32 + 1);
            assert_eq!(self.array.at(0).read_remote(cpu), self.tag as u32);
        }
        assert_eq!(self.counter.sum::<i64>(), 3 * CPUS as i64);
    }
}

fn main() {
    percpu_hv::init_hosted(CPUS).unwrap();
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..CPUS {
        let (sender, receiver) = mpsc::channel::<(Guest, usize)>();
        senders.push(sender);
        receivers.push(receiver);
    }
    // Each guest goes around: a CPU makes it, every one enters it once, and the last one drops it.
    senders.rotate_left(1);
    thread::scope(|scope| {
        for (cpu, (next, mine)) in senders.into_iter().zip(receivers).enumerate() {
            scope.spawn(move || {
                percpu_hv::init_percpu_reg(cpu);
                for round in 0..ROUNDS {
                    let guest = Guest::new((cpu as u64) << 16 | round << 1);
                    guest.enter();
                    next.send((guest, 1)).unwrap();
                    for _ in 1..CPUS {
                        let (guest, entered) = mine.recv().unwrap();
                        guest.enter();
                        if entered + 1 == CPUS {
                            guest.check();
                        } else {
                            next.send((guest, entered + 1)).unwrap();
                        }
                    }
                }
            });
        }
    });
    println!("{CPUS} threads, {} live", LIVE.load(Relaxed));
}
