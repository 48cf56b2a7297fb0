//! Every mode's text is the one in the repository.

use std::{collections::BTreeMap, env, fs};

use golden::{MODES, Mode, rustc_version};
use similar::TextDiff;

/// The version of the compiler that made the texts.
const COMPILER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/code/compiler");

/// Compares the texts of an architecture's modes, or writes them.
fn check(architecture: &str) {
    let bless = env::var_os("GOLDEN_BLESS").is_some();
    let mut differences = String::new();
    for mode in modes(architecture) {
        let new = mode.text();
        for operation in ["u64.read_current", "pin.read, three", "irq.new, drop"] {
            let line = format!("\n{operation}: ");
            assert!(new.contains(&line), "{operation} is not there: {new}");
        }
        if bless {
            fs::write(mode.path(), new).unwrap();
            continue;
        }
        let old = fs::read_to_string(mode.path()).unwrap_or_default();
        if old != new {
            let (old_name, new_name) = (format!("code/{}.txt", mode.name), "this compilation");
            let diff = TextDiff::from_lines(&old, &new);
            let diff = diff
                .unified_diff()
                .context_radius(5)
                .header(&old_name, new_name)
                .to_string();
            differences += &diff;
        }
    }
    assert!(
        differences.is_empty(),
        "operations have other code than before:\n{differences}\n{}\
         if it is meant to be so: scripts/test.sh codegen --bless",
        other_compiler()
    );
}

fn modes(architecture: &str) -> impl Iterator<Item = &Mode> {
    let of = move |mode: &&Mode| mode.name.split('-').next() == Some(architecture);
    MODES.iter().filter(of)
}

/// A hint where the texts are those of another compiler.
fn other_compiler() -> String {
    let theirs = fs::read_to_string(COMPILER).unwrap_or_default();
    let (theirs, ours) = (theirs.trim(), rustc_version(MODES[0].target));
    if theirs == ours {
        return String::new();
    }
    format!("the texts are those of Rust {theirs}, and this is Rust {ours};\n")
}

#[test]
fn aarch64() {
    check("aarch64");
}

#[test]
fn armv7a() {
    check("armv7a");
}

#[test]
fn loongarch64() {
    check("loongarch64");
}

#[test]
fn riscv32() {
    check("riscv32");
}

#[test]
fn riscv64() {
    check("riscv64");
}

#[test]
fn x86_64() {
    check("x86_64");
}

/// Whether an instruction is a return, perhaps one that a condition has.
fn returns(line: &str) -> bool {
    let arm = line.starts_with("bx") && line.ends_with(" lr");
    line == "ret" || arm || line.starts_with("pop {") && line.ends_with("pc}")
}

/// The instructions of a function up to its first return, which the cold path lies behind.
fn path<'text>(text: &'text str, function: &str) -> Vec<&'text str> {
    let start = format!("\n{function}: ");
    let body = text.split_once(&start).expect("the function is there").1;
    let lines = body.lines().skip(1).map(str::trim);
    lines
        .take_while(|line| !returns(line) && !line.is_empty())
        .collect()
}

#[test]
fn an_exclusive_borrow_executes_six_instructions_more_and_reads_the_register_once() {
    let mode = modes("aarch64").find(|mode| mode.name == "aarch64-el2");
    let text =
        fs::read_to_string(mode.expect("the mode is there").path()).expect("the text is there");
    for array in ["array", "hot array"] {
        let checked = path(&text, &format!("{array}.with_current, [i] += 1"));
        let unchecked = path(&text, &format!("{array}.with_current_unchecked, [i] += 1"));
        assert!(
            checked.len() <= unchecked.len() + 6,
            "{checked:#?}\n{unchecked:#?}"
        );
        let reads = checked.iter().filter(|line| line.starts_with("mrs "));
        assert_eq!(reads.count(), 1, "{checked:#?}");
    }
}

#[test]
fn a_look_at_a_value_is_the_bare_load() {
    for mode in modes("aarch64") {
        let text = fs::read_to_string(mode.path()).expect("the text is there");
        for variable in ["u8", "hot usize", "pointer"] {
            let look = path(&text, &format!("{variable}.with_current, a look"));
            let read = path(&text, &format!("{variable}.read_current"));
            assert_eq!(look.len(), read.len(), "{}: {look:#?}", mode.name);
        }
    }
}

