//! The other costs as tables.

use std::fmt::Write as _;

use crate::{
    compile_time::{CompileTime, VARIABLES},
    counts::number,
    init_time::InitTime,
    lines::Lines,
    results,
    size::Size,
};

/// What compiling, an image, init and the neighbours of an area cost.
pub(crate) struct Costs {
    compile_times: Vec<CompileTime>,
    size: Size,
    init_times: Vec<InitTime>,
    lines: Lines,
}

impl Costs {
    /// Those that were measured.
    pub(crate) fn from_results() -> Result<Self, String> {
        Ok(Self {
            compile_times: results::read("compile-time")?,
            size: results::read("size")?,
            init_times: results::read("init")?,
            lines: results::read("lines")?,
        })
    }

    /// Everything.
    pub(crate) fn full(&self) -> String {
        let mut text = format!(
            "\n## Compiling {VARIABLES} variables\n\n\
             Each variable is used once. The times are the compiler's seconds of processor time for a first build, the least of \
             several runs. The expansion is that of one variable.\n\n\
             | | debug | release | expansion |\n|---|---|---|---|\n"
        );
        for CompileTime {
            name,
            debug,
            release,
            expansion: (bytes, lines),
        } in &self.compile_times
        {
            let _ = writeln!(
                text,
                "| {name} | {debug:.2} s | {release:.2} s | {bytes} B, {lines} lines |"
            );
        }
        if let Some([debug, release, expansion]) = self.compile_ratios() {
            let _ = writeln!(
                text,
                "| ratio | {debug:.2} | {release:.2} | {expansion:.2} |"
            );
        }

        text += "\n## Size\n\n\
                 Bytes that one more variable of the same kinds adds if nothing uses it: to the template, to code and constants \
                 before the linker drops them, and to the object file.\n\n\
                 | | template | code | object file |\n|---|---|---|---|\n";
        for variable in &self.size.variables {
            let [template, code, file] =
                [variable.template, variable.code, variable.file].map(number);
            let _ = writeln!(text, "| {} | {template} | {code} | {file} |", variable.name);
        }
        text += "\nBytes that one more CPU adds to the same image.\n\n| | file | memory |\n|---|---|---|\n";
        for cpu in &self.size.cpus {
            let _ = writeln!(text, "| {} | {} | {} |", cpu.name, cpu.file, cpu.memory);
        }

        text += "\n## Init\n\n\
                 The time of `init_from` on this machine, and of a copy of the same bytes to the same memory right before it. \
                 Both are warmed up; the quickest of several processes counts.\n\n\
                 | areas | CPUs | init | copy | ratio |\n|---|---|---|---|---|\n";
        for time in &self.init_times {
            let InitTime {
                area,
                cpus,
                init,
                copy,
            } = time;
            let _ = writeln!(
                text,
                "| {area} | {cpus} | {} | {} | {:.2} |",
                duration(*init),
                duration(*copy),
                time.ratio()
            );
        }
        let slowest = self.large_areas().map(InitTime::ratio).fold(0.0, f64::max);
        let _ = writeln!(
            text,
            "\nAn init has a fixed part, the first row. Where 1 MiB and more is copied, the ratio is {slowest:.2} at most."
        );
        text + &self.of_lines()
    }

    /// What two threads cost each other.
    fn of_lines(&self) -> String {
        let Lines {
            processor,
            cpus,
            pairs,
        } = &self.lines;
        let mut text = format!(
            "\n## Cache lines\n\n\
             Two threads add to a word each, by an atomic instruction. The ratio is the time of an addition to that while the \
             other thread rests: near 1, they cost each other nothing. The words of two areas are the last one of an area and \
             one in the first line of the next. The median of several phases counts; the range leaves out the lowest and the highest.\n\n\
             One machine shows this, {processor} with {cpus} CPUs in use. Where cores fetch lines in pairs, the second row is \
             slower; where CPUs are further from each other, the first is.\n\n\
             | the words are in | an addition | ratio | range |\n|---|---|---|---|\n"
        );
        for pair in pairs {
            let _ = writeln!(
                text,
                "| {} | {:.1} ns | {:.2} | {:.2} to {:.2} |",
                pair.name, pair.time, pair.ratio, pair.least, pair.largest
            );
        }
        text
    }

    /// What takes longer than promised: compiling, and init where 1 MiB and more is copied.
    pub(crate) fn misses(&self) -> String {
        // Parts of percpu's time: without optimization, and with it.
        const COMPILING: [f64; 2] = [0.5, 0.5];
        const INIT: f64 = 1.1;
        let mut text = String::new();
        if let Some([debug, release, _]) = self.compile_ratios() {
            let ratios = [("debug", debug), ("release", release)];
            for ((profile, ratio), limit) in ratios.into_iter().zip(COMPILING) {
                if ratio > limit {
                    let _ = writeln!(
                        text,
                        "compiling, {profile}: {ratio:.2} of percpu's time, but {limit} is promised"
                    );
                }
            }
        }
        for time in self.large_areas().filter(|time| time.ratio() > INIT) {
            let InitTime { area, cpus, .. } = time;
            let ratio = time.ratio();
            let _ = writeln!(
                text,
                "init, {cpus} areas of {area}: {ratio:.2} of a copy's time, but {INIT} is promised"
            );
        }
        text
    }

    /// Inits that are a copy, and not much else.
    fn large_areas(&self) -> impl Iterator<Item = &InitTime> {
        self.init_times
            .iter()
            .filter(|time| time.bytes() >= 1 << 20)
    }

    /// The ratios to percpu: debug, release, bytes of the expansion.
    fn compile_ratios(&self) -> Option<[f64; 3]> {
        let [own, theirs] = &*self.compile_times else {
            return None;
        };
        Some([
            own.debug / theirs.debug,
            own.release / theirs.release,
            own.expansion.0 / theirs.expansion.0,
        ])
    }

    /// Two sentences.
    pub(crate) fn short(&self) -> String {
        let [debug, release, _] = self.compile_ratios().unwrap_or([f64::NAN; 3]);
        let file = self.size.cpus.first().map_or(0, |cpu| cpu.file);
        format!(
            "{VARIABLES} variables compile in {debug:.2} (debug) and {release:.2} (release) of percpu's time. One \
             more CPU adds {file} bytes to the image's file.\n"
        )
    }
}

fn duration(nanoseconds: u64) -> String {
    match nanoseconds {
        0..10_000 => format!("{nanoseconds} ns"),
        10_000..10_000_000 => format!("{} µs", nanoseconds / 1000),
        _ => format!("{} ms", nanoseconds / 1_000_000),
    }
}
