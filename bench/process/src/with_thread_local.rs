//! The thread-locals of the standard library.

use std::{cell::Cell, hint::black_box};

use peers::operations;

thread_local! {
    static WORD: Cell<usize> = const { Cell::new(0) };
    static FLAG: Cell<bool> = const { Cell::new(false) };
    static TABLE: Cell<[usize; 8]> = const { Cell::new([0; 8]) };
    static A: Cell<usize> = const { Cell::new(0) };
    static B: Cell<usize> = const { Cell::new(0) };
    static C: Cell<usize> = const { Cell::new(0) };
}

/// Has the compiler expect that somebody else writes what nobody writes here.
pub(crate) fn expose() {
    for word in [&A, &B, &C] {
        word.with(|word| black_box(word.as_ptr()));
    }
    FLAG.with(|flag| black_box(flag.as_ptr()));
}

operations! { "thread_local":
    "read"() -> usize { WORD.get() }
    "write"(value: usize) { WORD.set(value) }
    "read_flag"() -> bool { FLAG.get() }
    "write_flag"(value: bool) { FLAG.set(value) }
    "increment"() { WORD.set(WORD.get().wrapping_add(1)) }
    "pointer"() -> *const [usize; 8] { TABLE.with(Cell::as_ptr).cast_const() }
    "read_three"() -> usize { A.get() ^ B.get() ^ C.get() }
}
