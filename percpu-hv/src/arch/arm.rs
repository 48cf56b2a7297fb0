//! 32-bit Arm (Armv7-A): `TPIDRPRW`, or `HTPIDR` with the feature `arm-hyp`.
//!
//! Register: the thread ID register that PL0 cannot reach (Arm ARM DDI 0406, "TPIDRPRW, PL1 only
//! Thread ID Register"), or that of Hyp mode ("HTPIDR, Hyp Software Thread ID Register"); hardware
//! never uses either. A guest at PL1 owns `TPIDRPRW`: a hypervisor that uses it must save and
//! restore it around a guest. Only Hyp mode reaches `HTPIDR`, so it survives every guest;
//! elsewhere it is UNDEFINED.
//!
//! Default mode: the template starts at a multiple of 64 KiB, so the low 16 bits of a symbol are
//! its offset; the register holds the base. The relocation does not check its range: percpu.x and
//! init do.
//!
//! ```text
//! movw r0, #:lower16:__PERCPU_X
//! mrc  p15, 0, r1, c13, c0, 4
//! ldr  r0, [r1, r0]
//! ```
//!
//! `non-zero-vma`: any address, relative to the code; the register is biased.
//!
//! ```text
//! movw r1, #:lower16:(__PERCPU_X - (1f + 8))
//! movt r1, #:upper16:(__PERCPU_X - (1f + 8))
//! 1: add r1, pc, r1
//! mrc  p15, 0, r0, c13, c0, 4
//! ldr  r0, [r0, r1]
//! ```
//!
//! Read-modify-writes are loops of `ldrex` and `strex` on as many bytes as the variable has. Neither a store
//! of the same CPU nor a return from an exception need end the reservation ("Synchronization and
//! semaphores", "Context switch support"), so every way out of an exception has a `clrex`: else the loop
//! undoes what a handler stored to the variable. The same holds for what switches contexts.

pub(crate) mod interrupts {
    use core::arch::asm;

    /// Masks IRQ and FIQ, and gives the masks that were (`CPSR`).
    #[inline(always)]
    pub(crate) fn mask() -> usize {
        let state: usize;
        // SAFETY: rule 10. Not `nomem`: no access moves out of the masked part.
        unsafe {
            asm!("mrs {}, cpsr", "cpsid if", out(reg) state, options(nostack, preserves_flags));
        }
        state
    }

    /// # Safety
    ///
    /// `state` is what [`mask`] gave on this CPU.
    #[inline(always)]
    pub(crate) unsafe fn restore(state: usize) {
        // SAFETY: rule 10. The control field holds the masks and the mode, which is the same one;
        // the flags are another field. Not `nomem`: no access moves out of the masked part.
        unsafe { asm!("msr cpsr_c, {}", in(reg) state, options(nostack, preserves_flags)) };
    }
}

/// 64 bits by one instruction. It is one access on a CPU with the Large Physical Address Extension, as
/// all with the Virtualization Extensions have ("Single-copy atomicity"), and two on an older one.
pub(crate) mod double {
    use core::arch::asm;
    use core::mem::transmute;

    /// # Safety
    ///
    /// There is an aligned `u64` at `address` that may be read.
    #[inline(always)]
    pub(crate) unsafe fn load(address: usize) -> u64 {
        let (first, second): (u32, u32);
        // SAFETY: rule 10, one load. Not `pure`: a handler or another CPU may write it.
        unsafe {
            asm!(
                "ldrd r0, r1, [{address}]",
                address = in(reg) address,
                out("r0") first,
                out("r1") second,
                options(readonly, nostack, preserves_flags)
            );
        }
        // SAFETY: rule 14, any bits are a `u64`; the words are in the order of their addresses.
        unsafe { transmute::<[u32; 2], u64>([first, second]) }
    }

