//! percpu. It has nothing that masks interrupts.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use percpu::def_percpu;

#[def_percpu]
static WORD: usize = 0;
#[def_percpu]
static SHARED: AtomicUsize = AtomicUsize::new(0);
#[def_percpu]
static FLAG: bool = false;
#[def_percpu]
static TABLE: [usize; 8] = [0; 8];
#[def_percpu]
static A: usize = 0;
#[def_percpu]
static B: usize = 0;
#[def_percpu]
static C: usize = 0;

operations! { "percpu":
    "read"() -> usize { WORD.read_current() }
    "write"(value: usize) { WORD.write_current(value) }
    "read_flag"() -> bool { FLAG.read_current() }
    "write_flag"(value: bool) { FLAG.write_current(value) }
    "increment"() { WORD.with_current(|word| *word = word.wrapping_add(1)) }
    "add"(operand: usize) {
        // SAFETY: rules 2 and 5: never run.
        unsafe { SHARED.current_ref_raw().fetch_add(operand, Relaxed) };
    }
    "add_one"() {
        // SAFETY: rules 2 and 5: never run.
        unsafe { SHARED.current_ref_raw().fetch_add(1, Relaxed) };
    }
    "pointer"() -> *const [usize; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }
    }
    "read_three"() -> usize { A.read_current() ^ B.read_current() ^ C.read_current() }
    "read_remote_unchecked"(cpu: usize) -> usize {
        // SAFETY: rule 6: never run.
        unsafe { *WORD.remote_ref_raw(cpu) }
    }
}

// On 32-bit Arm, `percpu_area_num` calls a division that is not counted.
#[cfg(not(target_arch = "arm"))]
functions! { "percpu":
    "read_remote_checked"(cpu: usize) -> usize {
        assert!(cpu < percpu::percpu_area_num(), "there is no such CPU");
        // SAFETY: rule 6: never run.
        unsafe { *WORD.remote_ref_raw(cpu) }
    }
}
