//! What it takes, and what it saves, that each core at EL2 sees its own area at one address.

use std::{cmp::Ordering, collections::BTreeMap, fmt::Write as _};

use golden::compile;
use serde::{Deserialize, Serialize};

use crate::{
    cargo::{AARCH64, boot},
    cost::{Code, Cost},
    counts::number,
    results,
};

/// The operations in the order in which the table shows them.
const OPERATIONS: [&str; 14] = [
    "read",
    "write",
    "read_flag",
    "write_flag",
    "increment",
    "add",
    "add_one",
    "add_one_anywhere",
    "element",
    "pointer",
    "read_remote",
    "read_five",
    "read_five_fields",
    "write_five",
];

/// How accesses are compiled.
struct Form {
    /// As the functions are named.
    name: &'static str,
    /// Of the package.
    features: &'static str,
    title: &'static str,
}

const FORMS: [Form; 4] = [
    Form {
        name: "percpu-hv",
        features: "",
        title: "percpu-hv",
    },
    Form {
        name: "percpu-hv",
        features: SMALL,
        title: "percpu-hv, a small template",
    },
    Form {
        name: "mapped",
        features: "",
        title: "mapped",
    },
    Form {
        name: "mapped-near",
        features: "",
        title: "mapped, within 1 MiB",
    },
];
const SMALL: &str = "small-template";
/// The form that those of a window would have to be shorter than.
const TODAY: usize = 1;
const WINDOWS: [usize; 2] = [2, 3];

const CPUS: [usize; 3] = [4, 64, 512];

/// The areas that memory is compared for.
const AREA: u64 = 256;

/// What each operation costs, by the form's title and then its name.
type Costs = BTreeMap<String, BTreeMap<String, Cost>>;

/// What the image prints.
#[derive(Debug, Serialize, Deserialize)]
struct Boot {
    cpus: u64,
    /// Bytes of an area.
    area: u64,
    /// Bytes of the tables that a core has for itself.
    tables: u64,
    /// To make them, for each core.
    instructions: u64,
}

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Mapped {
    costs: Costs,
    costs_with_lse: Costs,
    boots: Vec<Boot>,
}

pub(crate) fn measure() -> Result<Mapped, String> {
    let boots = CPUS.iter().map(|&cpus| booted(cpus));
    Ok(Mapped {
        costs: costs(&[]),
        costs_with_lse: costs(&["-Ctarget-feature=+lse"]),
        boots: boots.collect::<Result<_, _>>()?,
    })
}

fn costs(rustc: &[&str]) -> Costs {
    let of_form = |form: &Form| {
        let features = format!("--features={}", form.features);
        let compiled = compile("mapped", AARCH64, &[&features], rustc);
        let code = Code::of(AARCH64, &compiled, &["libpercpu"]);
        (form.title.to_owned(), code.operations(form.name))
    };
    FORMS.iter().map(of_form).collect()
}

fn booted(cpus: usize) -> Result<Boot, String> {
    let text = boot("mapped", "", cpus)?;
    let value = |name: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| format!("the image said no number of {name}: {text}"))
    };
    let boot = Boot {
        cpus: value("cpus ")?,
        area: value("area ")?,
        tables: value("tables ")?,
        instructions: value("instructions ")?,
    };
    if boot.cpus != cpus as u64 {
        return Err(format!("{cpus} CPUs were to boot: {text}"));
    }
    Ok(boot)
}

impl Mapped {
    /// That of the file.
    pub(crate) fn from_results() -> Result<Self, String> {
        let found: Self = results::read("mapped")?;
        for costs in [&found.costs, &found.costs_with_lse] {
            for Form { title, .. } in &FORMS {
                let form = costs.get(*title);
                let form =
                    form.ok_or_else(|| format!("bench/results/mapped.json lacks {title}"))?;
                if !OPERATIONS
                    .iter()
                    .all(|operation| form.contains_key(*operation))
                {
                    return Err(format!(
                        "bench/results/mapped.json lacks operations of {title}"
                    ));
                }
            }
        }
        Ok(found)
    }

    /// The instructions of an operation in each form.
    fn row(costs: &Costs, operation: &str) -> [usize; FORMS.len()] {
        FORMS
            .each_ref()
            .map(|form| costs[form.title][operation].instructions)
    }

