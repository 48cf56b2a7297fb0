//! percpu. It has nothing for assembly: an author names the symbol that `def_percpu` makes, writes the offset as
//! the crate does, and reads the register once.

use core::ptr;

use percpu::def_percpu;

use crate::exit::{self, HYPERCALL, Vcpu};

/// A pointer, of which the crate has no direct access.
#[def_percpu]
static VCPU: usize = 0;
#[def_percpu]
static EXITS: u64 = 0;
#[def_percpu]
static PENDING: bool = false;
#[def_percpu]
static REASONS: [u64; exit::REASONS] = [0; exit::REASONS];

extern "C" fn handle() -> *mut Vcpu {
    exit::handle(
        |reason| REASONS.with_current(|reasons| reasons[reason] += 1),
        || ptr::with_exposed_provenance_mut(VCPU.read_current()),
        || PENDING.read_current(),
    )
}

fn start(_cpu: usize, vcpu: *mut Vcpu) {
    VCPU.write_current(vcpu.expose_provenance());
}

fn counts() -> (u64, u64) {
    let hypercalls = REASONS.with_current(|reasons| reasons[HYPERCALL]);
    (EXITS.read_current(), hypercalls)
}

exit::variant! {
    "percpu",
    find "mrs x0, tpidr_el2\nmovz x1, #:abs_g0_nc:{vcpu}\nldr x1, [x0, x1]",
    count "movz x2, #:abs_g0_nc:{exits}\nldr x3, [x0, x2]\nadd x3, x3, #1\nstr x3, [x0, x2]",
    handle handle,
    start start,
    counts counts,
    vcpu = sym __PERCPU_VCPU,
    exits = sym __PERCPU_EXITS,
}
