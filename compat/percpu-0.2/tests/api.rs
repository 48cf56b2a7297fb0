//! What `percpu` 0.2 has, as it has it.

use percpu::def_percpu;

#[def_percpu]
static ID: u32 = 7;

#[test]
fn signatures_are_those_of_0_2() {
    let _: fn() -> usize = percpu::init;
    let _: fn() -> usize = percpu::read_percpu_reg;
    let _: unsafe fn(usize) = percpu::write_percpu_reg;
    let _: fn(usize) = percpu::init_percpu_reg;
    let _: fn() -> usize = percpu::percpu_area_size;
    let _: fn() -> usize = percpu::percpu_area_num;
    let _: fn(usize) -> usize = percpu::percpu_area_base;
}

#[test]
fn init_counts_once() {
    let (first, second) = (percpu::init(), percpu::init());
    if cfg!(feature = "sp-naive") {
        assert_eq!((first, second), (1, 1));
    } else if cfg!(feature = "custom-base") {
        assert_eq!((first, second), (4, 4));
    } else {
        assert_eq!((first, second), (4, 0));
    }
    let last = percpu::percpu_area_num() - 1;
    percpu::init_percpu_reg(last);
    assert_eq!(percpu::read_percpu_reg(), percpu::percpu_area_base(last));
    assert_eq!(ID.read_current(), 7);
    ID.write_current(8);
    assert_eq!(ID.read_current(), 8);
}
