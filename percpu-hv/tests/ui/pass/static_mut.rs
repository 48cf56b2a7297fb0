//! `static mut` means what `static` means: published users of percpu write it.

#[percpu_hv::def_percpu]
static mut EXITS: u64 = 1;

#[percpu_hv::def_percpu]
pub(crate) static mut QUEUE: Vec<u8> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    // No `unsafe`: what remains is an ordinary static.
    EXITS.write_current(EXITS.read_current() + 1);
    assert_eq!(EXITS.read_current(), 2);
    QUEUE.with_current(|queue| queue.push(3));
    assert_eq!(QUEUE.with_current(|queue| queue.pop()), Some(3));
}
