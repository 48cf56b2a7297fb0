//! What an addition takes while another thread adds to a word nearby.

use std::{fs, process::Command, thread};

use serde::{Deserialize, Serialize};

use crate::cargo::{host_cargo, output, program};

/// The processor, and the times of several pairs of words.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Lines {
    pub(crate) processor: String,
    pub(crate) cpus: usize,
    pub(crate) pairs: Vec<Pair>,
}

/// Two words, each of which a thread adds to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pair {
    /// What the words are in.
    pub(crate) name: String,
    /// Nanoseconds of an addition.
    pub(crate) time: f64,
    /// To the time while the other thread rests.
    pub(crate) ratio: f64,
    pub(crate) least: f64,
    pub(crate) largest: f64,
}

pub(crate) fn measure() -> Result<Lines, String> {
    output(host_cargo("build").args(["--release", "--quiet", "--package", "lines"]))?;
    let text = output(&mut Command::new(program(None, "lines")))?;
    let pairs = text.lines().map(pair).collect::<Option<_>>();
    let cpus = thread::available_parallelism().map_err(|error| error.to_string())?;
    Ok(Lines {
        processor: processor(),
        cpus: cpus.get(),
        pairs: pairs.ok_or_else(|| format!("lines said: {text}"))?,
    })
}

fn pair(line: &str) -> Option<Pair> {
    let (name, numbers) = line.split_once('\t')?;
    let numbers: Vec<_> = numbers.split('\t').map(str::parse).collect();
    let [Ok(time), Ok(ratio), Ok(least), Ok(largest)] = *numbers else {
        return None;
    };
    Some(Pair {
        name: name.to_owned(),
        time,
        ratio,
        least,
        largest,
    })
}

/// What Linux calls it.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name"));
    let name = model.and_then(|line| line.split_once(": "));
    name.map_or("a processor without a name", |(_, name)| name)
        .to_owned()
}
