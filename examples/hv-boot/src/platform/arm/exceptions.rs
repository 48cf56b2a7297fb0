//! The vector table: an IRQ is handled, any other exception is reported and stops the machine.

use core::arch::global_asm;

use super::mode::{Fault, Mode, Vector, fault, interrupt};
use crate::{exit_code::ExitCode, platform::fail};

// TPIDRURW holds the top of this core's exception stack, in every mode; the first exception takes it and leaves 0
// there, so an overflown stack can be reported. An exception that finds 0 came from the report: it touches no memory
// but its message, and stops the machine by semihosting (SYS_WRITE0 = 4, SYS_EXIT_EXTENDED = 0x20 with
// ADP_Stopped_ApplicationExit = 0x20026), so that it cannot repeat. Vectors: "Exception vectors and the exception
// base address".
global_asm!(
    r#"
    .pushsection .text.vectors, "ax"
    .global hv_boot_vectors
    .balign 32
hv_boot_vectors:
    b       10f
    b       11f
    b       12f
    b       13f
    b       14f
    b       15f
    b       {interrupt}
    b       17f
10: mov     r0, #0
    b       2f
11: mov     r0, #1
    b       2f
12: mov     r0, #2
    b       2f
13: mov     r0, #3
    b       2f
14: mov     r0, #4
    b       2f
15: mov     r0, #5
    b       2f
17: mov     r0, #7

2:  mrc     p15, 0, r2, c13, c0, 2
    mov     r3, #0
    mcr     p15, 0, r3, c13, c0, 2
    cmp     r2, #0
    beq     3f
    mov     sp, r2
    mov     r1, lr
    mrs     r2, spsr
    b       {report}

3:  mov     r0, #0x4
    adr     r1, 5f
    svc     #0x123456
    mov     r0, #0x20
    adr     r1, 4f
    svc     #0x123456
    b       .
    .balign 4
4:  .word   0x20026, {status}
5:  .asciz  "hv-boot: an exception while one was reported\n"
    .balign 4
    .popsection
    "#,
    interrupt = sym interrupt,
    report = sym report,
    status = const ExitCode::EXCEPTION.value(),
);

/// Reports vector `number`; the running core is on its exception stack.
extern "C" fn report(number: usize, link: u32, spsr: u32) -> ! {
    let vector = Vector::ALL[number];
    let Fault {
        status: (register, status),
        address,
        pc,
    } = fault(vector, link);
    let why = match vector {
        Vector::PrefetchAbort | Vector::DataAbort => cause(status),
        _ => "",
    };
    let (kind, mode) = (vector.name(), Mode::WANTED.name());
    fail(
        ExitCode::EXCEPTION,
        format_args!(
            "{kind}{why} in {mode}\n  {register} {status:#010x}  address {address:#010x}  PC {pc:#010x}  SPSR {spsr:#010x}"
        ),
    )
}

/// The fault status, which has the same codes in DFSR and IFSR with long descriptors as in HSR ("PL1 fault reporting
/// with the Long-descriptor translation table format").
fn cause(status: u32) -> &'static str {
    match status & 0x3f {
        0x04..=0x07 => ", translation fault",
        0x08..=0x0b => ", access flag fault",
        0x0c..=0x0f => ", permission fault",
        0x10 | 0x11 => ", external abort",
        0x14..=0x17 => ", external abort on a table walk",
        0x21 => ", alignment fault",
        0x22 => ", debug event",
        _ => "",
    }
}
