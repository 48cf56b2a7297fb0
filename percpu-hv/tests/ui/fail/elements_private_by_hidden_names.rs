//! No name of an expansion makes a place of a private field without `unsafe`.

use percpu_hv::__priv::{End, Field, Symbol, Then, Whole, Within, part};
use percpu_hv::{Elements, PerCpu, PerCpuCounter, Place, Shared, def_percpu};

mod stats {
    use super::{Elements, PerCpuCounter, Shared};

    #[derive(Elements)]
    pub struct Stats {
        pub exits: u64,
        secret: u64,
    }
    impl Stats {
        pub const NEW: Self = Self { exits: 0, secret: 0 };
    }

    #[derive(Elements)]
    pub struct Counts {
        secret: PerCpuCounter,
    }
    impl Counts {
        pub const NEW: Self = Self { secret: PerCpuCounter::new() };
    }
    impl Shared for Counts {}
}

#[def_percpu(elements)]
static STATS: stats::Stats = stats::Stats::NEW;
#[def_percpu]
static COUNTS: stats::Counts = stats::Counts::NEW;

type Secret = Field<stats::Stats, u64, 1>;
type Stats = __PerCpu_STATS<Whole<stats::Stats>>;

fn main() {
    let whole = &<Stats as Symbol<stats::Stats>>::PLACE;
    part::<Stats, Secret>(whole).inc_current();
    let secret: <Stats as Place<stats::Stats>>::Part<'_, Secret> = Within::within(whole);
    (unsafe { PerCpu::__new(secret) }).inc_current();
    let secret = __PerCpu_STATS::<Then<Whole<stats::Stats>, Secret>>(End::new());
    (unsafe { PerCpu::__new(secret) }).inc_current();

    let total = <__PerCpu_COUNTS as Place<stats::Counts>>::total(&__PerCpu_COUNTS, 0);
    println!("{total:?}");
}
