//! The vector table: an IRQ and a step are handled, any other exception is reported and stops the machine.

use core::arch::{global_asm, naked_asm};

use aarch64_cpu::registers::{
    ELR_EL1, ELR_EL2, ESR_EL1, ESR_EL2, FAR_EL1, FAR_EL2, Readable, SPSR_EL1, SPSR_EL2,
};

use super::{
    gaps::InGap,
    interrupts::{entry, irq},
    level::{Level, level},
    step,
};
use crate::{exit_code::ExitCode, platform::fail};

// The image runs on SP_EL0 ("EL2t"), so that an exception switches to SP_ELx, a stack of its own, by itself:
// an overflown stack can be reported. An exception taken on SP_ELx came from the report; that one touches no
// memory but its message, and stops the machine by semihosting (SYS_WRITE0 = 4, SYS_EXIT = 0x18 with
// ADP_Stopped_ApplicationExit = 0x20026), so that it cannot repeat. Vectors: Arm ARM, "Exception vectors".
global_asm!(
    r#"
    .pushsection .text.vectors, "ax"
    .macro report number
        .balign 0x80
        mov     x0, #\number
        b       {report}
    .endm
    .macro give_up
        .balign 0x80
        b       9f
    .endm

    .global hv_boot_vectors
    .balign 0x800
hv_boot_vectors:
    b       {synchronous}
    .balign 0x80
    b       {interrupt}
    report  2
    report  3
    give_up
    give_up
    give_up
    give_up
    report  8
    report  9
    report  10
    report  11
    report  12
    report  13
    report  14
    report  15

    .balign 0x80
9:  mov     w0, #0x4
    adr     x1, 7f
    hlt     #0xf000
    mov     w0, #0x18
    adr     x1, 8f
    hlt     #0xf000
    b       .
    .balign 8
8:  .quad   0x20026, {status}
7:  .asciz  "hv-boot: an exception while one was reported\n"
    .balign 4
    .popsection
    "#,
    synchronous = sym synchronous,
    interrupt = sym irq,
    report = sym report,
    status = const ExitCode::EXCEPTION.value(),
);

/// Where the vector table leads a synchronous exception, which stays on the exception stack.
#[unsafe(naked)]
extern "C" fn synchronous() {
    entry!(handle)
}

extern "C" fn handle() {
    if !step::handle() {
        report(0);
    }
}

/// Reports vector `number`; the running core is on its exception stack.
extern "C" fn report(number: u64) -> ! {
    let kind = ["synchronous exception", "IRQ", "FIQ", "SError"][(number % 4) as usize];
    let from = if number < 8 { "" } else { " of a lower level" };
    let level = level();
    let (esr, elr, far, spsr) = match level {
        Level::El1 => (ESR_EL1.get(), ELR_EL1.get(), FAR_EL1.get(), SPSR_EL1.get()),
        _ => (ESR_EL2.get(), ELR_EL2.get(), FAR_EL2.get(), SPSR_EL2.get()),
    };
    let (level, class) = (level.name(), class(esr));
    fail(
        ExitCode::EXCEPTION,
        format_args!(
            "{kind}{from} at {level}: {class}{}\n  ESR {esr:#010x}  ELR {elr:#018x}  FAR {far:#018x}  SPSR {spsr:#010x}",
            InGap(far)
        ),
    )
}

/// The exception class, ESR_ELx.EC ("ESR_EL1"), as far as an image meets it.
fn class(esr: u64) -> &'static str {
    match esr >> 26 & 0x3f {
        0x00 => "undefined instruction",
        0x07 => "floating point is off",
        0x0e => "illegal execution state",
        0x15 => "supervisor call",
        0x16 => "hypervisor call",
        0x17 => "secure monitor call",
        0x18 => "trapped system register",
        0x20 | 0x21 => "instruction abort",
        0x22 => "misaligned program counter",
        0x24 | 0x25 => "data abort",
        0x26 => "misaligned stack pointer",
        0x2f => "SError",
        0x3c => "breakpoint instruction",
        _ => "see ESR_ELx.EC",
    }
}
