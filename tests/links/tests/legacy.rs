//! Images that are linked with scripts of the shape that percpu 0.4 documents: the template is at address 0 and
//! is area 0.

use links::{Boot, Elf, Linker, Mode, image};

fn link(mode: Mode, name: &str, linker: Linker, script: &str) -> Elf {
    let link = image(mode, name).link(linker).script(script).run();
    link.unwrap_or_else(|error| panic!("{linker:?}: {error}"))
}

#[test]
fn every_cpu_has_its_own_variables() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            let elf = link(mode, "areas", linker, "legacy.ld");
            assert_eq!(elf.symbol("_percpu_load_start"), 0);
            let end = Boot::el2(elf.path()).run();
            assert_eq!(end.status, 0, "{mode:?}, {linker:?}: {end}");
            assert!(end.said("init: Ok(4)"), "{end}");
        }
    }
}

#[test]
fn defect_01_seventy_kib_are_refused_by_init() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "large", linker, "legacy.ld");
        let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
        let end = Boot::el2(elf.path()).run();
        let line = format!("init: Err(TemplateTooLarge {{ size: {size}, limit: 65536 }})");
        assert!(end.said(&line), "{linker:?}: {end}");
        assert_eq!(end.status, 2, "{end}");
    }
}

#[test]
fn defect_08_a_template_that_is_not_loaded_is_refused() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "areas", linker, "legacy-noload.ld");
        let end = Boot::el2(elf.path()).run();
        assert!(
            end.said("init: Err(TemplateNotLoaded)"),
            "{linker:?}: {end}"
        );
        assert_eq!(end.status, 2, "{end}");
    }
}

#[test]
fn defect_13_a_second_init_is_an_error() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "areas", linker, "legacy.ld");
        let end = Boot::el2(elf.path()).run();
        for init in ["second init", "second init elsewhere"] {
            let line = format!("{init}: Err(AlreadyInitialized {{ cpu_count: 4 }})");
            assert!(end.said(&line), "{linker:?}: {end}");
        }
        // Nor is an area built anew from what is CPU 0's.
        assert!(
            end.said("built anew: Err(TemplateInUse)"),
            "{linker:?}: {end}"
        );
    }
}

#[test]
fn defect_17_a_template_out_of_place_is_refused() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "areas", linker, "misaligned.ld");
        let end = Boot::el2(elf.path()).run();
        let line = format!(
            "init: Err(TemplateMisaligned {{ address: {}, align: 65536 }})",
            0x4030_1000
        );
        assert!(end.said(&line), "{linker:?}: {end}");
        assert_eq!(end.status, 2, "{end}");

        // PC-relative offsets do not mind.
        let elf = link(Mode::NonZeroVma, "areas", linker, "misaligned.ld");
        let end = Boot::el2(elf.path()).run();
        assert_eq!(end.status, 0, "{linker:?}: {end}");
    }
}

#[test]
fn defect_18_the_template_s_address_may_be_the_base() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "template_as_base", linker, "legacy.ld");
        let end = Boot::el2(elf.path()).run();
        assert!(end.said("init: Ok(4)"), "{linker:?}: {end}");
        assert!(end.said("4 CPUs at EL2: ok"), "{linker:?}: {end}");
        assert_eq!(end.status, 0, "{end}");
    }
}

#[test]
fn a_kernel_linked_high_reaches_its_template_at_0() {
    for linker in Linker::ALL {
        let elf = link(Mode::Default, "areas", linker, "high.ld");
        assert_eq!(elf.symbol("_percpu_load_start"), 0);
        assert_eq!(elf.symbol("_start") >> 48, 0xffff);
        let start = elf.symbol("_percpu_start");
        assert_eq!(elf.load_address(0), start & 0xffff_ffff, "{linker:?}");
    }
}
