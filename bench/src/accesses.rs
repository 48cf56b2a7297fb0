//! The instructions of an image that belong to its per-CPU accesses.

use std::{collections::HashSet, fs, path::Path};

use golden::{Function, Instruction};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};
use serde::{Deserialize, Serialize};

use crate::isa::{Flow, Isa};

/// How many there are.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// Those that read the per-CPU register.
    pub(crate) register_reads: u64,
    /// Those of per-CPU accesses.
    pub(crate) accesses: u64,
    pub(crate) all: u64,
}

/// Instructions in an image that was linked with `--emit-relocs`, for a Rust target with that per-CPU register.
pub(crate) fn count(
    target: &str,
    register: &'static str,
    elf: &Path,
) -> Result<Instructions, String> {
    let image = Image {
        isa: Isa::of(target),
        register,
        naming: naming(elf)?,
    };
    Ok(image.count(&golden::functions(elf)))
}

/// The addresses of the instructions that name a per-CPU variable.
fn naming(elf: &Path) -> Result<HashSet<u64>, String> {
    let error = |error: object::Error| format!("{}: {error}", elf.display());
    let data = fs::read(elf).map_err(|error| format!("{}: {error}", elf.display()))?;
    let file = object::File::parse(&*data).map_err(error)?;
    let section = |name| file.section_by_name(name).ok_or(format!("no `{name}`"));
    let template = section(".percpu")?.index();
    let is_variable = |index| {
        let symbol = file.symbol_by_index(index)?;
        // One that only its own unit knows has a place in the section instead of a name.
        let has_data = matches!(symbol.kind(), SymbolKind::Data | SymbolKind::Section);
        let is_header = symbol.name()? == "__percpu_hv_header";
        Ok(symbol.section_index() == Some(template) && has_data && !is_header)
    };
    let mut naming = HashSet::new();
    for (address, relocation) in section(".text")?.relocations() {
        if let RelocationTarget::Symbol(index) = relocation.target()
            && is_variable(index).map_err(error)?
        {
            naming.insert(address);
        }
    }
    Ok(naming)
}

/// What tells the per-CPU accesses from the rest.
struct Image {
    isa: Isa,
    register: &'static str,
    naming: HashSet<u64>,
}

impl Image {
    fn count(&self, functions: &[Function]) -> Instructions {
        // By address: a function may have several names.
        let (mut all, mut reads) = (HashSet::new(), HashSet::new());
        let mut accesses = self.naming.clone();
        for function in functions {
            let (mut of_offset, mut of_base) = (HashSet::new(), HashSet::new());
            for (at, instruction) in function.instructions.iter().enumerate() {
                all.insert(instruction.address);
                let is_read = self.reads_register(instruction);
                if is_read {
                    reads.insert(instruction.address);
                }
                match instruction.mnemonic() {
                    "lui" | "mov" if self.names_variable(instruction) => {
                        of_offset.extend(self.users_of(function, at));
                    }
                    "mrs" | "mv" if is_read => of_base.extend(self.users_of(function, at)),
                    _ => {}
                }
            }
            accesses.extend(of_offset.intersection(&of_base));
        }
        accesses.extend(&reads);
        Instructions {
            register_reads: reads.len() as u64,
            accesses: accesses.len() as u64,
            all: all.len() as u64,
        }
    }

    /// Where the register is the first operand, it is written, or saved.
    fn reads_register(&self, instruction: &Instruction) -> bool {
        operands(instruction)
            .skip(1)
            .any(|operand| operand == self.register)
    }

    fn names_variable(&self, instruction: &Instruction) -> bool {
        self.naming.contains(&instruction.address)
    }

    /// The addresses of the instructions that take what the one at `from` puts into its first operand, also by way of
    /// another register or of the stack.
    fn users_of(&self, function: &Function, from: usize) -> HashSet<u64> {
        let instructions = &function.instructions;
        let position = |address| instructions.iter().position(|i| i.address == address);
        let mut users = HashSet::new();
        let mut seen = HashSet::new();
        let mut open = Vec::from_iter(first(&instructions[from]).map(|place| (from + 1, place)));
        while let Some((at, place)) = open.pop() {
            if !seen.insert((at, place)) {
                continue;
            }
            let Some(instruction) = instructions.get(at) else {
                continue;
            };
            let stores = self.isa.accesses(instruction).stores > 0;
            let mut sources = operands(instruction).skip(usize::from(!stores));
            let slot = slot(instruction);
            if sources.any(|source| source == place) || !stores && slot == Some(place) {
                users.insert(instruction.address);
                let copy = match instruction.mnemonic() {
                    "str" | "sd" => slot,
                    "ldr" | "ld" => slot.and(first(instruction)),
                    "mov" | "mv" => first(instruction),
                    // The other half of the offset.
                    "addi" if self.names_variable(instruction) => first(instruction),
                    _ => None,
                };
                open.extend(copy.map(|copy| (at + 1, copy)));
            }
            let written = if stores { slot } else { first(instruction) };
            if written == Some(place) {
                continue;
            }
            let target = instruction.target.and_then(position);
            let next = match self.isa.flow(instruction) {
                Flow::Next => [Some(at + 1), None],
                Flow::Branch => [Some(at + 1), target],
                Flow::Jump => [None, target],
                Flow::Call if is_kept(place) => [Some(at + 1), None],
                Flow::Call | Flow::Return | Flow::Stop => [None, None],
            };
            open.extend(next.into_iter().flatten().map(|at| (at, place)));
        }
        users
    }
}

