//! What an operation costs: the shortest way through its function that returns, calls included.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

use golden::{Compiled, Function, Instruction, functions};
use serde::{Deserialize, Serialize};

use crate::isa::{Flow, Isa};

/// The cost of an operation, without the frame of the function around it and the return from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Instructions on the shortest way.
    pub(crate) instructions: usize,
    /// Those of them that load.
    pub(crate) loads: usize,
    /// Those of them that store.
    pub(crate) stores: usize,
    /// Those of them that read the per-CPU register.
    pub(crate) register_reads: usize,
    /// The size of the function, slow paths included: what an inlined copy takes.
    pub(crate) bytes: usize,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.loads += other.loads;
        self.stores += other.stores;
        self.register_reads += other.register_reads;
    }
}

/// The functions of an image that was not linked.
#[derive(Debug)]
pub(crate) struct Code {
    isa: Isa,
    functions: HashMap<String, Function>,
}

impl Code {
    pub(crate) fn new(isa: Isa, functions: impl IntoIterator<Item = Function>) -> Self {
        let named = functions
            .into_iter()
            .map(|function| (function.symbol.clone(), function));
        Self {
            isa,
            functions: named.collect(),
        }
    }

    /// The functions of a library, and those that it calls in libraries whose names begin so.
    pub(crate) fn of(target: &str, compiled: &Compiled, called: &[&str]) -> Self {
        // The core library is large, and an operation calls it only to panic.
        let is_called = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            called.iter().any(|prefix| name.starts_with(prefix))
        };
        let dependencies = compiled.dependencies.iter().filter(is_called);
        let libraries = std::iter::once(&compiled.library).chain(dependencies);
        Self::new(
            Isa::of(target),
            libraries.flat_map(|library| functions(library)),
        )
    }

    /// The costs of the functions `<prefix>.<operation>`, by operation.
    ///
    /// # Panics
    ///
    /// If one never returns.
    pub(crate) fn operations(&self, prefix: &str) -> BTreeMap<String, Cost> {
        let operations = self.functions.iter().filter_map(|(name, function)| {
            let operation = name.strip_prefix(prefix)?.strip_prefix('.')?;
            let cost = self.cost(function, 0);
            let mut cost = cost.unwrap_or_else(|| panic!("{name} never returns:\n{function}"));
            cost.bytes = size(function);
            Some((operation.to_owned(), cost))
        });
        operations.collect()
    }

    /// The shortest way that reads the per-CPU register, or else the shortest: a function that finds no CPU also
    /// returns. `None` if it never returns, or calls what is not here: a panic.
    fn cost(&self, function: &Function, depth: usize) -> Option<Cost> {
        if depth > 8 {
            return None;
        }
        let instructions = &function.instructions;
        let position = |address| instructions.iter().position(|i| i.address == address);
        let mut without_register = None;
        // Where the shortest ways so far end; the next instruction and the cost up to there.
        let mut open = vec![(0, Cost::default())];
        let mut closed = HashSet::new();
        while let Some(next) = (0..open.len()).min_by_key(|&i| open[i].1.instructions) {
            let (at, mut cost) = open.swap_remove(next);
            let instruction = instructions.get(at)?;
            if !closed.insert((at, cost.register_reads > 0)) {
                continue;
            }
            let previous = at.checked_sub(1).map(|at| &instructions[at]);
            // Taking the flags from the stack is no frame.
            let takes_flags = previous.is_some_and(|previous| previous.mnemonic() == "pushfq");
            if depth > 0 || takes_flags || !self.isa.is_frame(instruction) {
                cost.add(self.own_cost(instruction));
            }
            let flow = self.isa.flow(instruction);
            let mut returns = flow == Flow::Return;
            match flow {
                Flow::Stop | Flow::Return => {}
                Flow::Next => open.push((at + 1, cost)),
                Flow::Branch | Flow::Jump if instruction.target.is_some() => {
                    open.extend(instruction.target.and_then(position).map(|at| (at, cost)));
                    if flow == Flow::Branch {
                        open.push((at + 1, cost));
                    }
                }
                Flow::Branch | Flow::Jump | Flow::Call => {
                    let callee = self.callee(instruction, previous);
                    if let Some(callee) = callee.and_then(|callee| self.cost(callee, depth + 1)) {
                        cost.add(callee);
                        if flow == Flow::Call {
                            open.push((at + 1, cost));
                        } else {
                            // Its return is this function's.
                            returns = true;
                        }
                    }
                }
            }
            if returns {
                // The operation's own return is its caller's; one that is part of a frame was not counted.
                if depth == 0 && !self.isa.is_frame(instruction) {
                    cost.instructions -= 1;
                }
                if cost.register_reads > 0 {
                    return Some(cost);
                }
                without_register.get_or_insert(cost);
            }
        }
        without_register
    }

    fn own_cost(&self, instruction: &Instruction) -> Cost {
        let accesses = self.isa.accesses(instruction);
        Cost {
            instructions: 1,
            loads: accesses.loads,
            stores: accesses.stores,
            register_reads: usize::from(self.isa.reads_register(instruction)),
            bytes: 0,
        }
    }

    /// The function that a call reaches; the address may be made by the instruction before.
    fn callee(&self, call: &Instruction, previous: Option<&Instruction>) -> Option<&Function> {
        let previous = previous
            .into_iter()
            .flat_map(|previous| &previous.relocations);
        let relocation = call.relocations.iter().chain(previous).next()?;
        let symbol = relocation.symbol.split(['+', '-']).next()?;
        self.functions.get(symbol)
    }
}

