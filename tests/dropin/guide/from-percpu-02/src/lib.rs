//! Written for percpu 0.2.

#![no_std]

#[percpu::def_percpu]
static EXITS: usize = 0;

/// Boots the first CPU.
pub fn boot() -> usize {
    let count = percpu::init();
    percpu::init_percpu_reg(0);
    assert_eq!(percpu::percpu_area_num(), count);
    count
}

/// Counts an exit.
pub fn exit() -> usize {
    EXITS.with_current(|exits| *exits += 1);
    EXITS.read_current()
}
