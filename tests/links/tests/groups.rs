//! Where the linker puts the groups of variables.

use links::{Arch, Boot, Elf, Image, Linker, Mode, fragment_directory, image, image_for};

/// Those with a small template.
const SMALL: [Mode; 2] = [Mode::Small, Mode::SmallAnywhere];

fn with_linkers(mode: Mode) -> [(Mode, Linker); 2] {
    Linker::ALL.map(|linker| (mode, linker))
}

fn link(mode: Mode, name: &str, linker: Linker) -> Result<Elf, String> {
    let link = image(mode, name).link(linker).cpus(4);
    link.script("percpu-insert.x").script("plain.ld").run()
}

#[test]
fn hot_variables_are_first_and_work() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            let elf = link(mode, "hot", linker).unwrap();
            let start = elf.symbol("_percpu_load_start");
            let hot = elf.symbol("__percpu_hv_hot_end") - start;
            assert_eq!(elf.symbol("percpu_hv_hot_size"), hot, "{linker:?}");
            let size = elf.symbol("_percpu_load_end") - start;
            assert_eq!(elf.symbol("percpu_hv_template_size"), size, "{linker:?}");
            assert_eq!(hot, 17 * 8, "{mode:?}, {linker:?}");
            let end = Boot::el2(elf.path()).run();
            assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
            assert!(end.said("4 CPUs: ok"), "{end}");
        }
    }
}

/// The small variables take 16 bytes, hv-boot's count of interrupts 8, the one whose value a function makes 8, which the
/// linker keeps, a borrow flag 1, and those of the library a few words: in the order of their definition they would need
/// more. Counters that no code uses take none.
#[test]
fn no_padding_is_wasted() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "hot", linker).unwrap();
        let start = elf.symbol("__percpu_hv_hot_end").next_multiple_of(128);
        let bytes = elf.symbol("_percpu_load_end") - start;
        let of_the_library = bytes - 16 - 8 - 8 - 1;
        assert!(of_the_library <= 8 * 8, "{linker:?}: {bytes}");
    }
}

/// What other CPUs write is two lines apart where a core fetches lines in pairs, or may have lines of 128 bytes.
#[test]
fn defect_58_areas_are_lines_apart() {
    let check = |image: Image, line: u64| {
        for &linker in Linker::all_for(image.arch()) {
            let elf = image.link(linker).board().run().unwrap();
            let start = elf.symbol("_percpu_load_start");
            // No variable of the image needs more, so the test sees what the fragment wants.
            let align = elf.symbol("__percpu_hv_aligned") - start;
            assert_eq!(align, line, "{image:?}, {linker:?}");
            let areas = elf.symbol("_percpu_start")..elf.symbol("_percpu_end");
            assert_eq!((start % line, areas.start % line), (0, 0), "{image:?}");
            let stride = (areas.end - areas.start) / elf.symbol("PERCPU_CPU_NUM");
            assert_eq!(stride % line, 0, "{image:?}, {linker:?}");
        }
    };
    for (arch, line) in [
        (Arch::Aarch64, 128),
        (Arch::LoongArch64, 64),
        (Arch::RiscV64, 64),
        (Arch::X86_64, 128),
    ] {
        check(image_for(arch, "areas", &[]), line);
    }
    check(image(Mode::NonZeroVma, "areas"), 128);
}

#[test]
fn what_is_read_mostly_shares_no_line() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            let elf = link(mode, "made", linker).unwrap();
            let template = elf.symbol("_percpu_load_start")..elf.symbol("_percpu_load_end");
            let variables = elf.symbols_with("__PERCPU_");
            let find = |name: &str| {
                let mut found = variables.iter().filter(|found| found.contains(name));
                elf.symbol(
                    found
                        .next()
                        .unwrap_or_else(|| panic!("{name}: {variables:?}")),
                )
            };
            let own = find("READ_MOSTLY");
            let others = variables.iter().map(|name| elf.symbol(name));
            let others: Vec<_> = others
                .filter(|at| template.contains(at) && *at != own)
                .collect();
            assert!(others.len() >= 4, "{variables:?}");
            let line = own / 128;
            assert!(
                others.iter().all(|at| at / 128 != line),
                "{own:x} {others:x?}"
            );
        }
    }
}

/// A borrow flag takes a byte of every area: values have none, whatever the linker.
#[test]
fn only_exclusive_variables_have_a_flag() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "hot", linker).unwrap();
        // It is a static in the function `flag` of the variable.
        let flags = elf.symbols_with("4flag");
        assert!(
            flags.len() == 1 && flags[0].contains("HOT_TOO"),
            "{linker:?}: {flags:?}"
        );
    }
}

#[test]
fn too_many_hot_variables_are_refused() {
    for linker in Linker::ALL {
        let error = link(Mode::Default, "hot_large", linker).unwrap_err();
        let text = "ERROR(percpu-hv): the hot per-CPU variables take more than 0x1000 bytes";
        assert!(error.contains(text), "{error}");
        assert!(error.contains("grep -rn 'def_percpu(hot'"), "{error}");
        // The other mode's accesses reach everything.
        let elf = link(Mode::NonZeroVma, "hot_large", linker).unwrap();
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{linker:?}: {end}");
    }
}

/// A script of one's own has no such check.
#[test]
fn hot_variables_out_of_reach_are_told_by_debug_builds() {
    for linker in Linker::ALL {
        let link = image(Mode::Checked, "hot_large")
            .link(linker)
            .script("hot-first.ld");
        let end = Boot::el2(link.run().unwrap().path()).run();
        let told =
            "bytes into the template, but its accesses reach only 0x1000; link with percpu.x";
        assert!(end.console.contains(told), "{linker:?}: {end}");
        assert_ne!(end.status, 0, "{end}");
    }
}

