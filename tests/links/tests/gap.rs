//! `PERCPU_AREA_GAP`: bytes behind each area that nothing is in.

use links::{Arch, Boot, Elf, Link, Linker, Mode, image, image_for};

const PAGE: u64 = 0x1000;
/// One more than there are CPUs.
const AREAS: u64 = 5;

fn with_gap(link: Link, gap: &str) -> Link {
    link.arg("--defsym=PERCPU_DYNAMIC_SIZE=0x1000")
        .arg(format!("--defsym=PERCPU_AREA_GAP={gap}"))
}

fn linked(link: Link) -> Elf {
    link.run().unwrap_or_else(|error| panic!("{error}"))
}

/// The areas of an image have gaps of a page, and these stay as they are. The image runs `above` its linked addresses.
fn check(elf: &Elf, areas: u64, boot: Boot, above: u64) {
    let (start, end) = (elf.symbol("_percpu_start"), elf.symbol("_percpu_end"));
    let stride = (end - start) / areas;
    assert_eq!((start % PAGE, stride % PAGE), (0, 0));
    let template = elf.symbol("percpu_hv_template_size");
    assert_eq!(stride, template.next_multiple_of(PAGE) + 2 * PAGE);
    let run = boot.run();
    assert_eq!(run.status, 0, "{run}");
    assert!(run.said("touched: None"), "{run}");
    assert!(run.said(&format!("ranges: {areas}")), "{run}");
    for cpu in 0..4 {
        let end = above + start + (cpu + 1) * stride;
        let line = format!("gap of {cpu}: {:#x} {end:#x}", end - PAGE);
        assert!(run.said(&line), "{line}: {run}");
    }
}

#[test]
fn nothing_touches_a_gap() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            for scripts in [&["include.ld"][..], &["percpu-insert.x", "plain.ld"]] {
                let link = image(mode, "gap").link(linker).cpus(AREAS as usize);
                let link = with_gap(link, "0x1000");
                let link = scripts
                    .iter()
                    .fold(link, |link, script| link.script(script));
                let elf = linked(link);
                check(&elf, AREAS, Boot::el2(elf.path()), 0);
            }
        }
    }
}

/// The other fragment.
#[test]
fn nothing_touches_a_gap_with_the_template_at_0() {
    for arch in [Arch::RiscV64, Arch::X86_64] {
        let image = image_for(arch, "gap", &[]);
        for linker in Linker::ALL {
            let elf = linked(with_gap(image.link(linker), "0x1000").board());
            let areas = elf.symbol("PERCPU_CPU_NUM");
            check(&elf, areas, Boot::on(arch, elf.path()), 0);
        }
    }
}

#[test]
fn a_position_independent_image_has_gaps() {
    for linker in Linker::ALL {
        let link = image(Mode::NonZeroVma, "gap").link(linker).pie();
        let link = link.arg("-znotext").cpus(AREAS as usize);
        let elf = linked(with_gap(link, "0x1000").script("pie.ld"));
        let boot = Boot::el2(&elf.loaded_at(0x4020_0000));
        check(&elf, AREAS, boot, 0x4020_0000);
    }
}

/// Memory that is given, in one block or anywhere, has gaps too.
#[test]
fn given_memory_has_gaps() {
    for linker in Linker::ALL {
        let link = image(Mode::Default, "given").link(linker).cpus(4);
        let elf = linked(with_gap(link, "0x1000").script("include.ld"));
        let end = Boot::el2(elf.path()).run();
        assert!(end.said("values: ok"), "{end}");
        let link = image(Mode::Default, "anywhere").link(linker).cpus(0);
        let elf = linked(with_gap(link.slots(6), "0x1000").script("include.ld"));
        let end = Boot::el2(elf.path()).run();
        assert!(end.said("4 CPUs anywhere: ok"), "{end}");
        assert_eq!(end.status, 0, "{end}");
    }
}

#[test]
fn a_gap_takes_memory_and_no_bytes_of_the_file() {
    for linker in Linker::ALL {
        let link = |gap| {
            let link = image(Mode::Default, "gap")
                .link(linker)
                .cpus(AREAS as usize);
            linked(with_gap(link, gap).script("include.ld"))
        };
        let gap = |elf: &Elf| elf.symbol("__percpu_hv_gap") - elf.symbol("_percpu_load_start");
        let stride = |elf: &Elf| (elf.symbol("_percpu_end") - elf.symbol("_percpu_start")) / AREAS;
        let (without, large) = (link("0"), link("0x10000"));
        assert_eq!(gap(&without), 0, "{linker:?}");
        assert_eq!(gap(&large), 0x10000, "{linker:?}");
        assert_eq!(without.file_size(), large.file_size(), "{linker:?}");
        // A small one is rounded up to the alignment of the areas.
        let small = link("1");
        assert_eq!(gap(&small), 128, "{linker:?}");
        assert_eq!(stride(&small) - stride(&without), 128, "{linker:?}");

        let end = Boot::el2(without.path()).run();
        let start = without.symbol("_percpu_start") + stride(&without);
        assert!(
            end.said(&format!("gap of 0: {start:#x} {start:#x}")),
            "{end}"
        );
        assert!(end.said("ranges: 1"), "{end}");
    }
}
