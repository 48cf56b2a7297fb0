//! percpu-hv.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use percpu_hv::{CpuId, CpuPin, DynPerCpu, def_percpu};

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

#[def_percpu(hot)]
static HOT_WORD: usize = 0;
#[def_percpu(hot)]
static HOT_SHARED: AtomicUsize = AtomicUsize::new(0);
#[def_percpu(hot)]
static HOT_FLAG: bool = false;
#[def_percpu(hot)]
static HOT_TABLE: [usize; 8] = [0; 8];
#[def_percpu(hot)]
static HOT_A: usize = 0;
#[def_percpu(hot)]
static HOT_B: usize = 0;
#[def_percpu(hot)]
static HOT_C: usize = 0;

/// Increments a word with interrupts masked, so that the offset leaves a loop.
#[cfg(target_arch = "aarch64")]
macro_rules! masked {
    ($word:ident) => {
        $word.with_current_irq_off(|word| *word = word.wrapping_add(1))
    };
}

/// Increments a word with interrupts masked.
#[cfg(not(target_arch = "aarch64"))]
macro_rules! masked {
    ($word:ident) => {
        percpu_hv::IrqOff::scoped(|_| $word.inc_current_unprotected())
    };
}

operations! { "percpu-hv":
    "read"() -> usize { WORD.read_current() }
    "write"(value: usize) { WORD.write_current(value) }
    "read_flag"() -> bool { FLAG.read_current() }
    "write_flag"(value: bool) { FLAG.write_current(value) }
    "increment"() { WORD.inc_current_unprotected() }
    "increment_by_reference"() { WORD.with_current(|word| *word = word.wrapping_add(1)) }
    "add"(operand: usize) { WORD.add_current(operand) }
    "add_one"() { WORD.inc_current() }
    "pointer"() -> *const [usize; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }
    }
    "read_three"() -> usize {
        let pin = CpuPin::new();
        A.read(&pin) ^ B.read(&pin) ^ C.read(&pin)
    }
    "read_remote"(cpu: CpuId) -> usize { WORD.read_remote(cpu) }
    "read_remote_checked"(cpu: usize) -> usize {
        let Some(cpu) = CpuId::new(cpu) else { panic!("there is no such CPU") };
        WORD.read_remote(cpu)
    }
    "read_remote_unchecked"(cpu: usize) -> usize {
        // SAFETY: rule 6: never run beside another CPU.
        unsafe { SHARED.remote_ref_raw(cpu).load(Relaxed) }
    }
    "read_new_pin"() -> usize { WORD.read(&CpuPin::new()) }
    "write_new_pin"(value: usize) { WORD.write(&CpuPin::new(), value) }
    "increment_new_pin"() {
        let pin = CpuPin::new();
        WORD.write(&pin, WORD.read(&pin).wrapping_add(1));
    }
    "add_new_pin"(operand: usize) { SHARED.get(&CpuPin::new()).fetch_add(operand, Relaxed); }
    "increment_masked"() { masked!(WORD) }

    "read_hot"() -> usize { HOT_WORD.read_current() }
    "write_hot"(value: usize) { HOT_WORD.write_current(value) }
    "read_flag_hot"() -> bool { HOT_FLAG.read_current() }
    "write_flag_hot"(value: bool) { HOT_FLAG.write_current(value) }
    "increment_hot"() { HOT_WORD.inc_current_unprotected() }
    "increment_by_reference_hot"() { HOT_WORD.with_current(|word| *word = word.wrapping_add(1)) }
    "add_hot"(operand: usize) { HOT_WORD.add_current(operand) }
    "add_one_hot"() { HOT_WORD.inc_current() }
    "pointer_hot"() -> *const [usize; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { HOT_TABLE.current_ptr() }
    }
    "read_three_hot"() -> usize {
        let pin = CpuPin::new();
        HOT_A.read(&pin) ^ HOT_B.read(&pin) ^ HOT_C.read(&pin)
    }
    "read_new_pin_hot"() -> usize { HOT_WORD.read(&CpuPin::new()) }
    "write_new_pin_hot"(value: usize) { HOT_WORD.write(&CpuPin::new(), value) }
    "increment_new_pin_hot"() {
        let pin = CpuPin::new();
        HOT_WORD.write(&pin, HOT_WORD.read(&pin).wrapping_add(1));
    }
    "add_new_pin_hot"(operand: usize) { HOT_SHARED.get(&CpuPin::new()).fetch_add(operand, Relaxed); }
    "read_remote_hot"(cpu: CpuId) -> usize { HOT_WORD.read_remote(cpu) }
    "read_remote_checked_hot"(cpu: usize) -> usize {
        let Some(cpu) = CpuId::new(cpu) else { panic!("there is no such CPU") };
        HOT_WORD.read_remote(cpu)
    }
    "increment_masked_hot"() { masked!(HOT_WORD) }
}

fn with_pin(f: impl FnOnce(&CpuPin)) {
    f(&CpuPin::new());
}

pinned_operations! { "percpu-hv", pin: CpuPin = with_pin:
    "read_pinned"() -> usize { WORD.read(pin) }
    "write_pinned"(value: usize) { WORD.write(pin, value) }
    "increment_pinned"() { WORD.write(pin, WORD.read(pin).wrapping_add(1)) }
    "add_pinned"(operand: usize) { SHARED.get(pin).fetch_add(operand, Relaxed); }
    "read_three_pinned"() -> usize { A.read(pin) ^ B.read(pin) ^ C.read(pin) }

    "read_pinned_hot"() -> usize { HOT_WORD.read(pin) }
    "write_pinned_hot"(value: usize) { HOT_WORD.write(pin, value) }
    "increment_pinned_hot"() { HOT_WORD.write(pin, HOT_WORD.read(pin).wrapping_add(1)) }
    "add_pinned_hot"(operand: usize) { HOT_SHARED.get(pin).fetch_add(operand, Relaxed); }
    "read_three_pinned_hot"() -> usize { HOT_A.read(pin) ^ HOT_B.read(pin) ^ HOT_C.read(pin) }
}

functions! { "percpu-hv":
    "read_dynamic"(word: &DynPerCpu<usize>) -> usize { word.read_current() }
    "write_dynamic"(value: usize, word: &DynPerCpu<usize>) { word.write_current(value) }
    "increment_dynamic"(word: &DynPerCpu<usize>) { word.inc_current_unprotected() }
    "add_dynamic"(operand: usize, word: &DynPerCpu<usize>) { word.add_current(operand) }
    "add_one_dynamic"(word: &DynPerCpu<usize>) { word.inc_current() }
    "read_remote_dynamic"(cpu: CpuId, word: &DynPerCpu<usize>) -> usize { word.read_remote(cpu) }
}