    /// # Safety
    ///
    /// There is an aligned `u64` at `address` that may be written.
    #[inline(always)]
    pub(crate) unsafe fn store(address: usize, value: u64) {
        // SAFETY: rule 14, as `load`.
        let [first, second] = unsafe { transmute::<u64, [u32; 2]>(value) };
        // SAFETY: rule 10, one store.
        unsafe {
            asm!(
                "strd r0, r1, [{address}]",
                address = in(reg) address,
                in("r0") first,
                in("r1") second,
                options(nostack, preserves_flags)
            );
        }
    }
}

#[cfg(not(feature = "sp-naive"))]
pub(crate) mod access {
    use core::arch::asm;

    use crate::InitError;

    /// What a 16-bit offset reaches, and what the template's address is a multiple of.
    #[cfg(not(feature = "non-zero-vma"))]
    const REACH: usize = 1 << 16;

    /// The modes of the CPSR that matter here ("ARM processor modes").
    const MODE_MASK: u32 = 0x1f;
    const MODE_HYP: u32 = 0x1a;

    pub(crate) const HOT_REACH: Option<usize> = None;

    pub(crate) fn register() -> Option<usize> {
        Some(register_for_access())
    }

    #[inline(always)]
    pub(crate) fn register_for_access() -> usize {
        let value: usize;
        // SAFETY: rule 10. Not `pure`: the value changes when the context moves to another CPU.
        unsafe {
            #[cfg(not(feature = "arm-hyp"))]
            asm!("mrc p15, 0, {}, c13, c0, 4", out(reg) value, options(nomem, nostack, preserves_flags));
            #[cfg(feature = "arm-hyp")]
            asm!("mrc p15, 4, {}, c13, c0, 2", out(reg) value, options(nomem, nostack, preserves_flags));
        }
        value
    }

    #[inline(always)]
    pub(crate) fn register_for_pin() -> usize {
        let value: usize;
        // SAFETY: rule 10. `pure`, so that offsets after it leave a loop; not `nomem`: it stays between
        // the calls around it, any of which may move the context.
        unsafe {
            #[cfg(not(feature = "arm-hyp"))]
            asm!("mrc p15, 0, {}, c13, c0, 4", out(reg) value, options(pure, readonly, nostack, preserves_flags));
            #[cfg(feature = "arm-hyp")]
            asm!("mrc p15, 4, {}, c13, c0, 2", out(reg) value, options(pure, readonly, nostack, preserves_flags));
        }
        value
    }

    /// # Safety
    ///
    /// Rule 2 of docs/safety.md: `value` is the base of an area, less the bias.
    pub(crate) unsafe fn set_register(value: usize) {
        // SAFETY: rule 10. Not `nomem`: what comes after goes to another area.
        unsafe {
            #[cfg(not(feature = "arm-hyp"))]
            asm!("mcr p15, 0, {}, c13, c0, 4", in(reg) value, options(nostack, preserves_flags));
            #[cfg(feature = "arm-hyp")]
            asm!("mcr p15, 4, {}, c13, c0, 2", in(reg) value, options(nostack, preserves_flags));
        }
    }

    pub(crate) const REGISTER_IS_IN_AREA: bool = false;

    #[track_caller]
    pub(crate) fn assert_register_accessible() {
        #[cfg(feature = "arm-hyp")]
        assert!(
            in_hyp_mode(),
            "percpu-hv is built for Hyp mode but does not run in it, where HTPIDR is UNDEFINED; build \
             the whole image without the feature `arm-hyp`, or boot it in Hyp mode"
        );
    }

    #[track_caller]
    pub(crate) fn assert_register_is_own() {
        assert_register_accessible();
        #[cfg(not(feature = "arm-hyp"))]
        assert!(
            !in_hyp_mode(),
            "percpu-hv is built for SVC mode but runs in Hyp mode, where a guest owns TPIDRPRW; build the \
             whole image with the feature `arm-hyp` of percpu-hv, or leave Hyp mode before init"
        );
    }

    /// `MPIDR`.
    pub(crate) fn hardware_id() -> Option<usize> {
        let value: usize;
        // SAFETY: rule 10. Not `pure`: another CPU has another one.
        unsafe {
            asm!("mrc p15, 0, {}, c0, c0, 5", out(reg) value, options(nomem, nostack, preserves_flags));
        }
        Some(value)
    }

