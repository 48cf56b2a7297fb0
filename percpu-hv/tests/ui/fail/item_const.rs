use percpu_hv::def_percpu;

#[def_percpu]
const EXITS: u64 = 0;

#[def_percpu]
pub(crate) const ENTRIES: u64 = 0;

fn main() {
    let _ = EXITS + ENTRIES;
}
