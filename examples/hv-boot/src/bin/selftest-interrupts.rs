//! Additions and attacks by a real timer interrupt, which may come between any two instructions.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine, selftest};

    hv_boot::main!(main);

    fn main(machine: &'static Machine) -> ExitCode {
        selftest::run_interrupts(machine)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "selftest-interrupts is a bare-metal image: scripts/qemu-virt.sh --bin selftest-interrupts --one-insn-per-tb builds and runs it"
    );
    std::process::exit(2);
}
