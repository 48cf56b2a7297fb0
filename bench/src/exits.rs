//! What an exit from a guest costs at EL2, beside the same exit without a library.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{cargo::boot, counts::number, crates::version, results};

/// How many hypercalls a guest does.
const HYPERCALLS: u64 = 100_000;
const CPUS: usize = 4;

/// An exit, as the image calls it.
struct Exit {
    name: &'static str,
    title: &'static str,
    accesses: u64,
    /// How many functions it calls that have accesses too.
    functions: u64,
}

const EXITS: [Exit; 2] = [
    Exit {
        name: "assembly",
        title: "in assembly",
        accesses: 2,
        functions: 0,
    },
    Exit {
        name: "handler",
        title: "with a handler in Rust",
        accesses: 5,
        functions: 1,
    },
];

/// A way to reach the variables, as the image calls it.
struct Variant {
    name: &'static str,
    title: &'static str,
    /// Whether an access takes at most one instruction more than by hand, which takes the offset from a register, and a
    /// function one that reads the per-CPU register.
    promises: bool,
}

/// The first of them is what README.md shows, the last what all are compared with.
const VARIANTS: [Variant; 6] = [
    Variant {
        name: SMALL,
        title: "percpu-hv, a small template",
        promises: true,
    },
    Variant {
        name: "percpu-hv-hot",
        title: "percpu-hv, `hot`",
        promises: true,
    },
    Variant {
        name: "percpu-hv-struct",
        title: "percpu-hv, one struct",
        promises: true,
    },
    Variant {
        name: UNMARKED,
        title: "percpu-hv",
        promises: true,
    },
    Variant {
        name: PERCPU,
        title: PERCPU,
        promises: false,
    },
    Variant {
        name: BY_HAND,
        title: "by hand",
        promises: false,
    },
];
const SMALL: &str = "percpu-hv-small";
/// What that one is in an image with the feature.
const UNMARKED: &str = "percpu-hv";
const PERCPU: &str = "percpu";
const BY_HAND: &str = "by-hand";

/// Instructions at EL2 for one exit: `<variant>.<exit>`.
type Counts = BTreeMap<String, u64>;

/// Boots the image, with the usual template and with a small one.
pub(crate) fn measure() -> Result<Counts, String> {
    let mut counts = of_image("")?;
    for (name, count) in of_image("small-template")? {
        if let Some((UNMARKED, exit)) = name.split_once('.') {
            counts.insert(format!("{SMALL}.{exit}"), count);
        }
    }
    Ok(counts)
}

fn of_image(features: &str) -> Result<Counts, String> {
    let text = boot("exits", features, CPUS)?;
    let mut of_cpus = vec![BTreeMap::new(); CPUS];
    for line in text.lines() {
        let (cpu, name, count) = parse(line).ok_or_else(|| format!("the image said: {line}"))?;
        of_cpus[cpu].insert(name, count);
    }
    let mut of_cpus = of_cpus.into_iter().map(of_one_exit);
    let first = of_cpus.next().expect("there are CPUs")?;
    for other in of_cpus {
        let other = other?;
        if other != first {
            return Err(format!("the CPUs differ: {first:?} and {other:?}"));
        }
    }
    Ok(first)
}

/// The CPU, what it ran, and the instructions of the run.
fn parse(line: &str) -> Option<(usize, String, u64)> {
    let mut words = line.split_whitespace();
    let cpu = words.next()?.parse().ok().filter(|cpu| *cpu < CPUS)?;
    let name = words.next()?.to_owned();
    let count = words.next()?.parse().ok()?;
    words.next().is_none().then_some((cpu, name, count))
}

/// The instructions of one exit, from those of the runs of a CPU.
fn of_one_exit(mut runs: Counts) -> Result<Counts, String> {
    let guest = runs.remove("nothing").ok_or("no guest ran alone")?;
    let exits = runs.into_iter().map(|(name, count)| {
        let more = count
            .checked_sub(guest)
            .ok_or("a guest alone took longer")?;
        // The other cores wake now and then. What they execute is counted too.
        let (exit, rest) = (more / HYPERCALLS, more % HYPERCALLS);
        if rest > HYPERCALLS / 50 {
            return Err(format!(
                "{name}: {more} instructions for {HYPERCALLS} exits"
            ));
        }
        Ok((name, exit))
    });
    exits.collect()
}

/// What was measured.
pub(crate) struct Exits(Counts);

impl Exits {
    /// That of the file.
    pub(crate) fn from_results() -> Result<Self, String> {
        let counts: Counts = results::read("exits")?;
        for exit in &EXITS {
            for variant in &VARIANTS {
                let name = format!("{}.{}", variant.name, exit.name);
                if !counts.contains_key(&name) {
                    return Err(format!("bench/results/exits.json lacks {name}"));
                }
            }
        }
        Ok(Self(counts))
    }

    fn count(&self, variant: &str, exit: &Exit) -> u64 {
        self.0[&format!("{variant}.{}", exit.name)]
    }

    /// How many instructions more than by hand an exit takes.
    fn above(&self, variant: &str, exit: &Exit) -> i64 {
        self.count(variant, exit) as i64 - self.count(BY_HAND, exit) as i64
    }

