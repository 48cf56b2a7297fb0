//! Holding a reservation, written once for all architectures that have exclusive loads and stores.

/// Defines `reserve` by its instructions:
///
/// 1. load `{value}` from `{word}` exclusively;
/// 2. load `{at_load}` from `{count}`;
/// 3. go round a loop `{turns}` times;
/// 4. load `{at_store}` from `{count}`;
/// 5. store `{value}` to `{word}` exclusively, with 0 in `{failed}` if it was stored.
macro_rules! define_reserve {
    ($($instruction:tt)*) => {
        /// Loads a word exclusively, and after a while stores it if the reservation still holds.
        pub(crate) fn reserve(
            word: &::core::sync::atomic::AtomicUsize,
            count: &::core::sync::atomic::AtomicUsize,
            turns: usize,
        ) -> Option<$crate::interrupts::Reservation> {
            let (failed, at_load, at_store): (usize, usize, usize);
            // SAFETY: rule 10: the word keeps its value; the flags change. Not `nomem`: handlers write the count.
            unsafe {
                ::core::arch::asm!(
                    $($instruction)*
                    value = out(reg) _,
                    at_load = out(reg) at_load,
                    at_store = out(reg) at_store,
                    failed = out(reg) failed,
                    turns = inout(reg) turns => _,
                    word = in(reg) word.as_ptr(),
                    count = in(reg) count.as_ptr(),
                    options(nostack)
                );
            }
            Some($crate::interrupts::Reservation {
                held: failed == 0,
                at_load,
                at_store,
            })
        }
    };
}
pub(in crate::platform) use define_reserve;
