//! Feature `custom-base`: the static is its own storage.
#![cfg(all(feature = "custom-base", not(feature = "sp-naive")))]

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use percpu::{PerCpuData, def_percpu};

/// Documented, and not `Sync`.
#[def_percpu]
pub static NAMES: Vec<Rc<str>> = Vec::new();

#[def_percpu]
static mut COUNT: u32 = 7;

#[def_percpu]
#[unsafe(no_mangle)]
static EXPORTED: Cell<u8> = Cell::new(1);

unsafe extern "C" {
    #[link_name = "EXPORTED"]
    static STORAGE: Cell<u8>;

    safe fn _percpu_base_ptr(cpu: usize) -> *mut u8;
}

fn on_cpu<R: Send>(cpu: usize, f: impl FnOnce() -> R + Send) -> R {
    assert_eq!(percpu::init(), 4);
    thread::scope(|scope| {
        let run = || {
            percpu::init_percpu_reg(cpu);
            f()
        };
        scope.spawn(run).join().unwrap()
    })
}

#[test]
fn the_static_has_its_own_type() {
    let _: &PerCpuData<u32> = &COUNT;
    const { assert!(size_of::<PerCpuData<u32>>() == 4 && align_of::<PerCpuData<u8>>() == 1) };
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&NAMES);
    let address = (&raw const EXPORTED).addr();
    assert_eq!(address, (&raw const STORAGE).addr());
}

#[test]
fn values_are_cloned_and_assigned() {
    on_cpu(0, || {
        NAMES.write_current(vec!["a".into()]);
        NAMES.with_current(|names| names.push("b".into()));
        let names = NAMES.read_current();
        assert_eq!(names, ["a".into(), "b".into()]);
        assert_eq!(Rc::strong_count(&names[0]), 2);
        assert_eq!(NAMES.read_remote(1), []);
        NAMES.write_current(Vec::new());
        assert_eq!(Rc::strong_count(&names[0]), 1);
    });
}

#[test]
fn every_cpu_has_a_copy() {
    for cpu in 0..4 {
        on_cpu(cpu, || {
            assert_eq!(COUNT.read_current(), 7);
            COUNT.write_current(70 + cpu as u32);
            // SAFETY: rule 5, this thread is the CPU.
            unsafe {
                let pointer: *mut u32 = COUNT.current_ptr();
                assert_eq!(pointer, COUNT.remote_ptr(cpu));
                assert_eq!(
                    pointer.addr(),
                    _percpu_base_ptr(cpu).addr() + COUNT.offset()
                );
                assert_eq!(*COUNT.current_ref_raw(), 70 + cpu as u32);
                *COUNT.current_ref_mut_raw() += 1;
                COUNT.write_current_raw(COUNT.read_current_raw() + 1);
            }
            assert_eq!(format!("{COUNT} {COUNT:?}"), format!("{0} {0}", 72 + cpu));
        });
    }
    for cpu in 0..4 {
        assert_eq!(COUNT.read_remote(cpu), 72 + cpu as u32);
        // SAFETY: rule 6, no thread is that CPU now.
        unsafe {
            assert_eq!(*COUNT.remote_ref_raw(cpu), 72 + cpu as u32);
            *COUNT.remote_ref_mut_raw(cpu) = 1;
            COUNT.write_remote(cpu, 2);
        }
        assert_eq!(on_cpu(cpu, || COUNT.read_current()), 2);
    }
}

#[test]
fn a_private_type_in_a_function() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Private(u8);
    #[def_percpu]
    static PRIVATE: Private = Private(3);
    assert_eq!(on_cpu(3, || PRIVATE.read_current()), Private(3));
}
