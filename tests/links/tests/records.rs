//! Records that the linker collects: of the functions that make values.

use links::{Boot, Linker, Mode, image};

#[test]
fn values_are_made_in_every_group() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            for scripts in [&["include.ld"][..], &["percpu-insert.x", "plain.ld"]] {
                let link = image(mode, "made").link(linker).cpus(4);
                let link = scripts
                    .iter()
                    .fold(link, |link, script| link.script(script));
                let elf = link
                    .run()
                    .unwrap_or_else(|error| panic!("{linker:?}, {scripts:?}: {error}"));
                let end = Boot::el2(elf.path()).run();
                assert_eq!(end.status, 0, "{mode:?}, {linker:?}, {scripts:?}: {end}");
                assert!(end.said("4 CPUs: made"), "{end}");
                assert_eq!(
                    end.value("reached: "),
                    "0",
                    "before the areas are published: {end}"
                );
            }
        }
    }
}

#[test]
fn records_hold_no_address() {
    for linker in Linker::ALL {
        let link = image(Mode::NonZeroVma, "made").link(linker).pie();
        let elf = link.arg("-znotext").cpus(4).script("pie.ld").run().unwrap();
        let end = Boot::el2(&elf.loaded_at(0x4020_0000)).run();
        assert_eq!(end.status, 0, "{linker:?}: {end}");
        assert!(end.said("4 CPUs: made"), "{linker:?}: {end}");
    }
}
