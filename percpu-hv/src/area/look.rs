//! Looks at the numbers of areas. tests/loom defines the same name.

#[cfg(double)]
use crate::arch;
use crate::sync::AtomicUsize;
#[cfg(not(double))]
use crate::sync::Ordering;

/// Returns the first number, and what returns the second one. [`looked`](crate::sync::looked) follows, where a number
/// says so. In a process the loads acquire: that takes no instruction on x86_64, and `ThreadSanitizer` knows no fences.
#[cfg(not(double))]
#[inline(always)]
pub(crate) fn look([first, second]: &[AtomicUsize; 2]) -> (usize, impl FnOnce() -> usize) {
    let order = if cfg!(process) {
        Ordering::Acquire
    } else {
        Ordering::Relaxed
    };
    (first.load(order), move || second.load(order))
}

/// Returns the first number, and what returns the second one, which is loaded already.
#[cfg(double)]
#[inline(always)]
pub(crate) fn look(numbers: &[AtomicUsize; 2]) -> (usize, impl FnOnce() -> usize) {
    let [first, second] = arch::double::load_words(numbers);
    (first, move || second)
}