/// The words after the mnemonic that are no signs.
fn operands(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let words = instruction.text.split([' ', ',', '[', ']', '(', ')', '!']);
    words.filter(|word| !word.is_empty()).skip(1)
}

fn first(instruction: &Instruction) -> Option<&str> {
    operands(instruction).next()
}

/// Where on the stack it loads or stores one register: "[sp, #0x18]", or "0x18(sp)".
fn slot(instruction: &Instruction) -> Option<&str> {
    let (_, place) = instruction.text.split_once(", ")?;
    (place.starts_with("[sp") || place.ends_with("(sp)")).then_some(place)
}

/// Whether a function that is called leaves it as it is: the stack, and some registers of AArch64 and of RISC-V.
fn is_kept(place: &str) -> bool {
    let number = place.strip_prefix('x').map(str::parse::<u8>);
    place.contains("sp") || place.starts_with('s') || matches!(number, Some(Ok(19..=28)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four bytes each; "-> n" is a branch to the n-th, and those in `naming` name a variable.
    fn count(lines: &[&str], naming: &[u64]) -> Instructions {
        let instructions = lines.iter().enumerate().map(|(at, line)| {
            let (text, target) = line
                .split_once("-> ")
                .map_or((*line, None), |(a, b)| (a, Some(b)));
            Instruction {
                address: 4 * at as u64,
                size: 4,
                text: text.trim().to_owned(),
                target: target.map(|target| 4 * target.parse::<u64>().unwrap()),
                relocations: Vec::new(),
            }
        });
        let function = Function {
            name: "f".to_owned(),
            symbol: "f".to_owned(),
            instructions: instructions.collect(),
        };
        let image = Image {
            isa: Isa::Aarch64,
            register: "tpidr_el1",
            naming: naming.iter().map(|at| 4 * at).collect(),
        };
        // With two names it is still one function.
        image.count(&[function.clone(), function])
    }

    fn expect(code: Instructions, register_reads: u64, accesses: u64, all: u64) {
        let expected = Instructions {
            register_reads,
            accesses,
            all,
        };
        assert_eq!(code, expected);
    }

    #[test]
    fn an_access_ends_where_offset_and_register_meet() {
        let usual = [
            "mov x8, #0x10",
            "mrs x9, tpidr_el1",
            "ldr x0, [x9, x8]",
            "ret",
        ];
        expect(count(&usual, &[0]), 1, 3, 4);
        // What is not a per-CPU variable's offset.
        expect(count(&usual, &[]), 1, 1, 4);
        let small = ["mrs x9, tpidr_el1", "ldr x0, [x9, #0x10]", "ret"];
        expect(count(&small, &[1]), 1, 2, 3);
    }

    #[test]
    fn an_offset_is_followed_through_branches_calls_and_the_stack() {
        let kept = [
            "mov x19, #0x10",
            "str x19, [sp, #0x8]",
            "bl",
            "mrs x9, tpidr_el1",
            "cbz x0, -> 6",
            "b -> 8",
            "str x0, [x9, x19]",
            "ret",
            "ldr x8, [sp, #0x8]",
            "add x0, x9, x8",
            "ret",
        ];
        expect(count(&kept, &[0]), 1, 4, 11);
        let lost = [
            "mov x8, #0x10",
            "bl",
            "mrs x9, tpidr_el1",
            "ldr x0, [x9, x8]",
            "ret",
        ];
        expect(count(&lost, &[0]), 1, 2, 5);
    }

    #[test]
    fn what_writes_or_saves_the_register_does_not_read_it() {
        expect(count(&["msr tpidr_el1, x0", "ret"], &[]), 0, 0, 2);
    }
}