    pub(crate) const BIASED: bool = cfg!(feature = "non-zero-vma");

    #[cfg(not(feature = "non-zero-vma"))]
    pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
        crate::arch::check_reach(start, size, REACH)
    }

    #[cfg(feature = "non-zero-vma")]
    pub(crate) fn check_template(_start: usize, _size: usize) -> Result<(), InitError> {
        Ok(())
    }

    /// Exclusives are only guaranteed on Normal memory ("Synchronization and semaphores"), which data
    /// is once the MMU and the data cache are on: bits M and C of `SCTLR`, or of `HSCTLR` in Hyp mode.
    pub(crate) fn memory_is_normal() -> bool {
        const M_AND_C: u32 = 1 << 0 | 1 << 2;
        let control: u32;
        // SAFETY: rule 10, each register is read in a mode where it is accessible.
        unsafe {
            if in_hyp_mode() {
                asm!("mrc p15, 4, {}, c1, c0, 0", out(reg) control, options(nomem, nostack, preserves_flags));
            } else {
                asm!("mrc p15, 0, {}, c1, c0, 0", out(reg) control, options(nomem, nostack, preserves_flags));
            }
        }
        control & M_AND_C == M_AND_C
    }

    fn in_hyp_mode() -> bool {
        let status: u32;
        // SAFETY: rule 10, the CPSR is readable in every mode.
        unsafe { asm!("mrs {}, cpsr", out(reg) status, options(nomem, nostack, preserves_flags)) };
        status & MODE_MASK == MODE_HYP
    }

    /// The offset: the low 16 bits of the address.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __displacement {
        ($symbol:path) => {{
            let offset: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    "movw {}, #:lower16:{}",
                    out(reg) offset,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            offset
        }};
    }

    /// The address, since the register is biased.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __displacement {
        ($symbol:path) => {
            $crate::__address!($symbol)
        };
    }

    /// All 32 bits.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __address {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    "movw {0}, #:lower16:{1}",
                    "movt {0}, #:upper16:{1}",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// Relative to the code: an image that moves needs no relocation.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __address {
        ($symbol:path) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. Fixed once the image is loaded: `pure` and without memory. The PC
            // reads as the instruction's address plus 8.
            unsafe {
                ::core::arch::asm!(
                    "movw {0}, #:lower16:({1} - (2f + 8))",
                    "movt {0}, #:upper16:({1} - (2f + 8))",
                    "2: add {0}, pc, {0}",
                    out(reg) address,
                    sym $symbol,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// A weak reference is 0 in both parts if it is undefined.
    #[cfg(not(feature = "non-zero-vma"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __optional_address {
        ($symbol:literal) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. A constant of the linker: `pure` and without memory.
            unsafe {
                ::core::arch::asm!(
                    ::core::concat!(".weak ", $symbol),
                    ::core::concat!(".hidden ", $symbol),
                    ::core::concat!("movw {0}, #:lower16:", $symbol),
                    ::core::concat!("movt {0}, #:upper16:", $symbol),
                    out(reg) address,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// By the GOT: an undefined weak symbol relative to the PC is not 0.
    #[cfg(feature = "non-zero-vma")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __optional_address {
        ($symbol:literal) => {{
            let address: ::core::primitive::usize;
            // SAFETY: rule 10. Two loads: the distance of a slot of the GOT, in the code, and the
            // slot, which is written before the image runs.
            unsafe {
                ::core::arch::asm!(
                    ::core::concat!(".weak ", $symbol),
                    ::core::concat!(".hidden ", $symbol),
                    "ldr {0}, 3f",
                    "2: ldr {0}, [pc, {0}]",
                    "b 4f",
                    ::core::concat!("3: .long ", $symbol, "(GOT_PREL) - (2b + 8 - 3b)"),
                    "4:",
                    out(reg) address,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
            address
        }};
    }

    /// Nothing: an address in a register is as short.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __direct {
        ($group:ident $symbol:path) => {};
    }
}
