//! Scripts with `MEMORY` regions: percpu-regions.x, and how far the other two files go. What the linkers say where
//! they refuse is in errors.rs.

use std::ops::Range;

use links::{Arch, Boot, Elf, End, Image, Linker, Mode, image, image_for};

/// The machine's memory, as an image that stays where it is loaded sees it, and with a part that plays a flash
/// memory. QEMU loads flat binaries to the start of both.
struct Machine {
    arch: Arch,
    start: u64,
}

const AARCH64: Machine = Machine {
    arch: Arch::Aarch64,
    start: 0x4020_0000,
};
const RISCV64: Machine = Machine {
    arch: Arch::RiscV64,
    start: 0x8020_0000,
};

/// How a script uses its regions.
#[derive(Clone, Copy, Debug)]
enum Layout {
    /// One region for all.
    Ram,
    /// Code in `FLASH`, from where boot code copies the data: `> RAM AT> FLASH`.
    Flash,
}

impl Machine {
    fn flash(&self) -> Range<u64> {
        self.start..self.start + (2 << 20)
    }

    /// A script that has `percpu` between its data and its .bss, and its regions with attributes or without.
    fn script(&self, layout: Layout, attributes: bool, percpu: &str) -> String {
        let [rx, rwx] = if attributes {
            ["(rx)", "(rwx)"]
        } else {
            [""; 2]
        };
        let Range { start, end } = self.flash();
        let (regions, code, data) = match layout {
            Layout::Ram => (
                format!("RAM {rwx} : ORIGIN = {start:#x}, LENGTH = 94M"),
                "RAM",
                "RAM",
            ),
            Layout::Flash => (
                format!(
                    "FLASH {rx} : ORIGIN = {start:#x}, LENGTH = 2M\n\
                     RAM {rwx} : ORIGIN = {end:#x}, LENGTH = 92M"
                ),
                "FLASH",
                "RAM AT> FLASH",
            ),
        };
        // Where nothing is loaded; GNU ld would declare it by itself.
        let symbols = match self.arch {
            Arch::Aarch64 => "",
            _ => "PERCPU_SYMBOLS : ORIGIN = 0, LENGTH = 1M",
        };
        format!(
            r#"INCLUDE settings.ld
            MEMORY {{ {regions}
                {symbols} }}
            REGION_ALIAS("PERCPU_TEMPLATE", {code})
            REGION_ALIAS("PERCPU_AREAS", RAM)
            SECTIONS {{
                __image_start = ORIGIN({code});
                .text : {{ KEEP(*(.text.entry)) *(.text .text.*) . = ALIGN(4096); }} > {code}
                __text_end = ADDR(.text) + SIZEOF(.text);
                .rodata : {{ *(.rodata .rodata.* .srodata .srodata.*) . = ALIGN(4096); }} > {code}
                __rodata_end = ADDR(.rodata) + SIZEOF(.rodata);
                .data : ALIGN(4096) {{
                    __data_start = .;
                    *(.data .data.* .sdata .sdata.* .got .got.*)
                    . = ALIGN(4096);
                    __data_end = .;
                }} > {data}
                .odd : {{ BYTE(1) }} > {data}
                {percpu}
                .bss (NOLOAD) : ALIGN(4096) {{
                    *(.bss.stacks)
                    . = ALIGN(4096);
                    __bss_start = .;
                    *(.bss .bss.* .sbss .sbss.* COMMON)
                    . = ALIGN(4096);
                    __bss_end = .;
                }} > RAM
                INCLUDE image-end.ld
            }}"#
        )
    }
}

/// The ways to use a fragment.
#[derive(Clone, Copy, Debug)]
enum Way {
    Regions,
    Include,
    Insert,
}

/// Links with a script of that kind.
fn link(image: &Image, linker: Linker, layout: Layout, attributes: bool, way: Way) -> Elf {
    let machine = if image.arch() == Arch::Aarch64 {
        AARCH64
    } else {
        RISCV64
    };
    let script = |percpu| machine.script(layout, attributes, percpu);
    let link = image.link(linker).cpus(4);
    let link = match way {
        Way::Regions => link.script_text(&script("INCLUDE percpu-regions.x")),
        Way::Include => link.script_text(&script("INCLUDE percpu.x")),
        Way::Insert => link.script("percpu-insert.x").script_text(&script("")),
    };
    link.run()
        .unwrap_or_else(|error| panic!("{linker:?}, {layout:?}, {way:?}: {error}"))
}

