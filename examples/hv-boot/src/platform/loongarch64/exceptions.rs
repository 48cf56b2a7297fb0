//! The exception entries: an interrupt is handled, any other exception is reported and stops the machine.

use core::arch::{asm, global_asm};

use loongArch64::register::{badv, era, estat, tlbrbadv, tlbrera};

use super::{interrupts, privilege, windows};
use crate::exit::{ExitCode, fail, give_up};

// CSR.EENTRY is the first entry, which tells interrupts by CSR.ESTAT.Ecode and has SAVE2 for the register that this
// takes. TLBRENTRY and MERRENTRY are the second, since their exceptions leave ESTAT alone.
//
// CSR.SAVE0 and SAVE1 hold the top of this core's exception stack: the first exception takes SAVE0 and leaves 0 there,
// one while it is reported takes SAVE1, and one more stops the core. A refill or a machine error switched to direct
// translation: mapped addresses again.
global_asm!(
    r#"
    .pushsection .text.exceptions, "ax"
    .global hv_boot_exception
    .balign 4096
hv_boot_exception:
    csrwr   $t0, 0x32
    csrrd   $t0, 0x5
    bstrpick.d $t0, $t0, 21, 16
    bnez    $t0, hv_boot_error
    csrrd   $t0, 0x32
    b       {interrupt}

    .global hv_boot_error
    .balign 4096
hv_boot_error:
    csrwr   $sp, 0x30
    beqz    $sp, 2f
    csrwr   $zero, 0x30
    li.w    $t0, {crmd}
    csrwr   $t0, 0x0
    b       {report}
2:  csrwr   $sp, 0x31
    beqz    $sp, 3f
    li.w    $t0, {crmd}
    csrwr   $t0, 0x0
    b       {give_up}
3:  idle    0
    b       3b
    .popsection
    "#,
    interrupt = sym interrupts::entry,
    crmd = const windows::CRMD,
    report = sym report,
    give_up = sym give_up,
);

/// What an exception leaves in the CSRs, by the kind of exception.
struct Syndrome {
    class: &'static str,
    /// `CSR.ESTAT`, which only exceptions of the common kind write.
    estat: usize,
    /// The address of the instruction.
    pc: usize,
    /// The address that it wanted.
    address: usize,
}

impl Syndrome {
    fn read() -> Self {
        let estat = estat::read();
        let (class, pc, address) = if machine_error_control() & 1 != 0 {
            ("machine error", machine_error_pc(), 0)
        } else if tlbrera::read().is_tlbr() {
            let pc = tlbrera::read().raw() & !0b11;
            ("unmapped address", pc, tlbrbadv::read().vaddr())
        } else {
            let class = class(estat.ecode(), estat.esubcode());
            (class, era::read().pc(), badv::read().vaddr())
        };
        let estat = estat.raw();
        Self {
            class,
            estat,
            pc,
            address,
        }
    }
}

/// Reports the exception; the running core is on its exception stack.
extern "C" fn report() -> ! {
    let (level, syndrome) = (privilege(), Syndrome::read());
    let Syndrome {
        class,
        estat,
        pc,
        address,
    } = syndrome;
    fail(
        ExitCode::EXCEPTION,
        format_args!(
            "exception at {level}: {class}\n  ESTAT {estat:#010x}  ERA {pc:#018x}  BADV {address:#018x}"
        ),
    )
}

/// The exception class, `CSR.ESTAT.Ecode` and `EsubCode` ("Exception Status"), as far as an image meets it.
fn class(code: usize, subcode: usize) -> &'static str {
    match (code, subcode) {
        (0x0, _) => "interrupt",
        (0x8, 0) => "address error of a fetch",
        (0x8, _) => "address error",
        (0x9, _) => "misaligned address",
        (0xa, _) => "bounds check",
        (0xb, _) => "system call",
        (0xc, _) => "breakpoint instruction",
        (0xd, _) => "undefined instruction",
        (0xe, _) => "privileged instruction",
        (0xf..=0x11, _) => "floating point or vectors are off",
        _ => "see ESTAT.Ecode",
    }
}

/// `CSR.MERRCTL`, whose bit 0 says that this is a machine error ("Machine Error Controller").
fn machine_error_control() -> usize {
    let value;
    // SAFETY: rule 10. Not `pure`: an exception changes it.
    unsafe { asm!("csrrd {}, 0x90", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// `CSR.MERRERA` ("Machine Error Exception Return Address").
fn machine_error_pc() -> usize {
    let value;
    // SAFETY: rule 10. Not `pure`: an exception changes it.
    unsafe { asm!("csrrd {}, 0x94", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}
