//! The modes whose code is pinned.

use std::{fmt::Write as _, path::PathBuf};

use crate::{compile, functions};

/// A target with a set of features.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// The name of its text.
    pub name: &'static str,
    /// The Rust target.
    pub target: &'static str,
    /// More arguments for cargo.
    pub cargo: &'static [&'static str],
    /// More arguments for rustc.
    pub rustc: &'static [&'static str],
}

const fn mode(
    name: &'static str,
    target: &'static str,
    cargo: &'static [&'static str],
    rustc: &'static [&'static str],
) -> Mode {
    Mode {
        name,
        target,
        cargo,
        rustc,
    }
}

const ANY_ADDRESS: &[&str] = &["--features=non-zero-vma"];
const SMALL: &[&str] = &["--features=small-template"];
const SMALL_ANYWHERE: &[&str] = &["--features=non-zero-vma,small-template"];

/// All of them.
pub const MODES: &[Mode] = &[
    mode("aarch64-el2", "aarch64-unknown-none-softfloat", &[], &[]),
    mode(
        "aarch64-el2-lse",
        "aarch64-unknown-none-softfloat",
        &[],
        &["-Ctarget-feature=+lse"],
    ),
    mode(
        "aarch64-el2-non-zero-vma",
        "aarch64-unknown-none-softfloat",
        ANY_ADDRESS,
        &[],
    ),
    mode(
        "aarch64-el2-small-template",
        "aarch64-unknown-none-softfloat",
        SMALL,
        &[],
    ),
    mode(
        "aarch64-el2-non-zero-vma-small-template",
        "aarch64-unknown-none-softfloat",
        SMALL_ANYWHERE,
        &[],
    ),
    mode(
        "aarch64-el1",
        "aarch64-unknown-none-softfloat",
        &["--no-default-features"],
        &[],
    ),
    mode("armv7a", "armv7a-none-eabi", &[], &[]),
    mode("armv7a-non-zero-vma", "armv7a-none-eabi", ANY_ADDRESS, &[]),
    mode(
        "loongarch64",
        "loongarch64-unknown-none-softfloat",
        &[],
        &[],
    ),
    mode(
        "loongarch64-non-zero-vma",
        "loongarch64-unknown-none-softfloat",
        ANY_ADDRESS,
        &[],
    ),
    mode(
        "loongarch64-small-template",
        "loongarch64-unknown-none-softfloat",
        SMALL,
        &[],
    ),
    mode(
        "loongarch64-non-zero-vma-small-template",
        "loongarch64-unknown-none-softfloat",
        SMALL_ANYWHERE,
        &[],
    ),
    mode("riscv32", "riscv32imac-unknown-none-elf", &[], &[]),
    mode("riscv64", "riscv64gc-unknown-none-elf", &[], &[]),
    mode(
        "riscv64-non-zero-vma",
        "riscv64gc-unknown-none-elf",
        ANY_ADDRESS,
        &[],
    ),
    mode(
        "riscv64-small-template",
        "riscv64gc-unknown-none-elf",
        SMALL,
        &[],
    ),
    mode("x86_64", "x86_64-unknown-none", &[], &[]),
    mode(
        "x86_64-non-zero-vma",
        "x86_64-unknown-none",
        ANY_ADDRESS,
        &[],
    ),
    mode(
        "x86_64-linux-gs",
        "x86_64-unknown-linux-gnu",
        &["--features=linux-gs,non-zero-vma"],
        &[],
    ),
];

impl Mode {
    /// The file that holds the text.
    pub fn path(&self) -> PathBuf {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/code");
        PathBuf::from(format!("{directory}/{}.txt", self.name))
    }

    /// The text that the compiler makes now.
    ///
    /// # Panics
    ///
    /// If the operations do not compile, with cargo's output.
    pub fn text(&self) -> String {
        let library = compile("operations", self.target, self.cargo, self.rustc).library;
        let arguments = [self.cargo, self.rustc].concat();
        let mut text = format!("# {} {}", self.target, arguments.join(" "));
        text.truncate(text.trim_end().len());
        text.push('\n');
        for function in functions(&library) {
            // The rest is called by these, and shows where it is.
            if function.name.contains("::") {
                continue;
            }
            let count = function.instructions.len();
            let _ = write!(
                text,
                "\n{}: {count} instructions\n{function}",
                function.name
            );
        }
        text
    }
}
