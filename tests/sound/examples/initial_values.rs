//! Defect 39: initial values that a `static` accepts, and a constant does not.
//!
//! must print: 1 3 5
//! must print: 7 true
//! must print: 4 true
//! must print: 0 1
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, RwLock};

use percpu_hv::{CpuId, def_percpu};

static GLOBAL: AtomicU64 = AtomicU64::new(1);
static LOCK: Mutex<u64> = Mutex::new(3);
static OTHER: RwLock<u64> = RwLock::new(5);

struct Device {
    count: &'static AtomicU64,
    lock: &'static Mutex<u64>,
}

#[def_percpu]
static REFERENCE: &AtomicU64 = &GLOBAL;
#[def_percpu]
static DEVICE: Device = Device {
    count: &GLOBAL,
    lock: &LOCK,
};
#[def_percpu]
static RWLOCK: &RwLock<u64> = &OTHER;
#[def_percpu]
static OPTION: Option<&AtomicU64> = Some(&GLOBAL);
#[def_percpu]
static EXTENDED: &Vec<u64> = &Vec::new();
#[def_percpu(page_aligned)]
static ON_A_PAGE: &[Vec<u64>] = &[Vec::new()];

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    println!(
        "{} {} {}",
        REFERENCE.read_current().load(Relaxed),
        DEVICE.with_current(|device| *device.lock.lock().unwrap()),
        RWLOCK.read_current().read().unwrap(),
    );
    // All copies refer to one object, as all uses of a `static` do.
    *RWLOCK.read_current().write().unwrap() = 7;
    let other = RWLOCK.read_remote(CpuId::new(1).unwrap());
    let same = std::ptr::eq(other, RWLOCK.read_current());
    println!("{} {same}", other.read().unwrap());
    DEVICE.with_current(|device| device.count.fetch_add(3, Relaxed));
    let reset = OPTION.swap_current(None);
    OPTION.reset_to_init();
    println!(
        "{} {}",
        GLOBAL.load(Relaxed),
        reset.is_some_and(|r| std::ptr::eq(r, &GLOBAL))
    );
    println!(
        "{} {}",
        EXTENDED.read_current().len(),
        ON_A_PAGE.with_current(|page| page.len())
    );
}
