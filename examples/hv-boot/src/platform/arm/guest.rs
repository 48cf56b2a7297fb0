//! Guests: a few instructions in SVC mode, which share this image's memory.

#[cfg(feature = "arm-hyp")]
use core::arch::{asm, global_asm};

use crate::platform::Virtualization;
#[cfg(feature = "arm-hyp")]
use crate::platform::{Exit, GUEST_VALUE, Interrupts};

/// Those of this core: an image in SVC mode has none.
pub(crate) fn virtualizations() -> &'static [Virtualization] {
    #[cfg(feature = "arm-hyp")]
    const HYP: &[Virtualization] = &[Virtualization {
        name: "Hyp mode",
        guest_writes_register: false,
        interrupts: Interrupts::All,
        run,
        run_with_nmi: None,
    }];
    #[cfg(not(feature = "arm-hyp"))]
    const HYP: &[Virtualization] = &[];
    HYP
}

// hv_boot_exits: the vector table while a guest runs. What comes from the guest goes to r4 with the kind in r0,
// anything else to the image's own table ("Exception vectors and the exception base address"). The guest's table skips
// an UNDEFINED instruction: in SVC mode the write of HTPIDR is one.
#[cfg(feature = "arm-hyp")]
global_asm!(
    r#"
    .pushsection .text.guest, "ax"
    .global hv_boot_exits
    .balign 32
hv_boot_exits:
    b       hv_boot_vectors
    b       hv_boot_vectors + 4
    b       hv_boot_vectors + 8
    b       hv_boot_vectors + 12
    b       hv_boot_vectors + 16
    b       2f
    b       3f
    b       hv_boot_vectors + 28
2:  mov     r0, #0
    bx      r4
3:  mov     r0, #1
    bx      r4

    .global hv_boot_guest_vectors
    .balign 32
hv_boot_guest_vectors:
    b       .
    movs    pc, lr

    .global hv_boot_guest
hv_boot_guest:
    mcr     p15, 0, r1, c13, c0, 4 // TPIDRPRW
    mcr     p15, 0, r1, c13, c0, 3 // TPIDRURO
    mcr     p15, 4, r1, c13, c0, 2 // HTPIDR
    cpsid   aif
2:  subs    r0, r0, #1
    bne     2b
    .arch_extension virt
    hvc     #0
    .arch_extension novirt
    .popsection
    "#
);

/// Runs the guest with this image's `HCR`, by which interrupts are Hyp mode's.
#[cfg(feature = "arm-hyp")]
fn run(turns: usize) -> Exit {
    let (interrupted, register, guests): (usize, usize, usize);
    // SAFETY: rule 10: Hyp mode's registers are what they were in the end, and the guest's are its own; its mode has a
    // banked stack pointer and link register. Not `nomem`: handlers run when interrupts are unmasked again. The flags
    // change.
    unsafe {
        asm!(
            ".arch_extension virt",
            "mrs    r5, cpsr",
            "cpsid  aif",
            "mrc    p15, 4, r8, c12, c0, 0", // HVBAR
            "movw   r9, #:lower16:hv_boot_guest_vectors",
            "movt   r9, #:upper16:hv_boot_guest_vectors",
            "mcr    p15, 0, r9, c12, c0, 0", // VBAR
            "movw   r9, #:lower16:hv_boot_exits",
            "movt   r9, #:upper16:hv_boot_exits",
            "mcr    p15, 4, r9, c12, c0, 0", // HVBAR
            "movw   r9, #:lower16:hv_boot_guest",
            "movt   r9, #:upper16:hv_boot_guest",
            "msr    elr_hyp, r9",
            // SVC mode, interrupts not masked yet.
            "mov    r9, #0x13",
            "msr    spsr_hyp, r9",
            "adr    r4, 2f",
            "isb",
            // The guest does not go on with a reservation of another one.
            "clrex",
            "eret",
            // The exit. r2 is what variables use from its first instruction on.
            "2:",
            "mrc    p15, 4, r2, c13, c0, 2", // HTPIDR
            "mrc    p15, 0, r3, c13, c0, 4", // TPIDRPRW
            "mcr    p15, 4, r8, c12, c0, 0", // HVBAR
            "isb",
            "msr    cpsr_c, r5",
            ".arch_extension novirt",
            inout("r0") turns => interrupted,
            in("r1") GUEST_VALUE,
            lateout("r2") register,
            lateout("r3") guests,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            options(nostack),
        );
    }
    Exit {
        interrupted: interrupted != 0,
        register,
        guests,
    }
}
