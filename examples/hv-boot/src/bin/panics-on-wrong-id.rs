//! A CPU takes the area of a CPU that there is not: a panic that says how many there are.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};

    hv_boot::main!(main);

    fn main(_machine: &'static Machine) -> ExitCode {
        let count = percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        percpu_hv::init_percpu_reg(count);
        ExitCode::SUCCESS
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "panics-on-wrong-id is a bare-metal image: scripts/qemu-virt.sh --bin panics-on-wrong-id builds and runs it"
    );
    std::process::exit(2);
}
