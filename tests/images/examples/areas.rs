//! Small variables in the areas that the linker script reserves.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine};

hv_boot::main!(main);

fn main(machine: &'static Machine) -> ExitCode {
    images::use_small_variables(machine, percpu_hv::init_in_place)
}
