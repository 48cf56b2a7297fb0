//! What loops give to operations, and what they do with results: nothing that takes an instruction.

use core::{arch::asm, hint::black_box};

use percpu_hv::CpuId;

/// A value that the compiler knows nothing about.
pub trait Argument: Copy {
    /// The value.
    fn make() -> Self;
}

impl Argument for usize {
    fn make() -> Self {
        // Also the id of a CPU.
        black_box(0)
    }
}

impl Argument for bool {
    fn make() -> Self {
        black_box(true)
    }
}

impl Argument for CpuId {
    fn make() -> Self {
        black_box(CpuId::new(0).expect("the areas are initialized"))
    }
}

/// Takes a result, and keeps the compiler from moving memory accesses from one iteration to another.
pub trait Consume {
    /// Takes it.
    fn consume(self);
}

impl Consume for usize {
    #[inline(always)]
    fn consume(self) {
        // SAFETY: rule 10. Not `nomem`: the barrier between iterations.
        unsafe { asm!("/* {} */", in(reg) self, options(nostack, preserves_flags)) };
    }
}

impl Consume for () {
    #[inline(always)]
    fn consume(self) {
        // SAFETY: rule 10. Not `nomem`: the barrier between iterations.
        unsafe { asm!("", options(nostack, preserves_flags)) };
    }
}

impl Consume for bool {
    // The register's name stands in a comment only.
    #[allow(asm_sub_register)]
    #[inline(always)]
    fn consume(self) {
        let byte = u8::from(self);
        // SAFETY: rule 10. Not `nomem`: the barrier between iterations.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            asm!("/* {} */", in(reg_byte) byte, options(nostack, preserves_flags));
            #[cfg(not(target_arch = "x86_64"))]
            asm!("/* {} */", in(reg) byte, options(nostack, preserves_flags));
        }
    }
}

impl<T> Consume for *const T {
    #[inline(always)]
    fn consume(self) {
        self.expose_provenance().consume();
    }
}
