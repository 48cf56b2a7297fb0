//! What init costs beside a copy of the same bytes.

use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::cargo::{host_cargo, output, program};

/// What tables call the areas, how the programs end that have them, and their bytes.
const AREAS: [(&str, &str, usize); 3] = [
    ("64 B", "64-bytes", 64),
    ("64 KiB", "64-kib", 64 << 10),
    ("16 MiB", "16-mib", 16 << 20),
];
const CPUS: [usize; 3] = [1, 16, 256];
/// A process has one init.
const RUNS: usize = 9;

/// The times of one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct InitTime {
    pub(crate) area: String,
    pub(crate) cpus: usize,
    /// Nanoseconds.
    pub(crate) init: u64,
    /// Nanoseconds of a bare copy.
    pub(crate) copy: u64,
}

impl InitTime {
    /// How much is copied.
    pub(crate) fn bytes(&self) -> usize {
        let area = AREAS.iter().find(|(name, ..)| *name == self.area);
        area.map_or(0, |(_, _, bytes)| bytes * self.cpus)
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.init as f64 / self.copy as f64
    }
}

pub(crate) fn measure() -> Result<Vec<InitTime>, String> {
    output(host_cargo("build").args(["--release", "--quiet", "--package", "init"]))?;
    let mut times = Vec::new();
    for (area, program_name, _) in AREAS {
        for cpus in CPUS {
            let mut runs = Vec::new();
            for _ in 0..RUNS {
                let mut process = Command::new(program(None, &format!("init-{program_name}")));
                let text = output(process.arg(cpus.to_string()))?;
                let numbers = text
                    .split_whitespace()
                    .map(str::parse::<u64>)
                    .collect::<Result<Vec<_>, _>>();
                let Ok([init, copy]) = numbers.as_deref() else {
                    return Err(format!("init-{program_name} said: {text}"));
                };
                runs.push((*init, *copy));
            }
            // The run that other load on the machine disturbed least.
            let least = runs.into_iter().min_by_key(|(init, copy)| init + copy);
            let (init, copy) = least.expect("there are runs");
            times.push(InitTime {
                area: area.to_owned(),
                cpus,
                init,
                copy,
            });
        }
    }
    Ok(times)
}