fn assert_works(end: &End, level: &str) {
    assert_eq!(end.status, 0, "{end}");
    assert!(end.console.contains("init: Ok(4)"), "{end}");
    let line = format!("4 CPUs at {level}: ok");
    assert!(end.console.contains(&line), "{end}");
}

#[test]
fn defect_40_regions_without_attributes() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            let image = image(mode, "areas");
            let elf = link(&image, linker, Layout::Ram, false, Way::Regions);
            assert_works(&Boot::el2(elf.path()).run(), "EL2");
        }
    }
}

#[test]
fn defect_40_regions_with_attributes_take_every_file() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            for way in [Way::Regions, Way::Include, Way::Insert] {
                let elf = link(&image(mode, "areas"), linker, Layout::Ram, true, way);
                assert_works(&Boot::el2(elf.path()).run(), "EL2");
            }
        }
    }
}

/// Where the parts of an image in `FLASH` and `RAM` are.
fn assert_in_flash(elf: &Elf, machine: &Machine, image: u64, linker: Linker) {
    let flash = machine.flash();
    let size = elf.symbol("_percpu_load_end") - elf.symbol("_percpu_load_start");
    assert!(flash.start < image && image + size <= flash.end);
    let loaded = elf.load_address(elf.symbol("_percpu_load_start"));
    assert_eq!(loaded, image, "{linker:?}");
    for part in [elf.symbol("_percpu_start"), elf.section(".bss").start] {
        assert!(part >= flash.end, "{linker:?}: {part:#x}");
        assert_eq!(elf.load_address(part), part, "{linker:?}");
    }
}

#[test]
fn defect_40_a_template_in_flash_is_read_from_there() {
    for mode in [Mode::Default, Mode::NonZeroVma] {
        for linker in Linker::ALL {
            for attributes in [false, true] {
                let image = image(mode, "areas");
                let elf = link(&image, linker, Layout::Flash, attributes, Way::Regions);
                let template = elf.symbol("_percpu_load_start");
                assert_in_flash(&elf, &AARCH64, template, linker);
                let end = Boot::el2(&elf.booted_from(AARCH64.flash())).run();
                assert_works(&end, "EL2");
            }
        }
    }
}

/// The other two put it where a variable of `.data` is, but no boot code copies it there.
#[test]
fn defect_40_a_template_that_boot_code_does_not_copy_is_told() {
    for linker in Linker::ALL {
        for way in [Way::Include, Way::Insert] {
            let image = image(Mode::Default, "areas");
            let elf = link(&image, linker, Layout::Flash, true, way);
            let end = Boot::el2(&elf.booted_from(AARCH64.flash())).run();
            assert!(end.said("init: Err(TemplateNotLoaded)"), "{way:?}: {end}");
            assert_eq!(end.status, 2, "{end}");
        }
    }
}

/// The symbols count from 0, in a region of their own.
#[test]
fn defect_40_a_template_at_0_is_loaded_in_its_region() {
    let image = image_for(Arch::RiscV64, "areas", &[]);
    for linker in Linker::ALL {
        for attributes in [false, true] {
            let elf = link(&image, linker, Layout::Ram, attributes, Way::Regions);
            assert_eq!(elf.symbol("_percpu_load_start"), 0, "{linker:?}");
            // Init reads whole words.
            assert_eq!(elf.symbol("__percpu_hv_image") % 64, 0, "{linker:?}");
            let end = Boot::on(Arch::RiscV64, elf.path()).run();
            assert_works(&end, "S-mode");

            let elf = link(&image, linker, Layout::Flash, attributes, Way::Regions);
            let template = elf.symbol("__percpu_hv_image");
            assert_eq!(template % 64, 0, "{linker:?}");
            assert_in_flash(&elf, &RISCV64, template, linker);
            let flat = elf.booted_from(RISCV64.flash());
            assert_works(&Boot::on(Arch::RiscV64, &flat).run(), "S-mode");
        }
    }
}

/// lld counts the bytes of a section at 0 where the script has it, too; for GNU ld see errors.rs.
#[test]
fn defect_40_a_template_at_0_with_attributes() {
    let image = image_for(Arch::RiscV64, "areas", &[]);
    let elf = link(&image, Linker::Lld, Layout::Ram, true, Way::Include);
    let end = Boot::on(Arch::RiscV64, elf.path()).run();
    assert_works(&end, "S-mode");
}
