//! If a guard could leave `scoped`: its end turns interrupts on while the guard lives.

fn main() {
    percpu_hv::IrqOff::scoped(|_| percpu_hv::IrqOff::new());
}
