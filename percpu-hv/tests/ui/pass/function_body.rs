//! Variables of functions: one per function, not per call.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::{CpuPin, Scalar, def_percpu};

fn next() -> u32 {
    #[def_percpu]
    static COUNT: u32 = 100;

    let next = COUNT.read_current() + 1;
    COUNT.write_current(next);
    {
        #[def_percpu]
        static COUNT: u8 = 7;
        assert_eq!(COUNT.read_current(), 7);
    }
    next
}

fn other() -> u32 {
    #[def_percpu]
    static COUNT: u32 = 200;
    COUNT.read_current()
}

/// Types of a function, of each kind.
fn local_types() -> (u8, u32, usize) {
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    struct Vmid(u8);
    // SAFETY: rule 14: a transparent `u8`, which is `Send`.
    unsafe impl Scalar for Vmid {}

    struct Load(AtomicU32);
    impl percpu_hv::Shared for Load {}

    struct Queue(Vec<Vmid>);

    #[def_percpu]
    static VMID: Vmid = Vmid(1);
    #[def_percpu]
    static LOAD: Load = Load(AtomicU32::new(2));
    #[def_percpu]
    static QUEUE: Queue = Queue(Vec::new());

    QUEUE.with_current(|queue| queue.0.push(VMID.swap_current(Vmid(3))));
    let load = LOAD.get(&CpuPin::new()).0.fetch_add(1, Relaxed);
    (
        VMID.read_current().0,
        load,
        QUEUE.with_current(|queue| queue.0.len()),
    )
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!((next(), next(), other()), (101, 102, 200));
    assert_eq!((local_types(), local_types()), ((3, 2, 1), (3, 3, 2)));
}
