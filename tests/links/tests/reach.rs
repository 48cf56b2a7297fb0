//! The modes of x86_64, RISC-V and LoongArch64 whose offsets are addresses of 32 signed bits, with the template at other
//! addresses than 0. What the linkers say where they refuse is in errors.rs.

use links::{Arch, Boot, Elf, End, Linker, image_for};

const ARCHS: [Arch; 3] = [Arch::LoongArch64, Arch::RiscV64, Arch::X86_64];

/// Boots an image with the template at `address`, and `tail` bytes behind its variables, linked by each linker.
fn boot_all(arch: Arch, address: u64, tail: u64, check: impl Fn(&Elf, &End)) {
    boot_each(arch, "areas", address, tail, check);
}

fn boot_each(arch: Arch, name: &str, address: u64, tail: u64, check: impl Fn(&Elf, &End)) {
    let image = image_for(arch, name, &[]);
    for &linker in Linker::all_for(arch) {
        let elf = image.link(linker).template_at(address, tail).run();
        let elf = elf.unwrap_or_else(|error| panic!("{arch:?}, {linker:?}: {error}"));
        assert_eq!(elf.symbol("_percpu_load_start"), address);
        check(&elf, &Boot::on(arch, elf.path()).run());
    }
}

/// How a status of 2, for a failed init, arrives.
fn failed_init(arch: Arch) -> i32 {
    match arch {
        Arch::LoongArch64 => 1,
        Arch::X86_64 => 2 << 1 | 1,
        _ => 2,
    }
}

fn is_refused(arch: Arch, address: u64, tail: u64) {
    boot_all(arch, address, tail, |elf, end| {
        let size = elf.symbol("_percpu_load_end") - address;
        let line = format!("init: Err(TemplateOutOfReach {{ start: {address}, size: {size} }})");
        assert!(end.console.contains(&line), "{arch:?}: {end}");
        assert_eq!(end.status, failed_init(arch), "{arch:?}: {end}");
    });
}

#[test]
fn a_template_at_either_end_of_the_reach_works() {
    for arch in ARCHS {
        for address in [0x7fff_0000, 0xffff_ffff_8000_0000] {
            boot_all(arch, address, 0, |_, end| {
                assert_eq!(end.status, 0, "{arch:?}: {end}");
                let lines = ["init: Ok(512)", "4 CPUs at "];
                assert!(
                    lines.iter().all(|line| end.console.contains(line)),
                    "{arch:?}: {end}"
                );
            });
        }
    }
}

/// The linkers check what is accessed.
#[test]
fn a_template_that_ends_out_of_reach_is_refused_by_init() {
    for arch in ARCHS {
        is_refused(arch, 0x7fff_f000, 0x2000);
    }
}

/// Absolute relocations of LoongArch64 have no range: addresses of 64 bits are made of them too.
#[test]
fn a_template_out_of_reach_is_refused_by_init_where_the_linker_does_not() {
    for address in [0x8000_0000, 0x1_0000_0000, 0x9000_0000_0000_0000] {
        is_refused(Arch::LoongArch64, address, 0);
    }
}

/// The low bits of an address are the offset only if the template starts at 0.
#[test]
fn hot_variables_in_a_template_elsewhere_are_refused_by_init() {
    for arch in [Arch::LoongArch64, Arch::RiscV64] {
        boot_each(arch, "hot", 0x10_0000, 0, |_, end| {
            let line = "init: Err(HotOutOfReach)";
            assert!(end.console.contains(line), "{arch:?}: {end}");
            assert_eq!(end.status, failed_init(arch), "{arch:?}: {end}");
        });
        boot_each(arch, "hot", 0, 0, |_, end| {
            assert_eq!(end.status, 0, "{arch:?}: {end}");
        });
    }
}
