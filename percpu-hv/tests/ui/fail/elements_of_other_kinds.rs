//! A part of an exclusive variable would alias the reference to the whole.

use percpu_hv::{Elements, def_percpu};

#[derive(Elements)]
struct Stats {
    exits: [u64; 4],
}

#[def_percpu]
static EXITS: [u64; 4] = [0; 4];
#[def_percpu]
static STATS: Stats = Stats { exits: [0; 4] };

fn main() {
    EXITS.at(1).inc_current();
    let _none = EXITS.try_at(1).is_none();
    STATS.fields().exits.at(1).inc_current();
    EXITS.inc_current();
}
