//! Every core with its own area; the areas are those that the linker script reserves.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine, demo};

    hv_boot::main!(main);

    fn main(machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        demo::run(machine)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("hv-boot is a bare-metal image: scripts/qemu-virt.sh builds and runs it");
    std::process::exit(2);
}
