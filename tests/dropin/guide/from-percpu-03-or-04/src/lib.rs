//! Written for percpu 0.4, and for 0.3.

#![no_std]

#[percpu::def_percpu]
static EXITS: usize = 0;

/// Boots the first CPU.
pub fn boot() -> Result<usize, percpu::InitError> {
    let count = percpu::init_in_place()?;
    percpu::init_percpu_reg(0);
    assert_eq!(percpu::percpu_area_num(), count);
    Ok(count)
}

/// Boots it in memory of the caller's.
///
/// # Safety
///
/// The memory is that of the layout, and nobody else's.
#[allow(unused_unsafe, reason = "it is safe in percpu, and not in percpu-hv")]
pub unsafe fn boot_in(memory: *mut u8, count: usize) -> Result<usize, percpu::InitError> {
    let _ = percpu::percpu_area_layout_expected(count);
    // SAFETY: rule 9 is the caller's.
    unsafe { percpu::init(memory, count) }
}

/// Counts an exit.
pub fn exit() -> usize {
    EXITS.with_current(|exits| *exits += 1);
    EXITS.write_current(EXITS.read_current() + 1);
    EXITS.read_current()
}
