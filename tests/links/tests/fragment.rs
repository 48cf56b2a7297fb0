//! Images that are linked with percpu.x: what the linker makes of it, and what the image does then.

use links::{Boot, Elf, Image, Linker, Mode, fragment_directory, image};

/// The ways to use the fragment.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// `INCLUDE percpu.x` in the script.
    Include,
    /// `-Tpercpu-insert.x`, and a script that knows nothing of it.
    Insert,
}

/// Links in all ways, with all linkers.
fn link_all(image: Image, cpus: usize) -> impl Iterator<Item = (Linker, Way, Elf)> {
    let ways = [Way::Include, Way::Insert];
    let all = Linker::ALL
        .into_iter()
        .flat_map(move |l| ways.map(|w| (l, w)));
    all.map(move |(linker, way)| {
        let link = image.link(linker).cpus(cpus);
        let link = match way {
            Way::Include => link.script("include.ld"),
            Way::Insert => link.script("percpu-insert.x").script("plain.ld"),
        };
        let elf = link
            .run()
            .unwrap_or_else(|error| panic!("{linker:?}, {way:?}: {error}"));
        (linker, way, elf)
    })
}

#[test]
fn every_cpu_has_its_own_variables() {
    for (linker, way, elf) in link_all(image(Mode::Default, "areas"), 4) {
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{linker:?}, {way:?}: {end}");
        assert!(end.said("init: Ok(4)"), "{end}");
        assert!(end.said("4 CPUs at EL2: ok"), "{end}");
    }
}

#[test]
fn defect_01_seventy_kib_run_in_non_zero_vma_mode() {
    for (linker, way, elf) in link_all(image(Mode::NonZeroVma, "large"), 4) {
        let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
        assert!(size > 70 << 10, "{size:#x}");
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{linker:?}, {way:?}: {end}");
        assert!(end.said("4 CPUs: ok"), "{end}");
    }
}

#[test]
fn defect_03_variables_are_aligned_on_every_cpu() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for (linker, way, elf) in link_all(image(mode, "overaligned"), 4) {
            let end = Boot::el2(elf.path()).run();
            assert_eq!(end.status, 0, "{mode:?}, {linker:?}, {way:?}: {end}");
            for cpu in 0..4 {
                assert!(end.said(&format!("cpu {cpu}: 0 0")), "{end}");
            }
        }
    }
}

#[test]
fn defect_05_an_image_without_variables_works() {
    for (linker, way, elf) in link_all(image(Mode::Default, "bare"), 6) {
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{linker:?}, {way:?}: {end}");
        for line in ["before init: 6", "init: Ok(6)", "after init: 6"] {
            assert!(end.said(line), "{end}");
        }
    }
}

#[test]
fn defect_05_the_number_of_areas_is_what_init_was_given() {
    for (_, _, elf) in link_all(image(Mode::Default, "given"), 7) {
        let end = Boot::el2(elf.path()).run();
        assert!(end.said("areas: 7 reserved, 4 in use"), "{end}");
        assert!(end.said("values: ok"), "{end}");
    }
}

#[test]
fn defect_06_bad_bases_and_bad_cpu_ids_are_refused() {
    for (_, _, elf) in link_all(image(Mode::Default, "given"), 4) {
        let end = Boot::el2(elf.path()).run();
        for line in [
            "null: Err(InvalidBase)",
            "odd: Err(UnalignedBase)",
            "no cpu: Err(NoCpus)",
            "too many: Err(TooManyCpus { cpu_count: 18446744073709551615 })",
            "wraps: Err(InvalidBase)",
            "template: Err(InvalidBase)",
            "short: true",
            "good: Ok(4)",
            "CPU id 4 is out of range: the per-CPU areas are for 4 CPUs; CPU ids are dense indices from 0, \
             not MPIDRs or APIC ids",
        ] {
            assert!(end.said(line), "`{line}` is missing: {end}");
        }
        assert_eq!(end.status, 101, "a panic: {end}");
    }
}

