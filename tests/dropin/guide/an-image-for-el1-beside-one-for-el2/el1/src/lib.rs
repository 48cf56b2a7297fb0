//! A kernel for EL1.

#![no_std]

#[percpu::def_percpu]
static TICKS: u64 = 0;

/// Counts a tick of the timer.
pub fn tick() {
    TICKS.with_current(|ticks| *ticks += 1);
}
