//! Additions and attacks by a real timer interrupt, which may come between any two instructions.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine, selftest};

    pub(super) fn main(machine: &'static Machine) -> ExitCode {
        selftest::run_interrupts(machine)
    }
}