#[test]
fn defect_09_the_file_is_as_large_for_256_cpus_as_for_4() {
    let few = link_all(image(Mode::Default, "areas"), 4);
    let many = link_all(image(Mode::Default, "areas"), 256);
    for ((linker, way, few), (_, _, many)) in few.zip(many) {
        assert_eq!(few.file_size(), many.file_size(), "{linker:?}, {way:?}");
        let areas = |elf: &Elf| elf.symbol("_percpu_end") - elf.symbol("_percpu_start");
        assert_eq!(areas(&many), 64 * areas(&few), "{linker:?}, {way:?}");
    }
}

#[test]
fn defect_09_what_follows_is_loaded_where_it_is_linked() {
    for (linker, way, elf) in link_all(image(Mode::Default, "areas"), 4) {
        let bss = elf.section(".bss").start;
        assert_eq!(elf.load_address(bss), bss, "{linker:?}, {way:?}");
        let template = elf.symbol("_percpu_load_start")..elf.symbol("_percpu_load_end");
        assert_eq!(elf.load_address(template.start), template.start);
        // Boot code clears .bss, and gives memory behind the image away.
        let cleared = elf.symbol("__bss_start")..elf.symbol("__bss_end");
        assert!(template.end <= cleared.start || cleared.end <= template.start);
        let areas = elf.symbol("_percpu_start")..elf.symbol("_percpu_end");
        assert!(template.end <= areas.start, "{linker:?}, {way:?}");
        assert!(areas.end <= cleared.start, "{linker:?}, {way:?}");
        assert!(
            areas.end <= elf.symbol("__image_end"),
            "{linker:?}, {way:?}"
        );
    }
}

#[test]
fn defect_13_the_template_stays_as_it_was_linked() {
    for (_, _, elf) in link_all(image(Mode::Default, "overaligned"), 4) {
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{end}");
        let (before, after) = end.value("template: ").split_once(", then ").unwrap();
        assert_eq!(before, after, "{end}");
    }
}

#[test]
fn defect_13_a_second_init_is_an_error() {
    for (_, _, elf) in link_all(image(Mode::Default, "areas"), 5) {
        let end = Boot::el2(elf.path()).run();
        for init in ["second init", "second init elsewhere"] {
            let line = format!("{init}: Err(AlreadyInitialized {{ cpu_count: 5 }})");
            assert!(end.said(&line), "{end}");
        }
        assert_eq!(end.status, 0, "{end}");
    }
}

#[test]
fn defect_21_the_area_size_is_the_template_s() {
    for (_, _, elf) in link_all(image(Mode::Default, "areas"), 4) {
        let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
        // The stride is larger, or the test would not tell them apart.
        assert_ne!(size % 64, 0);
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.value("area size: "), size.to_string(), "{end}");
    }
}

#[test]
fn defect_28_the_fragment_is_the_target_s() {
    let fragment = |mode, file| {
        let path = fragment_directory(mode).join(file);
        std::fs::read_to_string(path).expect("percpu-hv's build script wrote it")
    };
    for file in ["percpu.x", "percpu-insert.x"] {
        assert!(fragment(Mode::Default, file).contains("ALIGN(0x10000);"));
        assert!(fragment(Mode::El1, file).contains("ALIGN(0x10000);"));
        let anywhere = fragment(Mode::NonZeroVma, file);
        assert!(!anywhere.contains("ALIGN(0x10000);") && !anywhere.contains("<= 0x10000,"));
        for mode in [Mode::Default, Mode::El1, Mode::NonZeroVma] {
            assert!(!fragment(mode, file).contains('@'));
        }
    }
}

