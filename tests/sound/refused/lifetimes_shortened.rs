//! Rule 1: a variable with a static lifetime, used as one of a shorter lifetime.
//!
//! must not compile: borrowed data escapes outside of function
#![forbid(unsafe_code)]

use percpu_hv::{PerCpu, def_percpu};

#[def_percpu]
static NAMES: Vec<&str> = Vec::new();

fn shorter<'a>(name: &'a str) {
    NAMES.with_current(|names| names.push(name)); //~
}

fn through_the_handle<'a>(name: &'a str) {
    // The handle is covariant in the type; the variable is not.
    let names: &PerCpu<_, Vec<&'a str>> = &NAMES;
    names.with_current(|names| names.push(name)); //~
}

fn main() {
    let name = String::from("short");
    shorter(&name);
    through_the_handle(&name);
}
