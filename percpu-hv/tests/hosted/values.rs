//! Variables of every kind, and the areas that they live in.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use percpu_hv::{InitError, def_percpu};

use crate::common::{CPUS, on_cpu, panic_text};

macro_rules! scalar_round_trip {
    ($($test:ident: $ty:ty = $first:expr, $second:expr;)*) => {$(
        #[test]
        fn $test() {
            #[def_percpu]
            static X: $ty = $first;

            for cpu in 0..CPUS {
                on_cpu(cpu, || {
                    assert_eq!(X.read_current(), $first);
                    X.write_current($second);
                    assert_eq!(X.read_current(), $second);
                    // SAFETY: rule 5, only this thread uses this CPU's copy of `X`.
                    unsafe {
                        assert_eq!(X.read_current_raw(), $second);
                        X.write_current_raw($first);
                        assert_eq!(*X.current_ref_raw(), $first);
                        *X.current_ref_mut_raw() = $second;
                        assert_eq!(*X.remote_ref_raw(cpu), $second);
                    }
                    X.reset_to_init();
                    assert_eq!(X.with_current(|x| *x), $first);
                });
            }
        }
    )*};
}

scalar_round_trip! {
    scalar_bool: bool = true, false;
    scalar_char: char = 'a', '\u{10ffff}';
    scalar_u8: u8 = 1, u8::MAX;
    scalar_u16: u16 = 2, u16::MAX;
    scalar_u32: u32 = 3, u32::MAX;
    scalar_u64: u64 = 4, u64::MAX;
    scalar_usize: usize = 5, usize::MAX;
    defect_11_scalar_i8: i8 = -1, i8::MIN;
    defect_11_scalar_i16: i16 = -2, i16::MIN;
    defect_11_scalar_i32: i32 = -3, i32::MIN;
    defect_11_scalar_i64: i64 = -4, i64::MIN;
    defect_11_scalar_isize: isize = -5, isize::MIN;
    defect_11_scalar_alias: core::ffi::c_uint = 6, 7;
    scalar_f64: f64 = 0.5, -0.25;
}

#[test]
fn a_pointer_keeps_its_provenance() {
    #[def_percpu]
    static CURRENT: *const u64 = core::ptr::null();

    on_cpu(0, || {
        let value = 7;
        CURRENT.write_current(&raw const value);
        // SAFETY: rule 5, `value` is alive.
        assert_eq!(unsafe { *CURRENT.read_current() }, 7);
    });
}

#[test]
fn scalar_non_null() {
    #[def_percpu]
    static NEXT: Option<NonNull<u8>> = None;

    on_cpu(1, || {
        assert_eq!(NEXT.read_current(), None);
        NEXT.write_current(Some(NonNull::dangling()));
        assert_eq!(NEXT.read_current(), Some(NonNull::dangling()));
    });
}

struct Vcpu {
    id: usize,
    exits: [u64; 3],
    name: &'static str,
}

#[def_percpu]
static VCPU: Vcpu = Vcpu {
    id: 9,
    exits: [1, 2, 3],
    name: "idle",
};

#[test]
fn a_struct_through_with_current() {
    on_cpu(1, || {
        assert_eq!(VCPU.with_current(|vcpu| (vcpu.id, vcpu.name)), (9, "idle"));
        VCPU.with_current(|vcpu| {
            vcpu.id = 1;
            vcpu.exits[2] += 1;
        });
    });
    on_cpu(2, || {
        // SAFETY: rule 6, CPU 1 is done.
        let one = unsafe { VCPU.remote_ref_raw(1) };
        assert_eq!((one.id, one.exits), (1, [1, 2, 4]));
        assert_eq!(VCPU.with_current(|vcpu| vcpu.exits), [1, 2, 3]);
    });
}

