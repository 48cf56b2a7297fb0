//! Init before the MMU is on, where exclusive instructions need not work.

use std::{fs, path::Path};

use links::{Boot, End, Linker, Mode, image};

/// Whether QEMU's log of executed code holds an exclusive or an atomic instruction.
fn used_exclusives(log: &Path) -> bool {
    let log = fs::read_to_string(log).expect("QEMU wrote its log");
    // "0x40200000:  90010009  adrp     x9, #0x42200000"
    let mut instructions = log
        .lines()
        .filter_map(|line| {
            let (address, rest) = line.split_once(':')?;
            address.starts_with("0x").then_some(())?;
            rest.split_whitespace().nth(1)
        })
        .peekable();
    assert!(instructions.peek().is_some(), "QEMU cannot disassemble");
    let families = [
        "ldx", "ldax", "stx", "stlx", "cas", "ldadd", "ldset", "ldclr", "swp",
    ];
    instructions.any(|mnemonic| families.iter().any(|family| mnemonic.starts_with(family)))
}

fn boot(name: &str, mode: Mode, linker: Linker, entry: &str) -> (End, bool) {
    let link = image(mode, name).link(linker).cpus(4).arg("-e").arg(entry);
    let elf = link.script("include.ld").run().unwrap();
    let log = elf.path().with_extension("log");
    let end = Boot::el2(elf.path()).log_code(&log).run();
    (end, used_exclusives(&log))
}

#[test]
fn init_with_the_mmu_off_uses_no_exclusive_instruction() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            let (end, exclusives) = boot("early", mode, linker, "early_start");
            assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
            assert!(end.said("4 areas with the MMU off: ok"), "{end}");
            assert!(
                end.said("second init: Err(AlreadyInitialized { cpu_count: 4 })"),
                "{end}"
            );
            assert!(!exclusives, "{mode:?}, {linker:?}");
        }
    }
}

#[test]
fn init_with_the_mmu_on_uses_them() {
    let (end, exclusives) = boot("areas", Mode::Default, Linker::Lld, "_start");
    assert_eq!(end.status, 0, "{end}");
    assert!(exclusives, "or the other test shows nothing");
}

#[test]
fn defect_24_an_el2_image_at_el1_panics_before_it_touches_the_register() {
    let link = image(Mode::Default, "early").link(Linker::Lld).cpus(4);
    let elf = link
        .arg("-eearly_start")
        .script("include.ld")
        .run()
        .unwrap();
    let end = Boot::el1(elf.path()).run();
    assert!(
        end.console
            .contains("percpu-hv is built for EL2 but runs at EL1"),
        "{end}"
    );
    assert_eq!(end.status, 101, "a panic, and no exception: {end}");
}
