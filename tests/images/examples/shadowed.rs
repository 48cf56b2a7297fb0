//! Names of the user's that an expansion might say: they reach none of it, in no section and no width.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine, println};

hv_boot::main!(main);

mod variables {
    #![allow(non_camel_case_types, unused_macros, dead_code)]

    type u8 = ();
    type u16 = core::primitive::u8;
    type u32 = core::primitive::u8;
    type u64 = core::primitive::u8;
    type usize = core::primitive::u8;
    type bool = ();

    macro_rules! concat {
        ($($text:tt)*) => {
            ".data.nowhere"
        };
    }
    macro_rules! stringify {
        ($($text:tt)*) => {
            "nothing"
        };
    }

    #[percpu_hv::def_percpu]
    pub(crate) static WORD: core::primitive::u64 = 0x0123_4567_89ab_cdef;
    #[percpu_hv::def_percpu(hot)]
    pub(crate) static HOT: core::primitive::usize = core::primitive::usize::MAX - 7;
    #[percpu_hv::def_percpu(hot)]
    pub(crate) static HALF: core::primitive::u16 = 0xa1b2;
    #[percpu_hv::def_percpu(hot)]
    pub(crate) static NAME: &str = "name";
    #[percpu_hv::def_percpu(hot)]
    pub(crate) static REFERENCE: &core::primitive::u64 = &0x1122_3344_5566_7788;
    #[percpu_hv::def_percpu(cache_aligned)]
    pub(crate) static FLAG: core::primitive::bool = true;
}

use variables::{FLAG, HALF, HOT, NAME, REFERENCE, WORD};

fn main(machine: &'static Machine) -> ExitCode {
    if let Err(status) = images::report(percpu_hv::init_in_place()) {
        return status;
    }
    machine.run_on_all(|cpu| {
        let id = cpu.id();
        percpu_hv::init_percpu_reg(id);
        assert!(WORD.offset() < percpu_hv::percpu_area_size());
        assert_eq!(WORD.fetch_add_current(id as u64), 0x0123_4567_89ab_cdef);
        assert_eq!(HOT.fetch_sub_current(id), usize::MAX - 7);
        HALF.write_current(HALF.read_current() + id as u16);
        REFERENCE.write_current(REFERENCE.read_current());
        assert!(FLAG.swap_current(false));
        NAME.with_current(|name| assert_eq!(*name, "name"));
    });
    machine.run_on_all(|cpu| {
        let id = cpu.id();
        assert_eq!(WORD.read_current(), 0x0123_4567_89ab_cdef + id as u64);
        assert_eq!(HOT.read_current(), usize::MAX - 7 - id);
        assert_eq!(HALF.read_current(), 0xa1b2 + id as u16);
        assert_eq!(*REFERENCE.read_current(), 0x1122_3344_5566_7788);
        assert!(!FLAG.read_current());
    });
    println!("{} CPUs: ok", machine.cpu_count());
    ExitCode::SUCCESS
}
