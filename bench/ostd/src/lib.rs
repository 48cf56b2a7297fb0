//! OSTD, the framework of Asterinas. A `cpu_local_cell` is for this CPU: in single instructions where the architecture
//! has them, and else with interrupts masked. A `cpu_local` needs a guard that masks interrupts; other CPUs reach it too.
#![no_std]
// What an operation takes and gives is passed in registers, whatever C thinks of its type.
#![allow(improper_ctypes_definitions)]

use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use ostd::{
    cpu::CpuId,
    cpu_local, cpu_local_cell,
    irq::{DisabledLocalIrqGuard, disable_local},
};

#[path = "../../peers/src/functions.rs"]
#[macro_use]
mod functions;

cpu_local_cell! {
    static WORD: usize = 0;
    static FLAG: bool = false;
    static TABLE: [usize; 8] = [0; 8];
    static A: usize = 0;
    static B: usize = 0;
    static C: usize = 0;
}

cpu_local! {
    static LOCAL: Cell<usize> = Cell::new(0);
    static SHARED: AtomicUsize = AtomicUsize::new(0);
    static LOCAL_A: Cell<usize> = Cell::new(0);
    static LOCAL_B: Cell<usize> = Cell::new(0);
    static LOCAL_C: Cell<usize> = Cell::new(0);
}

#[inline(always)]
fn increment(guard: &DisabledLocalIrqGuard) {
    let word = LOCAL.get_with(guard);
    word.set(word.get().wrapping_add(1));
}

functions! { "ostd":
    "read"() -> usize { WORD.load() }
    "write"(value: usize) { WORD.store(value) }
    "read_flag"() -> bool { FLAG.load() }
    "write_flag"(value: bool) { FLAG.store(value) }
    "increment"() { WORD.add_assign(1) }
    "add"(operand: usize) { WORD.add_assign(operand) }
    "add_one"() { WORD.add_assign(1) }
    "pointer"() -> *const [usize; 8] { TABLE.as_mut_ptr() }
    "read_three"() -> usize { A.load() ^ B.load() ^ C.load() }
    "increment_masked"() { increment(&disable_local()) }
    "read_remote"(cpu: CpuId) -> usize { SHARED.get_on_cpu(cpu).load(Relaxed) }
    "read_remote_checked"(cpu: usize) -> usize {
        let Ok(cpu) = CpuId::try_from(cpu) else { panic!("there is no such CPU") };
        SHARED.get_on_cpu(cpu).load(Relaxed)
    }

    "read_new_pin"() -> usize { LOCAL.get_with(&disable_local()).get() }
    "write_new_pin"(value: usize) { LOCAL.get_with(&disable_local()).set(value) }
    "increment_new_pin"() { increment(&disable_local()) }
    "add_new_pin"(operand: usize) { SHARED.get_with(&disable_local()).fetch_add(operand, Relaxed); }

    "read_pinned"(guard: &DisabledLocalIrqGuard) -> usize { LOCAL.get_with(guard).get() }
    "write_pinned"(value: usize, guard: &DisabledLocalIrqGuard) { LOCAL.get_with(guard).set(value) }
    "increment_pinned"(guard: &DisabledLocalIrqGuard) { increment(guard) }
    "add_pinned"(operand: usize, guard: &DisabledLocalIrqGuard) {
        SHARED.get_with(guard).fetch_add(operand, Relaxed);
    }
    "read_three_pinned"(guard: &DisabledLocalIrqGuard) -> usize {
        LOCAL_A.get_with(guard).get() ^ LOCAL_B.get_with(guard).get() ^ LOCAL_C.get_with(guard).get()
    }
}
