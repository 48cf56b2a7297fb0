//! The guest, and the ways into it and out of it.

use core::arch::naked_asm;

/// The sum of what the registers x1 to x18 of a guest hold.
pub(crate) const SUM: u64 = 18 * 19 / 2;

/// `SPSR_EL2` of a guest: EL1 on SP_EL1, all interrupts masked (Arm ARM, "SPSR_EL2").
const SPSR: u64 = 0b1111 << 6 | 0b0101;

/// Code for EL1. It has no memory, and counts x19 down.
#[derive(Clone, Copy)]
pub(crate) struct Guest(extern "C" fn() -> !);

impl Guest {
    pub(crate) const fn with_hypercalls() -> Self {
        Self(with_hypercalls)
    }

    /// As many instructions at EL1, and none at EL2.
    pub(crate) const fn without_hypercalls() -> Self {
        Self(without_hypercalls)
    }
}

macro_rules! guest {
    ($name:ident, $instruction:literal) => {
        #[unsafe(naked)]
        extern "C" fn $name() -> ! {
            naked_asm!(
                "2:",
                $instruction,
                "subs   x19, x19, #1",
                "b.ne   2b",
                // Bit 0 ends the run.
                "hvc    #1",
            )
        }
    };
}

guest!(with_hypercalls, "hvc #0");
guest!(without_hypercalls, "nop");

/// Runs a guest of so many iterations; gives the sum of its registers x1 to x18.
pub(crate) fn run(guest: Guest, iterations: u64) -> u64 {
    assert_ne!(iterations, 0, "a guest counts down to 0");
    enter(guest.0, iterations)
}

/// Goes to EL1. [`leave`] returns to the caller.
#[unsafe(naked)]
extern "C" fn enter(guest: extern "C" fn() -> !, iterations: u64) -> u64 {
    naked_asm!(
        "stp    x29, x30, [sp, #-96]!",
        "stp    x19, x20, [sp, #16]",
        "stp    x21, x22, [sp, #32]",
        "stp    x23, x24, [sp, #48]",
        "stp    x25, x26, [sp, #64]",
        "stp    x27, x28, [sp, #80]",
        "msr    elr_el2, x0",
        "mov    x0, #{spsr}",
        "msr    spsr_el2, x0",
        "mov    x19, x1",
        ".irp   n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18",
        "mov    x\\n, #\\n",
        ".endr",
        "eret",
        spsr = const SPSR,
    )
}

/// Comes from the guest's last hypercall, with its x0 and x1 on the exception stack, and returns from [`enter`].
#[unsafe(naked)]
pub(crate) extern "C" fn leave() {
    naked_asm!(
        "ldp    x0, x1, [sp], #16",
        "mov    x0, xzr",
        ".irp   n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18",
        "add    x0, x0, x\\n",
        ".endr",
        // The stack and the mask of hv-boot: an SError is reported.
        "msr    spsel, #0",
        "msr    daifclr, #0b0100",
        "ldp    x19, x20, [sp, #16]",
        "ldp    x21, x22, [sp, #32]",
        "ldp    x23, x24, [sp, #48]",
        "ldp    x25, x26, [sp, #64]",
        "ldp    x27, x28, [sp, #80]",
        "ldp    x29, x30, [sp], #96",
        "ret",
    )
}
