//! All CPUs take the area of CPU 0: a panic of the second one that says what to do.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};

    pub(super) fn main(machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        machine.run_on_all(|_| percpu_hv::init_percpu_reg(0));
        ExitCode::SUCCESS
    }
}
