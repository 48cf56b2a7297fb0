//! What people write by hand: an array with an element for each CPU, whose index is the lowest affinity level. That is
//! right on a machine with one cluster, and nothing keeps the code on the CPU. `checked` checks the index in each access,
//! `unchecked` in none.

use core::{
    arch::asm,
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

const CPUS: usize = 8;

#[repr(align(64))]
struct Area {
    word: Cell<usize>,
    shared: AtomicUsize,
    flag: Cell<bool>,
    table: Cell<[usize; 8]>,
    a: Cell<usize>,
    b: Cell<usize>,
    c: Cell<usize>,
}

struct Areas([Area; CPUS]);

// SAFETY: rule 2: each CPU has an element of its own.
unsafe impl Sync for Areas {}

static AREAS: Areas = Areas(
    [const {
        Area {
            word: Cell::new(0),
            shared: AtomicUsize::new(0),
            flag: Cell::new(false),
            table: Cell::new([0; 8]),
            a: Cell::new(0),
            b: Cell::new(0),
            c: Cell::new(0),
        }
    }; CPUS],
);

#[inline(always)]
fn cpu_index() -> usize {
    let mpidr: usize;
    // SAFETY: rule 10. Not `pure`: the value changes when the context moves to another CPU.
    unsafe { asm!("mrs {}, MPIDR_EL1", out(reg) mpidr, options(nomem, nostack, preserves_flags)) };
    mpidr & 0xff
}

macro_rules! array_operations {
    ($name:literal, $area:ident, $read_remote:literal) => {
        operations! { $name:
            "read"() -> usize { $area(cpu_index()).word.get() }
            "write"(value: usize) { $area(cpu_index()).word.set(value) }
            "read_flag"() -> bool { $area(cpu_index()).flag.get() }
            "write_flag"(value: bool) { $area(cpu_index()).flag.set(value) }
            "increment"() {
                let word = &$area(cpu_index()).word;
                word.set(word.get().wrapping_add(1));
            }
            "add"(operand: usize) { $area(cpu_index()).shared.fetch_add(operand, Relaxed); }
            "add_one"() { $area(cpu_index()).shared.fetch_add(1, Relaxed); }
            "pointer"() -> *const [usize; 8] { $area(cpu_index()).table.as_ptr() }
            "read_three"() -> usize {
                let area = $area(cpu_index());
                area.a.get() ^ area.b.get() ^ area.c.get()
            }
            $read_remote(cpu: usize) -> usize { $area(cpu).shared.load(Relaxed) }
        }
    };
}

pub(crate) mod checked {
    use super::*;

    #[inline(always)]
    fn area(index: usize) -> &'static Area {
        &AREAS.0[index]
    }

    array_operations!("array", area, "read_remote_checked");
}

pub(crate) mod unchecked {
    use super::*;

    #[inline(always)]
    fn area(index: usize) -> &'static Area {
        // SAFETY: rule 3: the machine has no more CPUs.
        unsafe { AREAS.0.get_unchecked(index) }
    }

    array_operations!("array-unchecked", area, "read_remote_unchecked");
}
