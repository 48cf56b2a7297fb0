//! A part is not reachable where the field is not.

mod stats {
    #[derive(percpu_hv::Elements)]
    pub struct Stats {
        pub exits: u64,
        secret: u64,
    }
    impl Stats {
        pub const NEW: Self = Self { exits: 0, secret: 0 };
    }
}

#[percpu_hv::def_percpu(elements)]
static STATS: stats::Stats = stats::Stats::NEW;

fn main() {
    STATS.fields().exits.inc_current();
    STATS.fields().secret.inc_current();
    STATS.fields().absent.inc_current();
}
