//! The running core's timer interrupt, which is all that interrupts a core here but the single steps that it asks for.
//!
//! Every core starts with interrupts masked, and with its timer off. A handler runs on the stack of what it
//! interrupts, with interrupts masked; it must not print, since the code that it interrupts may hold the console's
//! lock.

use core::{
    mem, ptr,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
    time::Duration,
};

use crate::platform;

/// A `fn()`, or null.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// As `HANDLER`, of steps.
static STEP_HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// In ticks of the platform's counter.
static PERIOD: AtomicUsize = AtomicUsize::new(0);

/// Lets this core take interrupts.
pub fn enable() {
    platform::enable_interrupts();
}

/// Keeps this core from taking interrupts; one that comes waits.
pub fn disable() {
    platform::disable_interrupts();
}

/// Has this core's timer call `handler` on it, `period` from now and `period` after each return of the handler, so
/// that the interrupted code goes on in between. All cores have the same handler and period, those of the last call.
///
/// # Panics
///
/// If the machine has no timer interrupt for this core.
pub fn start_timer(period: Duration, handler: fn()) {
    let period = period.as_micros() * u128::from(platform::ticks_per_second()) / 1_000_000;
    let period = usize::try_from(period).unwrap_or(usize::MAX);
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
    PERIOD.store(period, Ordering::Relaxed);
    platform::enable_timer();
    platform::set_timer(period as u64);
}

/// Stops this core's timer. An interrupt that the core has accepted already, but not taken, may call the handler
/// once more.
pub fn stop_timer() {
    platform::disable_timer();
}

/// An exclusive load and its store, with a count that handlers change.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    /// Whether the store stored, since nothing had ended the reservation.
    pub held: bool,
    /// The count right after the load.
    pub at_load: usize,
    /// The count right before the store.
    pub at_store: usize,
}

/// Loads `word` exclusively, goes `turns` times round a loop, at least once, and stores the same value if the
/// reservation still holds. Nothing where one instruction loads and stores.
pub fn reserve(word: &AtomicUsize, count: &AtomicUsize, turns: usize) -> Option<Reservation> {
    platform::reserve(word, count, turns.max(1))
}

/// Runs `f` on this core, calls `handler` before each of its instructions, in a synchronous exception that no mask
/// stops, and says whether `f` left interrupts unmasked. Runs nothing where the platform has no single steps.
///
/// An exclusive store of `f` never succeeds, since an exception comes before it.
pub fn step(handler: fn(), f: &mut dyn FnMut()) -> Option<bool> {
    STEP_HANDLER.store(handler as *mut (), Ordering::Relaxed);
    platform::step(f)
}

/// What a step of this core calls.
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code))]
pub(crate) fn stepped() {
    call(&STEP_HANDLER);
}

/// Calls the `fn()`, if there is one.
fn call(handler: &AtomicPtr<()>) {
    let handler = handler.load(Ordering::Relaxed);
    if !handler.is_null() {
        // SAFETY: rule 14, not null, so it is the `fn()` that `start_timer` or `step` stored.
        let handler = unsafe { mem::transmute::<*mut (), fn()>(handler) };
        handler();
    }
}

/// What this core's timer interrupt calls, with interrupts masked.
pub(crate) fn timer_expired() {
    call(&HANDLER);
    platform::set_timer(PERIOD.load(Ordering::Relaxed) as u64);
}
