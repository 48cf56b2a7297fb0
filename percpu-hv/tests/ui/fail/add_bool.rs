//! Without `Integer`, `true` plus `true` would be no `bool`.

#[percpu_hv::def_percpu]
static FLAG: bool = false;

fn main() {
    FLAG.add_current(true);
}
