//! Starting the other cores by INIT-SIPI-SIPI ("MP Initialization Example").

use core::{
    alloc::Layout,
    fmt,
    ops::Range,
    ptr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use super::{apic, entry, paging::PAGE};
use crate::{
    cores,
    machine::Machine,
    memory,
    wait::{Deadline, wait_until},
};

/// A page below 1 MiB, by its number: there a core starts in real mode.
#[derive(Debug)]
pub(super) struct Trampoline(u8);

impl Trampoline {
    /// The lowest page of memory but the first, where real mode's interrupt vectors are; `None` if it is too high.
    pub(super) fn find(ram: &[Range<usize>]) -> Option<Self> {
        let page = Layout::from_size_align(PAGE, PAGE).ok()?;
        let address = memory::find_free(ram, &[], PAGE, page)?;
        u8::try_from(address / PAGE).ok().map(Self)
    }

    /// Puts the code there.
    ///
    /// # Safety
    ///
    /// Called by the boot core, before any other core runs, when what the boot loader left in memory is not needed any
    /// more.
    pub(super) unsafe fn write(&self) {
        let code = entry::trampoline();
        let page = ptr::with_exposed_provenance_mut(usize::from(self.0) * PAGE);
        // SAFETY: rule 9: mapped memory that `LOW` of `pvh` reserves, hence nobody else's.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), page, code.len()) };
    }
}

/// The CPU id of the core that starts: one at a time does.
pub(super) static STARTING: AtomicUsize = AtomicUsize::new(0);
static ARRIVED: AtomicBool = AtomicBool::new(false);

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
pub(crate) fn start_core(machine: &Machine, id: usize, hardware_id: u64) -> Result<(), TooLarge> {
    let to = u32::try_from(hardware_id).map_err(|_| TooLarge(hardware_id))?;
    let Trampoline(page) = machine.platform.trampoline;
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

/// A secondary core in Rust.
pub(super) extern "C" fn serve(cpu: usize) -> ! {
    // SAFETY: rule 11: this core comes here once, with the id that `start_core` gave it.
    unsafe { super::prepare(cpu) };
    ARRIVED.store(true, Ordering::Release);
    cores::serve(cpu)
}
