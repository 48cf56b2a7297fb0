//! Starting the other cores by INIT-SIPI-SIPI ("MP Initialization Example").

use core::{fmt, sync::atomic::Ordering, time::Duration};

use super::{
    apic,
    entry::{ARRIVED, STARTING, TRAMPOLINE},
};
use crate::platform::wait::{Deadline, wait_until};

/// Why a core does not start.
pub(crate) struct TooLarge(u64);

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x} is no APIC id", self.0)
    }
}

/// Starts the core `hardware_id`, and waits until it has taken its CPU id.
///
/// # Panics
///
/// If it does not arrive in time ([`wait_until`]).
pub(crate) fn start_core(id: usize, hardware_id: u64) -> Result<(), TooLarge> {
    let to = u32::try_from(hardware_id).map_err(|_| TooLarge(hardware_id))?;
    let page = TRAMPOLINE.load(Ordering::Relaxed);
    STARTING.store(id, Ordering::Relaxed);
    ARRIVED.store(false, Ordering::Relaxed);
    apic::send_init(to);
    wait_for_arrival(Duration::from_millis(10));
    // A core that took the first one ignores the second.
    for _ in 0..2 {
        if !ARRIVED.load(Ordering::Acquire) {
            apic::send_startup(to, page);
            wait_for_arrival(Duration::from_micros(200));
        }
    }
    wait_until(format_args!("cpu {id} to answer INIT-SIPI-SIPI"), || {
        ARRIVED.load(Ordering::Acquire)
    });
    Ok(())
}

/// Waits for the core that starts, at most so long.
fn wait_for_arrival(delay: Duration) {
    let deadline = Deadline::after(delay);
    while !ARRIVED.load(Ordering::Acquire) && !deadline.has_passed() {
        core::hint::spin_loop();
    }
}
