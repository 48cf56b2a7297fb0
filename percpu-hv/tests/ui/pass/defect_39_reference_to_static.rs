//! Initial values that refer to statics, as a static's may where a constant's may not.

use std::sync::atomic::{AtomicU64, Ordering};

use percpu_hv::def_percpu;

static GLOBAL: AtomicU64 = AtomicU64::new(1);
static NAMES: [&str; 2] = ["boot", "secondary"];

struct Log {
    total: &'static AtomicU64,
    name: &'static str,
}

const fn log(total: &'static AtomicU64) -> Log {
    Log { total, name: NAME }
}

const NAME: &str = "log";

#[def_percpu]
static TOTAL: &AtomicU64 = &GLOBAL;
#[def_percpu]
static MAYBE: Option<&AtomicU64> = Some(&GLOBAL);
#[def_percpu]
static LOG: Log = log(&GLOBAL);
#[def_percpu]
static FIRST: &&str = &NAMES[0];
#[def_percpu]
static INNER: &AtomicU64 = {
    static OWN: AtomicU64 = AtomicU64::new(7);
    &OWN
};

// Of a type with a destructor: the temporary is extended as a static's is.
#[def_percpu]
static EMPTY: &Vec<u8> = &Vec::new();

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    TOTAL.read_current().fetch_add(1, Ordering::Relaxed);
    assert_eq!(MAYBE.read_current().unwrap().load(Ordering::Relaxed), 2);
    LOG.with_current(|log| {
        assert_eq!((log.total.load(Ordering::Relaxed), log.name), (2, "log"));
    });
    assert_eq!(*FIRST.read_current(), "boot");
    let other = AtomicU64::new(0);
    LOG.with_current(|log| log.total = Box::leak(Box::new(other)));
    // What `reset_to_init` assigns refers to the same static.
    LOG.reset_to_init();
    assert!(LOG.with_current(|log| std::ptr::eq(log.total, &GLOBAL)));
    assert!(EMPTY.read_current().is_empty());
    assert_eq!(INNER.read_current().load(Ordering::Relaxed), 7);
}
