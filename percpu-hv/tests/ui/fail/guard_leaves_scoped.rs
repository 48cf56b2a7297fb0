//! If a guard could leave `scoped`, the end of the call would unmask interrupts while the guard is live.

fn main() {
    percpu_hv::IrqOff::scoped(|_| percpu_hv::IrqOff::new());
}
