//! Rule 15: an initializer that needs its own value.
//!
//! must panic: PerCpuOnce
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, PerCpuOnce, def_percpu};

#[def_percpu]
static NAME: PerCpuOnce<String> = PerCpuOnce::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let pin = CpuPin::new();
    let name = NAME.get(&pin).get_or_init(|| {
        NAME.get(&CpuPin::new())
            .get_or_init(|| "inner".into())
            .clone()
            + " and outer"
    });
    println!("{name}");
}
