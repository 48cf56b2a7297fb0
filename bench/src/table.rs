//! Costs as tables.

use std::{cmp::Ordering, fmt::Write as _};

use crate::{
    cost::Cost,
    counts::{Counts, find, number},
    crates::{CRATES, short, title, version},
    peers::{ANY_ADDRESS, Comparison, Found, LSE},
};

/// A column for each crate, and the ratio to percpu.
pub(crate) fn columns(counts: &Counts) -> String {
    let crates = counts.crates();
    let titles: Vec<_> = crates.iter().map(|&name| title(name)).collect();
    let mut text = format!(
        "| | {} | ratio |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len() + 1)
    );
    for (operation, cells) in &counts.rows {
        let numbers: Vec<_> = crates.iter().map(|&name| count(cells[name])).collect();
        let (numbers, ratio) = (numbers.join(" | "), ratio(cells));
        let _ = writeln!(text, "| {operation} | {numbers} | {ratio} |");
    }
    text
}

fn count(cell: Option<f64>) -> String {
    cell.map_or("–".to_owned(), number)
}

/// percpu-hv's number by percpu's.
fn ratio(cells: &[Option<f64>]) -> String {
    match (cells[0], cells[1]) {
        (Some(own), Some(theirs)) => format!("{:.2}", own / theirs),
        _ => "–".to_owned(),
    }
}

/// The default modes, where a template has its default place, without LSE, which most of the operations do not use.
fn usual(comparison: &Comparison, counts: fn(&Found) -> Counts) -> Vec<Counts> {
    let modes = comparison.modes.iter();
    let modes = modes.filter(|found| !found.mode.ends_with(ANY_ADDRESS));
    let modes = modes.filter(|found| !found.mode.ends_with(LSE));
    modes.map(counts).collect()
}

/// The default modes as a chart shows them.
pub(crate) fn charted(comparison: &Comparison) -> Vec<Counts> {
    usual(comparison, Counts::least_kind)
}

/// What README.md shows: methods and whether the variable is hot, by the names of the operations.
const README_ROWS: [(&str, &str); 6] = [
    ("read", "`read_current()`"),
    ("read hot", "`read_current()`, a small template or `hot`"),
    ("increment", "`inc_current_unprotected()`"),
    ("add", "`add_current(n)`"),
    ("read remote", "`read_remote(cpu)`"),
    ("read remote checked", "`read_remote(CpuId::new(index)?)`"),
];

/// The modes that README.md shows.
const README_MODES: [&str; 3] = ["aarch64", "riscv64", "x86_64"];

/// A few operations on a few architectures: percpu-hv, percpu, and the best of the others, as little kind to percpu-hv
/// as can be. Then other rows of the first architecture, and what this leaves out.
pub(crate) fn readme(comparison: &Comparison, others: &[(String, String)]) -> String {
    let mut modes = usual(comparison, Counts::least_kind);
    modes.retain(|counts| README_MODES.contains(&&*counts.title));
    let titles: Vec<_> = modes.iter().map(|counts| &*counts.title).collect();
    let mut text = format!(
        "\n| | {} |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for (operation, method) in README_ROWS {
        let cells = modes.iter().map(|counts| {
            let mut rows = counts.rows.iter();
            let (_, cells) = rows
                .find(|(name, _)| name == operation)
                .expect("the operation is counted");
            let best = cells[2..].iter().flatten().copied().reduce(f64::min);
            let [own, percpu] = [cells[0], cells[1]].map(count);
            format!("**{own}** / {percpu} / {}", count(best))
        });
        let cells: Vec<_> = cells.collect();
        let _ = writeln!(text, "| {method} | {} |", cells.join(" | "));
    }
    let empty = " |".repeat(modes.len() - 1);
    for (title, cell) in others {
        let _ = writeln!(text, "| {title} | {cell} |{empty}");
    }
    text.push('\n');
    text
}

/// What README.md says above its table: what the columns are, and what the comparison leaves out.
pub(crate) fn readme_columns(comparison: &Comparison) -> String {
    let mut modes = comparison.modes.iter();
    let found = modes.find(|found| found.mode == README_MODES[0]);
    let costs = &found.expect("README.md shows it").costs;
    let pin = |name: &str| {
        let [alone, pinned] = ["read", "read_pinned"].map(|form| costs[name][form].instructions);
        alone - pinned
    };
    format!(
        "Instructions in a release build: **percpu-hv** / percpu {} / the best of ax-percpu {}, percore {}, OSTD {} and, on \
         AArch64, Linux's C, C's `thread_local` and an array by MPIDR; for an exit, assembly by hand. The others' numbers leave \
         out their pin or token ({} and {} with ax-percpu and percore on AArch64) and the check of an index. \
         [Measurements](bench/results.md) has all that, and how it was counted; [Groups](percpu-hv/guide/groups.md) has `hot`.\n",
        version("percpu"),
        version("ax-percpu"),
        version("percore"),
        version("ostd"),
        pin("ax-percpu"),
        pin("percore")
    )
}

