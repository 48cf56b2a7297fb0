//! Written for percpu 0.1.

#![no_std]

#[percpu::def_percpu]
static EXITS: usize = 0;

/// Boots the first CPU.
pub fn boot(cpus: usize) -> usize {
    percpu::init(cpus);
    percpu::set_local_thread_pointer(0);
    percpu::get_local_thread_pointer()
}

/// Counts an exit.
pub fn exit() -> usize {
    EXITS.with_current(|exits| *exits += 1);
    EXITS.read_current()
}
