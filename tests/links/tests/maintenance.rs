//! The maintenance of caches, and areas that are seen at another address later.
//!
//! QEMU has no caches. It shows which instructions run, on which addresses.

use std::{collections::VecDeque, fs, ops::Range, path::Path};

use links::{Arch, Boot, Elf, End, Linker, Mode, accesses_of, image, image_for};

/// Boots the image `caches`, and returns the blocks that it flushed, in order.
fn flushed(arch: Arch) -> (Elf, End, VecDeque<u64>) {
    let image = image_for(arch, "caches", &[]);
    let link = image.link(Linker::Lld);
    let (elf, boot) = match arch {
        Arch::Aarch64 => {
            let elf = link.cpus(4).script("include.ld").run().unwrap();
            let boot = Boot::el2(elf.path());
            (elf, boot)
        }
        _ => {
            let elf = link.board().run().unwrap();
            let options = "-M virt -cpu rv64 -smp 4 -m 256M -bios default";
            let boot = Boot::machine("qemu-system-riscv64", options, elf.path());
            (elf, boot)
        }
    };
    let (end, flushed) = log_flushes(arch, &elf, 0, boot);
    (elf, end, flushed)
}

/// Runs a machine, and returns the blocks that are flushed, in order. It is about code that runs at addresses `below`
/// those at which it is linked.
fn log_flushes(arch: Arch, elf: &Elf, below: u64, boot: Boot) -> (End, VecDeque<u64>) {
    // `dc civac, x0`; `cbo.flush (x0)`. In both the register is a field of 5 bits.
    let (bits, shift) = match arch {
        Arch::Aarch64 => (0xd50b_7e20, 0),
        _ => (0x0020_200f, 15),
    };
    let mut flushes = elf.instructions(!(0b1_1111 << shift), bits);
    assert!(!flushes.is_empty(), "{arch:?}: no instruction flushes");
    for (address, _) in &mut flushes {
        *address -= below;
    }
    let log = elf.path().with_extension("log");
    let addresses = flushes.iter().map(|(address, _)| *address);
    let end = boot.log_registers(addresses, &log).run();
    let blocks = read_log(&log).into_iter().map(|(address, registers)| {
        let flush = flushes.iter().find(|flush| flush.0 == address);
        let word = flush.unwrap_or_else(|| panic!("{address:#x} is logged")).1;
        registers[(word >> shift & 0b1_1111) as usize]
    });
    (end, blocks.collect())
}

/// Returns the addresses of the logged instructions, with x0 to x31 before each.
fn read_log(log: &Path) -> Vec<(u64, Vec<u64>)> {
    let log = fs::read_to_string(log).expect("QEMU wrote its log");
    // "Trace 0: 0x7f3fe06c0800 [00000000/000000008020c3b4/02424019/ff028201] name", and then the registers: "X08=00..",
    // or "x8/s0  00..".
    let traces = log.split("Trace ").skip(1);
    let value = |text: &str| u64::from_str_radix(text, 16).expect("a hexadecimal number");
    let traces = traces.map(|trace| {
        let address = value(trace.split('/').nth(1).expect("the address is second"));
        let words: Vec<_> = trace.split_whitespace().collect();
        let register = |number: usize| {
            let arm = format!("X{number:02}=");
            let riscv = format!("x{number}/");
            let mut places = words.iter().enumerate();
            places.find_map(|(place, word)| {
                let next = word.starts_with(&riscv).then(|| words[place + 1]);
                word.strip_prefix(&arm).or(next).map(value)
            })
        };
        let registers = (0..32).map(|number| register(number).unwrap_or(0));
        (address, registers.collect())
    });
    traces.collect()
}

/// Returns the range in a line, which starts with `what`.
fn range(line: &str, what: &str) -> Option<Range<u64>> {
    let (start, end) = line.strip_prefix(what)?.split_once(' ')?;
    let value = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    Some(value(start)?..value(end)?)
}

/// Returns the blocks that share a byte with a range.
fn blocks(range: &Range<u64>, size: u64) -> Vec<u64> {
    let blocks = (range.start / size * size..range.end).step_by(size as usize);
    blocks.filter(|_| !range.is_empty()).collect()
}

#[test]
fn what_is_flushed_is_each_block_of_a_range_once() {
    for arch in [Arch::Aarch64, Arch::RiscV64] {
        let (_, end, mut flushed) = flushed(arch);
        assert!(end.said("4 CPUs flushed: ok"), "{arch:?}: {end}");
        assert_eq!(end.status, 0, "{arch:?}: {end}");
        let size: u64 = end.value("block: ").parse().unwrap();
        assert_eq!(size, 64, "{arch:?}");
        let kinds = [
            ("template: ", size),
            ("areas: ", size),
            ("registry: ", size),
            ("area: ", size),
            ("range: ", size),
            ("halves: ", size / 2),
        ];
        let mut count = 0;
        for line in end.lines() {
            for (what, size) in kinds {
                let Some(range) = range(line, what) else {
                    continue;
                };
                for block in blocks(&range, size) {
                    assert_eq!(flushed.pop_front(), Some(block), "{arch:?}, {line}: {end}");
                }
                count += 1;
            }
        }
        assert_eq!(count, 3 + 4 + 6 + 1, "{arch:?}: {end}");
        // Then each core flushes its own area.
        for area in end.lines().filter_map(|line| range(line, "area: ")) {
            for block in blocks(&area, size) {
                assert_eq!(flushed.pop_front(), Some(block), "{arch:?}: {end}");
            }
        }
        assert!(flushed.is_empty(), "{arch:?}: {flushed:x?}");
    }
}

