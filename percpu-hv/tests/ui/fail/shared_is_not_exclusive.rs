//! A `&mut` to a shared variable could change it while others hold a `&T`, which would dangle.

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use percpu_hv::def_percpu;

#[def_percpu]
static EXITS: AtomicU64 = AtomicU64::new(0);
#[def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());
#[def_percpu(shared)]
static MAIL: Mutex<Vec<u8>> = Mutex::new(Vec::new());
#[def_percpu(shared)]
static ID: u64 = 0;

fn main() {
    EXITS.with_current(|exits| *exits.get_mut() += 1);
    EXITS.reset_to_init();
    let _exits = EXITS.try_with_current(|exits| *exits.get_mut() += 1);
    QUEUE.with_current(|queue| queue.get_mut().clear());
    MAIL.with_current(|mail| mail.get_mut().unwrap().clear());
    ID.with_current(|id| *id += 1);
    ID.reset_to_init();
}
