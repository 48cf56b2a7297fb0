//! percore, with its attribute. Its values are reached with exceptions masked, of which a token is the proof. It reaches
//! no other CPU's copy.

use core::{
    arch::asm,
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use percore::{
    ExceptionFree, ExceptionLock,
    derive::{PercoreLocalOffset, percore},
    exception_free, percore_local_offset,
};

percore_local_offset!(Offset);

/// The offset of this CPU's area, in the per-CPU register that the others use too.
struct Offset;

// SAFETY: rule 2: never run.
unsafe impl PercoreLocalOffset for Offset {
    #[inline(always)]
    fn percore_local_offset() -> isize {
        let offset;
        // SAFETY: rule 10. Not `pure`: the value changes when the context moves to another CPU.
        unsafe {
            #[cfg(target_arch = "aarch64")]
            asm!("mrs {}, TPIDR_EL2", out(reg) offset, options(nomem, nostack, preserves_flags));
            #[cfg(target_arch = "arm")]
            asm!("mrc p15, 0, {}, c13, c0, 4", out(reg) offset, options(nomem, nostack, preserves_flags));
        }
        offset
    }
}

#[percore]
static WORD: ExceptionLock<Cell<usize>> = ExceptionLock::new(Cell::new(0));
#[percore]
static SHARED: ExceptionLock<AtomicUsize> = ExceptionLock::new(AtomicUsize::new(0));
#[percore]
static FLAG: ExceptionLock<Cell<bool>> = ExceptionLock::new(Cell::new(false));
#[percore]
static TABLE: ExceptionLock<Cell<[usize; 8]>> = ExceptionLock::new(Cell::new([0; 8]));
#[percore]
static A: ExceptionLock<Cell<usize>> = ExceptionLock::new(Cell::new(0));
#[percore]
static B: ExceptionLock<Cell<usize>> = ExceptionLock::new(Cell::new(0));
#[percore]
static C: ExceptionLock<Cell<usize>> = ExceptionLock::new(Cell::new(0));

type Token<'masked> = ExceptionFree<'masked>;

#[inline(always)]
fn increment(token: Token<'_>) {
    let word = WORD.get().borrow(token);
    word.set(word.get().wrapping_add(1));
}

#[inline(always)]
fn read_three(token: Token<'_>) -> usize {
    A.get().borrow(token).get() ^ B.get().borrow(token).get() ^ C.get().borrow(token).get()
}

fn with_token(f: impl FnOnce(&Token<'_>)) {
    // SAFETY: rule 5: nothing else runs.
    f(&unsafe { ExceptionFree::new() });
}

operations! { "percore":
    "read"() -> usize { exception_free(|token| WORD.get().borrow(token).get()) }
    "write"(value: usize) { exception_free(|token| WORD.get().borrow(token).set(value)) }
    "read_flag"() -> bool { exception_free(|token| FLAG.get().borrow(token).get()) }
    "write_flag"(value: bool) { exception_free(|token| FLAG.get().borrow(token).set(value)) }
    "increment"() { exception_free(increment) }
    "add"(operand: usize) {
        exception_free(|token| SHARED.get().borrow(token).fetch_add(operand, Relaxed));
    }
    "add_one"() { exception_free(|token| SHARED.get().borrow(token).fetch_add(1, Relaxed)); }
    "pointer"() -> *const [usize; 8] { exception_free(|token| TABLE.get().borrow(token).as_ptr().cast_const()) }
    "read_three"() -> usize { exception_free(read_three) }
    "increment_masked"() { exception_free(increment) }
}

pinned_operations! { "percore", token: Token<'_> = with_token:
    "read_pinned"() -> usize { WORD.get().borrow(*token).get() }
    "write_pinned"(value: usize) { WORD.get().borrow(*token).set(value) }
    "read_flag_pinned"() -> bool { FLAG.get().borrow(*token).get() }
    "write_flag_pinned"(value: bool) { FLAG.get().borrow(*token).set(value) }
    "increment_pinned"() { increment(*token) }
    "add_pinned"(operand: usize) { SHARED.get().borrow(*token).fetch_add(operand, Relaxed); }
    "add_one_pinned"() { SHARED.get().borrow(*token).fetch_add(1, Relaxed); }
    "pointer_pinned"() -> *const [usize; 8] { TABLE.get().borrow(*token).as_ptr() }
    "read_three_pinned"() -> usize { read_three(*token) }
}
