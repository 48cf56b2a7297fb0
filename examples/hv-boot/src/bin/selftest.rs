//! The conformance suite, with the areas that the linker script reserves.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{Areas, ExitCode, Machine, selftest};

    hv_boot::main!(main);

    fn main(machine: &'static Machine) -> ExitCode {
        selftest::run(machine, Areas::InPlace)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "selftest is a bare-metal image: scripts/qemu-virt.sh --bin selftest builds and runs it"
    );
    std::process::exit(2);
}
