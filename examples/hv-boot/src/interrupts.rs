//! The running core's timer interrupt. Nothing else interrupts a core, except the single steps that it asks for.
//!
//! A core takes its area before it enables interrupts: the vectors count in a per-CPU variable.
//!
//! Every core starts with interrupts masked and with its timer off. A handler runs with interrupts masked, on the stack
//! of the code that it interrupts. It must not print: that code may hold the console's lock.

use core::{
    mem, ptr,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
    time::Duration,
};

use crate::platform;
pub use crate::platform::Reservation;

/// A `fn()`, or null.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// The same for steps.
static STEP_HANDLER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// In ticks of the platform's counter.
static PERIOD: AtomicUsize = AtomicUsize::new(0);

/// Lets this core take interrupts.
pub fn enable() {
    platform::enable_interrupts();
}

/// Keeps this core from taking interrupts; they stay pending.
pub fn disable() {
    platform::disable_interrupts();
}

/// How many interrupts this CPU took: each handler call, and on some machines the events that other cores sent.
pub fn taken() -> u64 {
    platform::TAKEN.read_current()
}

/// Starts this core's timer: it calls `handler` on this core after `period`, and again `period` after each return of
/// the handler, so that the interrupted code makes progress. All cores have the handler and the period of the last
/// call.
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

/// Stops this core's timer. A pending interrupt may call the handler once more.
pub fn stop_timer() {
    platform::disable_timer();
}

/// Loads `word` exclusively, runs a loop `turns` times, at least once, and stores the same value if the reservation
/// still holds. `None` where one instruction loads and stores.
pub fn reserve(word: &AtomicUsize, count: &AtomicUsize, turns: usize) -> Option<Reservation> {
    platform::reserve(word, count, turns.max(1))
}

/// Runs `f` on this core in single steps: `handler` runs before each instruction, in a synchronous exception that
/// cannot be masked. Returns whether `f` left interrupts unmasked; `None`, without running `f`, where the platform has
/// no single steps.
///
/// An exclusive store of `f` never succeeds, since an exception comes before it.
pub fn step(handler: fn(), f: &mut dyn FnMut()) -> Option<bool> {
    STEP_HANDLER.store(handler as *mut (), Ordering::Relaxed);
    platform::step(f)
}

/// What a step of this core calls.
#[unsafe(export_name = "__hv_boot_stepped")]
fn stepped() {
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
#[unsafe(export_name = "__hv_boot_timer_expired")]
fn timer_expired() {
    call(&HANDLER);
    platform::set_timer(PERIOD.load(Ordering::Relaxed) as u64);
}
