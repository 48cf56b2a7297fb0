//! The list of all variables, and what is printed of each: feature `dump`.
#![cfg(all(feature = "dump", target_os = "linux"))]

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::{CpuId, Elements, PerCpuOnce, Scalar, Variable, def_percpu, variables};

#[def_percpu]
static COUNT: u64 = 7;
#[def_percpu(hot)]
static FLAG: bool = true;
#[def_percpu(init = twice)]
static MADE: usize;
#[def_percpu]
static SHARED: AtomicU32 = AtomicU32::new(3);
#[def_percpu]
static ONCE: PerCpuOnce<u8> = PerCpuOnce::new();
#[def_percpu]
static CELL: Cell<u8> = Cell::new(1);
#[def_percpu]
static OWNED: Vec<u8> = Vec::new();
#[def_percpu]
static SILENT: Silent = Silent(1);
#[def_percpu(shared)]
static SILENT_SHARED: [Silent; 2] = [Silent(1), Silent(2)];
#[def_percpu(elements, cache_aligned)]
static GRID: [[u16; 2]; 3] = [[1, 2], [3, 4], [5, 6]];
#[def_percpu(elements)]
static DEEP: [[[Pair<u8>; 1]; 1]; 2] = [[[Pair(1, 2)]], [[Pair(3, 4)]]];
#[def_percpu(elements)]
static STATS: Stats = Stats {
    exits: [1, 2],
    last: Pair(3, -1),
    silent: Silent(5),
    any: Any { value: 6 },
    name: "no scalar",
    state: State::Runs,
};
#[def_percpu(elements)]
static ALONE: u32 = 9;

fn twice(cpu: usize) -> usize {
    2 * cpu
}

#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
struct Silent(u8);

#[derive(Clone, Copy, Debug, Scalar)]
#[repr(u8)]
enum State {
    Runs = 1,
}

#[derive(Elements)]
struct Pair<T: Scalar + Debug>(T, T);

/// Its fields are printed as what the bounds say: nothing.
#[derive(Elements)]
struct Any<T> {
    value: T,
}

#[derive(Elements)]
struct Stats {
    exits: [u32; 2],
    last: Pair<i16>,
    silent: Silent,
    any: Any<u8>,
    #[allow(dead_code, reason = "it is here to be no scalar")]
    name: &'static str,
    state: State,
}

mod inner {
    #[percpu_hv::def_percpu]
    pub(super) static COUNT: i8 = -1;
}

fn in_function() -> i32 {
    #[def_percpu]
    static COUNT: i32 = 11;
    COUNT.read_current()
}

fn find(name: &str) -> Variable {
    let mut found = variables().filter(|variable| format!("{variable}").starts_with(name));
    let variable = found
        .next()
        .unwrap_or_else(|| panic!("{name} is not listed"));
    assert!(found.next().is_none(), "{name} is listed twice");
    variable
}

fn shown(name: &str, cpu: CpuId) -> String {
    find(name).on(cpu).to_string()
}

#[cfg_attr(miri, ignore = "Miri has no linker, which collects the records")]
#[test]
fn every_variable_is_listed_and_printed() {
    let cpus = if cfg!(feature = "sp-naive") { 1 } else { 3 };
    // The list is there before the areas.
    assert_eq!(variables().count(), 15);
    percpu_hv::init_hosted(cpus).unwrap();
    percpu_hv::init_percpu_reg(0);
    let (first, last) = (CpuId::new(0).unwrap(), CpuId::new(cpus - 1).unwrap());

    // What it says of a variable.
    let count = find("dumps::COUNT: u64");
    assert_eq!(
        (
            count.module(),
            count.name(),
            count.type_name(),
            count.kind(),
            count.group()
        ),
        ("dumps", "COUNT", "u64", "value", "variables")
    );
    assert_eq!(
        (count.size(), count.align(), count.offset()),
        (8, 8, COUNT.offset())
    );
    let grid = find("dumps::GRID");
    assert_eq!(
        (grid.kind(), grid.group(), grid.size()),
        ("elements", "cache_aligned", 12)
    );
    assert_eq!(grid.offset(), GRID.offset());
    assert_eq!(find("dumps::FLAG").group(), "hot");
    assert_eq!(find("dumps::inner::COUNT").type_name(), "i8");
    assert_eq!(in_function(), 11);
    assert_eq!(shown("dumps::COUNT: i32", first), "11");

    // Values of each CPU.
    COUNT.inc_current();
    assert_eq!(shown("dumps::COUNT: u64", first), "8");
    assert_eq!(format!("{:#06x?}", count.on(first)), "0x0008");
    assert_eq!(shown("dumps::MADE", last), (2 * (cpus - 1)).to_string());
    if cpus > 1 {
        assert_eq!(shown("dumps::COUNT: u64", last), "7");
    }
    inner::COUNT.write_current(5);
    assert_eq!(shown("dumps::inner::COUNT", first), "5");

    // Shared ones, by a reference.
    SHARED.on(last).store(4, Relaxed);
    assert_eq!(shown("dumps::SHARED", last), "4");
    assert_eq!(shown("dumps::ONCE", first), format!("{:?}", ONCE.on(first)));

    // Parts, one by one.
    GRID.at(1).at(0).write_current(30);
    assert_eq!(shown("dumps::GRID", first), "[[1, 2], [30, 4], [5, 6]]");
    assert_eq!(
        shown("dumps::DEEP", last),
        "[[[Pair(1, 2)]], [[Pair(3, 4)]]]"
    );
    STATS.fields().last.fields().1.sub_current(1);
    assert_eq!(
        shown("dumps::STATS", first),
        "Stats { exits: [1, 2], last: Pair(3, -2), silent: _, any: Any { value: _ }, name: _, state: Runs }"
    );
    assert_eq!(shown("dumps::ALONE", last), "9");

    // What is not printed, and why.
    for (name, text) in [
        ("dumps::CELL", "<not `Sync`>"),
        ("dumps::OWNED", "<exclusive>"),
        ("dumps::SILENT: ", "<no `Debug`>"),
        ("dumps::SILENT_SHARED", "<no `Debug`>"),
    ] {
        assert_eq!(shown(name, first), text, "{name}");
        assert!(!find(name).is_printed());
    }
    // A borrow by its CPU is no obstacle.
    OWNED.with_current(|_| assert_eq!(shown("dumps::OWNED", first), "<exclusive>"));
}