/// Instructions: a row for each operation, a column for each of the usual modes.
fn summary(comparison: &Comparison) -> String {
    let usual = usual(comparison, Counts::of_mode);
    let modes: Vec<_> = usual.iter().map(|counts| &*counts.title).collect();
    let crates = usual.iter().map(|counts| {
        let crates: Vec<_> = counts.crates().into_iter().map(short).collect();
        crates.join(" / ")
    });
    let crates: Vec<_> = crates.collect();
    let mut text = format!(
        "\n| | {} |\n|---|{}\n",
        modes.join(" | "),
        "---|".repeat(modes.len())
    );
    let _ = writeln!(text, "| | {} |", crates.join(" | "));
    let lse = comparison
        .modes
        .iter()
        .find(|found| found.mode.ends_with(LSE));
    let lse = &Counts::of_mode(lse.expect("LSE is a mode"));
    for (row, (operation, cells)) in usual[0].rows.iter().enumerate() {
        let numbers: Vec<_> = usual.iter().map(|counts| slashes(counts, row)).collect();
        let _ = writeln!(text, "| {operation} | {} |", numbers.join(" | "));
        if lse.rows[row].1 != *cells {
            let cell = slashes(lse, row);
            let empty = " |".repeat(usual.len() - 1);
            let _ = writeln!(text, "| {operation}, with LSE | {cell} |{empty}");
        }
    }
    text.push('\n');
    text
}

/// The numbers of a row, percpu-hv's in bold.
fn slashes(counts: &Counts, row: usize) -> String {
    let (_, cells) = &counts.rows[row];
    let mut numbers = counts.crates().into_iter().map(|name| count(cells[name]));
    let own = numbers.next().unwrap_or_default();
    format!("**{own}** / {}", numbers.collect::<Vec<_>>().join(" / "))
}

/// What a read takes at any address.
fn at_any_address(comparison: &Comparison) -> String {
    let read = |architecture: &str, name: &str, operation: &str| {
        let mode = format!("{architecture}, {ANY_ADDRESS}");
        let mut modes = comparison.modes.iter();
        let found = modes.find(|found| found.mode == mode);
        let found = found.expect("the architecture has the mode");
        found.costs[name][operation].instructions
    };
    let three = |architecture| {
        let of = [
            ("percpu-hv", "read"),
            ("percore", "read_pinned"),
            ("percpu", "read"),
        ];
        of.map(|(name, operation)| read(architecture, name, operation))
    };
    let [a64, a64_percore, a64_percpu] = three("aarch64");
    let [arm, arm_percore, arm_percpu] = three("armv7a");
    format!(
        "\"Any address\" is the feature `non-zero-vma` and position-independent code. There a read takes {a64} instructions \
         on AArch64, hot or not (percore with a token at hand: {a64_percore}), and {arm} on 32-bit Arm (percore: {arm_percore}). Elsewhere only \
         hot variables take more than in the default mode. On 32-bit Arm the compiler forms the address of a variable, and \
         loads that of a library's variable from the GOT.\n\n\
         † marks a crate whose accesses the linker refuses in a position-independent image. The addresses of percpu are \
         absolute with `non-zero-vma` too. On AArch64 and 32-bit Arm its accesses are the same with the feature and without: \
         {a64_percpu} and {arm_percpu} instructions. What they can do, the default mode of percpu-hv does. So leave the \
         feature off on these two while 64 KiB suffice and the image stays where it is linked.\n"
    )
}

