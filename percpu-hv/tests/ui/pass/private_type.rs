//! A public variable of a private type, as a static may be.

#![deny(warnings)]

mod vcpu {
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Exits {
        irq: u32,
    }

    #[derive(Clone, Copy)]
    #[repr(transparent)]
    struct Vmid(u16);
    // SAFETY: rule 14: a transparent `u16`, which is `Send`.
    unsafe impl percpu_hv::Scalar for Vmid {}

    struct Load(AtomicU32);
    impl percpu_hv::Shared for Load {}

    #[percpu_hv::def_percpu]
    pub static VMID: Vmid = Vmid(1);

    #[percpu_hv::def_percpu]
    pub static LOAD: Load = Load(AtomicU32::new(2));

    pub fn next() -> (u16, u32) {
        let vmid = VMID.read_current();
        VMID.write_current(Vmid(vmid.0 + 1));
        let pin = percpu_hv::CpuPin::new();
        (vmid.0, LOAD.get(&pin).0.fetch_add(1, Ordering::Relaxed))
    }

    #[percpu_hv::def_percpu]
    pub static EXITS: Exits = Exits { irq: 40 };

    pub fn irqs() -> u32 {
        EXITS.with_current(|exits| {
            exits.irq += 1;
            exits.irq
        })
    }

    pub fn clear() {
        EXITS.with_current(|exits| *exits = Exits::default());
    }
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(vcpu::irqs(), 41);
    vcpu::clear();
    assert_eq!(vcpu::irqs(), 1);
    assert_eq!((vcpu::next(), vcpu::next()), ((1, 2), (2, 3)));
}