#[test]
fn hot_variables_stand_first() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for (linker, way, elf) in link_all(image(mode, "overaligned"), 4) {
            let end = Boot::el2(elf.path()).run();
            let (hot, template) = end.value("hot: ").split_once(", template: ").unwrap();
            let [hot, template] =
                [hot, template].map(|address| u64::from_str_radix(&address[2..], 16).unwrap());
            // GNU ld also keeps hot variables that nothing uses.
            let first = hot - template < 0x200;
            assert!(first, "{mode:?}, {linker:?}, {way:?}: {end}");
        }
    }
}

#[test]
fn an_image_reserves_a_table_and_no_areas() {
    let mode = Mode::Default;
    let slots = 6;
    for linker in Linker::ALL {
        let link = || image(mode, "anywhere").link(linker).cpus(0).slots(slots);
        let insert = link().script("percpu-insert.x").script("plain.ld");
        // In the script, before the fragment, the symbol is as good.
        let own = image(mode, "anywhere").link(linker);
        let own = own.script_text(&format!(
            "PERCPU_CPU_NUM = 0; PERCPU_TABLE_NUM = {slots}; INCLUDE include.ld"
        ));
        for link in [link().script("include.ld"), insert, own] {
            let elf = link.run().unwrap();
            assert_eq!(elf.symbol("_percpu_start"), elf.symbol("_percpu_end"));
            let table = elf.symbol("__percpu_hv_table")..elf.symbol("__percpu_hv_table_end");
            assert_eq!((table.start % 8, table.end - table.start), (0, 48));
            let end = Boot::el2(elf.path()).run();
            for line in [
                "reserved: 0 areas, 6 slots",
                &format!("table: {:#x} {:#x}", table.start, table.end),
                "in place: Err(NoAreas)",
                "init: Ok(3)",
                "late: Ok(CpuId(3))",
                "4 CPUs anywhere: ok",
                "2 more: TableTooSmall { slots: 6 }",
            ] {
                assert!(end.said(line), "{linker:?}: {line}: {end}");
            }
            assert_eq!(end.status, 0, "{linker:?}: {end}");
        }
        // Without the symbol there is no table, and without areas the script says that itself.
        let elf = areas_of(image(mode, "areas"), linker, 4);
        assert_eq!(
            elf.symbol("__percpu_hv_table"),
            elf.symbol("__percpu_hv_table_end")
        );
        let end = Boot::el2(areas_of(image(mode, "areas"), linker, 0).path()).run();
        assert!(end.said("init: Err(NoAreas)"), "{linker:?}: {end}");
    }
}

fn areas_of(image: Image, linker: Linker, cpus: usize) -> Elf {
    let link = image.link(linker).cpus(cpus);
    link.script("include.ld").run().unwrap()
}

#[test]
fn the_insert_fragment_may_follow_the_script_with_lld() {
    let link = image(Mode::Default, "areas").link(Linker::Lld).cpus(4);
    let elf = link.script("plain.ld").script("percpu-insert.x").run();
    let elf = elf.unwrap();
    assert!(elf.symbol("_percpu_end") <= elf.section(".bss").start);
    let end = Boot::el2(elf.path()).run();
    assert_eq!(end.status, 0, "{end}");
}

#[test]
fn a_position_independent_image_runs_at_another_address() {
    for (mode, name) in [
        (Mode::NonZeroVma, "areas"),
        (Mode::NonZeroVma, "large"),
        (Mode::SmallAnywhere, "areas"),
        (Mode::SmallAnywhere, "cold"),
    ] {
        for linker in Linker::ALL {
            // The images are compiled for a fixed address, so constants that hold addresses are relocated
            // too, in read-only data; `loaded_at` refuses a relocation in the code.
            let link = image(mode, name).link(linker).pie();
            let link = link.arg("-znotext").cpus(4).script("pie.ld");
            let elf = link.run().unwrap();
            // Where QEMU puts an image whose header says so: 2 MiB into memory.
            let end = Boot::el2(&elf.loaded_at(0x4020_0000)).run();
            assert_eq!(end.status, 0, "{mode:?}, {name}, {linker:?}: {end}");
        }
    }
}