/// Everything that was counted: a table of all architectures, and one for each mode. `promise` says what holds for all.
pub(crate) fn full(comparison: &Comparison, promise: &str) -> String {
    let mut text = format!(
        "## Instructions of an operation\n\n\
         In release builds: percpu-hv **in bold**, then the same with what it is compared with:\n\n\
         - percpu {percpu}, ax-percpu {ax_percpu} and percore {percore}.\n\
         - OSTD {ostd}, the framework of Asterinas: its `cpu_local_cell!` where the caller has no guard, and its `cpu_local!`. \
         Version 0.19 does not compile with this compiler: what it depends on, `x86_64` 0.15.5 and `unwinding` 0.2.11, uses \
         methods and intrinsics of a later one.\n\
         - On AArch64, the C of a Linux kernel that is not preemptible.\n\
         - On AArch64, `thread_local` of C in the model local-exec, with the thread pointer in `TPIDR_EL2`; beside a hot \
         variable with `-mtls-size=12`, where all of them have 4 KiB. C keeps nobody from using an address on another CPU.\n\
         - On AArch64, an array as people write it by hand: its index is the lowest byte of `MPIDR_EL1`, and is checked or not. \
         That is right where all CPUs are in one cluster.\n\n\
         Hot is a variable with `#[def_percpu(hot)]`. An increment is `inc_current_unprotected`, or by reference \
         `with_current`, beside the usual form of the others. \"Add one\" is `inc_current`, \"add\" `add_current`, \"read three\" \
         three reads by one `CpuPin`, and \"increment masked\" an increment in `IrqOff::scoped`, and on AArch64 by `with_current_irq_off`. A flag is \
         a `bool`.\n\n\
         Pinned is with a pin at hand, in a register: the `CpuPin` of percpu-hv and of ax-percpu, the token of percore that \
         exceptions are masked, the guard of OSTD that interrupts are. With a new pin, the operation makes it first. Without \
         either word it begins with nothing: percpu-hv, percpu and `cpu_local_cell!` need no pin, ax-percpu and percore make \
         one. There percore's masks exceptions, and ax-percpu's and percpu-hv's do not.\n\n\
         Remote is the variable of another CPU, named by what was checked before: `CpuId`, or `PerCpuArea` of ax-percpu. \
         \"Checked\" begins with an index and checks it, \"unchecked\" does not. percpu-hv has no access that does not check: \
         its number is that of `remote_ref_raw`, which panics where percpu's returns an address.\n\n\
         Dynamic is a variable that was made at run time: a `DynPerCpu` \
         that the caller has by reference, or what `alloc_percpu` returned in an object of Linux. Of the other crates only \
         percore has something like it, boxes of an element for each core, which are not counted.\n{}{promise}\n\
         ![Instructions of each operation with each crate](charts/instructions.svg)\n\n\
         The chart shows the others as little kind to percpu-hv as can be: with a pin at hand, and without a check.\n\n\
         ## Bytes and memory accesses of an operation\n\n\
         Each cell: instructions, then bytes, loads + stores, and reads of the per-CPU register. The ratio is percpu-hv's \
         instructions to those of percpu.\n\n\
         The instructions are those of the shortest way through the function that returns, with the functions that it calls, \
         without its own frame and return. Where a called function can also return an error, the number is a lower bound. The \
         bytes are those of the whole function.\n\n\
         A reference to a hot variable, such as `get` returns, takes an instruction that forms the address: the compiler \
         cannot put the offset of a text into an access of its own. `with_current` on a value takes none, because it works on \
         a copy, but on x86_64 loads and stores it by instructions of their own.\n\n{}",
        summary(comparison),
        at_any_address(comparison),
        percpu = version("percpu"),
        ax_percpu = version("ax-percpu"),
        percore = version("percore"),
        ostd = version("ostd"),
    );
    for found in &comparison.modes {
        let counts = Counts::of_mode(found);
        let crates = counts.crates();
        let marked = |&name: &usize| {
            let mark = if found.fixed.contains(CRATES[name]) {
                " †"
            } else {
                ""
            };
            format!("{}{mark}", title(name))
        };
        let titles: Vec<_> = crates.iter().map(marked).collect();
        let line = "---|".repeat(titles.len() + 1);
        let _ = write!(
            text,
            "\n### {}\n\n| | {} | ratio |\n|---|{line}\n",
            counts.title,
            titles.join(" | ")
        );
        let details = |name: usize, operation: &str| {
            let operations = found.costs.get(CRATES[name])?;
            let operation = operation.replace(' ', "_");
            find(CRATES[name], &operation, |form| operations.get(form)).map(cell)
        };
        for (operation, cells) in &counts.rows {
            let details = crates
                .iter()
                .map(|&name| details(name, operation).unwrap_or("–".to_owned()));
            let details: Vec<_> = details.collect();
            let _ = writeln!(
                text,
                "| {operation} | {} | {} |",
                details.join(" | "),
                ratio(cells)
            );
        }
    }
    text
}

fn cell(cost: &Cost) -> String {
    let Cost {
        instructions,
        bytes,
        loads,
        stores,
        register_reads,
    } = cost;
    format!("**{instructions}**, {bytes} B, {loads} + {stores}, {register_reads}")
}

/// The operations in which percpu-hv does not need the fewest instructions.
pub(crate) fn worse(tables: &[Counts]) -> String {
    let mut text = String::new();
    for counts in tables {
        for (operation, cells) in &counts.rows {
            for name in counts.crates().into_iter().skip(1) {
                let (Some(own), Some(theirs)) = (cells[0], cells[name]) else {
                    continue;
                };
                let relation = match own.partial_cmp(&theirs) {
                    Some(Ordering::Greater) => "MORE than",
                    Some(Ordering::Equal) => "as many as",
                    _ => continue,
                };
                let (mode, own, theirs) = (&counts.title, number(own), number(theirs));
                let _ = writeln!(
                    text,
                    "{mode}, {operation}: {own}, {relation} {}: {theirs}",
                    title(name)
                );
            }
        }
    }
    text
}

/// Every mode, as little kind to percpu-hv as can be.
pub(crate) fn all(comparison: &Comparison) -> Vec<Counts> {
    comparison.modes.iter().map(Counts::least_kind).collect()
}
