//! What instructions do, by their names in LLVM's disassembly.

use golden::Instruction;

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    Aarch64,
    Arm,
    Loongarch64,
    Riscv64,
    X86_64,
}

/// Where execution goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Next,
    /// To the target or to the next instruction.
    Branch,
    /// To the target.
    Jump,
    /// Elsewhere, and back to the next instruction.
    Call,
    Return,
    /// Nowhere: a trap.
    Stop,
}

/// How often an instruction reaches memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accesses {
    pub(crate) loads: usize,
    pub(crate) stores: usize,
}

const LOAD: Accesses = Accesses {
    loads: 1,
    stores: 0,
};
const STORE: Accesses = Accesses {
    loads: 0,
    stores: 1,
};
const BOTH: Accesses = Accesses {
    loads: 1,
    stores: 1,
};
const NONE: Accesses = Accesses {
    loads: 0,
    stores: 0,
};

impl Isa {
    /// That of a Rust target.
    ///
    /// # Panics
    ///
    /// If it is not known here.
    pub(crate) fn of(target: &str) -> Self {
        match target.split('-').next() {
            Some("aarch64") => Self::Aarch64,
            Some("armv7a") => Self::Arm,
            Some("loongarch64") => Self::Loongarch64,
            Some("riscv64gc" | "riscv64imac") => Self::Riscv64,
            Some("x86_64") => Self::X86_64,
            _ => panic!("no instruction set is known for {target}"),
        }
    }

    pub(crate) fn flow(self, instruction: &Instruction) -> Flow {
        let text = &*instruction.text;
        match (self, instruction.mnemonic()) {
            (_, "ret") => Flow::Return,
            (Self::Arm, "bx") if text == "bx lr" => Flow::Return,
            (Self::Arm, "pop" | "ldm") if text.contains("pc}") => Flow::Return,
            (_, "bl" | "blx" | "blr" | "call" | "jalr") => Flow::Call,
            (Self::Loongarch64, "jirl") if text.starts_with("jirl $ra") => Flow::Call,
            (_, "b" | "br" | "bx" | "jmp" | "j" | "jr" | "jirl") => Flow::Jump,
            (_, "brk" | "udf" | "ud2" | "unimp" | "ebreak" | "break") => Flow::Stop,
            _ if instruction.target.is_some() => Flow::Branch,
            _ => Flow::Next,
        }
    }

    pub(crate) fn accesses(self, instruction: &Instruction) -> Accesses {
        let name = instruction.mnemonic();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        match self {
            Self::Aarch64 if starts(&["cas", "swp"]) => BOTH,
            // `ldadd` and its like also store, `stadd` also loads.
            Self::Aarch64 if starts(&["ld", "st"]) => {
                let changes = ["add", "clr", "eor", "set", "smax", "smin", "umax", "umin"];
                match changes.iter().any(|change| name[2..].starts_with(change)) {
                    true => BOTH,
                    false if name.starts_with("ld") => LOAD,
                    false => STORE,
                }
            }
            Self::Arm if starts(&["ldr", "ldm", "pop"]) => LOAD,
            Self::Arm if starts(&["str", "stm", "push"]) => STORE,
            Self::Loongarch64 if starts(&["ld", "ll."]) => LOAD,
            Self::Loongarch64 if starts(&["st", "sc."]) => STORE,
            Self::Loongarch64 if starts(&["am"]) => BOTH,
            Self::Riscv64 if starts(&["amo"]) => BOTH,
            Self::Riscv64 => match name {
                "lb" | "lbu" | "lh" | "lhu" | "lw" | "lwu" | "ld" => LOAD,
                "sb" | "sh" | "sw" | "sd" => STORE,
                _ if starts(&["lr."]) => LOAD,
                _ if starts(&["sc."]) => STORE,
                _ => NONE,
            },
            Self::X86_64 => x86_accesses(name, &instruction.text),
            _ => NONE,
        }
    }

    /// Whether the instruction makes or removes the frame of a function: it saves the return address, or moves the
    /// stack pointer. An operation that is inlined has none.
    pub(crate) fn is_frame(self, instruction: &Instruction) -> bool {
        let (name, text) = (instruction.mnemonic(), &*instruction.text);
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
        match self {
            Self::Aarch64 => {
                text.contains("[sp") && text.contains("x30")
                    || starts(&["mov x29, sp", "add x29, sp", "sub sp, sp", "add sp, sp"])
            }
            Self::Arm => {
                name == "push" && text.contains("lr}")
                    || name == "pop" && text.contains("pc}")
                    || starts(&["mov r11, sp", "add r11, sp", "sub sp, sp", "sub sp, r11"])
            }
            Self::Riscv64 => {
                text.contains("(sp)") && starts(&["sd ra,", "ld ra,", "sd s0,", "ld s0,"])
                    || starts(&["addi sp, sp", "addi s0, sp"])
            }
            Self::Loongarch64 => {
                text.contains(" $sp,")
                    && starts(&["st.d $ra,", "ld.d $ra,", "st.d $fp,", "ld.d $fp,"])
                    || starts(&["addi.d $sp, $sp", "addi.d $fp, $sp"])
            }
            Self::X86_64 => {
                matches!(name, "push" | "pop") || starts(&["mov rbp, rsp", "sub rsp,", "add rsp,"])
            }
        }
    }

    /// Whether the instruction reads the per-CPU register: that of any of the crates, or what says which CPU this is.
    pub(crate) fn reads_register(self, instruction: &Instruction) -> bool {
        let (name, text) = (instruction.mnemonic(), &*instruction.text);
        let operand = |register| {
            text.split([' ', ',', '(', ')'])
                .any(|word| word == register)
        };
        match self {
            Self::Aarch64 => name == "mrs" && (text.contains("tpidr") || text.contains("mpidr")),
            Self::Arm => name == "mrc" && text.contains("c13"),
            Self::Loongarch64 => operand("$r21") || operand("$tp"),
            Self::Riscv64 => operand("gp") || operand("tp"),
            Self::X86_64 => name == "rdgsbase" || text.contains("gs:"),
        }
    }
}

fn x86_accesses(name: &str, text: &str) -> Accesses {
    match name {
        "push" | "pushfq" | "call" => return STORE,
        "pop" | "popfq" => return LOAD,
        "lea" | "nop" => return NONE,
        _ => {}
    }
    let Some((_, operands)) = text.split_once(' ') else {
        return NONE;
    };
    let (first, rest) = operands.split_once(',').unwrap_or((operands, ""));
    if rest.contains('[') || first.contains('[') && matches!(name, "cmp" | "test") {
        LOAD
    } else if !first.contains('[') {
        NONE
    } else if name.starts_with("mov") || name.starts_with("set") {
        STORE
    } else {
        BOTH
    }
}
