//! 128 bits by pairs of registers.

use std::process::Command;

use links::{
    Arch, Boot, Linker, image_for,
    tools::{root, run},
};

/// Whether a toolchain here compiles for it: rustup has no core library for big-endian AArch64.
fn can_build(arch: Arch) -> bool {
    let script = r#"source scripts/common.sh && toolchain "$1""#;
    let output = run(Command::new("bash")
        .args(["-c", script, "links", arch.target()])
        .current_dir(root())
        .env_remove("LD_LIBRARY_PATH"));
    output.status.success()
}

#[test]
fn defect_49_the_halves_of_a_u128_are_in_memory_order() {
    for arch in [Arch::Aarch64, Arch::Aarch64BigEndian] {
        if !can_build(arch) {
            println!("skipped: no toolchain here builds for {}", arch.target());
            continue;
        }
        let link = image_for(arch, "wide", &[]).link(Linker::Lld).cpus(1);
        let elf = link.arg("-ewide_start").script("include.ld").run().unwrap();
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{arch:?}: the number of a check: {end}");
    }
}
