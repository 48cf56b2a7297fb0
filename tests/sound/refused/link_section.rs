//! Rule 1: safe code moves the storage elsewhere.
//!
//! must not compile: `def_percpu` chooses the section; remove `link_section`
#![forbid(unsafe_code)]

use percpu_hv::def_percpu;

#[def_percpu]
#[unsafe(link_section = ".text")] //~
static PLAIN: u64 = 0;
#[def_percpu]
#[cfg_attr(all(), cfg_attr(all(), unsafe(link_section = ".text")))] //~
static CONDITIONAL: u64 = 0;
#[def_percpu]
#[unsafe(r#link_section = ".text")] //~
static RAW: u64 = 0;

fn main() {}
