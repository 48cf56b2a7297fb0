//! The stable counter ("RDTIME{L/H}.W, RDTIME.D"), and the core's timer, which counts at the same rate.
//!
//! The CSRs are written here: the functions of loongArch64 0.2.6 do not tell the compiler that `csrwr` puts the old
//! value into its operand.

use core::arch::asm;

use loongArch64::time;

/// `CSR.TCFG.En`: count down once, and interrupt.
const ENABLE: u64 = 1 << 0;
/// The fields of `CSR.TCFG` whose unit is 1: the value counts in fours.
const VALUE_UNIT: u64 = 4;
/// The timer's bit in `CSR.ECFG.LIE` and `CSR.ESTAT.IS`.
pub(super) const INTERRUPT: usize = 1 << 11;

/// The counter, the same on all cores.
pub(crate) fn ticks() -> u64 {
    time::Time::read() as u64
}

/// Its frequency in hertz, from words 4 and 5 of `CPUCFG`.
pub(crate) fn ticks_per_second() -> u64 {
    time::get_timer_freq() as u64
}

/// Lets the timer interrupt this core, once it is set.
pub(crate) fn enable_timer() {
    configure(0);
    forget_interrupt();
    enable_source(INTERRUPT);
}

/// Switches the timer off.
pub(crate) fn disable_timer() {
    configure(0);
    forget_interrupt();
    enable_source(0);
}

/// Interrupts this core after `delay`, rounded up to what the timer counts in.
pub(crate) fn set_timer(delay: u64) {
    configure(delay.max(1).next_multiple_of(VALUE_UNIT) | ENABLE);
}

/// Ends the timer's interrupt: `CSR.TICLR` ("Timer Interrupt Clearing").
pub(super) fn forget_interrupt() {
    // SAFETY: rule 10, rule 12: the register is the core's own, and nothing in memory depends on it.
    unsafe {
        asm!("csrwr {}, 0x44", inout(reg) 1_u64 => _, options(nomem, nostack, preserves_flags));
    }
}

/// Writes `CSR.TCFG` ("Timer Configuration").
fn configure(value: u64) {
    // SAFETY: rule 10, rule 12: as above.
    unsafe {
        asm!("csrwr {}, 0x41", inout(reg) value => _, options(nomem, nostack, preserves_flags));
    }
}

/// Sets the timer's bit of `CSR.ECFG` to that of `value`.
fn enable_source(value: usize) {
    // SAFETY: rule 10, rule 12: as above; the entry code takes the interrupt. The mask cannot be in `$ra`.
    unsafe {
        asm!(
            "csrxchg {}, $a1, 0x4",
            inout(reg) value => _,
            in("$a1") INTERRUPT,
            options(nomem, nostack, preserves_flags)
        );
    }
}