    /// Rows for README.md: percpu-hv, percpu, by hand.
    pub(crate) fn short(&self) -> Vec<(String, String)> {
        let row = |exit| {
            let [own, percpu, by_hand] =
                [VARIANTS[0].name, PERCPU, BY_HAND].map(|name| self.count(name, exit));
            let title = format!("an exit {}, a small template", exit.title);
            (title, format!("**{own}** / {percpu} / {by_hand}"))
        };
        EXITS.iter().map(row).collect()
    }

    /// Everything.
    pub(crate) fn full(&self) -> String {
        let mut text = format!(
            "\n## An exit from a guest\n\n\
             The instructions that a core executes at EL2 for one hypercall: all from the exception vector to the `eret`, \
             without the guest's `hvc` and loop. On each of {CPUS} cores under QEMU a stub at EL1 does {HYPERCALLS} \
             hypercalls.\n\n\
             All exits save the same registers of the guest and do the same. Only their per-CPU accesses differ. In assembly \
             there are two: find the vCPU of this core, count the exit. With a handler in Rust three more follow: count it by \
             its reason, find the vCPU that goes on, look at a flag.\n\n\
             - By hand, `TPIDR_EL2` holds the address of a struct. An exit reads it once, and passes it to the handler.\n\
             - With percpu-hv, the vector reads the register by `this_cpu_register!`, and the handler has a `CpuPin`. \"One struct\" is one \
             variable without an option; its address is taken once by `adr_this_cpu!`, and passed to the handler.\n\
             - With percpu, the vector names the symbols that `def_percpu` makes, and reads the register once. The handler \
             uses `with_current` and `read_current`.\n\n|",
        );
        for Exit {
            title, accesses, ..
        } in &EXITS
        {
            let _ = write!(
                text,
                " | {title}, {accesses} accesses | above by hand | for each access"
            );
        }
        let _ = writeln!(text, " |\n|---|{}", "---|".repeat(3 * EXITS.len()));
        for Variant { name, title, .. } in &VARIANTS {
            let title = match *name {
                PERCPU => format!("{title} {}", version(name)),
                _ => (*title).to_owned(),
            };
            let cells = EXITS.iter().map(|exit| {
                let (count, above) = (self.count(name, exit), self.above(name, exit));
                let each = number(above as f64 / exit.accesses as f64);
                format!("{count} | {above} | {each}")
            });
            let cells: Vec<_> = cells.collect();
            let _ = writeln!(text, "| {title} | {} |", cells.join(" | "));
        }
        text += "\nAn access takes at most one instruction more than by hand, which takes the offset of the variable, and none if the \
                 variable is hot or the template small. The handler takes one more, which reads the register.\n";
        text
    }

    /// The exits that take more than promised.
    pub(crate) fn misses(&self) -> String {
        let mut text = String::new();
        for variant in VARIANTS.iter().filter(|variant| variant.promises) {
            for exit in &EXITS {
                let above = self.above(variant.name, exit);
                let limit = exit.accesses + exit.functions;
                if above > limit as i64 {
                    let _ = writeln!(
                        text,
                        "an exit {}, {}: {above} instructions more than by hand, but {limit} are promised",
                        exit.title, variant.title
                    );
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(runs: &[(&str, u64)]) -> Counts {
        let runs = runs
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        runs.collect()
    }

    #[test]
    fn the_guest_is_taken_off_and_what_is_left_is_whole() {
        let alone = ("nothing", 300_068);
        let exits = of_one_exit(runs(&[alone, ("a", 1_700_069), ("b", 1_700_484)]));
        assert_eq!(exits, Ok(runs(&[("a", 14), ("b", 14)])));
        assert!(of_one_exit(runs(&[alone, ("a", 1_750_069)])).is_err());
        assert!(of_one_exit(runs(&[alone, ("a", 300_067)])).is_err());
        assert!(of_one_exit(runs(&[("a", 1_700_069)])).is_err());
    }

    #[test]
    fn a_line_is_a_cpu_a_name_and_a_count() {
        let expected = (3, "by-hand.assembly".to_owned(), 1_600_069);
        assert_eq!(parse("3 by-hand.assembly 1600069"), Some(expected));
        for line in [
            "4 nothing 1",
            "0 nothing",
            "0 nothing x",
            "0 nothing 1 2",
            "",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn one_instruction_too_many_is_a_miss() {
        let exits = |hot| {
            let names = VARIANTS.iter().flat_map(|variant| {
                let name = variant.name;
                EXITS
                    .iter()
                    .map(move |exit| format!("{name}.{}", exit.name))
            });
            let mut counts: Counts = names.map(|name| (name, 13)).collect();
            counts.insert("percpu-hv-hot.assembly".to_owned(), hot);
            Exits(counts)
        };
        assert_eq!(exits(15).misses(), "");
        assert_eq!(
            exits(16).misses(),
            "an exit in assembly, percpu-hv, `hot`: 3 instructions more than by hand, but 2 are promised\n"
        );
    }
}
