//! Small variables; the base that is given is where the template is, with a script written for `percpu`.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine};

hv_boot::main!(main);

unsafe extern "C" {
    safe static _percpu_start: u8;
}

fn main(machine: &'static Machine) -> ExitCode {
    let base = (&raw const _percpu_start).cast_mut();
    // SAFETY: rule 9, what the linker script reserves for the areas, the template first.
    images::use_small_variables(machine, || unsafe { percpu_hv::init(base, 4) })
}
