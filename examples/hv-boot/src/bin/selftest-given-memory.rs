//! The conformance suite, with the areas in memory that the firmware's tables name.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{Areas, ExitCode, Machine, selftest};

    hv_boot::main!(main);

    fn main(machine: &'static Machine) -> ExitCode {
        selftest::run(machine, Areas::Given)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "selftest-given-memory is a bare-metal image: scripts/qemu-virt.sh --bin selftest-given-memory builds and runs it"
    );
    std::process::exit(2);
}
