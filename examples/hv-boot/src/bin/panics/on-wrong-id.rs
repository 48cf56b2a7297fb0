//! A CPU takes the area of a CPU that there is not: a panic that says how many there are.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};

    pub(super) fn main(_machine: &'static Machine) -> ExitCode {
        let count = percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        percpu_hv::init_percpu_reg(count);
        ExitCode::SUCCESS
    }
}
