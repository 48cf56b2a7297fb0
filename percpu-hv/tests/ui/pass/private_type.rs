//! A public variable of a private type, as a static may be.

#![deny(warnings)]

mod vcpu {
    #[derive(Default)]
    struct Exits {
        irq: u32,
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
}
