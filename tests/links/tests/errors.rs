//! What the linkers say to a mistake. The guide lists these texts with their cures.

use links::{Arch, Link, Linker, Mode, image, image_for};

const ERRORS: &str = include_str!("../../../percpu-hv/guide/errors.md");

/// An image that nothing is wrong with but what follows.
fn areas(linker: Linker) -> Link {
    image(Mode::Default, "areas").link(linker)
}

/// Links, which must fail with `text`; the guide must list that.
#[track_caller]
fn refused(link: Link, text: &str) {
    let error = link.run().expect_err("the linker must refuse this");
    assert!(error.contains(text), "`{text}` is missing:\n{error}");
    let (_, table) = ERRORS.split_once("# Of the linker").unwrap();
    assert!(table.contains(text), "the guide does not list `{text}`");
}

#[test]
fn defect_01_seventy_kib_need_the_other_mode() {
    for linker in Linker::ALL {
        let link = || image(Mode::Default, "large").link(linker).cpus(4);
        let text = "ERROR(percpu-hv): the per-CPU variables take more than 0x10000 bytes";
        refused(link().script("include.ld"), text);
        refused(link().script("percpu-insert.x").script("plain.ld"), text);
        let error = link().script("include.ld").run().unwrap_err();
        assert!(
            error.contains("enable percpu-hv's feature `non-zero-vma`."),
            "{error}"
        );
    }
}

#[test]
fn no_fragment() {
    let text = "undefined symbol: _percpu_load_start";
    refused(areas(Linker::Lld).script("plain.ld"), text);
    let text = "undefined reference to `_percpu_load_start'";
    refused(areas(Linker::Gnu).script("plain.ld"), text);
}

#[test]
fn no_cpu_count() {
    let lld = "symbol not found: PERCPU_CPU_NUM";
    let gnu = "undefined symbol `PERCPU_CPU_NUM' referenced in expression";
    for (linker, text) in [(Linker::Lld, lld), (Linker::Gnu, gnu)] {
        refused(areas(linker).script("include.ld"), text);
        let link = areas(linker).script("percpu-insert.x");
        refused(link.script("plain.ld"), text);
    }
}

#[test]
fn a_reserve_beyond_the_allocator() {
    for linker in Linker::ALL {
        let text = "ERROR(percpu-hv): PERCPU_DYNAMIC_SIZE is more than 1 MiB";
        for size in ["0x100001", "-128"] {
            let size = format!("--defsym=PERCPU_DYNAMIC_SIZE={size}");
            let link = areas(linker).cpus(1).arg(&size).script("include.ld");
            refused(link, text);
            let link = areas(linker).cpus(1).arg(size).script("percpu-insert.x");
            refused(link.script("plain.ld"), text);
        }
    }
}

#[test]
fn a_gap_that_areas_cannot_be_aligned_to() {
    for linker in Linker::ALL {
        let text = "ERROR(percpu-hv): PERCPU_AREA_GAP is not a power of two up to 64 KiB";
        for size in ["0x1800", "0x20000", "-0x1000"] {
            let size = format!("--defsym=PERCPU_AREA_GAP={size}");
            let link = areas(linker).cpus(1).arg(&size).script("include.ld");
            refused(link, text);
            let link = areas(linker).cpus(1).arg(size).script("percpu-insert.x");
            refused(link.script("plain.ld"), text);
        }
    }
}

#[test]
fn nothing_to_insert_before() {
    let link = |linker| areas(linker).cpus(4).script("percpu-insert.x");
    let link = |linker| link(linker).script("no-data.ld");
    refused(link(Linker::Lld), "unable to insert .percpu");
    refused(link(Linker::Gnu), ".data not found for insert");

    // GNU ld sees only the scripts before.
    let link = areas(Linker::Gnu).cpus(4).script("plain.ld");
    refused(link.script("percpu-insert.x"), ".data not found for insert");
}

#[test]
fn absolute_offsets_in_a_position_independent_image() {
    let lld = "relocation R_AARCH64_MOVW_UABS_G0_NC cannot be used";
    let gnu = "can not be used when making a shared object";
    for (linker, text) in [(Linker::Lld, lld), (Linker::Gnu, gnu)] {
        // Without the errors that constants with addresses in them give, of which lld shows only twenty.
        let link = areas(linker).pie().arg("-znotext").cpus(4);
        refused(link.script("pie.ld"), text);
    }
}

/// The second one would find no variables, and its symbols would win.
#[test]
fn two_templates() {
    const TWO: &str = "ERROR(percpu-hv): there are two per-CPU templates";
    for linker in Linker::ALL {
        for script in ["include.ld", "legacy.ld"] {
            let link = areas(linker).cpus(4).script("percpu-insert.x");
            refused(link.script(script), TWO);
        }
        let text = match linker {
            Linker::Lld => "there is a cycle in linker script INCLUDEs",
            Linker::Gnu => TWO,
        };
        refused(areas(linker).cpus(4).script("twice.ld"), text);
        let text = match linker {
            Linker::Lld => TWO,
            Linker::Gnu => "linker script file 'percpu-insert.x' appears multiple times",
        };
        let link = areas(linker).cpus(4).script("percpu-insert.x");
        refused(link.script("percpu-insert.x").script("plain.ld"), text);
    }
}

