//! Rule 24: to give a variable the name of another symbol is as unsafe as for any static.
//!
//! must not compile: declaration of a static with `export_name`
//! must not compile: declaration of a `no_mangle` static
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
#[unsafe(export_name = "malloc")] //~
static EXITS: u64 = 0;

#[def_percpu]
#[cfg_attr(all(), unsafe(no_mangle))] //~
static free: u64 = 0;

fn main() {}
