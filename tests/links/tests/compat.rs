//! What the compat crates promise where they differ from percpu-hv: init, kernel_guard and its stand-in, areas of the platform.

use links::{Boot, Elf, End, Link, Linker, Mode, image};

fn link(mode: Mode, name: &str, linker: Linker, scripts: &[&str]) -> Elf {
    let link = image(mode, name).link(linker).cpus(4);
    let link = scripts
        .iter()
        .fold(link, |link, script| link.script(script));
    link.run()
        .unwrap_or_else(|error| panic!("{linker:?}: {error}"))
}

#[test]
fn init_is_no_error_wherever_percpu_allows_it() {
    // An image for EL1 runs at EL2 there.
    for mode in [Mode::Default, Mode::NonZeroVma, Mode::El1] {
        for script in ["include.ld", "legacy.ld"] {
            let elf = link(mode, "compat", Linker::Lld, &[script]);
            let end = Boot::el2(elf.path()).run();
            assert_eq!(end.status, 0, "{mode:?}, {script}: {end}");
            for line in [
                "0.2, first: 4",
                "0.2, again: 0",
                "0.4, in place again: Ok(4)",
                "0.4, elsewhere: Ok(4)",
                "0.4, back in place: Ok(4)",
                "0.2, at last: 0",
            ] {
                assert!(end.said(line), "{mode:?}, {script}: {end}");
            }
        }
    }
}

/// A kernel counts on every CPU what the accessors hold, and ends well.
fn preemption_is_counted(mode: Mode) {
    let elf = link(mode, "preempt", Linker::Lld, &["include.ld"]);
    let end = Boot::el2(elf.path()).run();
    assert_eq!(end.status, 0, "{mode:?}: {end}");
    assert!(end.said("init: Ok(4)"), "{mode:?}: {end}");
    assert!(end.said("4 CPUs: ok"), "{mode:?}: {end}");
}

/// Both versions of kernel_guard call the same functions, by their names in the object file.
#[test]
fn kernel_guard_is_told_once() {
    for mode in [Mode::Preempt, Mode::PreemptKernelGuard01] {
        preemption_is_counted(mode);
    }
}

#[test]
fn a_preemption_hook_is_called_once() {
    preemption_is_counted(Mode::PreemptHook);
}

fn with_areas_of_the_platform(linker: Linker, arguments: &[&str]) -> End {
    let link = image(Mode::CustomBase, "custom_base").link(linker).pie();
    let link = arguments.iter().copied().fold(link, Link::arg);
    let elf = link.arg("-znotext").script("platform.ld").run();
    let elf = elf.unwrap_or_else(|error| panic!("{linker:?}: {error}"));
    Boot::el2(&elf.loaded_at(0x4020_0000)).run()
}

#[test]
fn the_platform_may_make_the_areas() {
    for linker in Linker::ALL {
        let end = with_areas_of_the_platform(linker, &[]);
        for line in [
            "0.2: 0",
            "in place: Ok(0)",
            "given: Err(PlatformAreas)",
            "4 CPUs: ok",
        ] {
            assert!(end.said(line), "{linker:?}: {end}");
        }
        let sentence = "the platform's `_percpu_base_ptr` has no per-CPU area for CPU id 0";
        assert!(end.console.contains(sentence), "{linker:?}: {end}");
        assert_ne!(end.status, 0, "{linker:?}: {end}");
    }
}

/// No init looks at the platform's template, so `init_percpu_reg` does.
#[test]
fn hot_variables_outside_of_the_platforms_template_are_told() {
    for linker in Linker::ALL {
        // As the linker does where a script leaves their section outside.
        let end = with_areas_of_the_platform(linker, &["--defsym=__start_percpu_hot=__data_start"]);
        let sentence =
            "the linker script does not put hot per-CPU variables where their accesses reach";
        assert!(end.console.contains(sentence), "{linker:?}: {end}");
        assert_ne!(end.status, 0, "{linker:?}: {end}");
    }
}