#[test]
fn addresses_agree() {
    #[def_percpu]
    static HERE: u32 = 0;

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let base = percpu_hv::percpu_area_base(cpu);
            assert_eq!(percpu_hv::read_percpu_reg(), base);
            assert!(HERE.offset() < percpu_hv::percpu_area_size());
            // SAFETY: rule 2, this thread is a CPU; nothing is read.
            unsafe {
                assert_eq!(HERE.current_ptr().addr(), base + HERE.offset());
                assert_eq!(HERE.remote_ptr(cpu), HERE.current_ptr());
            }
            assert!(HERE.symbol_vma() > HERE.offset());
        });
    }
}

#[test]
fn every_cpu_counts_its_own() {
    #[def_percpu]
    static COUNTER: u64 = 0;

    percpu_hv::init_hosted(CPUS).unwrap();
    let together = Barrier::new(CPUS);
    thread::scope(|scope| {
        for cpu in 0..CPUS {
            let together = &together;
            scope.spawn(move || {
                percpu_hv::init_percpu_reg(cpu);
                together.wait();
                for _ in 0..100_000 {
                    COUNTER.with_current(|counter| *counter += 1);
                }
                together.wait();
                for other in 0..CPUS {
                    // SAFETY: rule 6, all threads have passed the barrier.
                    assert_eq!(unsafe { *COUNTER.remote_ref_raw(other) }, 100_000);
                }
            });
        }
    });
}

#[repr(align(256))]
struct Aligned256([u8; 3]);

#[repr(align(4096))]
struct Page([u8; 4096]);

#[test]
fn defect_03_alignment_holds_on_every_cpu() {
    #[def_percpu]
    static SMALL: Aligned256 = Aligned256([1, 2, 3]);
    #[def_percpu]
    static PAGE: Page = Page([5; 4096]);

    percpu_hv::init_hosted(CPUS).unwrap();
    assert!(percpu_hv::percpu_area_layout_expected(CPUS).align() >= 4096);
    for cpu in 0..CPUS {
        // SAFETY: rule 6, nobody writes these variables.
        unsafe {
            assert_eq!(SMALL.remote_ptr(cpu).addr() % 256, 0);
            assert_eq!(PAGE.remote_ptr(cpu).addr() % 4096, 0);
            assert_eq!(SMALL.remote_ref_raw(cpu).0, [1, 2, 3]);
            assert!(PAGE.remote_ref_raw(cpu).0.iter().all(|&byte| byte == 5));
        }
    }
}

#[test]
fn defect_19_an_area_is_written_whole() {
    const fn squares() -> [u32; 1000] {
        let mut table = [0; 1000];
        let mut index = 0;
        while index < table.len() {
            table[index] = (index * index) as u32;
            index += 1;
        }
        table
    }
    #[def_percpu]
    static TABLE: [u32; 1000] = squares();

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            assert!(TABLE.with_current(|table| *table == squares()))
        });
    }
}

#[test]
fn defect_05_the_count_is_the_one_initialized() {
    percpu_hv::init_hosted(CPUS).unwrap();
    assert_eq!(percpu_hv::percpu_area_num(), CPUS);
}

#[test]
fn defect_06_only_real_cpus_have_a_base() {
    percpu_hv::init_hosted(CPUS).unwrap();
    for id in [CPUS, usize::MAX, 1 << 40] {
        let text = panic_text(move || percpu_hv::init_percpu_reg(id));
        assert!(
            text.contains("out of range") && text.contains("4 CPUs"),
            "{text}"
        );
    }
}

#[test]
fn a_thread_that_is_no_cpu_is_refused() {
    #[def_percpu]
    static UNTOUCHED: u32 = 3;

    let cpus = [
        panic_text(|| UNTOUCHED.write_current(4)),
        panic_text(|| UNTOUCHED.with_current(|x| *x = 4)),
        panic_text(|| assert_eq!(UNTOUCHED.read_current(), 4)),
    ];
    for text in cpus {
        assert!(text.contains("init_percpu_reg(cpu_id)"), "{text}");
    }
    assert_eq!(thread::spawn(percpu_hv::read_percpu_reg).join().unwrap(), 0);
    on_cpu(0, || assert_eq!(UNTOUCHED.read_current(), 3));
}