/// A script that was written for `percpu` leaves the hot variables outside of its template.
#[test]
fn a_script_that_does_not_know_hot_variables_is_told() {
    for linker in Linker::ALL {
        let link = image(Mode::Default, "hot").link(linker).script("legacy.ld");
        let end = Boot::el2(link.run().unwrap().path()).run();
        assert!(end.said("init: Err(HotOutOfReach)"), "{linker:?}: {end}");
        assert_eq!(end.status, 2, "{end}");
    }
}

/// Whether a symbol of the image `cold` is where short accesses reach.
fn is_within_reach(elf: &Elf, name: &str) -> bool {
    let mut found = elf.symbols_with(name);
    // The storage of the image's own: not a borrow flag.
    found.retain(|name| name.contains("4cold") && !name.contains("__PerCpu_"));
    assert_eq!(found.len(), 1, "{found:?}");
    let offset = elf.symbol(&found[0]) - elf.symbol("_percpu_load_start");
    offset < elf.symbol("percpu_hv_hot_size")
}

#[test]
fn a_small_template_has_what_is_cold_and_the_groups_last() {
    for (mode, linker) in SMALL.into_iter().flat_map(with_linkers) {
        let elf = link(mode, "cold", linker).unwrap();
        assert!(elf.symbol("percpu_hv_hot_size") <= 0x1000);
        for (name, within) in [
            ("__PERCPU_HOT", true),
            ("__PERCPU_ORDINARY", true),
            ("__PERCPU_ALIGNED", true),
            ("__PERCPU_BORROWED", true),
            ("__PERCPU_COLD", false),
            ("__PERCPU_READ_MOSTLY", false),
            ("__PERCPU_CACHE_ALIGNED", false),
            ("__PERCPU_PAGE_ALIGNED", false),
        ] {
            assert_eq!(
                is_within_reach(&elf, name),
                within,
                "{mode:?}, {linker:?}: {name}"
            );
        }
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
    }
}

#[test]
fn a_small_template_that_is_too_large_is_refused_with_the_way_to_the_largest() {
    for (mode, linker) in SMALL.into_iter().flat_map(with_linkers) {
        let error = link(mode, "large", linker).unwrap_err();
        for text in [
            "ERROR(percpu-hv): the per-CPU variables that are not cold take more than 0x1000 bytes",
            "`#[def_percpu(cold)]`",
        ] {
            assert!(error.contains(text), "{error}");
        }
        // The command of the error, on the image without the feature.
        let (_, command) = error.split_once("`nm ").expect("the error has a command");
        let (command, _) = command.split_once('`').expect("the command ends");
        let elf = link(Mode::NonZeroVma, "large", linker).unwrap();
        let command = command.replace("IMAGE", &elf.path().display().to_string());
        let listed = std::process::Command::new("sh")
            .args(["-c", &format!("nm {command} | tail -n 1")])
            .output()
            .expect("sh runs");
        let last = String::from_utf8_lossy(&listed.stdout);
        assert!(last.contains("LARGE"), "{linker:?}: {last}");
    }
}

/// Nobody knows the order of such a script, so the whole template has to be within reach.
#[test]
fn a_script_for_percpu_has_a_small_template_whole_or_not_at_all() {
    for (mode, linker) in SMALL.into_iter().flat_map(with_linkers) {
        let legacy = |name| {
            let link = image(mode, name).link(linker);
            link.script("legacy.ld").run().unwrap()
        };
        let elf = legacy("areas");
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
        let elf = legacy("cold");
        let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
        let end = Boot::el2(elf.path()).run();
        let line = format!("init: Err(TemplateNotSmall {{ size: {size}, limit: 4096 }})");
        assert!(end.said(&line), "{mode:?}, {linker:?}: {end}");
        assert_eq!(end.status, 2, "{end}");
    }
}

/// The low bits of an address are an offset only there.
#[test]
fn a_small_template_at_any_address_starts_at_a_page() {
    for linker in Linker::ALL {
        let boot = |address| {
            let link = image(Mode::SmallAnywhere, "areas").link(linker);
            let elf = link.template_at(address, 0).run().unwrap();
            Boot::el2(elf.path()).run()
        };
        let end = boot(0x7fff_f000);
        assert_eq!(end.status, 0, "{linker:?}: {end}");
        let address = 0x7fff_f040;
        let end = boot(address);
        let line = format!("init: Err(TemplateMisaligned {{ address: {address}, align: 4096 }})");
        assert!(end.said(&line), "{linker:?}: {end}");
        assert_eq!(end.status, 2, "{end}");
    }
}

/// One that was copied from a build without the feature, for example.
#[test]
fn a_fragment_of_another_build_is_no_check_of_a_small_template() {
    for (mode, linker) in SMALL.into_iter().flat_map(with_linkers) {
        let link = image(mode, "cold").link(linker).cpus(4);
        let link = link.fragment_in(fragment_directory(Mode::Default));
        let elf = link.script("include.ld").run().unwrap();
        let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
        let end = Boot::el2(elf.path()).run();
        let line = format!("init: Err(TemplateNotSmall {{ size: {size}, limit: 4096 }})");
        assert!(end.said(&line), "{mode:?}, {linker:?}: {end}");
    }
}

/// Types and macros of the user's with the names that an expansion might say.
#[test]
fn names_of_the_user_reach_no_expansion() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        let elf = link(mode, "shadowed", Linker::Lld).unwrap();
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{mode:?}: {end}");
        assert!(end.said("4 CPUs: ok"), "{end}");
    }
}
