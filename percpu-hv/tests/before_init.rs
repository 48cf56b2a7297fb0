//! Before init there are no areas: no id is good, and what asks for an area says so. A binary of its
//! own, as every other test makes areas.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe};

use percpu_hv::{CpuId, def_percpu};

#[def_percpu]
static WORD: u64 = 1;

#[test]
fn there_is_no_area_before_init() {
    assert_eq!((CpuId::new(0), CpuId::all().len()), (None, 0));
    for id in [0, 1, usize::MAX] {
        let uses: [(&str, &dyn Fn()); 5] = [
            ("remote_ptr", &|| {
                // SAFETY: rule 6, the id is refused: there is no copy that another CPU uses.
                black_box(unsafe { WORD.remote_ptr(id) });
            }),
            ("remote_ref_raw", &|| {
                // SAFETY: as above.
                black_box(unsafe { WORD.remote_ref_raw(id) });
            }),
            ("remote_ref_mut_raw", &|| {
                // SAFETY: as above.
                black_box(unsafe { WORD.remote_ref_mut_raw(id) });
            }),
            ("percpu_area_base", &|| {
                black_box(percpu_hv::percpu_area_base(id));
            }),
            ("init_percpu_reg", &|| percpu_hv::init_percpu_reg(id)),
        ];
        for (name, f) in uses {
            let Err(refused) = panic::catch_unwind(AssertUnwindSafe(f)) else {
                panic!("{name}({id}) is not refused");
            };
            let text = refused.downcast::<&str>().unwrap();
            let sentence = "there are no per-CPU areas yet; call `percpu_hv::init_in_place()`";
            assert!(text.starts_with(sentence), "{name}({id}): {text}");
        }
    }
    assert_eq!(percpu_hv::read_percpu_reg(), 0, "this thread is no CPU");
}
