//! What `percpu` 0.3 has, as it has it.

use core::alloc::Layout;

use percpu::{InitError, def_percpu};

#[def_percpu]
static ID: u32 = 7;

#[test]
fn signatures_are_those_of_0_3() {
    let _: fn(*mut u8, usize) -> Result<usize, InitError> = percpu::init;
    let _: fn() -> Result<usize, InitError> = percpu::init_in_place;
    let _: fn() -> usize = percpu::read_percpu_reg;
    let _: unsafe fn(usize) = percpu::write_percpu_reg;
    let _: fn(usize) = percpu::init_percpu_reg;
    let _: fn() -> usize = percpu::percpu_area_size;
    let _: fn() -> usize = percpu::percpu_area_num;
    let _: fn(usize) -> usize = percpu::percpu_area_base;
    let _: fn(usize) -> Layout = percpu::percpu_area_layout_expected;
    let _: &dyn core::error::Error = &InitError::InvalidBase;
}

#[test]
fn memory_of_the_user_becomes_the_areas() {
    let cpus = if cfg!(feature = "sp-naive") { 1 } else { 3 };
    for _ in 0..2 {
        let layout = percpu::percpu_area_layout_expected(cpus);
        let memory = Vec::leak(vec![0_u8; layout.size() + layout.align()]);
        let start = memory.as_ptr().align_offset(layout.align());
        assert_eq!(percpu::init(memory[start..].as_mut_ptr(), cpus), Ok(cpus));
        percpu::init_percpu_reg(cpus - 1);
        assert_eq!(
            percpu::read_percpu_reg(),
            percpu::percpu_area_base(cpus - 1)
        );
        assert_eq!(ID.read_current(), 7);
        ID.write_current(8);
        assert_eq!(ID.read_current(), 8);
        ID.reset_to_init();
        assert_eq!(ID.read_current(), 7);
    }
}
