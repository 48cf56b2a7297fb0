//! A CPU makes a guard before it has an area: a panic at the place of the call that says what to call, in debug builds.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};
    use percpu_hv::IrqOff;

    pub(super) fn main(_machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        drop(IrqOff::new());
        ExitCode::SUCCESS
    }
}
