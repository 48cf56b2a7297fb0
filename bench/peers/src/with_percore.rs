//! percore 0.3.0, with its attribute. Its values are reached with exceptions masked: but for `increment_masked`, the
//! operations take it that the caller has masked them. It reaches no other CPU's copy.

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

/// What the caller of an operation has done.
fn masked() -> ExceptionFree<'static> {
    // SAFETY: rule 5: never run.
    unsafe { ExceptionFree::new() }
}

#[inline(always)]
fn increment(token: ExceptionFree<'_>) {
    let word = WORD.get().borrow(token);
    word.set(word.get().wrapping_add(1));
}

operations! { "percore":
    "read"() -> usize { WORD.get().borrow(masked()).get() }
    "write"(value: usize) { WORD.get().borrow(masked()).set(value) }
    "read_flag"() -> bool { FLAG.get().borrow(masked()).get() }
    "write_flag"(value: bool) { FLAG.get().borrow(masked()).set(value) }
    "increment"() { increment(masked()) }
    "add"(operand: usize) { SHARED.get().borrow(masked()).fetch_add(operand, Relaxed); }
    "add_one"() { SHARED.get().borrow(masked()).fetch_add(1, Relaxed); }
    "pointer"() -> *const [usize; 8] { TABLE.get().borrow(masked()).as_ptr() }
    "read_three"() -> usize {
        let token = masked();
        A.get().borrow(token).get() ^ B.get().borrow(token).get() ^ C.get().borrow(token).get()
    }
    "increment_masked"() { exception_free(increment) }
}
