//! Taking interrupts.

use core::arch::naked_asm;

use riscv::{
    interrupt::supervisor::Interrupt,
    register::{scause, sstatus},
};

use super::harts;
use crate::platform::{__PERCPU_TAKEN, TAKEN, common::reserve::define_reserve, timer_expired};

/// Unmasks interrupts.
pub(crate) fn enable_interrupts() {
    // SAFETY: rule 10: no critical section of this image masks interrupts.
    unsafe { sstatus::set_sie() };
}

/// Masks interrupts.
pub(crate) fn disable_interrupts() {
    // SAFETY: rule 10: nothing here waits for an interrupt.
    unsafe { sstatus::clear_sie() };
}

/// The instructions that are named after the width of an address.
#[cfg(target_arch = "riscv64")]
macro_rules! instruction {
    (load) => {
        "ld"
    };
    (reserve) => {
        "lr.d"
    };
    (store) => {
        "sc.d"
    };
}

/// The instructions that are named after the width of an address.
#[cfg(target_arch = "riscv32")]
macro_rules! instruction {
    (load) => {
        "lw"
    };
    (reserve) => {
        "lr.w"
    };
    (store) => {
        "sc.w"
    };
}

define_reserve!(
    concat!(instruction!(reserve), " {value}, ({word})"),
    concat!(instruction!(load), " {at_load}, ({count})"),
    "2:",
    "addi   {turns}, {turns}, -1",
    "bnez   {turns}, 2b",
    concat!(instruction!(load), " {at_store}, ({count})"),
    concat!(instruction!(store), " {failed}, {value}, ({word})"),
);

/// Where the trap table leads interrupts: saves what a function may change on the interrupted code's stack. Any
/// exception below is reported and final, so that sepc and sstatus need no saving; `gp` and `tp` stay the core's.
#[unsafe(naked)]
pub(super) extern "C" fn entry() {
    naked_asm!(
        ".macro integers instruction",
        "\\instruction ra, 1 * {width}(sp)",
        "\\instruction t0, 2 * {width}(sp)",
        "\\instruction t1, 3 * {width}(sp)",
        "\\instruction t2, 4 * {width}(sp)",
        "\\instruction t3, 5 * {width}(sp)",
        "\\instruction t4, 6 * {width}(sp)",
        "\\instruction t5, 7 * {width}(sp)",
        "\\instruction t6, 8 * {width}(sp)",
        "\\instruction a0, 9 * {width}(sp)",
        "\\instruction a1, 10 * {width}(sp)",
        "\\instruction a2, 11 * {width}(sp)",
        "\\instruction a3, 12 * {width}(sp)",
        "\\instruction a4, 13 * {width}(sp)",
        "\\instruction a5, 14 * {width}(sp)",
        "\\instruction a6, 15 * {width}(sp)",
        "\\instruction a7, 16 * {width}(sp)",
        ".endm",
        ".macro floats instruction",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
        "\\instruction ft\\n, 17 * {width} + \\n * 8(sp)",
        ".endr",
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7",
        "\\instruction fa\\n, 17 * {width} + (12 + \\n) * 8(sp)",
        ".endr",
        ".endm",
        ".option push",
        // The assembler of a naked function does not know all extensions of the target.
        ".option arch, +a",
        ".if {floats}",
        ".option arch, +d",
        ".endif",
        "addi   sp, sp, -{frame}",
        ".if {width} == 8",
        "integers sd",
        ".else",
        "integers sw",
        ".endif",
        ".if {floats}",
        "floats fsd",
        "frcsr  t0",
        "sw     t0, 0(sp)",
        ".endif",
        percpu_hv::add_this_cpu!(TAKEN, 1, t0, t1),
        "call   {handle}",
        ".if {floats}",
        "lw     t0, 0(sp)",
        "fscsr  t0",
        "floats fld",
        ".endif",
        // Ends a reservation of the interrupted code, which neither a store by this core nor `sret` need do (volume 1,
        // "Load-Reserved/Store-Conditional Instructions"; volume 2, "Trap-Return Instructions").
        "sc.w   t0, zero, (sp)",
        ".if {width} == 8",
        "integers ld",
        ".else",
        "integers lw",
        ".endif",
        "addi   sp, sp, {frame}",
        "sret",
        ".option pop",
        ".purgem integers",
        ".purgem floats",
        width = const size_of::<usize>(),
        floats = const cfg!(target_feature = "d") as usize,
        frame = const (17 * size_of::<usize>() + 20 * 8).next_multiple_of(16),
        handle = sym handle,
        TAKEN = sym __PERCPU_TAKEN,
        TAKEN_form = const TAKEN.form(),
    )
}

extern "C" fn handle() {
    match scause::read().code() {
        code if code == Interrupt::SupervisorTimer as usize => timer_expired(),
        // It came while nobody waited for an event.
        _ => harts::forget_event(),
    }
}
