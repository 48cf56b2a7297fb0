//! A core that changes between hypervisor and guest.
//!
//! `enter` leaves for the guest, and returns at the guest's next exit, as a function does. In between the core
//! has no register of the hypervisor's but two: SP_EL2, on whose stack an exception begins, and TPIDR_EL2, which leads
//! to this core's variables. The guest reaches neither.

use core::{
    arch::{global_asm, naked_asm},
    mem::offset_of,
    ops::ControlFlow,
};

use aarch64_cpu::registers::{ESR_EL2, Readable, SPSR_EL2};
use percpu_hv::{add_this_cpu, adr_this_cpu, def_percpu};

/// The registers of a guest's core that the hypervisor uses too.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Vcpu {
    /// x0 to x30.
    pub(super) x: [u64; 31],
    /// Where it goes on, and its PSTATE there.
    pub(super) pc: u64,
    pub(super) pstate: u64,
    /// EL0's stack pointer, which the hypervisor uses as its own.
    sp_el0: u64,
    /// The hypervisor's, while the guest runs.
    host_sp: u64,
}

/// Exclusive: this core borrows it while its guest runs. The vector finds it in assembly, with one instruction less
/// since it is hot.
#[def_percpu(hot)]
static VCPU: Vcpu = Vcpu::OFF;

/// All exits of this core, which the vector counts in assembly.
#[def_percpu(hot)]
pub(super) static EXITS: u64 = 0;

/// Runs this core's part of the guest once `prepare` has changed its registers, and calls `handle` after each exit until
/// it breaks.
pub(super) fn run<R>(
    prepare: impl FnOnce(&mut Vcpu),
    mut handle: impl FnMut(&mut Vcpu) -> ControlFlow<R>,
) -> R {
    install_vectors();
    VCPU.with_current(|vcpu| {
        prepare(vcpu);
        loop {
            // SAFETY: rule 10: `vcpu` is this core's VCPU, at EL1 or EL0, and hv-boot's functions run on SP_EL0.
            unsafe { enter(vcpu) };
            if let ControlFlow::Break(end) = handle(vcpu) {
                return end;
            }
        }
    })
}

/// PSTATE of EL1 on its own stack, with interrupts masked.
pub(super) const EL1H_MASKED: u64 = SPSR_EL2::M::EL1h.value
    | SPSR_EL2::D::Masked.value
    | SPSR_EL2::A::Masked.value
    | SPSR_EL2::I::Masked.value
    | SPSR_EL2::F::Masked.value;

impl Vcpu {
    const OFF: Self = Self::starting_at(0, 0);

    /// A core that begins at `pc` with `argument` in x0, at EL1.
    pub(super) const fn starting_at(pc: u64, argument: u64) -> Self {
        let mut x = [0; 31];
        x[0] = argument;
        Self {
            x,
            pc,
            pstate: EL1H_MASKED,
            sp_el0: 0,
            host_sp: 0,
        }
    }

    /// Goes on behind the instruction that the exit reports: 4 bytes, or 2 of T32 (ESR_EL2.IL).
    pub(super) fn skip_instruction(&mut self) {
        let size = match ESR_EL2.is_set(ESR_EL2::IL) {
            true => 4,
            false => 2,
        };
        self.pc = self.pc.wrapping_add(size);
    }

    /// Goes back to an HVC: its exit reports the address behind it.
    pub(super) fn back_to_hvc(&mut self) {
        self.pc = self.pc.wrapping_sub(4);
    }
}

/// Makes the table below this core's: it has the guest's exits, and hv-boot's entries for all else.
fn install_vectors() {
    // SAFETY: rule 10: the table handles every exception. What comes from EL2 goes where it went before.
    unsafe {
        core::arch::asm!(
            "adrp {table}, guest_vectors",
            "add {table}, {table}, :lo12:guest_vectors",
            "msr vbar_el2, {table}",
            "isb",
            table = out(reg) _,
            options(nomem, nostack, preserves_flags)
        )
    };
}

// Entry 8 is a synchronous exception of a lower level that is AArch64 (Arm ARM, "Exception vectors").
global_asm!(
    ".pushsection .text.vectors, \"ax\"",
    ".balign 0x800",
    "guest_vectors:",
    ".set entry, 0",
    ".rept 16",
    ".balign 0x80",
    ".if entry == 8",
    "b {leave}",
    ".else",
    "b hv_boot_vectors + 0x80 * entry",
    ".endif",
    ".set entry, entry + 1",
    ".endr",
    ".popsection",
    leave = sym leave,
);

