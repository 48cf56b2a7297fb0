//! If a variable's type could lose what makes it general: a function for references that last is called with
//! one that does not.

use percpu_hv::{PerCpu, def_percpu};

#[def_percpu]
static VISIT: fn(&u8) = visit;

fn visit(_: &u8) {}

fn keep(_: &'static u8) {}

fn main() {
    let variable: &PerCpu<__PERCPU_SYM_VISIT, fn(&'static u8)> = &VISIT;
    variable.with_current(|visit| *visit = keep);
}