/// The bytes of a function without what fills the space to the next one.
fn size(function: &Function) -> usize {
    let is_code = |instruction: &Instruction| !matches!(instruction.mnemonic(), "nop" | "int3");
    let last = function
        .instructions
        .iter()
        .rposition(is_code)
        .map_or(0, |last| last + 1);
    function.instructions[..last]
        .iter()
        .map(|instruction| instruction.size)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use golden::Relocation;

    /// A function of four-byte instructions; "-> n" is a branch to the n-th, "; s" a relocation to `s`.
    fn function(symbol: &str, lines: &[&str]) -> Function {
        let instructions = lines.iter().enumerate().map(|(at, line)| {
            let (line, relocation) = line
                .split_once("; ")
                .map_or((*line, None), |(a, b)| (a, Some(b)));
            let (text, target) = line
                .split_once("-> ")
                .map_or((line, None), |(a, b)| (a, Some(b)));
            Instruction {
                address: 4 * at as u64,
                size: 4,
                text: text.trim().to_owned(),
                target: target.map(|target| 4 * target.parse::<u64>().unwrap()),
                relocations: relocation.map(call).into_iter().collect(),
            }
        });
        let instructions = instructions.collect();
        Function {
            name: symbol.to_owned(),
            symbol: symbol.to_owned(),
            instructions,
        }
    }

    fn call(symbol: &str) -> Relocation {
        Relocation {
            kind: "R_AARCH64_CALL26".to_owned(),
            symbol: symbol.to_owned(),
        }
    }

    fn cost_of(functions: impl IntoIterator<Item = Function>) -> Cost {
        Code::new(Isa::Aarch64, functions).operations("x")["op"]
    }

    #[test]
    fn a_loop_is_counted_once_and_the_return_not_at_all() {
        let add = [
            "mrs x8, tpidr_el2",
            "ldxr x9, [x8]",
            "stxr w10, x9, [x8]",
            "cbnz w10, -> 1",
            "ret",
        ];
        let cost = cost_of([function("x.op", &add)]);
        let expected = Cost {
            instructions: 4,
            loads: 1,
            stores: 1,
            register_reads: 1,
            bytes: 20,
        };
        assert_eq!(cost, expected);
    }

    #[test]
    fn a_way_that_panics_is_none_and_a_call_is_followed() {
        let caller = ["cbz x0, -> 3", "bl ; y", "ret", "bl ; panic"];
        let callee = ["ldr x0, [x0]", "ret"];
        let cost = cost_of([function("x.op", &caller), function("y", &callee)]);
        let expected = Cost {
            instructions: 4,
            loads: 1,
            bytes: 16,
            ..Cost::default()
        };
        assert_eq!(cost, expected);
    }

    #[test]
    fn the_way_with_the_register_is_taken_and_the_frame_is_left_out() {
        let lines = [
            "str x30, [sp, #-0x10]!",
            "cbz x0, -> 4",
            "mrs x0, tpidr_el2",
            "ldr x0, [x0]",
            "ldr x30, [sp], #0x10",
            "ret",
        ];
        let cost = cost_of([function("x.op", &lines)]);
        let expected = Cost {
            instructions: 3,
            loads: 1,
            register_reads: 1,
            bytes: 24,
            ..Cost::default()
        };
        assert_eq!(cost, expected);
    }

    #[test]
    #[should_panic(expected = "never returns")]
    fn an_operation_returns() {
        cost_of([function("x.op", &["bl ; panic"])]);
    }
}
