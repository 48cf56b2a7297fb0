//! Stopping the machine: the panic handler, and the report of a failure.

use core::{
    fmt,
    panic::PanicInfo,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{console::print_at_last, exit_code::ExitCode, machine::known, platform};

impl ExitCode {
    /// Stops the machine, all cores, with this status.
    pub fn exit(self) -> ! {
        platform::exit(self.value())
    }
}

/// The hardware id of the core that reports a failure, or `NOBODY`. No architecture's ids are wider than an address.
static REPORTER: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = usize::MAX;

/// Prints `reason` and the CPU, and stops the machine. If several cores fail, the first one reports and the others
/// wait. A fault in the report is reported once more, on a stack of bounded size.
#[unsafe(export_name = "__hv_boot_fail")]
fn fail(code: ExitCode, reason: fmt::Arguments<'_>) -> ! {
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
    let name = platform::HARDWARE_ID;
    // No CPU has an id before the firmware's tables are read.
    match known().iter().position(|&cpu| cpu == me) {
        Some(id) => print_at_last(format_args!(
            "hv-boot: cpu {id}, {name} {me:#x}: {reason}\n"
        )),
        None => print_at_last(format_args!("hv-boot: {name} {me:#x}: {reason}\n")),
    }
    code.exit()
}

/// Stops the machine after an exception in the report of another one. It takes no lock, so that it cannot hang.
#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
#[unsafe(export_name = "__hv_boot_give_up")]
extern "C" fn give_up() -> ! {
    platform::write(format_args!(
        "hv-boot: an exception while one was reported\n"
    ));
    ExitCode::EXCEPTION.exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    fail(ExitCode::PANIC, format_args!("{info}"))
}
