//! The conformance suite, with the areas in memory that the firmware's tables name.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{Areas, ExitCode, Machine, selftest};

    pub(super) fn main(machine: &'static Machine) -> ExitCode {
        selftest::run(machine, Areas::Given)
    }
}
