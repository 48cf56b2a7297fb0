//! The console: the platform's UART behind one lock.

use core::{fmt, time::Duration};

use spin::{Mutex, MutexGuard};

use crate::{platform, wait::Deadline};

static LOCK: Mutex<()> = Mutex::new(());

/// Prints; see [`print!`](crate::print!) and [`println!`](crate::println!).
pub fn print(text: fmt::Arguments<'_>) {
    // While the MMU is off, one core runs, and exclusive instructions need not work (rule 11).
    let _guard = platform::caches_are_on().then(|| LOCK.lock());
    platform::write(text);
}

/// Prints the report of a failure, even if another core stopped while it held the lock.
pub(crate) fn print_at_last(text: fmt::Arguments<'_>) {
    let _guard = platform::caches_are_on().then(lock_or_give_up);
    platform::write(text);
}

fn lock_or_give_up() -> Option<MutexGuard<'static, ()>> {
    let deadline = Deadline::after(Duration::from_secs(1));
    loop {
        match LOCK.try_lock() {
            Some(guard) => return Some(guard),
            None if deadline.has_passed() => return None,
            None => core::hint::spin_loop(),
        }
    }
}
