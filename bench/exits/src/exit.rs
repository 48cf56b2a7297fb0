//! What the exits of all variants have in common.

use core::mem::offset_of;

use aarch64_cpu::registers::{ESR_EL2, Readable};

/// The registers of a guest that a function may change, where the exits below store them.
#[repr(C)]
pub(crate) struct Vcpu {
    /// x0 to x18.
    x: [u64; 19],
    x30: u64,
}

impl Vcpu {
    pub(crate) const fn new() -> Self {
        Self { x: [0; 19], x30: 0 }
    }
}

const _: () = assert!(offset_of!(Vcpu, x30) == 19 * 8);

/// How many reasons `ESR_EL2.EC` can tell.
pub(crate) const REASONS: usize = 64;

/// `ESR_EL2.EC` of a hypercall (Arm ARM, "ESR_EL2").
pub(crate) const HYPERCALL: usize = 0x16;

/// The exits with one way to reach per-CPU variables.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// Gives the vector table of the exit in assembly.
    pub(crate) assembly: extern "C" fn() -> u64,
    /// Gives the vector table of the exit with a handler in Rust.
    pub(crate) handler: extern "C" fn() -> u64,
    /// Gives this core, which has that id, a vCPU.
    pub(crate) start: fn(usize, *mut Vcpu),
    /// The exits of this core, and those of them that the handler counted as hypercalls.
    pub(crate) counts: fn() -> (u64, u64),
}

/// The handler in Rust: counts the exit by its reason, finds the vCPU that goes on, gives it an interrupt if one is
/// pending, and else answers its hypercall by `SUCCESS` in x0.
#[inline(always)]
pub(crate) fn handle(
    count: impl FnOnce(usize),
    vcpu: impl FnOnce() -> *mut Vcpu,
    pending: impl FnOnce() -> bool,
) -> *mut Vcpu {
    count(ESR_EL2.read(ESR_EL2::EC) as usize % REASONS);
    let vcpu = vcpu();
    if pending() {
        return give_interrupt(vcpu);
    }
    // SAFETY: rule 9, this core's vCPU, whose guest does not run.
    unsafe { (*vcpu).x[0] = 0 };
    vcpu
}

#[cold]
#[inline(never)]
fn give_interrupt(_vcpu: *mut Vcpu) -> *mut Vcpu {
    panic!("nothing makes an interrupt pending");
}

/// A function that gives the address of a vector table. Exits go to `exit`, and all other exceptions to hv-boot.
macro_rules! vectors {
    ($name:ident, $exit:path) => {
        #[unsafe(naked)]
        extern "C" fn $name() -> u64 {
            core::arch::naked_asm!(
                "adr    x0, 2f",
                "ret",
                ".balign 0x800",
                "2:",
                ".irp   slot, 0, 1, 2, 3, 4, 5, 6, 7",
                "b      hv_boot_vectors + 0x80 * \\slot",
                ".balign 0x80",
                ".endr",
                // A synchronous exception of a lower level ("Exception vectors").
                "b      {exit}",
                ".irp   slot, 9, 10, 11, 12, 13, 14, 15",
                ".balign 0x80",
                "b      hv_boot_vectors + 0x80 * \\slot",
                ".endr",
                exit = sym $exit,
            )
        }
    };
}

/// The exit in assembly. It runs on the exception stack.
///
/// `find` loads the address of this core's vCPU to x1, and may change x0. `count` adds 1 to the exits of this core, may
/// change x2 and x3, and finds x0 as `find` left it. Neither changes the flags.
macro_rules! exit_in_assembly {
    ($name:ident, find $find:expr, count $count:expr, $($operand:tt)*) => {
        #[unsafe(naked)]
        extern "C" fn $name() {
            core::arch::naked_asm!(
                "stp    x0, x1, [sp, #-16]!",
                "mrs    x1, esr_el2",
                "tbnz   x1, #0, 2f",
                $find,
                "stp    x2, x3, [x1, #16]",
                $count,
                "ldp    x2, x3, [x1, #16]",
                "ldp    x0, x1, [sp], #16",
                "eret",
                "2:",
                "b      {leave}",
                leave = sym $crate::guest::leave,
                $($operand)*
            )
        }
    };
}

/// The exit with a handler in Rust, which returns the vCPU that goes on. It runs on the exception stack.
///
/// `find` and `count` are as above. `handle` finds x0 as `find` left it.
macro_rules! exit_with_handler {
    ($name:ident, find $find:expr, count $count:expr, handle $handle:path, $($operand:tt)*) => {
        #[unsafe(naked)]
        extern "C" fn $name() {
            core::arch::naked_asm!(
                "stp    x0, x1, [sp, #-16]!",
                "mrs    x1, esr_el2",
                "tbnz   x1, #0, 2f",
                $find,
                "stp    x2, x3, [x1, #16]",
                "ldp    x2, x3, [sp], #16",
                "stp    x2, x3, [x1]",
                "stp    x4, x5, [x1, #32]",
                "stp    x6, x7, [x1, #48]",
                "stp    x8, x9, [x1, #64]",
                "stp    x10, x11, [x1, #80]",
                "stp    x12, x13, [x1, #96]",
                "stp    x14, x15, [x1, #112]",
                "stp    x16, x17, [x1, #128]",
                "stp    x18, x30, [x1, #144]",
                $count,
                "bl     {handle}",
                "ldp    x18, x30, [x0, #144]",
                "ldp    x16, x17, [x0, #128]",
                "ldp    x14, x15, [x0, #112]",
                "ldp    x12, x13, [x0, #96]",
                "ldp    x10, x11, [x0, #80]",
                "ldp    x8, x9, [x0, #64]",
                "ldp    x6, x7, [x0, #48]",
                "ldp    x4, x5, [x0, #32]",
                "ldp    x2, x3, [x0, #16]",
                "ldp    x0, x1, [x0]",
                "eret",
                "2:",
                "b      {leave}",
                handle = sym $handle,
                leave = sym $crate::guest::leave,
                $($operand)*
            )
        }
    };
}

/// Defines `VARIANT`, and both of its exits.
macro_rules! variant {
    (
        $name:literal, find $find:expr, count $count:expr, handle $handle:path, start $start:path, counts $counts:path,
        $($operand:tt)*
    ) => {
        $crate::exit::exit_in_assembly! { exit, find $find, count $count, $($operand)* }
        $crate::exit::exit_with_handler! {
            exit_with_handler, find $find, count $count, handle $handle, $($operand)*
        }
        $crate::exit::vectors! { assembly, exit }
        $crate::exit::vectors! { handler, exit_with_handler }

        /// This one.
        pub(crate) const VARIANT: $crate::exit::Variant = $crate::exit::Variant {
            name: $name,
            assembly,
            handler,
            start: $start,
            counts: $counts,
        };
    };
}
pub(crate) use {exit_in_assembly, exit_with_handler, variant, vectors};
