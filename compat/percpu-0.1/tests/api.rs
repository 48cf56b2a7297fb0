//! What `percpu` 0.1 has, as it has it.

use percpu::def_percpu;

#[def_percpu]
static ID: u32 = 7;

#[test]
fn signatures_are_those_of_0_1() {
    let _: fn(usize) = percpu::init;
    let _: fn() -> usize = percpu::get_local_thread_pointer;
    let _: fn(usize) = percpu::set_local_thread_pointer;
    let _: fn() -> usize = percpu::percpu_area_size;
    let _: fn(usize) -> usize = percpu::percpu_area_base;
}

#[test]
fn init_takes_the_number_of_cpus() {
    percpu::init(3);
    percpu::init(2);
    percpu::set_local_thread_pointer(2);
    assert_eq!(
        percpu::get_local_thread_pointer(),
        percpu::percpu_area_base(2)
    );
    assert_eq!(ID.read_current(), 7);
    ID.write_current(8);
    assert_eq!(ID.read_current(), 8);
}
