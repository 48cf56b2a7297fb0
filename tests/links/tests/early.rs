//! Init and ids before the MMU is on, where exclusive instructions need not work, nor unaligned accesses.

use std::{fs, ops::Range, path::Path};

use links::{Arch, Boot, Elf, End, Linker, Mode, image, image_for};
use object::{Object, ObjectSymbol};

/// The instructions that ran, by their addresses, in the disassembler's words: "adrp", "ldrex".
struct Executed(Vec<(u64, String)>);

impl Executed {
    /// As QEMU's log of executed code has them.
    fn read(log: &Path) -> Self {
        let log = fs::read_to_string(log).expect("QEMU wrote its log");
        // "0x40200000:  90010009  adrp     x9, #0x42200000"
        let instructions = log.lines().filter_map(|line| {
            let (address, rest) = line.split_once(':')?;
            let address = u64::from_str_radix(address.strip_prefix("0x")?, 16).ok()?;
            Some((address, rest.split_whitespace().nth(1)?.to_owned()))
        });
        let instructions: Vec<_> = instructions.collect();
        assert!(!instructions.is_empty(), "QEMU cannot disassemble");
        Self(instructions)
    }

    /// The exclusive and the atomic ones.
    fn exclusives(&self) -> Vec<&str> {
        let families = [
            "ldx", "ldax", "stx", "stlx", "cas", "ldadd", "ldset", "ldclr", "swp", "ldrex", "strex",
        ];
        let mnemonics = self.0.iter().map(|(_, mnemonic)| mnemonic.as_str());
        mnemonics
            .filter(|mnemonic| families.iter().any(|family| mnemonic.starts_with(family)))
            .collect()
    }

    /// The functions that move blocks of memory as they like, as far as they ran.
    fn block_functions(&self, elf: &Elf) -> Vec<String> {
        let functions = block_functions(elf);
        let ran = |range: &Range<u64>| self.0.iter().any(|(address, _)| range.contains(address));
        let ran = functions.into_iter().filter(|(_, range)| ran(range));
        ran.map(|(name, _)| name).collect()
    }
}

/// `memcpy` and the others that the compiler calls, and what they are made of.
fn block_functions(elf: &Elf) -> Vec<(String, Range<u64>)> {
    let bytes = fs::read(elf.path()).expect("the linker wrote the image");
    let file = object::File::parse(&*bytes).expect("the linker writes ELF files");
    let functions: Vec<_> = file
        .symbols()
        .filter_map(|symbol| {
            let name = symbol.name().ok()?;
            let known = [
                "memcpy",
                "memmove",
                "memset",
                "memcmp",
                "bcmp",
                "__aeabi_mem",
            ];
            let is_one = known.iter().any(|known| name.starts_with(known))
                || name.contains("compiler_builtins") && name.contains("mem");
            // On Arm the lowest bit tells the instruction set.
            let start = symbol.address() & !1;
            (is_one && symbol.size() != 0).then(|| (name.to_owned(), start..start + symbol.size()))
        })
        .collect();
    assert!(!functions.is_empty(), "the image has no memcpy to call");
    functions
}

fn boot(name: &str, mode: Mode, linker: Linker, entry: &str) -> (Elf, End, Executed) {
    let link = image(mode, name).link(linker).cpus(4).arg("-e").arg(entry);
    let elf = link.script("include.ld").run().unwrap();
    let log = elf.path().with_extension("log");
    let end = Boot::el2(elf.path()).log_code(&log).run();
    let executed = Executed::read(&log);
    (elf, end, executed)
}

#[test]
fn init_anywhere_with_the_mmu_off_uses_no_exclusive_instruction() {
    for mode in [Mode::Default, Mode::NonZeroVma, Mode::SmallAnywhere] {
        for linker in Linker::ALL {
            let link = image(mode, "anywhere").link(linker).cpus(0).slots(4);
            let link = link.arg("-eearly_start").script("include.ld");
            let elf = link.run().unwrap();
            let log = elf.path().with_extension("log");
            let end = Boot::el2(elf.path()).log_code(&log).run();
            for line in [
                "reserved: 0 areas, 4 slots",
                "in place: Err(NoAreas)",
                "twice: Err(Area { cpu_id: 2, fault: Overlaps { other_id: 0 } })",
                "init: Ok(3)",
                "late and null: Err(Area { cpu_id: 3, fault: Null })",
                "late: Ok(CpuId(3))",
                "4 areas anywhere with the MMU off: ok",
            ] {
                assert!(end.said(line), "{mode:?}, {linker:?}: {line}: {end}");
            }
            assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
            let executed = Executed::read(&log);
            assert_eq!(executed.exclusives(), [""; 0], "{mode:?}, {linker:?}");
            assert_eq!(
                executed.block_functions(&elf),
                [""; 0],
                "{mode:?}, {linker:?}"
            );
        }
    }
}

