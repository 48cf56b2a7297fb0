//! Puts the linker fragments of this target and mode on the linker's search path, and sets the cfgs that
//! depend on the target and on a feature:
//!
//! | cfg | |
//! |---|---|
//! | `process` | not bare metal: there is a heap, on which areas are made |
//! | `hosted` | a process in which a thread-local replaces the per-CPU register |
//! | `wide` | 128 bits are loaded and stored at once |
//! | `displaced` | an access takes the displacement of its place in a register, and names the per-CPU register |
//! | `named` | the per-CPU register is a general register, which an addition names |
//! | `indexed` | loads and stores add a register to the per-CPU register, which they name |
//! | `double` | 64 bits are loaded and stored by instructions that the compiler's atomics do not use |
//! | `paged` | with `non-zero-vma` too the offset of a hot variable is an immediate: the template starts at a page |
//! | `pooled` | with `non-zero-vma` the compiler forms an address in fewer instructions than a text |
//! | `data_cache` | there are instructions that maintain data caches by address |
//! | `data_cache_block` | a register has the size of the blocks that these instructions work on |
//! | `line_64`, `line_128` | a cache line, or what is fetched with one, has at most so many bytes |

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=percpu.x");
    println!("cargo::rerun-if-changed=percpu-at-0.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-check-cfg=cfg(data_cache, data_cache_block, displaced, double, hosted, indexed, line_64, line_128, named, paged, pooled, process, wide)"
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets CARGO_CFG_TARGET_ARCH");
    if is_process() {
        println!("cargo::rustc-cfg=process");
        if !has_own_register(&arch) {
            println!("cargo::rustc-cfg=hosted");
            println!("cargo::rustc-cfg=wide");
            println!("cargo::rustc-cfg=data_cache");
            println!("cargo::rustc-cfg=data_cache_block");
        }
    }
    let hosted = is_process() && !has_own_register(&arch);
    if arch == "x86_64" && !hosted && env::var_os("CARGO_FEATURE_SP_NAIVE").is_none() {
        println!("cargo::rustc-cfg=displaced");
    }
    if !is_process() && env::var_os("CARGO_FEATURE_SP_NAIVE").is_none() {
        let named: &[&str] = match arch.as_str() {
            "loongarch64" => &["named", "indexed"],
            "riscv32" | "riscv64" => &["named"],
            _ => &[],
        };
        for fact in named {
            println!("cargo::rustc-cfg={fact}");
        }
    }
    let facts: &[&str] = match arch.as_str() {
        "aarch64" if !is_process() => &["data_cache", "data_cache_block", "wide"],
        "arm" if !is_process() => &["double", "pooled"],
        "riscv32" | "riscv64" if !is_process() => &["data_cache"],
        _ => &[],
    };
    for fact in facts {
        println!("cargo::rustc-cfg={fact}");
    }
    // 128: Intel's cores fetch lines in pairs, and some of Arm's architecture have lines of 128 bytes. Armv7 has lines
    // of 32 bytes in some cores, and of 64 in those with the virtualization extensions.
    let line = match arch.as_str() {
        "aarch64" | "x86_64" => "128",
        _ => "64",
    };
    println!("cargo::rustc-cfg=line_{line}");
    let any_address = env::var_os("CARGO_FEATURE_NON_ZERO_VMA").is_some();
    let small_template = env::var_os("CARGO_FEATURE_SMALL_TEMPLATE").is_some();
    // Relocations yield the low 12 bits of an address in a position-independent image too. Where the platform makes the
    // areas, nobody knows the size of the template, and so whether it is small.
    let paged = any_address
        && small_template
        && env::var_os("CARGO_FEATURE_CUSTOM_BASE").is_none()
        && !is_process()
        && env::var_os("CARGO_FEATURE_SP_NAIVE").is_none()
        && matches!(arch.as_str(), "aarch64" | "loongarch64");
    if paged {
        println!("cargo::rustc-cfg=paged");
    }

    // Relaxation would address data through the per-CPU register.
    let own_assert = match arch.as_str() {
        "riscv32" | "riscv64" => {
            "  ASSERT(!DEFINED(__global_pointer$), \"\n\
             ERROR(percpu-hv): your script defines __global_pointer$, by which the linker addresses data through gp,\n\
             the per-CPU register. Remove it.\");\n"
        }
        _ => "",
    };

    let [fragment, regions, insert] = match arch.as_str() {
        // PC-relative offsets reach everything.
        _ if paged => anywhere("0x1000", "0x7fffffff"),
        _ if any_address => anywhere("@LINE@", "0x7fffffff"),
        // The reach of a 16-bit offset.
        "aarch64" | "arm" => anywhere("0x10000", "0x10000"),
        _ => at_0(),
    };
    // The reach of the immediate in an access to a hot variable, where the architecture has a shorter form.
    let hot_limit = match arch.as_str() {
        _ if any_address && !paged => "0x7fffffff",
        "aarch64" => "0x1000",
        "loongarch64" | "riscv32" | "riscv64" => "0x800",
        _ => "0x7fffffff",
    };
    let (small, hot_error) = if small_template {
        (SMALL, SMALL_ERROR)
    } else {
        ("", HOT_ERROR)
    };
    let width = env::var("CARGO_CFG_TARGET_POINTER_WIDTH");
    let word = match width.expect("cargo sets it").as_str() {
        "32" => "4",
        _ => "8",
    };
    for (name, text) in [
        ("percpu.x", fragment),
        ("percpu-regions.x", regions),
        ("percpu-insert.x", insert),
    ] {
        let text = text
            .replace("@ARCH_ASSERT@\n", own_assert)
            .replace("@SMALL@\n", small)
            .replace("@HOT_ERROR@", hot_error)
            .replace("@HOT_LIMIT@", hot_limit)
            .replace("@AREA_ALIGN@", AREA_ALIGN)
            .replace("@LINE@", line)
            .replace("@WORD@", word);
        fs::write(out.join(name), text).expect("OUT_DIR is writable");
    }
    println!("cargo::rustc-link-search={}", out.display());
}

