//! ax-percpu. An access needs a pin, which only a callback gets; it is an error where the CPU has no area. It has
//! nothing that masks interrupts.

use core::{
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use ax_percpu::{CpuIndex, CpuPin, PerCpuArea, area, def_percpu, with_cpu_pin, with_exclusive_cpu};

use crate::value::Argument;

/// By another name, it is not taken for an atomic, and can be borrowed mutably.
type Object = usize;

#[def_percpu]
static WORD: usize = 0;
#[def_percpu]
static OBJECT: Object = 0;
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

impl Argument for PerCpuArea {
    fn make() -> Self {
        black_box(area(CpuIndex::make()).expect("CPU 0 has an area"))
    }
}

impl Argument for CpuIndex {
    fn make() -> Self {
        black_box(CpuIndex::from_u32(0).expect("0 is an index"))
    }
}

#[inline(always)]
fn pinned<R>(f: impl for<'scope> FnOnce(&CpuPin<'scope>) -> R) -> R {
    // SAFETY: rules 2 and 5: never run.
    unsafe {
        match with_cpu_pin(f) {
            Ok(result) => result,
            Err(_) => panic!("this CPU has no area"),
        }
    }
}

#[inline(always)]
fn increment(pin: &CpuPin<'_>) {
    // SAFETY: rule 5: never run.
    unsafe {
        with_exclusive_cpu(pin, |cpu| {
            OBJECT.with_current_mut(cpu, |word| *word = word.wrapping_add(1));
        });
    }
}

#[inline(always)]
fn read_from(area: PerCpuArea) -> usize {
    // SAFETY: rule 6: never run.
    unsafe { AtomicUsize::from_ptr(WORD.remote_ptr(area).as_ptr()).load(Relaxed) }
}

operations! { "ax-percpu":
    "read"() -> usize { pinned(|pin| WORD.read_current(pin)) }
    "write"(value: usize) { pinned(|pin| WORD.write_current(pin, value)) }
    "read_flag"() -> bool { pinned(|pin| FLAG.read_current(pin)) }
    "write_flag"(value: bool) { pinned(|pin| FLAG.write_current(pin, value)) }
    "increment"() { pinned(increment) }
    "add"(operand: usize) {
        pinned(|pin| SHARED.with_current(pin, |word| word.fetch_add(operand, Relaxed)));
    }
    "add_one"() {
        pinned(|pin| SHARED.with_current(pin, |word| word.fetch_add(1, Relaxed)));
    }
    "pointer"() -> *const [usize; 8] { pinned(|pin| TABLE.current_ptr(pin).as_ptr()) }
    "read_three"() -> usize {
        pinned(|pin| A.read_current(pin) ^ B.read_current(pin) ^ C.read_current(pin))
    }
    "read_remote"(area: PerCpuArea) -> usize { read_from(area) }
    "read_remote_checked"(cpu: CpuIndex) -> usize {
        let Ok(area) = area(cpu) else { panic!("there is no such CPU") };
        read_from(area)
    }
}

fn with_pin(f: impl for<'scope> FnOnce(&CpuPin<'scope>)) {
    pinned(f);
}

pinned_operations! { "ax-percpu", pin: CpuPin<'_> = with_pin:
    "read_pinned"() -> usize { WORD.read_current(pin) }
    "write_pinned"(value: usize) { WORD.write_current(pin, value) }
    "read_flag_pinned"() -> bool { FLAG.read_current(pin) }
    "write_flag_pinned"(value: bool) { FLAG.write_current(pin, value) }
    "pointer_pinned"() -> *const [usize; 8] { TABLE.current_ptr(pin).as_ptr() }
    "increment_pinned"() { increment(pin) }
    "add_one_pinned"() { SHARED.with_current(pin, |word| word.fetch_add(1, Relaxed)); }
    "add_pinned"(operand: usize) { SHARED.with_current(pin, |word| word.fetch_add(operand, Relaxed)); }
    "read_three_pinned"() -> usize {
        A.read_current(pin) ^ B.read_current(pin) ^ C.read_current(pin)
    }
}