    /// The rows of the table: those with LSE only where they differ.
    fn rows(&self) -> Vec<(String, [usize; FORMS.len()])> {
        let mut rows = Vec::new();
        for operation in OPERATIONS {
            let name = operation.replace('_', " ");
            let [usual, lse] =
                [&self.costs, &self.costs_with_lse].map(|costs| Self::row(costs, operation));
            rows.push((name.clone(), usual));
            if usual != lse {
                rows.push((format!("{name} with LSE"), lse));
            }
        }
        rows
    }

    /// In how many rows a window is shorter than today, in how many it is longer, and the names of the others.
    fn beside_today(&self, window: usize) -> (usize, usize, String) {
        let (mut shorter, mut longer, mut same) = (0, 0, Vec::new());
        for (name, row) in self.rows() {
            match row[window].cmp(&row[TODAY]) {
                Ordering::Less => shorter += 1,
                Ordering::Greater => longer += 1,
                Ordering::Equal => same.push(name),
            }
        }
        (shorter, longer, same.join(", "))
    }

    /// Everything.
    pub(crate) fn full(&self) -> String {
        let titles = FORMS.each_ref().map(|form| form.title);
        let mut text = format!(
            "\n## One address for all CPUs\n\n\
             At EL2 each core has its own `TTBR0_EL2`. An image under QEMU gives each core tables in which its own area is at \
             one address, the window. All areas are also at their own addresses, the aliases. Each core changes its copies in \
             the window, and the others find that through the aliases.\n\n\
             \"Mapped\" forms an address as that of any global, by `adrp`. \"Within 1 MiB\" the window is so near to all code \
             that `adr` forms an address, and one `ldr` loads a word. An increment is load, add, store. \"Add one anywhere\" is \
             an addition whose context may go to another CPU between any two instructions: in percpu-hv an increment in \
             `IrqOff::scoped`. A pointer is an address that means the same on every CPU. Fewer instructions than with a small \
             template are **in bold**.\n\n| | {} |\n|---|{}\n",
            titles.join(" | "),
            "---|".repeat(titles.len())
        );
        for (name, row) in self.rows() {
            let cells = (0..FORMS.len()).map(|form| match row[form] {
                count if WINDOWS.contains(&form) && count < row[TODAY] => format!("**{count}**"),
                count => count.to_string(),
            });
            let cells: Vec<_> = cells.collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
        let bytes = titles.map(|title| {
            let costs = self.costs[title].values();
            costs.map(|cost| cost.bytes).sum::<usize>().to_string()
        });
        let _ = writeln!(text, "| bytes of these functions | {} |", bytes.join(" | "));

        let _ = write!(
            text,
            "\nMemory for areas of {AREA} bytes, and what the tables cost: for each core a root for 8 GiB, and one table of \
             each of the levels 2 and 3. The boot core makes them as copies of the tables for all. Each area takes whole \
             pages.\n\n\
             | CPUs | areas of percpu-hv | areas, mapped | tables | instructions to make them |\n|---|---|---|---|---|\n"
        );
        for Boot {
            cpus,
            area,
            tables,
            instructions,
        } in &self.boots
        {
            let [today, areas, tables] =
                [AREA, *area, *tables].map(|bytes| number((cpus * bytes) as f64 / 1024.0));
            let _ = writeln!(
                text,
                "| {cpus} | {today} KiB | {areas} KiB | {tables} KiB | {} |",
                cpus * instructions
            );
        }
        let [(shorter, longer, _), (near_shorter, near_longer, near_same)] =
            WINDOWS.map(|window| self.beside_today(window));
        let _ = write!(
            text,
            "\nThis is no mode of percpu-hv, because it is not shorter in every row. Of {} rows, mapped is shorter than with a \
             small template in {shorter} and longer in {longer}. Within 1 MiB it is shorter in {near_shorter} and longer in \
             {near_longer}, and takes as many instructions in these: {near_same}. One instruction loads a word from nearby, \
             but none stores one or loads a byte.\n\n\
             A reference that core 0 formed in the window led on another core to that core's copy. So what is passed on needs \
             the alias, which is a load from the window or the per-CPU register. A value that core 0 loaded and another core \
             stored changed that core's copy: a migration splits load, add and store, and not the one instruction that LSE \
             has. Each core walks tables of its own, so `TTBR0_EL2.CnP` stays 0, and a change to what the copied tables map is \
             a change to each copy. QEMU does not show the time of the walks.\n",
            self.rows().len(),
        );
        text
    }
}
