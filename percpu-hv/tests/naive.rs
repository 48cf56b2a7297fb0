//! Feature `sp-naive`: one CPU, plain globals.
#![cfg(feature = "sp-naive")]

use percpu_hv::{CpuId, InitError, as_cpu, def_percpu};

#[def_percpu]
static COUNT: u64 = 3;
#[def_percpu]
static NAME: &str = "boot";

#[test]
fn a_variable_is_a_global() {
    assert_eq!(percpu_hv::init_in_place(), Ok(1));
    // SAFETY: rule 9, the memory is not used.
    assert_eq!(unsafe { percpu_hv::init(core::ptr::null_mut(), 1) }, Ok(1));
    assert_eq!(percpu_hv::init_hosted(7), Ok(1));
    percpu_hv::init_percpu_reg(5);
    assert_eq!(
        (percpu_hv::percpu_area_num(), percpu_hv::percpu_area_size()),
        (1, 0)
    );
    assert_eq!(percpu_hv::percpu_area_layout_expected(4).size(), 0);

    COUNT.write_current(COUNT.read_current() + 1);
    assert_eq!(COUNT.read_current(), 4);
    COUNT.with_current(|count| *count += 1);
    // SAFETY: rule 5, one thread.
    unsafe {
        assert_eq!(*COUNT.remote_ref_raw(0), 5);
        assert_eq!(COUNT.current_ptr().addr(), COUNT.offset());
        assert_eq!(COUNT.current_ptr(), COUNT.remote_ptr(0));
    }
    COUNT.reset_to_init();
    assert_eq!(COUNT.read_current(), 3);
    assert_eq!(NAME.with_current(|name| *name), "boot");
}

#[test]
fn a_value_is_made_once() {
    #[def_percpu(init = nested)]
    static REFUSED: bool;

    fn nested(_: usize) -> bool {
        percpu_hv::init_in_place() == Err(InitError::Busy)
            && percpu_hv::init_hosted(1) == Err(InitError::Busy)
    }

    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(percpu_hv::init_in_place(), Ok(1)));
        }
    });
    assert!(REFUSED.read_current());
}

#[test]
fn code_runs_as_the_one_cpu() {
    #[def_percpu]
    static MARK: u32 = 1;

    let one = CpuId::new(0).unwrap();
    assert_eq!(as_cpu(0, || MARK.swap_current(2)), 1);
    assert_eq!(as_cpu(one, || as_cpu(0, || MARK.read_current())), 2);
    let refused = std::panic::catch_unwind(|| as_cpu(1, || ())).unwrap_err();
    let text = refused.downcast::<String>().unwrap();
    assert!(text.contains("there are areas for 1 CPUs"), "{text}");
}
