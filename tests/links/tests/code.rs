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

/// What an instruction does with the per-CPU register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Read,
    Write,
    Call,
}

fn step(arch: Arch, line: &str) -> Option<Step> {
    let mnemonic = line.split(' ').next().unwrap();
    let read = match arch {
        Arch::Aarch64 | Arch::Aarch64BigEndian => mnemonic == "mrs" && line.ends_with("tpidr_el2"),
        Arch::Arm => mnemonic == "mrc" && line.ends_with("c13, c0, #0x4"),
        Arch::LoongArch64 => line.ends_with(", $r21"),
        Arch::RiscV64 => line.ends_with(", gp"),
        Arch::X86_64 => line.contains("%gs:"),
    };
    let write = match arch {
        Arch::Aarch64 | Arch::Aarch64BigEndian => line.starts_with("msr tpidr_el2, "),
        Arch::Arm => mnemonic == "mcr" && line.ends_with("c13, c0, #0x4"),
        Arch::LoongArch64 => line.starts_with("move $r21, "),
        Arch::RiscV64 => line.starts_with("mv gp, "),
        Arch::X86_64 => matches!(mnemonic, "wrgsbaseq" | "wrmsr"),
    };
    let call = matches!(mnemonic, "bl" | "callq" | "jalr" | "jirl");
    match (read, write, call) {
        (true, ..) => Some(Step::Read),
        (_, true, _) => Some(Step::Write),
        (.., true) => Some(Step::Call),
        _ => None,
    }
}

/// The register is read for each access: between two the context may have moved to another CPU, or the register
/// may have been written.
#[test]
fn the_register_is_read_for_each_access() {
    for arch in Arch::ALL {
        for (accesses, code) in accesses_of("twice_", image_for(arch, "code", &[]).archive()) {
            let steps: Vec<_> = code.iter().filter_map(|line| step(arch, line)).collect();
            let mut reads = (0..steps.len()).filter(|&at| steps[at] == Step::Read);
            // x86_64 has the second one behind each of two ways to write.
            let (Some(first), Some(second)) = (reads.next(), reads.next_back()) else {
                panic!("{arch:?}, {accesses}: less than 2 reads: {code:#?}");
            };
            let between = &steps[first + 1..second];
            let found = match accesses.split_once("_around_") {
                Some((_, "a_call")) => between.contains(&Step::Call),
                Some((_, "write_percpu_reg")) => between.contains(&Step::Write),
                // It need not be part of its caller.
                Some((_, "init_percpu_reg")) => {
                    between.contains(&Step::Write) || between.contains(&Step::Call)
                }
                _ => true,
            };
            assert!(found, "{arch:?}, {accesses}: {steps:?}: {code:#?}");
        }
    }
}

/// Where a return from a trap may leave a reservation as it is, hv-boot ends it before: by `clrex`, or by an `sc` to its
/// own stack. That an interrupt does so selftest-interrupts shows, but not on QEMU's RISC-V, where each trap does.
#[test]
fn defect_45_hv_boot_ends_reservations_before_it_returns_from_a_trap() {
    for (arch, end, returns) in [
        (
            Arch::Arm,
            "clrex",
            &["rfeia", "eret", "subs pc,", "movs pc,"][..],
        ),
        (Arch::RiscV64, "sc.w", &["sret", "mret"][..]),
    ] {
        let code = disassembly(image_for(arch, "code", &[]).archive());
        let mut count = 0;
        for (function, lines) in &code {
            let is_return = |line: &String| returns.iter().any(|name| line.starts_with(name));
            for at in (0..lines.len()).filter(|&at| is_return(&lines[at])) {
                // Behind the last call: what runs there may use exclusives.
                let last = lines[..at]
                    .iter()
                    .rposition(|line| step(arch, line) == Some(Step::Call))
                    .unwrap_or(0);
                let ended = lines[last..at].iter().any(|line| line.starts_with(end));
                assert!(ended, "{arch:?}, {function}: {lines:#?}");
                count += 1;
            }
        }
        assert_ne!(count, 0, "{arch:?}: hv-boot returns from interrupts");
    }
}

/// `csrxchg` with its mask in `$r0` or `$r1` is another instruction, which the assembler refuses.
#[test]
fn defect_50_the_mask_has_a_register_of_its_own() {
    let image = image_for(Arch::LoongArch64, "masked", &[]);
    for (values, code) in accesses_of("masked_among_", image.archive()) {
        let exchanges: Vec<_> = code
            .iter()
            .filter(|line| line.starts_with("csrxchg "))
            .collect();
        assert_eq!(exchanges.len(), 2, "masks and restores: {code:#?}");
        for exchange in exchanges {
            assert!(exchange.ends_with(", $t0, 0"), "{values}: {exchange}");
        }
    }
}
