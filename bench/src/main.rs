//! Measures percpu-hv beside the other crates of per-CPU variables, and writes README.md's table, results.md and the
//! charts.

mod accesses;
mod cargo;
mod chart;
mod compile_time;
mod cost;
mod costs;
mod counts;
mod crates;
mod documents;
mod executed;
mod exits;
mod init_time;
mod isa;
mod kernels;
mod lines;
mod mapped;
mod ostd;
mod peers;
mod results;
mod size;
mod table;
mod targets;
mod tls_offsets;

use std::process::ExitCode;

use crate::{documents::Documents, peers::Comparison};

const USAGE: &str = "\
usage: bench COMMAND

  write    counts the instructions of every operation, and writes the table of README.md and bench/results.md
  check [WHAT...]    fails unless these tables are those that `write` would write, and if a target is missed, as `write`
                     does; measures WHAT again, and fails unless it is as it was
  measure [WHAT...]  measures what takes longer, keeps it in bench/results/WHAT.json, and writes; by default everything:
           executed      instructions of each operation in a loop, at EL2 under QEMU
           callgrind     the same in a Linux process, with gungraun, beside `thread_local!`
           exits         instructions of an exit from a guest, at EL2 under QEMU
           compile-time  of 1,000 variables, and what they are expanded to
           ostd          instructions of each operation with OSTD, which is compiled by itself
           size          that a variable and a CPU add to an image
           init          the time it takes, beside a copy of the same bytes
           lines         what two threads that write nearby cost each other, on this machine
           mapped        instructions, tables and memory if each core sees its area at one address, at EL2 under QEMU
           kernels       instructions of an ArceOS kernel: in all its per-CPU accesses, and executed under QEMU
           tls-offsets   instructions with variables whose symbols are thread-local, and what linkers make of them
  worse    prints every operation in which another crate needs as few instructions, or fewer
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut words = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Value(word) => words.push(word.to_string_lossy().into_owned()),
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => words.push("help".to_owned()),
            other => return Err(format!("{}\n\n{USAGE}", other.unexpected())),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match &*words {
        ["write"] => Documents::new(&Comparison::measure()?)?.write(),
        ["check", what @ ..] => {
            measure(what, results::check)?;
            Documents::new(&Comparison::measure()?)?.check()
        }
        ["worse"] => {
            print!("{}", table::worse(&documents::executed()?));
            print!("{}", table::worse(&table::all(&Comparison::measure()?)));
            Ok(())
        }
        ["measure", what @ ..] => {
            let everything = MEASUREMENTS.map(|(name, _)| name);
            measure(
                if what.is_empty() { &everything } else { what },
                results::write,
            )?;
            Documents::new(&Comparison::measure()?)?.write()
        }
        ["help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("there is no such command\n\n{USAGE}")),
    }
}

/// Measures one thing, and gives the text of the result.
type Measurement = fn() -> Result<String, String>;

const MEASUREMENTS: [(&str, Measurement); 11] = [
    ("executed", || results::text(&executed::at_el2()?)),
    ("exits", || results::text(&exits::measure()?)),
    ("callgrind", || results::text(&executed::in_a_process()?)),
    ("compile-time", || results::text(&compile_time::measure()?)),
    ("ostd", || results::text(&ostd::measure())),
    ("size", || results::text(&size::measure()?)),
    ("init", || results::text(&init_time::measure()?)),
    ("lines", || results::text(&lines::measure()?)),
    ("mapped", || results::text(&mapped::measure()?)),
    ("kernels", || results::text(&kernels::measure()?)),
    ("tls-offsets", || results::text(&tls_offsets::measure()?)),
];

/// Measures what has these names; `then` gets each name and result.
fn measure(names: &[&str], then: fn(&str, &str) -> Result<(), String>) -> Result<(), String> {
    let find = |name: &&str| {
        let found = MEASUREMENTS.iter().find(|(known, _)| known == name);
        found.ok_or_else(|| format!("`{name}` cannot be measured\n\n{USAGE}"))
    };
    let measurements = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    for (name, measurement) in measurements {
        eprintln!("bench: measuring {name}");
        then(name, &measurement()?)?;
    }
    Ok(())
}
