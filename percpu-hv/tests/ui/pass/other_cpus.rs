//! Copies of other CPUs, by ids that exist; lazy values and counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use percpu_hv::{CpuId, CpuPin, PerCpuCounter, PerCpuOnce, current_cpu, def_percpu};

#[def_percpu]
static EXITS: AtomicU64 = AtomicU64::new(1);
#[def_percpu(shared)]
static MAIL: Mutex<Vec<usize>> = Mutex::new(Vec::new());
#[def_percpu]
static NAME: PerCpuOnce<String> = PerCpuOnce::new();
#[def_percpu]
static COUNT: PerCpuCounter = PerCpuCounter::new();
#[def_percpu]
static PAGES: PerCpuCounter<4> = PerCpuCounter::new();
#[def_percpu]
static LOAD: u32 = 2;

/// An id is a plain value: it may be kept and sent.
static BOOT_CPU: OnceLock<CpuId> = OnceLock::new();

fn main() -> Result<(), percpu_hv::InitError> {
    assert_eq!(CpuId::new(0), None);
    percpu_hv::init_hosted(3)?;
    let own = percpu_hv::claim_percpu_reg(2)?;
    assert_eq!((own, BOOT_CPU.set(own)), (current_cpu(), Ok(())));
    for (cpu, mail) in MAIL.iter().rev() {
        mail.lock().unwrap().push(cpu.index());
    }
    assert_eq!(*MAIL.on(own).lock().unwrap(), [2]);
    let sum = EXITS.fold(0, |sum, exits| sum + exits.load(Ordering::Relaxed));
    assert_eq!((sum, LOAD.sum(), LOAD.read_remote(own)), (3, 6, 2));
    let pin = CpuPin::new();
    let name: &String = NAME.get(&pin).get_or_init(|| own.to_string());
    assert_eq!(name, "2");
    COUNT.add(3);
    COUNT.sub(1);
    PAGES.add(5);
    assert_eq!((COUNT.sum(), PAGES.sum(), PAGES.approximate()), (2, 5, 5));
    Ok(())
}
