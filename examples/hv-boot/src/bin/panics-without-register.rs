//! A CPU uses a variable before it has an area: a panic that says what to call, in debug builds.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};
    use percpu_hv::def_percpu;

    hv_boot::main!(main);

    #[def_percpu]
    static EXITS: usize = 0;

    fn main(_machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        EXITS.inc_current();
        ExitCode::SUCCESS
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "panics-without-register is a bare-metal image: scripts/qemu-virt.sh --bin panics-without-register --debug builds and runs it"
    );
    std::process::exit(2);
}