/// With a small template, the variables of no group and all borrow flags lie where accesses to hot ones reach. By the
/// symbol init knows a fragment that puts and checks them there.
const SMALL: &str =
    "  *(SORT_BY_ALIGNMENT(.percpu.[!.]*))\n  *(.percpu..flags.*)\n  __percpu_hv_in_front = .;\n";

const HOT_ERROR: &str =
    "the hot per-CPU variables take more than @HOT_LIMIT@ bytes, which their accesses cannot reach.
`grep -rn 'def_percpu(hot'` over your sources lists them; make some of them ordinary.";

const SMALL_ERROR: &str = "the per-CPU variables that are not cold take more than @HOT_LIMIT@ bytes, the reach of percpu-hv's
feature `small-template`. Make the largest ones cold, as in `#[def_percpu(cold)]`: link once without the feature,
and `nm --print-size --size-sort IMAGE | grep '[dDbB] .*__PERCPU_'` lists the largest last. Or do without the feature.";

fn is_process() -> bool {
    ["CARGO_CFG_UNIX", "CARGO_CFG_WINDOWS"]
        .iter()
        .any(|family| env::var_os(family).is_some())
}

/// Returns whether `linux-gs` selects the register of x86_64, the only architecture that leaves one to a
/// process.
fn has_own_register(arch: &str) -> bool {
    env::var_os("CARGO_FEATURE_LINUX_GS").is_some()
        && arch == "x86_64"
        && env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux")
}

