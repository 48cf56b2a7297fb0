//! The end of a path is the right to reach a part: only `unsafe` code makes one, also where the variable is defined.

use core::marker::PhantomData;
use percpu_hv::__priv::{End, Field, Symbol, Then, Whole};
use percpu_hv::{Elements, PerCpu, def_percpu};

#[derive(Elements)]
struct Stats {
    exits: u64,
}

#[def_percpu(elements)]
static ELEMENTS: Stats = Stats { exits: 0 };
#[def_percpu]
static EXCLUSIVE: Stats = Stats { exits: 0 };

fn main() {
    let exits = __PerCpu_ELEMENTS::<Then<Whole<Stats>, Field<Stats, u64, 0>>>(End(PhantomData));
    (unsafe { PerCpu::__new(exits) }).inc_current();
    // The parts of an exclusive variable are reached by `fields` no more than by the name behind it.
    let exclusive = &<__PerCpu_EXCLUSIVE as Symbol<Stats>>::PLACE;
    let _fields = Stats::__fields(exclusive);
}