/// An image of 32-bit Arm, in SVC mode or, where the machine has it, in Hyp mode.
fn boot_arm(machine: &str) -> (Elf, End, Executed) {
    let image = image_for(Arch::Arm, "early", &[]);
    let link = image.link(Linker::Lld).cpus(4).arg("-eearly_start");
    let elf = link.script("include.ld").run().unwrap();
    let log = elf.path().with_extension("log");
    let options = format!("-M {machine} -cpu cortex-a15 -smp 4 -m 256M -semihosting");
    let end = Boot::machine("qemu-system-arm", &options, elf.path())
        .log_code(&log)
        .run();
    let executed = Executed::read(&log);
    (elf, end, executed)
}

/// What one core says that has its MMU off.
fn inits_and_takes_ids(end: &End) {
    for line in [
        "claim before init: Err(NotInitialized)",
        "second init: Err(AlreadyInitialized { cpu_count: 4 })",
        "CPU 2 again: Ok(CpuId(2))",
        "CPU 2 as CPU 0: Err(HasOtherId { cpu_id: 0, own_id: 2 })",
        "CPU 2 retires: Ok(())",
        "as CPU 0: Ok(CpuId(0))",
        "CPU 0 as CPU 2: Err(HasOtherId { cpu_id: 2, own_id: 0 })",
        "4 areas with the MMU off: ok",
    ] {
        assert!(end.said(line), "{line}: {end}");
    }
}

#[test]
fn init_with_the_mmu_off_uses_no_exclusive_instruction() {
    for mode in [Mode::Default, Mode::NonZeroVma, Mode::SmallAnywhere] {
        for linker in Linker::ALL {
            let (elf, end, executed) = boot("early", mode, linker, "early_start");
            inits_and_takes_ids(&end);
            assert_eq!(executed.exclusives(), [""; 0], "{mode:?}, {linker:?}");
            assert_eq!(
                executed.block_functions(&elf),
                [""; 0],
                "{mode:?}, {linker:?}"
            );
        }
    }
    let (elf, end, executed) = boot_arm("virt");
    assert_eq!(end.status, 0, "{end}");
    inits_and_takes_ids(&end);
    assert_eq!(executed.exclusives(), [""; 0]);
    assert_eq!(executed.block_functions(&elf), [""; 0]);
}

#[test]
fn defect_54_an_id_belongs_to_one_cpu_also_with_the_mmu_off() {
    let (_, end, _) = boot("early", Mode::Default, Linker::Lld, "early_start");
    for line in [
        "the second core as CPU 0: Err(CpuTaken { cpu_id: 0 })",
        "as CPU 1: Ok(CpuId(1))",
        "as CPU 3: Err(HasOtherId { cpu_id: 3, own_id: 1 })",
    ] {
        assert!(end.said(line), "{line}: {end}");
    }
}

#[test]
fn a_core_that_was_off_comes_back_to_its_values() {
    let (_, end, _) = boot("early", Mode::Default, Linker::Lld, "early_start");
    assert!(end.said("register kept: false"), "{end}");
    assert!(end.said("back: CpuId(1), 0xff"), "{end}");
    let sentence = "no CPU has CPU id 3, so none can resume with it";
    assert!(end.console.contains(sentence), "{end}");
    assert_eq!(end.status, 101, "{end}");
}

#[test]
fn init_with_the_mmu_on_uses_them() {
    let (elf, end, executed) = boot("areas", Mode::Default, Linker::Lld, "_start");
    assert_eq!(end.status, 0, "{end}");
    assert_ne!(executed.exclusives(), [""; 0], "or the others show nothing");
    assert_ne!(executed.block_functions(&elf), [""; 0]);
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

#[test]
fn defect_52_an_el1_image_at_el2_panics_before_it_touches_the_register() {
    let link = image(Mode::El1, "early").link(Linker::Lld).cpus(4);
    let elf = link
        .arg("-eearly_start")
        .script("include.ld")
        .run()
        .unwrap();
    let end = Boot::el2(elf.path()).run();
    let sentence = "percpu-hv is built for EL1 but runs at EL2, where a guest owns TPIDR_EL1";
    assert!(end.console.contains(sentence), "{end}");
    assert_eq!(end.status, 101, "{end}");

    let (_, end, _) = boot_arm("virt,virtualization=on");
    let sentence =
        "percpu-hv is built for SVC mode but runs in Hyp mode, where a guest owns TPIDRPRW";
    assert!(end.console.contains(sentence), "{end}");
    assert_eq!(end.status, 101, "{end}");
}
