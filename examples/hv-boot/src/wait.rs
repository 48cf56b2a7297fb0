//! Waiting with a time limit.

use core::{fmt, time::Duration};

use crate::{machine, platform};

/// How long a core waits for the others. An emulator may run hundreds of spinning cores on two.
fn patience() -> Duration {
    Duration::from_secs(30) + Duration::from_millis(500) * machine::known_cpus() as u32
}

/// A point in time, by the counter that all cores share.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    ticks: u64,
}

impl Deadline {
    /// The point `delay` from now.
    pub fn after(delay: Duration) -> Self {
        let delay = delay.as_micros() * u128::from(platform::ticks_per_second()) / 1_000_000;
        let delay = u64::try_from(delay).unwrap_or(u64::MAX);
        Self {
            ticks: platform::ticks().saturating_add(delay),
        }
    }

    /// Whether that point is past.
    pub fn has_passed(self) -> bool {
        platform::ticks() >= self.ticks
    }
}

/// Waits until `condition` holds.
///
/// # Panics
///
/// After 30 seconds, plus half a second for each CPU. The message is "waited 30 s for {what}".
#[track_caller]
pub fn wait_until(what: impl fmt::Display, mut condition: impl FnMut() -> bool) {
    let patience = patience();
    let deadline = Deadline::after(patience);
    while !condition() {
        assert!(
            !deadline.has_passed(),
            "waited {} s for {what}",
            patience.as_secs()
        );
        core::hint::spin_loop();
    }
}