/// Enters the guest, and returns at its next exit. Interrupts stay masked at EL2.
///
/// # Safety
///
/// `vcpu` is this core's `VCPU`, its registers are those of EL1 or EL0, and the stack is that of SP_EL0.
#[unsafe(naked)]
unsafe extern "C" fn enter(vcpu: &mut Vcpu) {
    naked_asm!(
        // What a function preserves; the rest is the caller's loss.
        "stp    x19, x20, [sp, #-96]!",
        "stp    x21, x22, [sp, #16]",
        "stp    x23, x24, [sp, #32]",
        "stp    x25, x26, [sp, #48]",
        "stp    x27, x28, [sp, #64]",
        "stp    x29, x30, [sp, #80]",
        "mov    x1, sp",
        "str    x1, [x0, #{host_sp}]",
        // SP_EL0 is the guest's from here on.
        "msr    spsel, #1",
        "ldp    x1, x2, [x0, #{pc}]",
        "ldr    x3, [x0, #{sp_el0}]",
        "msr    elr_el2, x1",
        "msr    spsr_el2, x2",
        "msr    sp_el0, x3",
        "ldp    x2, x3, [x0, #16]",
        "ldp    x4, x5, [x0, #32]",
        "ldp    x6, x7, [x0, #48]",
        "ldp    x8, x9, [x0, #64]",
        "ldp    x10, x11, [x0, #80]",
        "ldp    x12, x13, [x0, #96]",
        "ldp    x14, x15, [x0, #112]",
        "ldp    x16, x17, [x0, #128]",
        "ldp    x18, x19, [x0, #144]",
        "ldp    x20, x21, [x0, #160]",
        "ldp    x22, x23, [x0, #176]",
        "ldp    x24, x25, [x0, #192]",
        "ldp    x26, x27, [x0, #208]",
        "ldp    x28, x29, [x0, #224]",
        "ldr    x30, [x0, #240]",
        "ldp    x0, x1, [x0]",
        "eret",
        pc = const offset_of!(Vcpu, pc),
        sp_el0 = const offset_of!(Vcpu, sp_el0),
        host_sp = const offset_of!(Vcpu, host_sp),
    )
}

/// Where the vector leads an exit: saves the guest's registers, counts, and returns from `enter`.
#[unsafe(naked)]
unsafe extern "C" fn leave() {
    naked_asm!(
        // The stack is SP_EL2's, and every register is the guest's.
        "stp    x0, x1, [sp, #-16]!",
        adr_this_cpu!(x0, VCPU, x1),
        "stp    x2, x3, [x0, #16]",
        "stp    x4, x5, [x0, #32]",
        "stp    x6, x7, [x0, #48]",
        "stp    x8, x9, [x0, #64]",
        "stp    x10, x11, [x0, #80]",
        "stp    x12, x13, [x0, #96]",
        "stp    x14, x15, [x0, #112]",
        "stp    x16, x17, [x0, #128]",
        "stp    x18, x19, [x0, #144]",
        "stp    x20, x21, [x0, #160]",
        "stp    x22, x23, [x0, #176]",
        "stp    x24, x25, [x0, #192]",
        "stp    x26, x27, [x0, #208]",
        "stp    x28, x29, [x0, #224]",
        "str    x30, [x0, #240]",
        "ldp    x1, x2, [sp], #16",
        "stp    x1, x2, [x0]",
        "mrs    x1, elr_el2",
        "mrs    x2, spsr_el2",
        "mrs    x3, sp_el0",
        "stp    x1, x2, [x0, #{pc}]",
        "str    x3, [x0, #{sp_el0}]",
        add_this_cpu!(EXITS, 1, x1, x2, x3),
        // Back to the stack that `enter` left.
        "ldr    x1, [x0, #{host_sp}]",
        "msr    spsel, #0",
        "mov    sp, x1",
        "ldp    x21, x22, [sp, #16]",
        "ldp    x23, x24, [sp, #32]",
        "ldp    x25, x26, [sp, #48]",
        "ldp    x27, x28, [sp, #64]",
        "ldp    x29, x30, [sp, #80]",
        "ldp    x19, x20, [sp], #96",
        "ret",
        VCPU = sym __PERCPU_VCPU,
        VCPU_form = const VCPU.form(),
        EXITS = sym __PERCPU_EXITS,
        EXITS_form = const EXITS.form(),
        pc = const offset_of!(Vcpu, pc),
        sp_el0 = const offset_of!(Vcpu, sp_el0),
        host_sp = const offset_of!(Vcpu, host_sp),
    )
}
