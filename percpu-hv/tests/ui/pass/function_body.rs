//! Variables of functions: one per function, not per call.

use percpu_hv::def_percpu;

fn next() -> u32 {
    #[def_percpu]
    static COUNT: u32 = 100;

    let next = COUNT.read_current() + 1;
    COUNT.write_current(next);
    {
        #[def_percpu]
        static COUNT: u8 = 7;
        assert_eq!(COUNT.read_current(), 7);
    }
    next
}

fn other() -> u32 {
    #[def_percpu]
    static COUNT: u32 = 200;
    COUNT.read_current()
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!((next(), next(), other()), (101, 102, 200));
}
