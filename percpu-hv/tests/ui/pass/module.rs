//! Variables of modules, each with the visibility that was written.

mod vcpu {
    #[percpu_hv::def_percpu]
    static PRIVATE: u8 = 1;

    #[percpu_hv::def_percpu]
    pub static PUBLIC: u16 = 2;

    pub mod exits {
        use percpu_hv::def_percpu;

        #[def_percpu]
        pub(super) static OF_PARENT: u32 = 3;

        #[def_percpu]
        pub(in crate::vcpu) static OF_PATH: u64 = 4;

        #[def_percpu]
        pub(crate) static OF_CRATE: usize = 5;
    }

    pub fn sum() -> usize {
        usize::from(PRIVATE.read_current())
            + exits::OF_PARENT.read_current() as usize
            + exits::OF_PATH.read_current() as usize
    }
}

// The same name as in the module.
#[percpu_hv::def_percpu]
static PRIVATE: u8 = 10;

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    PRIVATE.write_current(PRIVATE.read_current() + 1);
    assert_eq!(PRIVATE.read_current(), 11);
    assert_eq!(vcpu::sum(), 8);
    assert_eq!(vcpu::PUBLIC.read_current(), 2);
    assert_eq!(vcpu::exits::OF_CRATE.read_current(), 5);
}
