//! The conformance suite, with the areas that the linker script reserves.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{Areas, ExitCode, Machine, selftest};

    pub(super) fn main(machine: &'static Machine) -> ExitCode {
        selftest::run(machine, Areas::InPlace)
    }
}