/// The number of instructions of each function of a mode.
fn lengths(mode: &str) -> BTreeMap<String, usize> {
    let found = MODES.iter().find(|found| found.name == mode);
    let text =
        fs::read_to_string(found.expect("the mode is there").path()).expect("the text is there");
    let row = |line: &str| {
        let (name, length) = line.strip_suffix(" instructions")?.rsplit_once(": ")?;
        Some((name.to_owned(), length.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn with_a_small_template_all_are_as_short_as_hot_ones() {
    for mode in [
        "aarch64-el2",
        "aarch64-el2-non-zero-vma",
        "loongarch64",
        "loongarch64-non-zero-vma",
        "riscv64",
    ] {
        let (usual, small) = (lengths(mode), lengths(&format!("{mode}-small-template")));
        assert_eq!(usual.len(), small.len());
        let mut twins = 0;
        for (name, length) in &small {
            assert!(
                *length <= usual[name],
                "{mode}: {name}: {length}, and {} without",
                usual[name]
            );
            let Some(operation) = name.strip_prefix("hot ") else {
                continue;
            };
            let twin = match operation.strip_prefix("usize") {
                Some(operation) => small.get(&format!("u64{operation}")),
                None => small.get(operation),
            };
            if let Some(twin) = twin {
                assert_eq!(length, twin, "{mode}: {name}");
                twins += 1;
            }
        }
        assert!(twins > 20, "{mode}: {twins}");
        let shorter = small
            .iter()
            .filter(|(name, length)| **length < usual[*name]);
        assert!(shorter.count() > 100, "{mode}");
    }
}

/// The check of the index is two of the three instructions. RISC-V and LoongArch have no operand that scales an index,
/// and compare with a register.
#[test]
fn an_element_takes_three_instructions_more_and_a_field_none() {
    for (mode, scalar, more) in [
        ("aarch64-el2-lse", "u64", 3),
        ("x86_64", "u64", 2),
        ("x86_64-non-zero-vma", "u64", 3),
        ("riscv64", "u64", 4),
        ("loongarch64", "u64", 4),
        ("aarch64-el2-lse", "hot usize", 3),
        ("x86_64", "hot usize", 2),
        ("riscv64", "hot usize", 4),
        ("loongarch64", "hot usize", 4),
    ] {
        let found = MODES.iter().find(|found| found.name == mode);
        let text = fs::read_to_string(found.expect("the mode is there").path())
            .expect("the text is there");
        let hot = if scalar == "u64" { "" } else { "hot " };
        for operation in [
            "read_current",
            "write_current",
            "add_current",
            "inc_current",
            "swap_current",
        ] {
            let length = |part: &str| path(&text, &format!("{part}.{operation}")).len();
            let own = length(scalar);
            assert_eq!(
                length(&format!("{hot}field")),
                own,
                "{mode}: {hot}{operation}"
            );
            for element in ["element", "element of a field"] {
                let length = length(&format!("{hot}{element}"));
                assert!(
                    length <= own + more,
                    "{mode}: {hot}{element}, {operation}: {length}, not {own} + {more}"
                );
            }
        }
    }
}

/// How many instructions a function executes before it returns, if it takes the branch to label 1, or else takes none but
/// those without a condition.
fn executed(text: &str, function: &str, to_1: bool) -> usize {
    let start = format!("\n{function}: ");
    let body = text.split_once(&start).expect("the function is there").1;
    let body = body.split("\n\n").next().unwrap_or_default();
    let lines: Vec<_> = body.lines().skip(1).map(str::trim).collect();
    let after = |label: &str| {
        let found = lines
            .iter()
            .position(|line| line.strip_suffix(':') == Some(label));
        found.unwrap_or_else(|| panic!("{label}: {body}")) + 1
    };
    let (mut at, mut count) = (0, 0);
    while !["ret", "bx lr"].contains(&lines[at]) {
        let branch = lines[at].split_once("-> ");
        count += usize::from(!lines[at].ends_with(':'));
        at = match branch {
            Some(("b ", label)) => after(label),
            Some((_, "1")) if to_1 => after("1"),
            _ => at + 1,
        };
    }
    count
}

/// What a CPU with its area in a table executes to find it by its index, beside one whose area is in a block: the
/// second comparison, and on RISC-V the shift of the index. AArch64 and Arm have loaded its number with the first one.
/// x86_64 loads it, compares and branches: the compiler has no comparison with an atomic in memory. With `non-zero-vma`
/// on Arm both end in one text, to which a block jumps.
#[test]
fn a_table_takes_few_instructions_more_than_a_block() {
    for (mode, more) in [
        ("aarch64-el2", 1),
        ("aarch64-el2-lse", 1),
        ("aarch64-el2-non-zero-vma", 1),
        ("loongarch64", 1),
        ("loongarch64-non-zero-vma", 1),
        ("riscv32", 2),
        ("riscv64", 2),
        ("riscv64-non-zero-vma", 2),
        ("x86_64", 3),
        ("x86_64-non-zero-vma", 3),
        ("armv7a", 2),
        ("armv7a-non-zero-vma", 1),
    ] {
        let found = MODES.iter().find(|found| found.name == mode);
        let text = fs::read_to_string(found.expect("the mode is there").path())
            .expect("the text is there");
        let function = "array.remote_ptr";
        let [block, table] = [false, true].map(|to_1| executed(&text, function, to_1));
        assert_eq!(table, block + more, "{mode}");
    }
}

/// How many instructions do nothing but form a static variable's offset, or that of its borrow flag.
fn offset_instructions(path: &[&str]) -> usize {
    let (mut last_high, mut count) = ("", 0);
    for (instruction, relocation) in path.iter().filter_map(|line| line.split_once("; ")) {
        if relocation.starts_with("R_RISCV_PCREL_HI20") {
            last_high = relocation;
        }
        let symbol = match relocation.ends_with(".Lpcrel_hi") {
            true => last_high,
            false => relocation,
        };
        // A load or a store may have the low bits of the offset as its own.
        let accesses = instruction.contains(['[', '(']) || instruction.starts_with("ld.");
        let forms_offset = !accesses || instruction.starts_with("lea ");
        count += usize::from(symbol.contains("__PERCPU_") && forms_offset);
    }
    count
}

/// The functions of a text with their lengths: those that the test below compares.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_suffix(" instructions")?.rsplit_once(": "))
        .map(|(name, _)| name)
}

/// How many instructions more an access to a variable that is made at run time may have than the same one to a static
/// whose offset is in a register, after one that loads that register from the handle.
fn more_than_by_register(mode: &str, access: &str) -> usize {
    let architecture = mode.split('-').next().unwrap_or_default();
    let (part, _) = access.split_once('.').expect("variable.operation");
    match architecture {
        // Of a static, the distance of a part is in the constant offset. RISC-V often has room for it in the access.
        _ if ["element u8", "element of a field", "field of an element"].contains(&part)
            || part == "element of a field of an element"
            || access == "field.read_current, bool" =>
        {
            1
        }
        // A guard copies the register, which the accesses to a static name.
        "loongarch64" | "riscv32" | "riscv64" if ["pin", "irq", "once"].contains(&part) => 1,
        // The flag is behind the value, so one address is formed for both, which the compiler copies.
        "armv7a" if part == "array" && access.ends_with("[i] += 1") => 1,
        // The other arguments fill the registers, so the handle is on the stack.
        "armv7a" if access.starts_with("u64.compare_exchange") || access == "counter.add, [i]" => 1,
        _ => 0,
    }
}

#[test]
fn a_variable_made_at_run_time_is_as_near_as_a_static_with_its_offset_in_a_register() {
    // A process checks in each access that the variable belongs to the thread's CPUs.
    // With a small template no static has its offset in a register.
    let comparable = |mode: &&Mode| mode.target.contains("-none") && !mode.name.contains("small");
    let modes = MODES.iter().filter(comparable);
    for mode in modes {
        let text = fs::read_to_string(mode.path()).expect("the text is there");
        let mut compared = 0;
        for access in names(&text).filter_map(|name| name.strip_prefix("dynamic ")) {
            let dynamic = format!("dynamic {access}");
            compared += 1;
            // A loop over all CPUs, which the compiler unrolls or not.
            if access.ends_with(".sum") {
                continue;
            }
            let (mut dynamic, mut linked) = (path(&text, &dynamic), path(&text, access));
            // What moves a full batch finds the total beside the value of CPU 0. The loop and the check come before.
            if access == "counter.add, batched" {
                let check = |path: &[&str]| {
                    let branches = |line: &&str| line.contains("-> ");
                    let of_loop = path
                        .iter()
                        .any(|line| line.starts_with("ldxr") || line.starts_with("ldrexd"));
                    let mut at = path.iter().enumerate().filter(|(_, line)| branches(line));
                    at.nth(usize::from(of_loop)).expect("a check").0
                };
                dynamic.truncate(check(&dynamic));
                linked.truncate(check(&linked));
            }
            dynamic.retain(|line| !line.starts_with("nop"));
            let offset = offset_instructions(&linked);
            let most = linked.len() - offset + 1 + more_than_by_register(mode.name, access);
            assert!(
                dynamic.len() <= most,
                "{}: {access} takes {}, not {most}: {dynamic:#?}\n{linked:#?}",
                mode.name,
                dynamic.len()
            );
        }
        assert!(compared > 100, "{}: {compared} accesses", mode.name);
    }
}

#[test]
fn what_a_reference_refers_to_is_published_with_it() {
    for (mode, barrier) in [
        ("aarch64-el2", "dmb "),
        ("riscv64", "fence "),
        ("loongarch64", "dbar "),
        ("armv7a", "dmb "),
    ] {
        let found = MODES.iter().find(|found| found.name == mode);
        let text = fs::read_to_string(found.expect("the mode is there").path())
            .expect("the text is there");
        let barriers = |function: &str| {
            let path = path(&text, function);
            path.iter().filter(|line| line.starts_with(barrier)).count()
        };
        assert_eq!(barriers("reference.write_current"), 1, "{mode}");
        assert_eq!(barriers("reference.read_remote"), 1, "{mode}");
        // This CPU's own stores are in order, and a raw pointer is dereferenced by `unsafe` code.
        assert_eq!(barriers("reference.read_current"), 0, "{mode}");
        assert_eq!(barriers("pointer.write_current"), 0, "{mode}");
    }
}

#[test]
fn every_mode_is_compared() {
    let architectures = [
        "aarch64",
        "armv7a",
        "loongarch64",
        "riscv32",
        "riscv64",
        "x86_64",
    ];
    let compared: usize = architectures.iter().map(|name| modes(name).count()).sum();
    assert_eq!(compared, MODES.len());
    if env::var_os("GOLDEN_BLESS").is_some() {
        fs::write(COMPILER, rustc_version(MODES[0].target) + "\n").unwrap();
    }
}
