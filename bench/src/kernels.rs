//! What the per-CPU accesses of a kernel of published crates cost: with percpu, with percpu-hv in its place, and with a
//! small template. The crates are the same each time, and unchanged.

use std::fmt::Write as _;

use dropin::{Arch, Kernel, PERCPU, Package};
use serde::{Deserialize, Serialize};

use crate::{
    accesses::{self, Instructions},
    results,
};

/// The architectures on which a small template makes accesses shorter, and their per-CPU register at EL1 and in
/// supervisor mode.
const ARCHS: [(&str, Arch, &str); 2] = [
    ("aarch64", Arch::Aarch64, "tpidr_el1"),
    ("riscv64", Arch::Riscv64, "gp"),
];

/// The kernel on one architecture, with one library of per-CPU variables.
#[derive(Debug, Serialize, Deserialize)]
struct OfKernel {
    arch: String,
    library: String,
    code: Instructions,
    /// Executed for a switch from a task to another one.
    switch: u64,
    /// Executed to start a task and to wait for its end.
    task: u64,
}

/// A column of the table, and its title.
type Column = (&'static str, fn(&OfKernel) -> u64);

/// What no row has more of than the one before.
const COUNTS: [Column; 3] = [
    ("accesses", |kernel| kernel.code.accesses),
    ("a switch", |kernel| kernel.switch),
    ("a task", |kernel| kernel.task),
];

/// All of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kernels(Vec<OfKernel>);

pub(crate) fn measure() -> Result<Kernels, String> {
    let (published, swapped) = (dropin::unpatched(), Package::named("kernel"));
    let libraries: [(String, &Package, &[&str]); 3] = [
        (format!("percpu {PERCPU}"), &published, &[]),
        ("percpu-hv".to_owned(), &swapped, &[]),
        (
            "percpu-hv, a small template".to_owned(),
            &swapped,
            &["small-template"],
        ),
    ];
    let mut kernels = Vec::new();
    for (name, arch, register) in ARCHS {
        for (library, package, features) in &libraries {
            let kernel = Kernel::of_work(package, arch, features)?;
            let [switch, task] = ["switch", "task"].map(|work| executed(&kernel, work));
            kernels.push(OfKernel {
                arch: name.to_owned(),
                library: library.clone(),
                code: accesses::count(arch.target(), register, kernel.elf())?,
                switch: switch?,
                task: task?,
            });
        }
    }
    Ok(Kernels(kernels))
}

/// The instructions of one such work.
fn executed(kernel: &Kernel, work: &str) -> Result<u64, String> {
    let once = || {
        let end = kernel.run();
        one_of(&end.console, work).ok_or_else(|| format!("no `{work}`: {end}"))
    };
    let (count, again) = (once()?, once()?);
    if count != again {
        return Err(format!("{work}: {count}, and then {again} instructions"));
    }
    Ok(count)
}

/// "switch: 100000, 25701194"
fn one_of(console: &str, work: &str) -> Option<u64> {
    let mut lines = console.lines().map(str::trim_end);
    let (times, nanoseconds) = lines.find_map(|line| {
        let (_, numbers) = line.split_once(&format!("{work}: "))?;
        numbers.split_once(", ")
    })?;
    let (times, nanoseconds): (u64, u64) = (times.parse().ok()?, nanoseconds.parse().ok()?);
    // The clock ticks more slowly, and the timer interrupts a few times.
    Some((nanoseconds + times / 2) / times)
}

impl Kernels {
    /// Those that were measured.
    pub(crate) fn from_results() -> Result<Self, String> {
        results::read("kernels")
    }

    fn of_arch(&self, arch: &str) -> Vec<&OfKernel> {
        let kernels = self.0.iter();
        kernels.filter(|kernel| kernel.arch == arch).collect()
    }

    /// One sentence.
    pub(crate) fn short(&self) -> String {
        let of_arch = |arch: &str, count: fn(&OfKernel) -> u64| {
            let counts = self.of_arch(arch).into_iter().map(count);
            let counts: Vec<_> = counts.map(|count| count.to_string()).collect();
            counts.join(" / ")
        };
        let [accesses, switch, _] =
            COUNTS.map(|(_, count)| ARCHS.map(|(arch, ..)| of_arch(arch, count)));
        format!(
            "An unchanged ArceOS kernel with percpu / percpu-hv / a small template has {} instructions in its accesses on \
             aarch64 (riscv64: {}), and executes {} for a switch of tasks ({}).",
            accesses[0], accesses[1], switch[0], switch[1]
        )
    }

    /// Everything.
    pub(crate) fn full(&self) -> String {
        let mut text = format!(
            "\n## An ArceOS kernel\n\n\
             The kernel that tests/dropin makes of published crates, unchanged: with percpu {PERCPU}, which they depend on, and \
             with percpu-hv in its place. It is a release build for one CPU, with one unit of code for each crate.\n\n\
             An instruction belongs to a per-CPU access if it reads the per-CPU register, names a variable, or takes both from \
             such instructions. The relocations that `--emit-relocs` leaves in the image tell which of them name a variable.\n\n\
             QEMU executes the work with `-icount shift=0`, where an instruction takes a nanosecond, and the kernel reads its \
             clock. Two tasks switch by `yield_now`; then task after task is started and joined. The timer's interrupts and, on \
             riscv64, the firmware's part in them are counted too.\n\n\
             | | register reads | in accesses | in the image | a switch | a task |\n|---|---|---|---|---|---|\n"
        );
        for kernel in &self.0 {
            let OfKernel {
                arch,
                library,
                code,
                switch,
                task,
            } = kernel;
            let Instructions {
                register_reads,
                accesses,
                all,
            } = code;
            let _ = writeln!(
                text,
                "| {arch}, {library} | {register_reads} | {accesses} | {all} | {switch} | {task} |"
            );
        }
        text += "\nThe images also differ in their init, which with percpu-hv checks more, and in what the compiler inlines.\n";
        text
    }

    /// What takes more with percpu-hv than with percpu, or with a small template than without.
    pub(crate) fn misses(&self) -> String {
        let mut text = String::new();
        for (arch, ..) in ARCHS {
            for pair in self.of_arch(arch).windows(2) {
                let (before, after) = (pair[0], pair[1]);
                for (what, count) in COUNTS {
                    if count(after) > count(before) {
                        let _ = writeln!(
                            text,
                            "an ArceOS kernel, {arch}, {what}: {} with {}, but {} with {}",
                            count(after),
                            after.library,
                            count(before),
                            before.library
                        );
                    }
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_nanoseconds_by_the_work() {
        let console = "log\n\u{1b}[mswitch: 100, 25749\r\ntask: 10, 65\r\n";
        assert_eq!(one_of(console, "switch"), Some(257));
        assert_eq!(one_of(console, "task"), Some(7));
        assert_eq!(one_of(console, "exit"), None);
    }
}
