//! Variables of percpu-hv.

use percpu_hv::def_percpu;

#[def_percpu]
static WORD: usize = 0;
#[def_percpu(elements)]
static TABLE: [usize; 8] = [0; 8];
#[def_percpu(hot)]
static HOT: usize = 0;
#[def_percpu(cold)]
static COLD: usize = 0;

functions! { "today":
    "read_hot"() -> usize { HOT.read_current() }
    "read"() -> usize { WORD.read_current() }
    "read_cold"() -> usize { COLD.read_current() }
    "write"(value: usize) { WORD.write_current(value) }
    "add"(operand: usize) { WORD.add_current(operand) }
    "pointer"() -> *const [usize; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }
    }
    "element"(index: usize) -> usize { TABLE.at(index).read_current() }
}
