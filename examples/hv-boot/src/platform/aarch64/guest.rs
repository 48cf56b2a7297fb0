//! Guests: a few instructions at EL1, which share this image's memory.

use core::arch::{asm, global_asm};

use aarch64_cpu::registers::{HCR_EL2, ID_AA64MMFR1_EL1, Readable, SCTLR_EL2};

use super::{
    entry::SCTLR_EL1_OFF,
    level::{Level, level},
};
use crate::platform::{Exit, GUEST_VALUE, Interrupts, Virtualization};

const EL2: Virtualization = Virtualization {
    name: "EL2, E2H=0",
    guest_writes_register: false,
    interrupts: Interrupts::All,
    run: |turns| run(turns, 0, 0),
    run_with_nmi: None,
};

/// Interrupts are the guest's, and EL2 takes none ("Asynchronous exception routing").
const EL2_WITHOUT_INTERRUPTS: Virtualization = Virtualization {
    name: "EL2, IMO=0",
    interrupts: Interrupts::None,
    run: |turns| run(turns, 0, IMO),
    ..EL2
};

/// With the Virtualization Host Extensions while the guest runs, and at its exit.
const EL2_HOST: Virtualization = Virtualization {
    name: "EL2, E2H=1",
    run: |turns| run(turns, E2H, 0),
    ..EL2
};

/// The same, and the guest is a process of the hypervisor's at EL0.
const EL2_HOST_OF_EL0: Virtualization = Virtualization {
    name: "EL2, E2H=1, TGE=1",
    run: |turns| run(turns, E2H | TGE, 0),
    ..EL2
};

const IMO: u64 = HCR_EL2::IMO::EnableVirtualIRQ.value;
const E2H: u64 = HCR_EL2::E2H::EnableOsAtEl2.value;
const TGE: u64 = HCR_EL2::TGE::EnableTrapGeneralExceptionsToEl2.value;

/// Those of this core.
pub(crate) fn virtualizations() -> &'static [Virtualization] {
    const ALL: &[Virtualization] = &[EL2, EL2_WITHOUT_INTERRUPTS, EL2_HOST, EL2_HOST_OF_EL0];
    match level() {
        // The image runs with E2H = 1 already.
        Level::El2 if cfg!(feature = "vhe") => &[],
        Level::El2 if ID_AA64MMFR1_EL1.is_set(ID_AA64MMFR1_EL1::VH) => ALL,
        Level::El2 => &ALL[..2],
        _ => &[],
    }
}

// hv_boot_exits: the vector table while a guest runs. What comes from the guest goes to x16 with the kind in x0,
// anything else to the image's own table ("Exception vectors"). The guest's table skips an UNDEFINED instruction: at
// EL1 the write of TPIDR_EL2 is one.
global_asm!(
    r#"
    .pushsection .text.guest, "ax"
    .global hv_boot_exits
    .balign 0x800
hv_boot_exits:
    .irp    number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    .balign 0x80
    .if     \number == 8 || \number == 9
    mov     x0, #\number - 8
    br      x16
    .else
    b       hv_boot_vectors + \number * 0x80
    .endif
    .endr

    .global hv_boot_guest_vectors
    .balign 0x800
hv_boot_guest_vectors:
    .skip   0x200
    mrs     x9, elr_el1
    add     x9, x9, #4
    msr     elr_el1, x9
    eret

    .global hv_boot_guest
hv_boot_guest:
    msr     tpidr_el1, x1
    msr     tpidr_el0, x1
    msr     tpidrro_el0, x1
    msr     tpidr_el2, x1
2:  subs    x0, x0, #1
    b.ne    2b
    hvc     #0

    .global hv_boot_process
hv_boot_process:
    msr     tpidr_el0, x1
2:  subs    x0, x0, #1
    b.ne    2b
    svc     #0
    .popsection
    "#
);

unsafe extern "C" {
    safe static hv_boot_guest: u8;
    safe static hv_boot_process: u8;
}

/// Runs a guest with this image's `HCR_EL2`, by which interrupts are EL2's, but for some bits.
///
/// With `E2H` the translation tables have another format, so the MMU is off meanwhile. No memory is used then.
fn run(turns: usize, set: u64, cleared: u64) -> Exit {
    let hcr = (HCR_EL2.get() | set) & !cleared;
    let mut sctlr = SCTLR_EL2.get();
    let (is_host, is_process) = (hcr & E2H != 0, hcr & TGE != 0);
    if is_host {
        sctlr &= !(SCTLR_EL2::M::Enable.value | SCTLR_EL2::C::Cacheable.value);
    }
    let (entry, state) = if is_process {
        // EL0t.
        (&raw const hv_boot_process, 0b0000_u64)
    } else {
        // EL1h, with all masked that it can mask: it has no vector for an interrupt that is its own.
        (&raw const hv_boot_guest, 0b11_1100_0101)
    };
    let (interrupted, vectors, vectors_by_el1_name): (u64, u64, u64);
    let (register, of_el1, of_el0): (usize, usize, usize);
    // SAFETY: rule 10: EL2's registers are what they were in the end, and EL1's and EL0's are the guest's. Not `nomem`:
    // handlers run when interrupts are unmasked again. The flags change.
    unsafe {
        asm!(
            "mrs    x13, daif",
            "msr    daifset, #0b1111",
            "mrs    x10, hcr_el2",
            "mrs    x11, sctlr_el2",
            "mrs    x12, vbar_el2",
            "adrp   x9, hv_boot_guest_vectors",
            "add    x9, x9, :lo12:hv_boot_guest_vectors",
            "msr    vbar_el1, x9",
            "msr    sctlr_el1, x17",
            "adrp   x9, hv_boot_exits",
            "add    x9, x9, :lo12:hv_boot_exits",
            "msr    vbar_el2, x9",
            "msr    elr_el2, x6",
            "msr    spsr_el2, x7",
            "adr    x16, 2f",
            "msr    sctlr_el2, x15",
            "isb",
            "msr    hcr_el2, x14",
            "isb",
            "eret",
            // The exit. `x2` is what variables use from its first instruction on.
            "2:",
            "mrs    x2, tpidr_el2",
            "mrs    x3, tpidr_el1",
            "mrs    x6, tpidr_el0",
            "mrs    x4, vbar_el2",
            "mrs    x5, vbar_el1",
            "msr    hcr_el2, x10",
            "isb",
            "msr    sctlr_el2, x11",
            "msr    vbar_el2, x12",
            "isb",
            "msr    spsel, #0",
            "msr    daif, x13",
            inout("x0") turns => interrupted,
            in("x1") GUEST_VALUE,
            lateout("x2") register,
            lateout("x3") of_el1,
            lateout("x4") vectors,
            lateout("x5") vectors_by_el1_name,
            inout("x6") entry.addr() => of_el0,
            in("x7") state,
            out("x9") _,
            out("x10") _,
            out("x11") _,
            out("x12") _,
            out("x13") _,
            in("x14") hcr,
            in("x15") sctlr,
            out("x16") _,
            in("x17") SCTLR_EL1_OFF,
            options(nostack),
        );
    }
    // Else the guest did not run with what its name says.
    assert_eq!(
        vectors == vectors_by_el1_name,
        is_host,
        "with E2H, and only then, the names of EL1's registers mean EL2's"
    );
    Exit {
        interrupted: interrupted != 0,
        register,
        guests: if is_process { of_el0 } else { of_el1 },
    }
}
