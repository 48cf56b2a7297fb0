//! All CPUs take the area of CPU 0: a panic of the second one that says what to do.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};

    hv_boot::main!(main);

    fn main(machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        machine.run_on_all(|_| percpu_hv::init_percpu_reg(0));
        ExitCode::SUCCESS
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "panics-on-one-id-for-all is a bare-metal image: scripts/qemu-virt.sh --bin panics-on-one-id-for-all builds and runs it"
    );
    std::process::exit(2);
}
