//! The instructions that come out.

use std::collections::BTreeMap;

use links::{Arch, Boot, Linker, Mode, accesses_of, disassembly, image, image_for};

fn linked_code(mode: Mode, name: &str) -> BTreeMap<String, Vec<String>> {
    let link = image(mode, name).link(Linker::Lld).cpus(4);
    disassembly(link.script("include.ld").run().unwrap().path())
}

/// How many instructions of an image start and end so.
fn count(code: &BTreeMap<String, Vec<String>>, mnemonic: &str, register: &str) -> usize {
    let instructions = code.values().flatten();
    instructions
        .filter(|line| line.split_whitespace().next() == Some(mnemonic) && line.contains(register))
        .count()
}

#[test]
fn defect_24_and_30_one_register_is_read_and_written() {
    for (mode, own, other) in [
        (Mode::Default, "tpidr_el2", "tpidr_el1"),
        (Mode::NonZeroVma, "tpidr_el2", "tpidr_el1"),
        (Mode::El1, "tpidr_el1", "tpidr_el2"),
    ] {
        let code = linked_code(mode, "areas");
        for instruction in ["mrs", "msr"] {
            assert_ne!(count(&code, instruction, own), 0, "{mode:?} {instruction}");
            assert_eq!(
                count(&code, instruction, other),
                0,
                "{mode:?} {instruction}"
            );
        }
    }
}

#[test]
fn defect_30_an_el1_image_runs_at_el1() {
    for linker in Linker::ALL {
        let link = image(Mode::El1, "areas").link(linker).cpus(4);
        let elf = link.script("include.ld").run().unwrap();
        let end = Boot::el1(elf.path()).run();
        assert_eq!(end.status, 0, "{linker:?}: {end}");
        assert!(end.said("built anew: Ok(())"), "{linker:?}: {end}");
        assert!(end.said("4 CPUs at EL1: ok"), "{end}");
    }
}

#[test]
fn an_el2_image_refuses_el1() {
    let link = image(Mode::Default, "areas").link(Linker::Lld).cpus(4);
    let elf = link.script("include.ld").run().unwrap();
    let end = Boot::el1(elf.path()).run();
    assert_eq!(end.status, 103, "{end}");
    assert!(
        end.console
            .contains("started at EL1, but this image runs at EL2"),
        "{end}"
    );
}

#[test]
fn a_read_is_four_instructions() {
    let code = accesses_of("ours_", image(Mode::Default, "code").archive());
    let read = &code["read_u64"];
    let mnemonics: Vec<_> = read
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    // The disassembler shows a `movz` as `mov`.
    assert_eq!(mnemonics, ["mov", "mrs", "ldr", "ret"], "{read:?}");
    assert!(read[1].ends_with("tpidr_el2"), "{read:?}");
}

/// Every architecture: a read, a write, an increment, a flag and a pointer.
#[test]
fn no_access_is_longer_than_with_percpu() {
    for arch in Arch::ALL {
        let code = image_for(arch, "code", &[]);
        let archive = code.archive();
        let ours = accesses_of("ours_", archive);
        let theirs = accesses_of("theirs_", archive);
        assert_eq!(ours.len(), theirs.len(), "{arch:?}");
        for (access, theirs) in &theirs {
            let ours = &ours[access];
            println!(
                "{arch:?}, {access}: {} instructions, percpu {}",
                ours.len(),
                theirs.len()
            );
            assert!(
                ours.len() <= theirs.len(),
                "{arch:?}, {access}: {ours:#?}, percpu {theirs:#?}"
            );
        }
    }
}
