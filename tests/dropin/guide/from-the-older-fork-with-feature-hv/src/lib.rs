//! Written for the older fork, its functions renamed.

#![no_std]

#[percpu_hv::def_percpu]
static EXITS: usize = 0;

/// Boots the first CPU.
pub fn boot() -> Result<usize, percpu_hv::InitError> {
    percpu_hv::init_in_place()?;
    percpu_hv::init_percpu_reg(0);
    Ok(percpu_hv::read_percpu_reg())
}

/// Counts an exit.
pub fn exit() -> usize {
    EXITS.with_current(|exits| *exits += 1);
    EXITS.read_current()
}
