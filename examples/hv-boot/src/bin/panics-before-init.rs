//! A CPU takes its area before there are any: a panic that says what to call.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};

    hv_boot::main!(main);

    fn main(_machine: &'static Machine) -> ExitCode {
        percpu_hv::init_percpu_reg(0);
        ExitCode::SUCCESS
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "panics-before-init is a bare-metal image: scripts/qemu-virt.sh --bin panics-before-init builds and runs it"
    );
    std::process::exit(2);
}
