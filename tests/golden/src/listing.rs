//! Disassembly as a text that a human reads and that two compilations agree on: branch targets are labels,
//! relocations stand beside their instruction, and symbols have the names of the source.

use std::{collections::BTreeSet, fmt, mem, path::Path, process::Command};

use links::tools::{llvm_objdump, run};
use rustc_demangle::demangle;

/// What the linker fills in: "R_AARCH64_CALL26 percpu_hv::init::refuse".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Its name in the manual of the architecture's ABI.
    pub kind: String,
    /// The symbol as the object file has it.
    pub symbol: String,
}

impl fmt::Display for Relocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, source_name(&self.symbol))
    }
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its address, in the section or in the image.
    pub address: u64,
    /// The bytes that it takes.
    pub size: usize,
    /// Mnemonic and operands, in lower case, with one space after the mnemonic; a branch ends with `->`.
    pub text: String,
    /// The address that it branches to, within its function.
    pub target: Option<u64>,
    /// What the linker fills in.
    pub relocations: Vec<Relocation>,
}

impl Instruction {
    /// The first word.
    pub fn mnemonic(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// Becomes one instruction with the rest of it.
    fn absorb(&mut self, rest: Self) {
        self.size += rest.size;
        self.text = format!("{} {}", self.text, rest.text);
    }
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name in the source, with the path if it has one.
    pub name: String,
    /// Its name in the object file.
    pub symbol: String,
    /// What it is made of.
    pub instructions: Vec<Instruction>,
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: BTreeSet<_> = self.instructions.iter().filter_map(|i| i.target).collect();
        let label = |address| targets.iter().position(|target| *target == address);
        for instruction in &self.instructions {
            if let Some(label) = label(instruction.address) {
                writeln!(f, "  {}:", label + 1)?;
            }
            let mut line = format!("    {}", instruction.text);
            if let Some(label) = instruction.target.and_then(label) {
                line += &format!(" {}", label + 1);
            }
            for relocation in &instruction.relocations {
                line = format!("{line:<40}  ; {relocation}");
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// The functions of an object file, an archive or an image, by name.
///
/// # Panics
///
/// If the file cannot be read.
pub fn functions(file: &Path) -> Vec<Function> {
    let output = run(Command::new(llvm_objdump())
        .args([
            "--disassemble",
            "--reloc",
            "--print-imm-hex",
            "--x86-asm-syntax=intel",
            "--show-all-symbols",
        ])
        .arg(file));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    parse(&String::from_utf8_lossy(&output.stdout))
}

fn parse(listing: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    // Functions of the same code may be one, with two names.
    let mut names: Vec<&str> = Vec::new();
    let mut instructions: Vec<Instruction> = Vec::new();
    for line in listing.lines().chain(["0 <>:"]) {
        if let Some(name) = function_name(line) {
            // A place inside a function that a relocation names, or the mark of code among data.
            if name.starts_with(['.', '$']) {
                continue;
            }
            if !instructions.is_empty() {
                let instructions = finish(mem::take(&mut instructions));
                functions.extend(names.drain(..).map(|name| Function {
                    name: source_name(name),
                    symbol: name.to_owned(),
                    instructions: instructions.clone(),
                }));
            }
            names.push(name);
        } else if let Some(relocation) = relocation(line) {
            if let Some(last) = instructions.last_mut() {
                last.relocations.extend(relocation);
            }
        } else if let Some(instruction) = instruction(line) {
            match instructions.last_mut() {
                // x86: a prefix has a line of its own.
                Some(last) if last.text == "lock" => last.absorb(instruction),
                _ => instructions.push(instruction),
            }
        }
    }
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    functions
}

/// "0000000000000000 <name>:"
fn function_name(line: &str) -> Option<&str> {
    let (address, name) = line.split_once(" <")?;
    u64::from_str_radix(address, 16).ok()?;
    name.strip_suffix(">:")
}

/// A name without what a compilation adds to it: the hash of a crate, a unit's number.
fn source_name(symbol: &str) -> String {
    let (symbol, addend) = match symbol.rfind(['+', '-']) {
        Some(at) if symbol[at + 1..].starts_with("0x") => symbol.split_at(at),
        _ => (symbol, ""),
    };
    let name = match symbol {
        _ if symbol.starts_with(".Lpcrel_hi") || symbol.starts_with(".Ltmp") => {
            ".Lpcrel_hi".to_owned()
        }
        // A constant, or the section that holds nothing else.
        _ if symbol.contains(".Lanon.") || symbol.contains(".L__unnamed_") => ".Lanon".to_owned(),
        _ => format!("{:#}", demangle(symbol)),
    };
    name + addend
}

/// "\t\t0000000000000004:  R_AARCH64_MOVW_UABS_G0_NC\tsymbol+0x10"; `None` inside is a hint for the linker.
fn relocation(line: &str) -> Option<Option<Relocation>> {
    let (address, rest) = line.trim_start().split_once(':')?;
    u64::from_str_radix(address, 16).ok()?;
    let (kind, symbol) = rest.trim_start().split_once('\t')?;
    if !kind.starts_with("R_") {
        return None;
    }
    // What does nothing keeps a section in the image.
    if kind.ends_with("_RELAX") || kind.ends_with("_NONE") {
        return Some(None);
    }
    let (kind, symbol) = (kind.to_owned(), symbol.trim().to_owned());
    Some(Some(Relocation { kind, symbol }))
}

/// "       4: d2800009     \tmov\tx9, #0x0                // =0"
fn instruction(line: &str) -> Option<Instruction> {
    let (address, rest) = line.split_once(':')?;
    let address = u64::from_str_radix(address.trim(), 16).ok()?;
    let (bytes, text) = rest.split_once('\t')?;
    let digits = bytes.chars().filter(char::is_ascii_hexdigit).count();
    let text = [" // ", "\t// ", " @ ", "\t@ "]
        .iter()
        .fold(text, |text, comment| {
            text.split(comment).next().unwrap_or(text)
        });
    let mut words = text.split_whitespace();
    let mut text = words.next()?.to_lowercase();
    let operands = words.collect::<Vec<_>>().join(" ");
    let (operands, mut target) = branch(address, &operands);
    // LoongArch: relative to a register.
    target.take_if(|_| text == "jirl");
    if !operands.is_empty() {
        text += &format!(" {}", operands.to_lowercase());
    }
    Some(Instruction {
        address,
        size: digits / 2,
        text,
        target,
        relocations: Vec::new(),
    })
}

/// Takes "x9, 0x10 <f+0x10>" apart into "x9," and the address. An address is said as such in hexadecimal, and as a
/// distance in decimal digits.
fn branch(address: u64, operands: &str) -> (String, Option<u64>) {
    let Some((before, _)) = operands.split_once('<') else {
        return (operands.to_owned(), None);
    };
    let before = before.trim_end();
    // x86: "qword ptr [rip] # 0x7 <f+0x7>"
    if let Some((operands, _)) = before.split_once(" # ") {
        return (operands.to_owned(), None);
    }
    let (rest, place) = before.rsplit_once(' ').unwrap_or(("", before));
    let target = match place.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => place
            .parse()
            .ok()
            .map(|distance| address.wrapping_add_signed(distance)),
    };
    (rest.to_owned(), target)
}

/// Marks branches. Where the linker fills in a target, what stands there is none.
fn finish(mut instructions: Vec<Instruction>) -> Vec<Instruction> {
    let addresses: BTreeSet<_> = instructions.iter().map(|i| i.address).collect();
    for instruction in &mut instructions {
        let filled_in = !instruction.relocations.is_empty();
        instruction
            .target
            .take_if(|target| filled_in || !addresses.contains(target));
        if instruction.target.is_some() {
            instruction.text += " ->";
        } else if instruction.text.ends_with(',') {
            instruction.text.pop();
        }
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(listing: &str) -> String {
        let functions = parse(listing);
        let functions = functions.iter().map(|f| format!("{}:\n{f}", f.name));
        functions.collect()
    }

    #[test]
    fn branches_get_labels_and_relocations_stand_beside_their_instruction() {
        let listing = "
0000000000000000 <u64.add_current>:
       0: d53cd048     \tmrs\tx8, TPIDR_EL2
       4: d2800009     \tmov\tx9, #0x0                // =0
\t\t0000000000000004:  R_AARCH64_MOVW_UABS_G0_NC\t_RNvCs1jJoPtkg5jm_10operations13___PERCPU_WORD
       8: c85f7d09     \tldxr\tx9, [x8]
       c: 35ffffaa     \tcbnz\tw10, 0x8 <u64.add_current+0x8>
      10: d65f03c0     \tret
";
        let expected = "u64.add_current:
    mrs x8, tpidr_el2
    mov x9, #0x0                          ; R_AARCH64_MOVW_UABS_G0_NC operations::__PERCPU_WORD
  1:
    ldxr x9, [x8]
    cbnz w10, -> 1
    ret
";
        assert_eq!(text(listing), expected);
    }

    #[test]
    fn two_names_of_one_function_are_two_functions() {
        let listing = "
0000000000000000 <b>:
0000000000000000 <a>:
       0: c3           \tret
";
        assert_eq!(text(listing), "a:\n    ret\nb:\n    ret\n");
    }

    #[test]
    fn a_prefix_belongs_to_its_instruction() {
        let listing = "
0000000000000000 <f>:
       0: f0           \tlock
       1: 48 83 40 08 01\tadd\tqword ptr [rax + 0x8], 0x1
";
        let functions = parse(listing);
        let [instruction] = &*functions[0].instructions else {
            panic!("{functions:?}")
        };
        assert_eq!(instruction.text, "lock add qword ptr [rax + 0x8], 0x1");
        assert_eq!((instruction.size, instruction.mnemonic()), (6, "lock"));
    }

    #[test]
    fn a_branch_may_have_a_number_before_its_target() {
        let listing = "
0000000000000000 <f>:
       0: 37f80049     \ttbnz\tw9, #0x1f, 0x8 <f+0x8>
       4: d4200020     \tbrk\t#0x1
       8: d65f03c0     \tret
";
        assert_eq!(
            text(listing),
            "f:\n    tbnz w9, #0x1f, -> 1\n    brk #0x1\n  1:\n    ret\n"
        );
    }

    #[test]
    fn a_distance_is_an_address_too() {
        let listing = "
0000000000000020 <f>:
      20: 44001880     \tbnez\t$a0, 8 <f+0x8>
      24: 03400000     \tnop
      28: 4c000020     \tret
";
        assert_eq!(
            text(listing),
            "f:\n    bnez $a0, -> 1\n    nop\n  1:\n    ret\n"
        );
    }
}
