//! The list of all variables, and what is printed of each copy.

use core::cell::Cell;
use core::fmt::{self, Display, Write};
use core::sync::atomic::{AtomicU32, Ordering};

use percpu_hv::{CpuId, Elements, Variable, def_percpu, variables};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("every variable is listed once", listed),
    ("the copies of all CPUs are printed", printed),
];

#[def_percpu]
static VALUE: u64 = 1;
#[def_percpu(hot)]
static HOT: bool = true;
#[def_percpu]
static SHARED: AtomicU32 = AtomicU32::new(3);
#[def_percpu(cache_aligned)]
static LOCAL: Cell<u8> = Cell::new(1);
#[def_percpu]
static OWNED: Owned = Owned;
#[def_percpu(elements)]
static GRID: [[u16; 2]; 2] = [[1, 2], [3, 4]];
#[def_percpu(elements)]
static STATS: Stats = Stats {
    exits: [0; 2],
    last: 0xff,
};

#[derive(Debug)]
struct Owned;

#[derive(Elements)]
struct Stats {
    exits: [u32; 2],
    last: u64,
}

/// Name, kind, group, size and offset.
type Row = (&'static str, &'static str, &'static str, usize, usize);

fn rows() -> [Row; 7] {
    [
        ("VALUE", "value", "variables", 8, VALUE.offset()),
        ("HOT", "value", "hot", 1, HOT.offset()),
        ("SHARED", "shared", "variables", 4, SHARED.offset()),
        ("LOCAL", "shared", "cache_aligned", 1, LOCAL.offset()),
        ("OWNED", "exclusive", "variables", 0, OWNED.offset()),
        ("GRID", "elements", "variables", 8, GRID.offset()),
        ("STATS", "elements", "variables", 16, STATS.offset()),
    ]
}

/// Returns the variables of this file.
fn here() -> impl Iterator<Item = Variable> {
    variables().filter(|variable| variable.module() == module_path!())
}

fn listed(bench: &Bench<'_>) {
    bench.equal(0, here().count(), rows().len());
    for (name, kind, group, size, offset) in rows() {
        let mut found = here().filter(|variable| variable.name() == name);
        let row = found
            .next()
            .map(|it| (it.name(), it.kind(), it.group(), it.size(), it.offset()));
        bench.equal(0, row, Some((name, kind, group, size, offset)));
        bench.holds(0, found.next().is_none());
    }
    // Those of the other files, in sections of every group.
    bench.holds(0, variables().count() > 3 * rows().len());
}

fn printed(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        VALUE.write_current(100 + cpu as u64);
        HOT.write_current(cpu % 2 == 1);
        SHARED
            .get(&percpu_hv::CpuPin::new())
            .store(200 + cpu as u32, Ordering::Relaxed);
        GRID.at(1).at(0).write_current(300 + cpu as u16);
        STATS.fields().exits.at(1).write_current(cpu as u32);
    });
    // Each CPU prints the copies of all.
    bench.on_all(|cpu| {
        for of in CpuId::all().take(bench.cpus()) {
            let index = of.index();
            let says = |name: &str, text: fmt::Arguments<'_>| {
                let variable = here().find(|variable| variable.name() == name);
                bench.holds(cpu, variable.is_some_and(|it| equal(it.on(of), text)));
            };
            says("VALUE", format_args!("{}", 100 + index));
            says("HOT", format_args!("{}", index % 2 == 1));
            says("SHARED", format_args!("{}", 200 + index));
            says("LOCAL", format_args!("<not `Sync`>"));
            says("OWNED", format_args!("<exclusive>"));
            says("GRID", format_args!("[[1, 2], [{}, 4]]", 300 + index));
            says(
                "STATS",
                format_args!("Stats {{ exits: [0, {index}], last: 255 }}"),
            );
        }
    });
}

/// Returns whether two texts are the same.
fn equal(text: impl Display, expected: fmt::Arguments<'_>) -> bool {
    let (mut found, mut wanted) = (Line::default(), Line::default());
    write!(found, "{text}").is_ok()
        && wanted.write_fmt(expected).is_ok()
        && found.bytes[..found.length] == wanted.bytes[..wanted.length]
}

/// A text in a place of its own.
struct Line {
    bytes: [u8; 64],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: [0; 64],
            length: 0,
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let free = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
