//! Depends on two lines of percpu: one of them initializes, and the other one finds the areas.

#![no_std]

/// Boots the first CPU.
pub fn boot() -> bool {
    let count = percpu_0_2::init();
    percpu_0_4::init_percpu_reg(0);
    percpu_0_2::read_percpu_reg() == percpu_0_4::read_percpu_reg()
        && percpu_0_4::percpu_area_num() == count
}
