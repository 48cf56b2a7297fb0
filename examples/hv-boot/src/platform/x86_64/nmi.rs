//! Non-maskable interrupts, which this core's APIC sends to it.

use core::arch::naked_asm;

use super::{apic, interrupts::entry};
use crate::{
    exit_code::ExitCode,
    platform::{fail, nmi_taken},
};

/// Interrupts this core.
pub(crate) fn send_nmi() -> bool {
    apic::send_nmi(super::hardware_id() as u32);
    true
}

/// Where the descriptor table leads it, on the interrupted code's stack. `GS_BASE` is this core's, also in code that
/// runs a guest, since none comes before its `stgi`. Until the `iretq` no other one comes ("Handling Multiple NMIs").
#[unsafe(naked)]
pub(super) extern "C" fn nmi() {
    entry!(handle)
}

extern "C" fn handle() {
    if !nmi_taken() {
        fail(
            ExitCode::EXCEPTION,
            format_args!("a non-maskable interrupt that nobody awaits"),
        );
    }
}
