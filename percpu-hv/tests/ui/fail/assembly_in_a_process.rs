//! A process has no per-CPU register that assembly can name.

use core::arch::global_asm;

use percpu_hv::{def_percpu, ldr_this_cpu};

#[def_percpu]
static EXITS: u64 = 0;

global_asm!(
    ldr_this_cpu!(x0, EXITS, x1),
    EXITS = sym __PERCPU_EXITS,
    EXITS_form = const EXITS.form(),
);

fn main() {}
