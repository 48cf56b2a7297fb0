//! Rule 4: threads with CPUs of their own, ids and references that outlive these, and guards that cross from one to
//! another.
//!
//! must print: 6000 6000 3
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use percpu_hv::{
    CpuId, CpuIds, IrqOff, PerCpuCounter, PerCpuOnce, as_cpu, current_cpu, def_percpu, with_cpus,
};

#[def_percpu]
static NUMBER: u64 = 3;
#[def_percpu]
static WORD: AtomicUsize = AtomicUsize::new(0);
#[def_percpu]
static COUNTER: PerCpuCounter<4> = PerCpuCounter::new();
#[def_percpu]
static LIST: Vec<u64> = Vec::new();
#[def_percpu]
static CELL: Cell<u64> = Cell::new(0);
#[def_percpu]
static ONCE: PerCpuOnce<String> = PerCpuOnce::new();

static LEFT: Mutex<Vec<(CpuIds, &AtomicUsize)>> = Mutex::new(Vec::new());

/// Uses all CPUs of a machine on threads of its own, and what other machines left. Returns what was added to it.
fn machine(cpus: usize) -> i64 {
    with_cpus(cpus, || {
        LEFT.lock()
            .unwrap()
            .push((CpuId::all(), WORD.on(CpuId::new(0).unwrap())));
        let outer = IrqOff::new();
        CELL.get_local(&outer).set(1);
        thread::scope(|scope| {
            for cpu in CpuId::all().skip(1).chain(CpuId::all().skip(1)) {
                scope.spawn(move || {
                    as_cpu(cpu, || {
                        for _ in 0..50 {
                            COUNTER.add(1);
                            LIST.with_current(|list| list.push(NUMBER.read_current()));
                            assert_ne!(
                                ONCE.get(&IrqOff::new()).get().map(String::as_str),
                                Some("")
                            );
                            let irq = IrqOff::new();
                            CELL.get_local(&irq).set(CELL.get_local(&irq).get() + 1);
                        }
                    });
                    let left = LEFT.lock().unwrap().clone();
                    for (ids, word) in left {
                        word.fetch_add(1, Ordering::Relaxed);
                        for cpu in ids {
                            assert_eq!(NUMBER.read_remote(cpu), 3);
                            assert_eq!(as_cpu(cpu, current_cpu), cpu);
                            let _ = as_cpu(cpu, || (COUNTER.sum(), COUNTER.approximate()));
                        }
                    }
                });
            }
        });
        CELL.get_local(&outer).set(CELL.get_local(&outer).get() + 1);
        as_cpu(cpus - 1, || drop(outer));
        let _ = as_cpu(cpus - 1, || ONCE.get(&IrqOff::new()).set("name".into()));
        let cells: u64 = CpuId::all()
            .map(|cpu| as_cpu(cpu, || IrqOff::scoped(|irq| CELL.get_local(irq).get())))
            .sum();
        assert_eq!(cells as i64, 2 + COUNTER.sum());
        COUNTER.sum()
    })
}

fn main() {
    let threads: Vec<_> = (0..20)
        .map(|thread| thread::spawn(move || (0..2).map(|_| machine(2 + thread % 2)).sum::<i64>()))
        .collect();
    let sum: i64 = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    let left = LEFT.lock().unwrap().clone();
    let counted: i64 = left
        .iter()
        .map(|(ids, _)| as_cpu(ids.clone().last().unwrap(), || COUNTER.sum()))
        .sum();
    println!("{sum} {counted} {}", with_cpus(1, || NUMBER.read_current()));
}
