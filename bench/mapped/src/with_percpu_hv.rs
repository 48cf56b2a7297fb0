//! percpu-hv.

use percpu_hv::{CpuId, CpuPin, Elements, IrqOff, def_percpu};

#[derive(Elements)]
struct Five {
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
}

#[def_percpu]
static WORD: usize = 0;
#[def_percpu]
static FLAG: bool = false;
#[def_percpu(elements)]
static TABLE: [usize; 8] = [0; 8];
#[def_percpu]
static A: usize = 0;
#[def_percpu]
static B: usize = 0;
#[def_percpu]
static C: usize = 0;
#[def_percpu]
static D: usize = 0;
#[def_percpu]
static E: usize = 0;
#[def_percpu(elements)]
static FIVE: Five = Five {
    a: 0,
    b: 0,
    c: 0,
    d: 0,
    e: 0,
};

functions! { "percpu-hv":
    "read"() -> usize { WORD.read_current() }
    "write"(value: usize) { WORD.write_current(value) }
    "read_flag"() -> bool { FLAG.read_current() }
    "write_flag"(value: bool) { FLAG.write_current(value) }
    "increment"() { WORD.inc_current_unprotected() }
    "add"(operand: usize) { WORD.add_current(operand) }
    "add_one"() { WORD.inc_current() }
    "add_one_anywhere"() { IrqOff::scoped(|_| WORD.inc_current_unprotected()) }
    "element"(index: usize) -> usize { TABLE.at(index).read_current() }
    "pointer"() -> *const [usize; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }
    }
    "read_remote"(cpu: CpuId) -> usize { WORD.read_remote(cpu) }
    "read_five"() -> usize {
        let pin = CpuPin::new();
        A.read(&pin) ^ B.read(&pin) ^ C.read(&pin) ^ D.read(&pin) ^ E.read(&pin)
    }
    "read_five_fields"() -> usize {
        let pin = CpuPin::new();
        let five = FIVE.fields();
        five.a.read(&pin) ^ five.b.read(&pin) ^ five.c.read(&pin) ^ five.d.read(&pin) ^ five.e.read(&pin)
    }
    "write_five"(value: usize) {
        let pin = CpuPin::new();
        A.write(&pin, value);
        B.write(&pin, value);
        C.write(&pin, value);
        D.write(&pin, value);
        E.write(&pin, value);
    }
}
