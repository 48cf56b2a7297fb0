//! The trap table: two interrupts are handled, any other trap is reported and stops the machine.

use core::{arch::global_asm, cell::UnsafeCell, mem::MaybeUninit};

use riscv::{
    interrupt::supervisor::Interrupt,
    register::{scause, sepc, sstatus, stval},
};

use super::{interrupts, privilege};
use crate::exit::{ExitCode, fail, give_up};

// Vectored: an exception goes to the first entry, the interrupt with code n to entry n.
//
// sscratch holds the top of this core's exception stack; the first exception takes it and leaves 0 there, so an
// overflown stack can be reported. An exception that finds 0 came from the report: on a stack for that alone it stops
// the machine, and one more stops the core.
global_asm!(
    r#"
    .pushsection .text.exceptions, "ax"
    .option push
    .option norvc
    .global hv_boot_traps
    .balign 256
hv_boot_traps:
    .irp code, 0,1,2,3,4,5,6,7,8,9,10,11,12,13
    .if \code == {software} || \code == {timer}
    j       {interrupt}
    .else
    j       hv_boot_exception
    .endif
    .endr
    .option pop

hv_boot_exception:
    csrrw   sp, sscratch, zero
    beqz    sp, 2f
    tail    {report}
2:  la      sp, 3f
    csrw    stvec, sp
    la      sp, {last_stack} + {last_stack_size}
    tail    {give_up}
    .balign 4
3:  wfi
    j       3b
    .popsection
    "#,
    software = const Interrupt::SupervisorSoft as usize,
    timer = const Interrupt::SupervisorTimer as usize,
    interrupt = sym interrupts::entry,
    report = sym report,
    give_up = sym give_up,
    last_stack = sym LAST_STACK,
    last_stack_size = const LastStack::SIZE,
);

/// The stack of `give_up`.
#[repr(C, align(16))]
struct LastStack(UnsafeCell<MaybeUninit<[u8; LastStack::SIZE]>>);

impl LastStack {
    const SIZE: usize = 4096;
}

// SAFETY: rule 11: Rust code does not touch it, and cores that meet on it do nothing but stop the machine.
unsafe impl Sync for LastStack {}

static LAST_STACK: LastStack = LastStack(UnsafeCell::new(MaybeUninit::uninit()));

/// Reports what scause, sepc and stval say; the running core is on its exception stack.
extern "C" fn report() -> ! {
    let (cause, pc, value) = (scause::read(), sepc::read(), stval::read());
    let status = sstatus::read().bits();
    let (level, cause_bits) = (privilege(), cause.bits());
    let (kind, name) = if cause.is_interrupt() {
        ("interrupt", "see scause")
    } else {
        ("exception", exception(cause.code()))
    };
    fail(
        ExitCode::EXCEPTION,
        format_args!(
            "{kind} in {level}: {name}\n  scause {cause_bits:#x}  sepc {pc:#018x}  stval {value:#018x}  sstatus {status:#x}"
        ),
    )
}

/// The exception code of scause ("Supervisor Cause (`scause`) Register"), as far as an image meets it.
fn exception(code: usize) -> &'static str {
    match code {
        0 => "misaligned instruction address",
        1 => "instruction access fault",
        2 => "illegal instruction",
        3 => "breakpoint",
        4 => "misaligned load",
        5 => "load access fault",
        6 => "misaligned store or atomic access",
        7 => "store or atomic access fault",
        8 => "environment call from U-mode",
        9 => "environment call from S-mode",
        12 => "instruction page fault",
        13 => "load page fault",
        15 => "store or atomic page fault",
        _ => "see scause",
    }
}
