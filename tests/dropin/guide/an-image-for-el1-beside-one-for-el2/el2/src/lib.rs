//! A hypervisor for EL2.

#![no_std]

#[percpu_hv::def_percpu]
static EXITS: u64 = 0;

/// Counts an exit.
pub fn exit() {
    EXITS.inc_current();
}
