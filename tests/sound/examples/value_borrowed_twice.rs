//! Defect 33, rule 5: calls of `with_current` on a value inside of each other, each on a copy of its own.
//!
//! must print: 1 1
//! must print: 2
//! must print: 6 5
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static NUMBER: u64 = 0;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let inner = NUMBER.with_current(|outer| {
        NUMBER.with_current(|inner| *inner = 1);
        let inner = NUMBER.read_current();
        assert_eq!(*outer, 0);
        inner
    });
    // The outer call changed nothing, so it stored nothing.
    println!("{inner} {}", NUMBER.read_current());
    NUMBER.with_current(|outer| {
        NUMBER.reset_to_init();
        *outer += 1;
    });
    println!("{}", NUMBER.read_current());
    let swapped = NUMBER.with_current(|outer| {
        *outer = 6;
        NUMBER.write_current(5);
        NUMBER.swap_current(4)
    });
    println!("{} {swapped}", NUMBER.read_current());
}