/// Returns the fragment for an ordinary address, the one for regions, and the script that inserts the
/// fragment into another script.
fn anywhere(align: &str, limit: &str) -> [String; 3] {
    let fragment = include_str!("percpu.x")
        .replace("@TEMPLATE_ALIGN@", align)
        .replace("@TEMPLATE_LIMIT@", limit);
    let regions = replaced(
        &fragment,
        [
            ("}\n\n/* The areas", "} > PERCPU_TEMPLATE\n\n/* The areas"),
            REGIONS_ASSERT,
            AREAS_REGION,
        ],
    );
    let (template, areas) = fragment
        .split_once("/* The areas")
        .expect("percpu.x holds the template, then the areas");
    // Before, not after: GNU ld would insert the template between `__bss_start = .` and `.bss`, where boot
    // code clears it. The areas come before `.bss`, so that `_end` stays behind them.
    let insert = format!(
        "SECTIONS {{\n{template}}} INSERT BEFORE .data;\n\
         SECTIONS {{\n/* The areas{areas}}} INSERT BEFORE .bss;\n"
    );
    [fragment, regions, insert]
}

/// Returns the fragment with the template at address 0, the one for regions, and a script that only prints an
/// error: inserted sections lose the assignments to the location counter, so the template cannot be inserted.
fn at_0() -> [String; 3] {
    let fragment = include_str!("percpu-at-0.x");
    // A region is filled by the addresses of its sections, or by `AT>`. So only `.percpu` itself can take the
    // template's place in its region. lld wants every section in a region, GNU ld this one in a region with 0.
    let (before, template) = fragment
        .split_once("/* Where the template is")
        .expect("percpu-at-0.x says where the template is");
    let (_, template) = template
        .split_once("/* The template:")
        .expect("percpu-at-0.x holds the template");
    let regions = replaced(
        &format!("{before}/* The template:{template}"),
        [
            (
                ".percpu 0 : AT(LOADADDR(.percpu_image) + SIZEOF(.percpu_image))",
                // Aligned here, because GNU ld aligns the load address to nothing else.
                ".percpu : ALIGN(@LINE@)",
            ),
            (
                "}\n. = __percpu_hv_image + SIZEOF(.percpu);",
                "} > PERCPU_SYMBOLS AT> PERCPU_TEMPLATE\n__percpu_hv_image = LOADADDR(.percpu);",
            ),
            (" AT(LOADADDR(.percpu) + SIZEOF(.percpu))", ""),
            REGIONS_ASSERT,
            AREAS_REGION,
        ],
    );
    let insert = "ASSERT(0, \"\nERROR(percpu-hv): the template of this target and mode cannot be \
                  inserted. Say `INCLUDE percpu.x` in\nSECTIONS of your linker script, or enable \
                  percpu-hv's feature `non-zero-vma`.\");\n";
    [fragment.into(), regions, insert.into()]
}

/// The alignment of the areas. Of a gap that is no power of two it takes the lowest bit: otherwise lld gives up before it
/// comes to the ASSERT.
const AREA_ALIGN: &str = "MAX(MAX(ALIGNOF(.percpu), @LINE@), DEFINED(PERCPU_AREA_GAP) ? PERCPU_AREA_GAP & -PERCPU_AREA_GAP : 0)";

/// Puts the areas, which are the end of a fragment, into their region.
const AREAS_REGION: (&str, &str) = ("@ARCH_ASSERT@\n}", "@ARCH_ASSERT@\n} > PERCPU_AREAS");

/// GNU ld only warns of a region that is not declared, and gives it all addresses.
const REGIONS_ASSERT: (&str, &str) = (
    "  __percpu_hv_table_end = .;\n",
    "  __percpu_hv_table_end = .;\n\
     \x20 ASSERT(LENGTH(PERCPU_TEMPLATE) + 1 != 0 && LENGTH(PERCPU_AREAS) + 1 != 0, \"\n\
     ERROR(percpu-hv): your script does not say which regions PERCPU_TEMPLATE and PERCPU_AREAS are.\n\
     Name them by REGION_ALIAS before SECTIONS.\");\n",
);

/// Replaces texts, each of which must occur once.
fn replaced<const N: usize>(text: &str, replacements: [(&str, &str); N]) -> String {
    let mut text = text.to_owned();
    for (old, new) in replacements {
        assert_eq!(text.matches(old).count(), 1, "`{old}` in the fragment");
        text = text.replace(old, new);
    }
    text
}
