//! Defect 44: functions that take references of any lifetime, which are no scalars.
//!
//! must print: 3 4
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static CALL: fn(&mut u64) -> &mut u64 = |x| x;

fn add(x: &mut u64) -> &mut u64 {
    *x += 1;
    x
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let mut x = 3;
    let first = *CALL.with_current(|call| *call)(&mut x);
    CALL.with_current(|call| *call = add);
    println!("{first} {}", CALL.with_current(|call| *call)(&mut x));
}
