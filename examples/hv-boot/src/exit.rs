//! Stopping the machine: the status, the panic handler, and what a fault says last.

use core::{
    fmt,
    panic::PanicInfo,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{console, machine::Named, platform};

/// The status with which the machine stops; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode(u8);

impl ExitCode {
    /// Everything was as it should be.
    pub const SUCCESS: Self = Self(0);
    /// `main` found something wrong and has said what.
    pub const FAILURE: Self = Self(1);
    /// A panic, as in a Rust program on a host.
    pub const PANIC: Self = Self(101);
    /// An exception that nothing handles.
    pub const EXCEPTION: Self = Self(102);
    /// The machine is not what the image was built for.
    pub const BOOT: Self = Self(103);

    /// The status as a number.
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Stops the machine, all cores, with this status.
    pub fn exit(self) -> ! {
        platform::exit(self.0)
    }
}

impl From<u8> for ExitCode {
    fn from(status: u8) -> Self {
        Self(status)
    }
}

/// The core that prints last: its hardware id, which no architecture makes wider than an address, or `NOBODY`.
static LAST_SPEAKER: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = usize::MAX;

/// Prints `reason` with the CPU that it struck and stops the machine. The first core to come here wins, another
/// waits for the end. A fault of the report itself is reported once more, on a stack that is bounded.
pub(crate) fn fail(code: ExitCode, reason: fmt::Arguments<'_>) -> ! {
    let me = platform::hardware_id();
    let speaker = me as usize;
    // A compare-and-swap is an exclusive instruction, which needs the caches; before them one core runs.
    if platform::caches_are_on()
        && let Err(first) =
            LAST_SPEAKER.compare_exchange(NOBODY, speaker, Ordering::Relaxed, Ordering::Relaxed)
        && first != speaker
    {
        loop {
            platform::wait_for_event();
        }
    }
    let cpu = Named { hardware_id: me };
    console::print_at_last(format_args!("hv-boot: {cpu}: {reason}\n"));
    code.exit()
}

/// Stops a machine that met an exception while it reported one: without a lock, so that it cannot repeat.
#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
pub(crate) extern "C" fn give_up() -> ! {
    platform::write(format_args!(
        "hv-boot: an exception while one was reported\n"
    ));
    ExitCode::EXCEPTION.exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    fail(ExitCode::PANIC, format_args!("{info}"))
}
