//! Guests: a few instructions in VS-mode, which share this image's memory ("Hypervisor Extension").

use core::arch::{asm, global_asm};

use riscv::register::sstatus;

use super::{interrupts::instruction, nmi};
use crate::platform::{Exit, GUEST_VALUE, Interrupts, Virtualization};

/// `hstatus.SPV`: `sret` goes to a virtual machine ("Hypervisor Status (`hstatus`) Register").
const HSTATUS_SPV: usize = 1 << 7;
/// `sstatus.SPP`: to its VS-mode.
const SSTATUS_SPP: usize = 1 << 8;

/// Those of this hart.
pub(crate) fn virtualizations() -> &'static [Virtualization] {
    const HS_MODE: &[Virtualization] = &[Virtualization {
        name: "HS-mode",
        guest_writes_register: true,
        interrupts: Interrupts::All,
        run: |turns| run(turns, false),
        run_with_nmi: Some(|turns| run(turns, true)),
    }];
    if is_there() { HS_MODE } else { &[] }
}

/// Whether the hart has the extension: S-mode sees it only by a register that is there, or is an illegal instruction.
fn is_there() -> bool {
    let without: usize;
    let masked = sstatus::read().sie();
    super::disable_interrupts();
    // SAFETY: rule 10: the trap, if one comes, goes on at `2:` with interrupts masked as before, and `stvec` is what it
    // was in the end.
    unsafe {
        asm!(
            "la     {vector}, 2f",
            "csrrw  {vector}, stvec, {vector}",
            "li     {without}, 1",
            "csrr   {value}, 0x600", // hstatus
            "li     {without}, 0",
            ".balign 4",
            "2:",
            "csrw   stvec, {vector}",
            without = out(reg) without,
            vector = out(reg) _,
            value = out(reg) _,
            options(nostack)
        );
    }
    if masked {
        super::enable_interrupts();
    }
    without == 0
}

// The guest writes few registers, so that a run has few to save.
global_asm!(
    r#"
    .pushsection .text.guest, "ax"
    .global hv_boot_guest
    .balign 4
hv_boot_guest:
    mv      gp, a1
    csrci   sstatus, 1 << 1
2:  addi    a0, a0, -1
    bnez    a0, 2b
    ecall
    .popsection
    "#
);

/// Runs the guest without translation and without delegation to it: all its traps are HS-mode's. With `event` one comes
/// at the exit, while `gp` is the guest's.
fn run(turns: usize, event: bool) -> Exit {
    let (cause, register): (isize, usize);
    // SAFETY: rule 10: the registers of HS-mode, `gp` and `sp` are what they were in the end, and those of VS-mode are
    // the guest's. Not `nomem`: handlers run when interrupts are unmasked again.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            "csrr   t0, sstatus",
            "csrci  sstatus, 1 << 1", // SIE
            "csrr   t1, stvec",
            "csrr   t2, sscratch",
            "csrw   0x680, zero", // hgatp
            "csrw   0x280, zero", // vsatp
            "csrw   0x602, zero", // hedeleg
            "csrw   0x603, zero", // hideleg
            "csrs   0x600, t3", // hstatus
            "csrs   sstatus, t4",
            "la     t5, hv_boot_guest",
            "csrw   sepc, t5",
            "la     t5, 2f",
            "csrw   stvec, t5",
            // What the exit restores lies where sscratch says.
            "addi   sp, sp, -16",
            concat!(instruction!(store_word), " gp, (sp)"),
            "csrw   sscratch, sp",
            // The guest does not go on with a reservation of another one.
            "addi   sp, sp, -16",
            "sc.w   t5, zero, (sp)",
            "addi   sp, sp, 16",
            "sret",
            ".balign 4",
            "2:",
            // The exit.
            "csrrw  sp, sscratch, sp",
            "csrr   t5, scause",
            // Before the event: OpenSBI 1.5 returns from one to VS-mode if SPV is set.
            "csrc   0x600, t3", // hstatus
            "beqz   t6, 3f",
            "li     a7, {sse}",
            "li     a6, {inject}",
            "li     a0, {event}",
            "mv     a1, tp",
            "ecall",
            "3:",
            // What variables would use here.
            "mv     a2, gp",
            concat!(instruction!(load), " gp, (sp)"),
            "addi   sp, sp, 16",
            "csrw   sscratch, t2",
            "csrw   stvec, t1",
            "mv     a0, t5",
            "csrw   sstatus, t0",
            ".option pop",
            inout("a0") turns => cause,
            inout("a1") GUEST_VALUE => _,
            lateout("a2") register,
            out("t0") _,
            out("t1") _,
            out("t2") _,
            in("t3") HSTATUS_SPV,
            in("t4") SSTATUS_SPP,
            out("t5") _,
            in("t6") usize::from(event),
            out("a6") _,
            out("a7") _,
            sse = const nmi::SSE,
            inject = const nmi::INJECT,
            event = const nmi::EVENT as i32,
        );
    }
    Exit {
        // The highest bit.
        interrupted: cause < 0,
        register,
        guests: register,
    }
}
