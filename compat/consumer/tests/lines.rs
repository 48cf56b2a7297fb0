//! Lines that meet in one image share everything: one set of areas, one register.
#![cfg(not(feature = "sp-naive"))]

use std::alloc::alloc;
use std::thread;

use percpu_0_4::InitError;

#[percpu_0_1::def_percpu]
static OLD: u32 = 1;
#[percpu_0_4::def_percpu]
static NEW: u32 = 2;
#[percpu_hv::def_percpu]
static OWN: u32 = 4;

/// One test: the steps depend on one another.
#[test]
fn one_init_counts_for_all() {
    assert_eq!(percpu_0_2::init(), 4);
    assert_eq!(percpu_0_2::init(), 0, "0.2: it was there already");
    percpu_0_1::init(3);
    assert_eq!(percpu_0_3::percpu_area_num(), 4);
    assert_eq!(
        // SAFETY: rule 9, the base is refused.
        unsafe { percpu_hv::init(std::ptr::dangling_mut::<u64>().cast(), 1) },
        Err(InitError::UnalignedBase)
    );
    let first = percpu_0_4::percpu_area_base(0);
    for cpu in 0..4 {
        let base = percpu_0_1::percpu_area_base(cpu);
        assert_eq!(base, percpu_0_2::percpu_area_base(cpu));
        assert_eq!(base, percpu_0_3::percpu_area_base(cpu));
        assert_eq!(base, percpu_hv::percpu_area_base(cpu));
    }

    // By hand, as some do.
    // SAFETY: rule 2: the base of an area that no other thread uses.
    unsafe { percpu_0_2::write_percpu_reg(percpu_0_3::percpu_area_base(1)) };
    assert_eq!(
        percpu_0_1::get_local_thread_pointer(),
        percpu_0_4::percpu_area_base(1)
    );
    for set in [
        percpu_0_1::set_local_thread_pointer as fn(usize),
        percpu_0_2::init_percpu_reg,
        percpu_0_3::init_percpu_reg,
        percpu_0_4::init_percpu_reg,
        percpu_hv::init_percpu_reg,
    ] {
        set(0);
        assert_eq!(percpu_0_1::get_local_thread_pointer(), first);
        set(2);
        assert_eq!(percpu_0_3::read_percpu_reg(), first + 2 * stride());
        assert_eq!(
            (OLD.read_current(), NEW.read_current(), OWN.read_current()),
            (1, 2, 4)
        );
    }
    OLD.write_current(10);
    NEW.write_current(20);
    OWN.write_current(40);

    // 0.3 and 0.4 may init again, elsewhere too: every CPU starts from the template.
    // SAFETY: rule 9: the layout is not empty, and the memory is never freed.
    let again = unsafe { alloc(percpu_0_4::percpu_area_layout_expected(3)) };
    assert_eq!(percpu_0_4::init(again, 3), Ok(3));
    assert_eq!(percpu_0_3::percpu_area_num(), 3);
    assert_eq!(percpu_0_1::percpu_area_base(0), again.addr());
    percpu_0_3::init_percpu_reg(2);
    assert_eq!(
        (OLD.read_current(), NEW.read_current(), OWN.read_current()),
        (1, 2, 4)
    );
    OLD.write_current(10);
    assert_eq!(percpu_0_3::init(again, 3), Ok(3));
    // A CPU that goes on without `init_percpu_reg`: defect 04.
    assert_eq!(OLD.read_current(), 1);
    // SAFETY: rule 6: only the addresses are used.
    unsafe { assert_eq!(OLD.current_ptr(), OLD.remote_ptr(2)) };

    assert_eq!(
        percpu_0_4::init(std::ptr::null_mut(), 3),
        Err(InitError::InvalidBase)
    );
    assert_eq!(
        percpu_0_3::init(again.wrapping_add(1), 3),
        Err(InitError::UnalignedBase)
    );
    assert_eq!(
        percpu_0_4::percpu_area_base(0),
        again.addr(),
        "a refused init changes nothing"
    );

    // percpu-hv itself does not move live areas.
    let live = InitError::AlreadyInitialized { cpu_count: 3 };
    // SAFETY: rule 9, init does not get to the memory.
    assert_eq!(unsafe { percpu_hv::init(again, 3) }, Err(live));

    // 0.1 has them for fewer, but not for more.
    percpu_0_1::init(3);
    assert!(thread::spawn(|| percpu_0_1::init(4)).join().is_err());

    in_place();
}

fn stride() -> usize {
    percpu_0_4::percpu_area_layout_expected(1).size()
}

#[cfg(not(like_a_kernel))]
fn in_place() {
    assert_eq!(percpu_0_4::init_in_place(), Err(InitError::NoAreas));
}

/// Area 0 is the template, and nothing touched it so far.
#[cfg(like_a_kernel)]
fn in_place() {
    assert_eq!(percpu_0_4::init_in_place(), Ok(4));
    for cpu in [3, 0] {
        percpu_0_4::init_percpu_reg(cpu);
        assert_eq!(
            (OLD.read_current(), NEW.read_current(), OWN.read_current()),
            (1, 2, 4)
        );
        OLD.write_current(100 + cpu as u32);
    }
    // Another line, whose crates init as well: nobody loses a value, or the self pointer.
    assert_eq!(percpu_0_3::init_in_place(), Ok(4));
    assert_eq!(OLD.read_current(), 100);
    // SAFETY: rule 6: no thread is that CPU now.
    assert_eq!(unsafe { *OLD.remote_ref_raw(3) }, 103);
    // SAFETY: rule 6: only the addresses are used.
    unsafe { assert_eq!(OLD.current_ptr(), OLD.remote_ptr(0)) };
}
