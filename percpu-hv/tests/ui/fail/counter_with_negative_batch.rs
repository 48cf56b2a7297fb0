//! With a negative batch, every addition would move the part.

use percpu_hv::{PerCpuCounter, def_percpu};

#[def_percpu]
static EXITS: PerCpuCounter<-1> = PerCpuCounter::new();

fn main() {
    EXITS.add(1);
}
