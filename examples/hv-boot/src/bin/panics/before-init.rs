//! A CPU takes its area before there are any: a panic that says what to call.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};

    pub(super) fn main(_machine: &'static Machine) -> ExitCode {
        percpu_hv::init_percpu_reg(0);
        ExitCode::SUCCESS
    }
}