/// PC-relative offsets do not reach from the top of the address space to a template at 0.
#[test]
fn a_kernel_linked_high_in_the_other_mode() {
    let link = image(Mode::NonZeroVma, "areas").link(Linker::Lld);
    refused(
        link.script("high.ld"),
        "R_AARCH64_ADR_PREL_PG_HI21 out of range: ",
    );
    let link = image(Mode::NonZeroVma, "areas").link(Linker::Gnu);
    let error = link.script("high.ld").run().unwrap_err();
    let text = "relocation truncated to fit: R_AARCH64_ADR_PREL_PG_HI21 against symbol `";
    assert!(error.contains(text), "{error}");
}

/// A script whose regions have no attributes, with `percpu` before its .bss.
fn regions(percpu: &str) -> String {
    format!(
        "ENTRY(once_read)\n\
         MEMORY {{ RAM : ORIGIN = 0x40000000, LENGTH = 256M }}\n\
         SECTIONS {{\n\
             .text : {{ *(.text .text.*) }} > RAM\n\
             .rodata : {{ *(.rodata .rodata.*) }} > RAM\n\
             .data : {{ *(.data .data.*) }} > RAM\n\
             {percpu}\n\
             .bss : {{ *(.bss .bss.*) }} > RAM\n\
         }}"
    )
}

#[test]
fn defect_40_regions_without_attributes() {
    let lld = "no memory region specified for section '.percpu'";
    let gnu = "no memory region specified for loadable section `.percpu'";
    let image = image(Mode::Default, "code");
    for (linker, text) in [(Linker::Lld, lld), (Linker::Gnu, gnu)] {
        let link = image.link(linker).cpus(4);
        refused(link.script_text(&regions("INCLUDE percpu.x")), text);
        let link = image.link(linker).cpus(4).script("percpu-insert.x");
        refused(link.script_text(&regions("")), text);
    }
}

/// GNU ld would link, with the areas at the addresses of the symbols.
#[test]
fn defect_40_a_template_at_0_in_regions() {
    let image = image_for(Arch::RiscV64, "code", &[]);
    let lld = "no memory region specified for section '.percpu_image'";
    let gnu = "ERROR(percpu-hv): the template has no place in the MEMORY regions";
    for (linker, text) in [(Linker::Lld, lld), (Linker::Gnu, gnu)] {
        let link = image.link(linker).cpus(4);
        refused(link.script_text(&regions("INCLUDE percpu.x")), text);
    }
    let with_attributes = regions("INCLUDE percpu.x").replace("RAM :", "RAM (rwx) :");
    let link = image.link(Linker::Gnu).cpus(4);
    refused(link.script_text(&with_attributes), gnu);
}

/// GNU ld would link with a warning, and put template and areas to address 0.
#[test]
fn defect_40_regions_without_names() {
    let lld = "memory region not defined: PERCPU_TEMPLATE";
    let gnu = "ERROR(percpu-hv): your script does not say which regions";
    let unnamed = regions("INCLUDE percpu-regions.x");
    let half = "REGION_ALIAS(\"PERCPU_TEMPLATE\", RAM)\nSECTIONS";
    let half = unnamed.replace("SECTIONS", half);
    let risc_v = image_for(Arch::RiscV64, "code", &[]);
    let aarch64 = image(Mode::Default, "code");
    for (linker, text) in [(Linker::Lld, lld), (Linker::Gnu, gnu)] {
        let link = aarch64.link(linker).cpus(4);
        refused(link.script_text(&unnamed), text);
        let link = risc_v.link(linker).cpus(4);
        refused(link.script_text(&unnamed), text);
        // The other one alone is missing.
        let text = text.replace("TEMPLATE", "AREAS");
        let link = aarch64.link(linker).cpus(4).script_text(&half);
        let error = link.run().unwrap_err();
        assert!(error.contains(&text), "{error}");
    }
    // GNU ld declares it by itself, as it is wanted.
    let both = half.replace("SECTIONS", "REGION_ALIAS(\"PERCPU_AREAS\", RAM)\nSECTIONS");
    let link = risc_v.link(Linker::Lld).cpus(4);
    let text = "memory region 'PERCPU_SYMBOLS' not declared";
    refused(link.script_text(&both), text);
}

/// Addresses of 32 signed bits do not reach 4 GiB.
#[test]
fn a_template_out_of_reach() {
    for (arch, lld, gnu) in [
        (
            Arch::X86_64,
            "relocation R_X86_64_32S out of range: ",
            "relocation truncated to fit: R_X86_64_32S against ",
        ),
        (
            Arch::RiscV64,
            "relocation R_RISCV_HI20 out of range: ",
            "relocation truncated to fit: R_RISCV_HI20 against ",
        ),
    ] {
        let image = image_for(arch, "areas", &[]);
        for (linker, text) in [(Linker::Lld, lld), (Linker::Gnu, gnu)] {
            refused(image.link(linker).template_at(1 << 32, 0), text);
        }
    }
}