#[test]
fn defect_13_live_areas_are_never_overwritten() {
    #[def_percpu]
    static LIVE: u32 = 1;

    on_cpu(3, || LIVE.write_current(2));
    let live = Err(InitError::AlreadyInitialized { cpu_count: CPUS });
    let layout = percpu_hv::percpu_area_layout_expected(CPUS);
    let memory = Vec::leak(vec![MaybeUninit::uninit(); layout.size() + layout.align()]);
    let start = memory.as_ptr().align_offset(layout.align());
    assert_eq!(percpu_hv::init_from(&mut memory[start..], CPUS), live);
    assert_eq!(percpu_hv::init_hosted(CPUS), Ok(CPUS));
    assert_eq!(percpu_hv::init_hosted(CPUS + 1), live);
    assert_eq!(percpu_hv::init_in_place(), Err(InitError::NoAreas));
    on_cpu(3, || assert_eq!(LIVE.read_current(), 2));
}

#[test]
fn defect_21_the_size_is_that_of_the_variables() {
    #[def_percpu]
    static LAST: u8 = 0;

    let size = percpu_hv::percpu_area_size();
    let layout = percpu_hv::percpu_area_layout_expected(1);
    assert!(LAST.offset() < size && size <= layout.size());
    // In a process each area has 64 KiB more, for variables that are made at run time.
    let reserve = (64_usize << 10).next_multiple_of(layout.align());
    assert_eq!(
        layout.size(),
        size.next_multiple_of(layout.align()) + reserve
    );
}

#[test]
fn defect_20_a_layout_that_cannot_be_says_so() {
    let text = panic_text(|| {
        let _ = percpu_hv::percpu_area_layout_expected(usize::MAX);
    });
    assert!(text.contains("exceed the address space"), "{text}");
}

#[test]
fn reset_drops_the_old_value_and_keeps_the_variable_usable() {
    static DROPS: AtomicU32 = AtomicU32::new(0);
    struct Counted(u32);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[def_percpu]
    static SLOT: Option<Counted> = None;

    on_cpu(0, || {
        SLOT.with_current(|slot| *slot = Some(Counted(5)));
        assert_eq!(SLOT.with_current(|slot| slot.as_ref().unwrap().0), 5);
        SLOT.reset_to_init();
        assert!(SLOT.with_current(|slot| slot.is_none()));
    });
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
}

#[test]
fn a_static_in_an_initial_value_exists_once() {
    #[def_percpu(exclusive)]
    static INSIDE: &AtomicU32 = {
        static COUNT: AtomicU32 = AtomicU32::new(7);
        &COUNT
    };

    let first = on_cpu(0, || INSIDE.with_current(|count| *count));
    let found = on_cpu(1, || {
        INSIDE.with_current(|count| *count = Box::leak(Box::new(AtomicU32::new(0))));
        INSIDE.reset_to_init();
        INSIDE.with_current(|count| *count)
    });
    assert!(std::ptr::eq(first, found) && found.load(Ordering::Relaxed) == 7);
}

#[test]
fn zero_sized_and_sync_types() {
    #[def_percpu]
    static NOTHING: () = ();
    #[def_percpu]
    static LOCK: Mutex<u32> = Mutex::new(1);

    on_cpu(0, || {
        NOTHING.with_current(|nothing| *nothing = ());
        // SAFETY: rule 6, `Mutex<u32>` is `Sync`.
        let other = unsafe { LOCK.remote_ref_raw(2) };
        *other.lock().unwrap() += 1;
    });
    on_cpu(2, || {
        assert_eq!(LOCK.with_current(|lock| *lock.get_mut().unwrap()), 2)
    });
}
