//! Stopping the machine: the status, the panic handler, and the report of a failure.

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
    /// Success.
    pub const SUCCESS: Self = Self(0);
    /// `main` found an error, which it has printed.
    pub const FAILURE: Self = Self(1);
    /// A panic, as in a Rust program on a host.
    pub const PANIC: Self = Self(101);
    /// An exception that nothing handles.
    pub const EXCEPTION: Self = Self(102);
    /// The image cannot run on this machine.
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

/// The hardware id of the core that reports a failure, or `NOBODY`. No architecture's ids are wider than an address.
static REPORTER: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = usize::MAX;

/// Prints `reason` and the CPU, and stops the machine. If several cores fail, the first one reports and the others
/// wait. A fault in the report is reported once more, on a stack of bounded size.
pub(crate) fn fail(code: ExitCode, reason: fmt::Arguments<'_>) -> ! {
    let me = platform::hardware_id();
    let reporter = me as usize;
    // A compare-and-swap needs the caches; before they are on, one core runs.
    if platform::caches_are_on()
        && let Err(first) =
            REPORTER.compare_exchange(NOBODY, reporter, Ordering::Relaxed, Ordering::Relaxed)
        && first != reporter
    {
        loop {
            platform::wait_for_event();
        }
    }
    let cpu = Named { hardware_id: me };
    console::print_at_last(format_args!("hv-boot: {cpu}: {reason}\n"));
    code.exit()
}

/// Stops the machine after an exception in the report of another one. It takes no lock, so that it cannot hang.
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
