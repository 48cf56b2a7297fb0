//! Has gungraun count the instructions that each operation executes under callgrind, in a process of its own.
// The macros make public items without any.
#![allow(missing_docs)]

use std::process;

use gungraun::{Callgrind, EntryPoint, prelude::*};

const PROCESS: &str = env!("CARGO_BIN_EXE_process");

fn operations() -> Vec<String> {
    let output = process::Command::new(PROCESS).output();
    let names = String::from_utf8(output.expect("the process starts").stdout);
    let names = names.expect("the names are UTF-8");
    names.lines().map(str::to_owned).collect()
}

#[binary_benchmark]
#[benches::of(iter = operations())]
fn repeat(operation: String) -> Command {
    Command::new(PROCESS).arg(operation).build()
}

binary_benchmark_group!(name = executed, benchmarks = repeat);

main!(
    config = BinaryBenchmarkConfig::default().tool(
        Callgrind::with_args(["--cache-sim=no"])
            .entry_point(EntryPoint::Custom("process::main::repeat".to_owned()))
    ),
    binary_benchmark_groups = executed
);
