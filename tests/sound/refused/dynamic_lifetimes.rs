//! Rule 22: a variable made at run time, as one of another lifetime or of a type with another one.
//!
//! must not compile: lifetime may not live long enough
//! must not compile: mismatched types
#![forbid(unsafe_code)]

use percpu_hv::kind::{Exclusive, Shared};
use percpu_hv::{DynPerCpu, Dynamic, PerCpu, Place};

type Names<'a> = PerCpu<Dynamic<Vec<&'static str>, Exclusive>, Vec<&'a str>>;

fn shorter<'a>(
    names: &'a DynPerCpu<Vec<&'static str>, Exclusive>,
) -> &'a DynPerCpu<Vec<&'a str>, Exclusive> {
    names //~
}

fn longer<'a>(
    names: DynPerCpu<Vec<&'a str>, Exclusive>,
) -> DynPerCpu<Vec<&'static str>, Exclusive> {
    names //~
}

fn through_the_handle<'a>(names: &Names<'a>, name: &'a str) {
    names.with_current(|names| names.push(name)); //~
}

// The compiler takes one of these functions where it wants the other one.
fn of_any_lifetime(
    any: &DynPerCpu<for<'a> fn(&'a str) -> &'a str, Exclusive>,
) -> &DynPerCpu<fn(&'static str) -> &'static str, Exclusive> {
    any //~
}

fn another_kind(shared: DynPerCpu<u64, Shared>) -> DynPerCpu<u64> {
    shared //~
}

fn main() {}