fn areas(elf: &Elf) -> Range<u64> {
    elf.symbol("_percpu_start")..elf.symbol("_percpu_end")
}

#[test]
fn the_ranges_are_the_memory_of_the_crate() {
    for arch in [Arch::Aarch64, Arch::RiscV64] {
        let (elf, end, _) = flushed(arch);
        let said = |what| range(&format!("{what}{}", end.value(what)), what).unwrap();
        let reserved = format!("{:#x?}", areas(&elf));
        assert_eq!(end.value("reserved: "), reserved, "{arch:?}");
        assert_eq!(said("areas: "), areas(&elf), "{arch:?}");
        let image = match arch {
            Arch::Aarch64 => elf.symbol("_percpu_load_start"),
            _ => elf.symbol("__percpu_hv_image"),
        };
        let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
        assert_eq!(said("template: "), image..image + size, "{arch:?}");

        let registry = said("registry: ");
        let [name] = &*elf.symbols_with("registry5AREAS") else {
            panic!("{arch:?}: {:?}", elf.symbols_with("AREAS"));
        };
        assert_eq!(registry.start, elf.symbol(name), "{arch:?}");
        // Whole lines, so that nothing else is in them.
        assert_eq!((registry.start % 64, registry.end % 64), (0, 0), "{arch:?}");
        let size = registry.end - registry.start;
        assert!((64..=128).contains(&size), "{arch:?}: {registry:x?}");

        let areas: Vec<_> = end
            .lines()
            .filter_map(|line| range(line, "area: "))
            .collect();
        assert_eq!(areas.len(), 4, "{arch:?}");
        let all = said("areas: ");
        assert_eq!(areas[0].start, all.start, "{arch:?}");
        for two in areas.windows(2) {
            assert_eq!(two[0].end, two[1].start, "{arch:?}");
        }
        if arch == Arch::Aarch64 {
            assert_eq!(areas[3].end, all.end, "{arch:?}");
        }
    }
}

/// The barrier before the loop orders what was stored, and the one after completes the flush.
#[test]
fn a_flush_is_between_two_barriers() {
    for (arch, barrier, flush) in [
        (Arch::Aarch64, "dsb sy", "dc civac, x"),
        // The disassembler is not told of Zicbom.
        (Arch::RiscV64, "fence", "<unknown>"),
    ] {
        let code = accesses_of("caches_", image_for(arch, "caches", &[]).archive());
        let steps: Vec<_> = code["flush_range"]
            .iter()
            .filter_map(|line| match line {
                line if line.starts_with(barrier) => Some("barrier"),
                line if line.starts_with(flush) => Some("flush"),
                _ => None,
            })
            .collect();
        assert_eq!(
            steps,
            ["barrier", "flush", "barrier"],
            "{arch:?}: {code:#?}"
        );
    }
    // The size of a block: 4 bytes, shifted by CTR_EL0.DminLine, bits 19 to 16.
    let code = accesses_of("caches_", image(Mode::Default, "caches").archive());
    let block_size = code["of_this_cpu"].join("\n");
    for part in ["ctr_el0", "ubfx x", ", #16, #4", ", #0x4", "lsl x0, "] {
        assert!(block_size.contains(part), "{part}: {block_size}");
    }
}

/// The distance of the high alias.
const HIGH: u64 = 0x40_0000_0000;

#[test]
fn an_image_runs_low_and_then_high() {
    for mode in [Mode::Default, Mode::NonZeroVma, Mode::SmallAnywhere] {
        for linker in Linker::ALL {
            let link = image(mode, "aliases").link(linker).cpus(4);
            let elf = link.arg("-elow_start").script("aliases.ld").run().unwrap();
            let boot = Boot::el2(elf.path());
            let (end, flushed) = log_flushes(Arch::Aarch64, &elf, HIGH, boot);
            let code = elf.symbol("__image_start");
            for line in [
                "init low: 4 areas",
                "null: Err(InvalidBase)",
                "odd: Err(UnalignedBase)",
                "wraps: Err(InvalidBase)",
                "one area further: true",
                &format!("code: Err(NoAreaAt {{ address: {code}, cpu_id: 0 }})"),
                "high: Ok(())",
                "built anew high: Ok(())",
                "4 CPUs low and high: ok",
            ] {
                assert!(end.said(line), "{mode:?}, {linker:?}: {line}: {end}");
            }
            assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
            assert_eq!(
                flushed,
                flushed_low(&elf),
                "{mode:?}, {linker:?}: low, before and after init, and by each core"
            );
        }
    }
}

/// What the image `aliases` flushes at the low alias.
fn flushed_low(elf: &Elf) -> Vec<u64> {
    let low = |range: Range<u64>| range.start - HIGH..range.end - HIGH;
    let template = elf.symbol("_percpu_load_start")..elf.symbol("_percpu_load_end");
    let areas = low(areas(elf));
    let [name] = &*elf.symbols_with("registry5AREAS") else {
        panic!("{:?}", elf.symbols_with("AREAS"));
    };
    let registry = elf.symbol(name)..elf.symbol(name) + 128;
    let all = [low(template), areas.clone(), low(registry)];
    let stride = (areas.end - areas.start) / 4;
    let own = (0..4).map(|cpu| areas.start + cpu * stride..areas.start + (cpu + 1) * stride);
    let ranges = all.clone().into_iter().chain(all).chain(own);
    ranges.flat_map(|range| blocks(&range, 64)).collect()
}
