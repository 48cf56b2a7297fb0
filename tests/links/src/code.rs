//! Disassembly, by LLVM.

use std::{collections::BTreeMap, path::Path, process::Command};

use crate::tools::{llvm_objdump, run};

/// The instructions of each function of an object file, an archive or an image, in the disassembler's words and
/// lower case: "mrs x8, tpidr_el2".
///
/// # Panics
///
/// If the file cannot be read.
pub fn disassembly(file: &Path) -> BTreeMap<String, Vec<String>> {
    let output = run(Command::new(llvm_objdump())
        .args(["--disassemble", "--no-show-raw-insn"])
        .arg(file));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut functions = BTreeMap::new();
    let mut current: Option<&mut Vec<String>> = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // "0000000000000000 <name>:", then "   0:     \tmrs\tx8, TPIDR_EL2".
        if let Some((_, name)) = line.split_once(" <")
            && let Some(name) = name.strip_suffix(">:")
        {
            // A place inside a function that a relocation names, or the mark of code among data.
            if name.starts_with(['.', '$']) {
                continue;
            }
            current = Some(functions.entry(name.to_owned()).or_default());
        } else if let Some((address, instruction)) = line.split_once(':')
            && u64::from_str_radix(address.trim(), 16).is_ok()
            && let Some(current) = &mut current
        {
            current.push(instruction.trim().replace('\t', " ").to_lowercase());
        }
    }
    functions
}

/// The functions whose names start with `prefix`, by what follows it.
///
/// # Panics
///
/// If there is none, or the archive cannot be read.
pub fn accesses_of(prefix: &str, archive: &Path) -> BTreeMap<String, Vec<String>> {
    let functions = disassembly(archive).into_iter();
    let accesses: BTreeMap<_, _> = functions
        .filter_map(|(name, code)| Some((name.strip_prefix(prefix)?.to_owned(), code)))
        .collect();
    assert!(!accesses.is_empty(), "no function is called {prefix}*");
    accesses
}
