//! Every operation of percpu-hv as a function of its own, named `<variable>.<operation>`: compiled, disassembled and
//! never run. The package `golden` compares what comes out.
#![no_std]
// What an operation takes and gives is passed in registers, whatever C thinks of its type.
#![allow(improper_ctypes_definitions)]

use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use percpu_hv::{CpuId, CpuPin, Elements, IrqOff, PerCpuOnce, current_cpu, def_percpu};

/// Functions with the names `<variable>.<operation>`. In parentheses is the last argument of each: the handle of a
/// variable that is made at run time. So the others are in the same registers as those of a static variable.
macro_rules! functions {
    ($variable:literal $handle:tt: $(
        $operation:literal($($argument:ident: $type:ty),*) $(-> $result:ty)? { $($body:tt)* }
    )*) => {$(
        function! { $handle $variable $operation ($($argument: $type),*) [$($result)?] { $($body)* } }
    )*};
    ($variable:literal: $($functions:tt)*) => {
        functions! { $variable (): $($functions)* }
    };
}

macro_rules! function {
    (($($handle:ident: $of:ty)?) $variable:literal $operation:literal
        ($($argument:ident: $type:ty),*) [$($result:ty)?] { $($body:tt)* }
    ) => {
        const _: () = {
            #[unsafe(export_name = concat!($variable, ".", $operation))]
            extern "C" fn function($($argument: $type,)* $($handle: $of)?) $(-> $result)? {
                $($body)*
            }
        };
    };
}

/// What every scalar has.
macro_rules! scalar {
    ($handle:tt $variable:ident: $type:ty, $name:literal) => {
        functions! { $name $handle:
            "read_current"() -> $type { $variable.read_current() }
            "write_current"(value: $type) { $variable.write_current(value) }
            "swap_current"(value: $type) -> $type { $variable.swap_current(value) }
            "compare_exchange_current"(current: $type, new: $type) -> bool {
                $variable.compare_exchange_current(current, new).is_ok()
            }
        }
    };
}

/// What a counter of events is for.
macro_rules! integer {
    ($handle:tt $variable:ident: $type:ty, $name:literal) => {
        scalar!($handle $variable: $type, $name);
        functions! { $name $handle:
            "with_current, += 1"() { $variable.with_current(|value| *value = value.wrapping_add(1)) }
            "with_current, a look"() -> $type { $variable.with_current(|value| *value) }
            "with_current_irq_off, += 1"() {
                $variable.with_current_irq_off(|value| *value = value.wrapping_add(1))
            }
            "add_current"(operand: $type) { $variable.add_current(operand) }
            "add_current_unprotected"(operand: $type) { $variable.add_current_unprotected(operand) }
            "fetch_add_current"(operand: $type) -> $type { $variable.fetch_add_current(operand) }
            "inc_current"() { $variable.inc_current() }
        }
    };
}

/// All that the width does not change.
macro_rules! every_operation {
    ($handle:tt $variable:ident: $type:ty, $name:literal) => {
        integer!($handle $variable: $type, $name);
        functions! { $name $handle:
            "read_current_raw"() -> $type {
                // SAFETY: rules 2 and 5: never run.
                unsafe { $variable.read_current_raw() }
            }
            "write_current_raw"(value: $type) {
                // SAFETY: rules 2 and 5: never run.
                unsafe { $variable.write_current_raw(value) }
            }
            "write_current, 0"() { $variable.write_current(0) }
            "compare_exchange_current, value"(current: $type, new: $type) -> $type {
                let (Ok(found) | Err(found)) = $variable.compare_exchange_current(current, new);
                found
            }
            "swap_current_unprotected"(value: $type) -> $type { $variable.swap_current_unprotected(value) }

            "sub_current"(operand: $type) { $variable.sub_current(operand) }
            "and_current"(operand: $type) { $variable.and_current(operand) }
            "or_current"(operand: $type) { $variable.or_current(operand) }
            "xor_current"(operand: $type) { $variable.xor_current(operand) }
            "fetch_sub_current"(operand: $type) -> $type { $variable.fetch_sub_current(operand) }
            "fetch_and_current"(operand: $type) -> $type { $variable.fetch_and_current(operand) }
            "fetch_or_current"(operand: $type) -> $type { $variable.fetch_or_current(operand) }
            "fetch_xor_current"(operand: $type) -> $type { $variable.fetch_xor_current(operand) }
            "sub_current_unprotected"(operand: $type) { $variable.sub_current_unprotected(operand) }
            "and_current_unprotected"(operand: $type) { $variable.and_current_unprotected(operand) }
            "or_current_unprotected"(operand: $type) { $variable.or_current_unprotected(operand) }
            "xor_current_unprotected"(operand: $type) { $variable.xor_current_unprotected(operand) }
            "fetch_add_current_unprotected"(operand: $type) -> $type {
                $variable.fetch_add_current_unprotected(operand)
            }
            "fetch_sub_current_unprotected"(operand: $type) -> $type {
                $variable.fetch_sub_current_unprotected(operand)
            }
            "fetch_and_current_unprotected"(operand: $type) -> $type {
                $variable.fetch_and_current_unprotected(operand)
            }
            "fetch_or_current_unprotected"(operand: $type) -> $type {
                $variable.fetch_or_current_unprotected(operand)
            }
            "fetch_xor_current_unprotected"(operand: $type) -> $type {
                $variable.fetch_xor_current_unprotected(operand)
            }
            "dec_current"() { $variable.dec_current() }
            "inc_current_unprotected"() { $variable.inc_current_unprotected() }
            "dec_current_unprotected"() { $variable.dec_current_unprotected() }
        }
    };
}

#[def_percpu]
static BYTE: u8 = 0;
#[def_percpu]
static HALF: u32 = 0;
#[def_percpu]
static WORD: u64 = 0;
#[def_percpu]
static FLAG: bool = false;
#[def_percpu]
static POINTER: *mut u8 = core::ptr::null_mut();

integer!(() BYTE: u8, "u8");
#[cfg(target_has_atomic = "64")]
integer!(() HALF: u32, "u32");
#[cfg(target_has_atomic = "64")]
every_operation!(() WORD: u64, "u64");
#[cfg(not(target_has_atomic = "64"))]
every_operation!(() HALF: u32, "u32");
scalar!(() FLAG: bool, "bool");
scalar!(() POINTER: *mut u8, "pointer");

#[cfg(target_has_atomic = "64")]
functions! { "u64": "reset_to_init"() { WORD.reset_to_init() } }
#[cfg(not(target_has_atomic = "64"))]
functions! { "u32": "reset_to_init"() { HALF.reset_to_init() } }

// Two registers, which nothing changes at once.
#[cfg(not(target_has_atomic = "64"))]
functions! { "u64":
    "read_current"() -> u64 { WORD.read_current() }
    "write_current"(value: u64) { WORD.write_current(value) }
    "with_current, += 1"() { WORD.with_current(|value| *value = value.wrapping_add(1)) }
}

// Its store is left out where the bits are equal, but for the pointer's provenance.
functions! { "pointer":
    "with_current, a look"() -> *mut u8 { POINTER.with_current(|pointer| *pointer) }
    "with_current, set"(value: *mut u8) { POINTER.with_current(|pointer| *pointer = value) }
}

#[def_percpu]
static REFERENCE: &u64 = &0;

// What a reference refers to is published with it.
functions! { "reference":
    "read_current"() -> &'static u64 { REFERENCE.read_current() }
    "write_current"(value: &'static u64) { REFERENCE.write_current(value) }
    "read_remote"(cpu: CpuId) -> &'static u64 { REFERENCE.read_remote(cpu) }
}

functions! { "bool":
    "or_current"(operand: bool) { FLAG.or_current(operand) }
    "fetch_or_current"(operand: bool) -> bool { FLAG.fetch_or_current(operand) }
}

#[def_percpu(hot)]
static HOT: usize = 0;
#[def_percpu(hot)]
static HOT_FLAG: bool = false;
#[def_percpu(hot)]
static HOT_TABLE: [usize; 8] = [0; 8];

integer!(() HOT: usize, "hot usize");
scalar!(() HOT_FLAG: bool, "hot bool");

functions! { "hot array":
    "with_current, [i] += 1"(index: usize) {
        HOT_TABLE.with_current(|table| table[index & 7] += 1);
    }
    "with_current_unchecked, [i] += 1"(index: usize) {
        // SAFETY: rules 2 and 5: never run.
        unsafe { HOT_TABLE.with_current_unchecked(|table| table[index & 7] += 1) };
    }
    "current_ptr"() -> *const [usize; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { HOT_TABLE.current_ptr() }
    }
}

functions! { "hot pin":
    "read, write, read"(value: usize) -> usize {
        let pin = CpuPin::new();
        let first = HOT.read(&pin);
        HOT.write(&pin, value);
        first ^ HOT.read(&pin)
    }
}

#[def_percpu]
static TABLE: [u64; 8] = [0; 8];

functions! { "array":
    "current_ptr"() -> *const [u64; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }
    }
    "with_current, [i] += 1"(index: usize) {
        TABLE.with_current(|table| table[index & 7] += 1);
    }
    "try_with_current, [i] += 1"(index: usize) -> bool {
        TABLE.try_with_current(|table| table[index & 7] += 1).is_ok()
    }
    "with_current_unchecked, [i] += 1"(index: usize) {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.with_current_unchecked(|table| table[index & 7] += 1) };
    }
    "remote_ptr"(cpu: usize) -> *const [u64; 8] {
        // SAFETY: rule 6: never run.
        unsafe { TABLE.remote_ptr(cpu) }
    }
}

#[derive(Elements)]
struct Vcpu {
    id: u32,
    exits: [usize; 5],
}

#[derive(Elements)]
struct Stats {
    running: bool,
    ticks: usize,
    exits: [usize; 8],
    bytes: [u8; 8],
    vcpus: [Vcpu; 4],
}

const STATS: Stats = Stats {
    running: false,
    ticks: 0,
    exits: [0; 8],
    bytes: [0; 8],
    vcpus: [const {
        Vcpu {
            id: 0,
            exits: [0; 5],
        }
    }; 4],
};

#[def_percpu(elements)]
static ELEMENTS: [usize; 8] = [0; 8];
#[def_percpu(elements, hot)]
static HOT_ELEMENTS: [usize; 8] = [0; 8];
#[def_percpu(elements)]
static FIELDS: Stats = STATS;
#[def_percpu(elements, hot)]
static HOT_FIELDS: Stats = STATS;

/// What is done to an element. The check of the index is part of it.
macro_rules! element {
    ($handle:tt $array:expr, $type:ty, $name:literal) => {
        functions! { $name $handle:
            "read_current"(index: usize) -> $type { $array.at(index).read_current() }
            "write_current"(index: usize, value: $type) { $array.at(index).write_current(value) }
            "add_current"(index: usize, operand: $type) { $array.at(index).add_current(operand) }
            "inc_current"(index: usize) { $array.at(index).inc_current() }
            "fetch_add_current"(index: usize, operand: $type) -> $type { $array.at(index).fetch_add_current(operand) }
            "swap_current"(index: usize, value: $type) -> $type { $array.at(index).swap_current(value) }
        }
    };
}

element!(() ELEMENTS, usize, "element");
element!(() HOT_ELEMENTS, usize, "hot element");
element!(() FIELDS.fields().bytes, u8, "element u8");
element!(() FIELDS.fields().exits, usize, "element of a field");
element!(() HOT_FIELDS.fields().exits, usize, "hot element of a field");

functions! { "element":
    "compare_exchange_current"(index: usize, current: usize, new: usize) -> bool {
        ELEMENTS.at(index).compare_exchange_current(current, new).is_ok()
    }
    "add_current_unprotected"(index: usize, operand: usize) { ELEMENTS.at(index).add_current_unprotected(operand) }
    "try_at, inc_current"(index: usize) { if let Some(element) = ELEMENTS.try_at(index) { element.inc_current() } }
    "inc_current, [5]"() { ELEMENTS.at(5).inc_current() }
    "read, [5]"() -> usize { ELEMENTS.at(5).read(&CpuPin::new()) }
    "read_remote"(index: usize, cpu: CpuId) -> usize { ELEMENTS.at(index).read_remote(cpu) }
    "sum"(index: usize) -> usize { ELEMENTS.at(index).sum() }
}

/// What is done to a field: as long as for a variable.
macro_rules! field {
    ($handle:tt $field:expr, $name:literal) => {
        functions! { $name $handle:
            "read_current"() -> usize { $field.read_current() }
            "write_current"(value: usize) { $field.write_current(value) }
            "add_current"(operand: usize) { $field.add_current(operand) }
            "inc_current"() { $field.inc_current() }
            "swap_current"(value: usize) -> usize { $field.swap_current(value) }
        }
    };
}

field!(() FIELDS.fields().ticks, "field");
field!(() HOT_FIELDS.fields().ticks, "hot field");

functions! { "hot element":
    "add_current_unprotected"(index: usize, operand: usize) { HOT_ELEMENTS.at(index).add_current_unprotected(operand) }
}

functions! { "hot field":
    "add_current_unprotected"(operand: usize) { HOT_FIELDS.fields().ticks.add_current_unprotected(operand) }
}

functions! { "field":
    "read_current, bool"() -> bool { FIELDS.fields().running.read_current() }
    "read"() -> usize { FIELDS.fields().ticks.read(&CpuPin::new()) }
    "read_remote"(cpu: CpuId) -> usize { FIELDS.fields().ticks.read_remote(cpu) }
    "sum"() -> usize { FIELDS.fields().ticks.sum() }
}

functions! { "element of a field of an element":
    "read_current"(vcpu: usize, index: usize) -> usize {
        FIELDS.fields().vcpus.at(vcpu).fields().exits.at(index).read_current()
    }
    "inc_current"(vcpu: usize, index: usize) {
        FIELDS.fields().vcpus.at(vcpu).fields().exits.at(index).inc_current();
    }
}

functions! { "field of an element":
    "write_current"(vcpu: usize, id: u32) { FIELDS.fields().vcpus.at(vcpu).fields().id.write_current(id) }
}

#[def_percpu]
static SHARED: AtomicUsize = AtomicUsize::new(0);
#[def_percpu]
static LOCAL: Cell<u64> = Cell::new(0);
#[def_percpu]
static A: u64 = 0;
#[def_percpu]
static B: u64 = 0;
#[def_percpu]
static C: u64 = 0;

functions! { "pin":
    "get, load"() -> usize { SHARED.get(&CpuPin::new()).load(Relaxed) }
    "read"() -> u64 { WORD.read(&CpuPin::new()) }
    "write"(value: u64) { WORD.write(&CpuPin::new(), value) }
    "read, three"() -> u64 {
        let pin = CpuPin::new();
        A.read(&pin) ^ B.read(&pin) ^ C.read(&pin)
    }
    "write, three"(value: u64) {
        let pin = CpuPin::new();
        A.write(&pin, value);
        B.write(&pin, value);
        C.write(&pin, value);
    }
}

#[def_percpu(hot)]
static HOT_SHARED: AtomicUsize = AtomicUsize::new(0);

functions! { "hot shared":
    "get, load"() -> usize { HOT_SHARED.get(&CpuPin::new()).load(Relaxed) }
    "get, fetch_add"(operand: usize) { HOT_SHARED.get(&CpuPin::new()).fetch_add(operand, Relaxed); }
}

functions! { "irq":
    "new, drop"() { drop(IrqOff::new()) }
    "scoped, get_local, += 1"() {
        IrqOff::scoped(|irq| {
            let local = LOCAL.get_local(irq);
            local.set(local.get().wrapping_add(1));
        });
    }
    "get_local, += 1"() {
        let irq = IrqOff::new();
        let local = LOCAL.get_local(&irq);
        local.set(local.get().wrapping_add(1));
    }
}

functions! { "remote":
    "on"(cpu: CpuId) -> *const AtomicUsize { SHARED.on(cpu) }
    "read_remote"(cpu: CpuId) -> u64 { WORD.read_remote(cpu) }
    "read_remote, by index"(cpu: usize) -> u64 {
        CpuId::new(cpu).map_or(0, |cpu| WORD.read_remote(cpu))
    }
    "sum"() -> u64 { WORD.sum() }
}

#[def_percpu]
static ONCE: PerCpuOnce<u64> = PerCpuOnce::new();

functions! { "once":
    "get, copied"() -> u64 { ONCE.get(&CpuPin::new()).get().copied().unwrap_or(0) }
}

/// A counter has 64 bits everywhere.
#[cfg(target_has_atomic = "64")]
mod counter {
    use percpu_hv::{PerCpuCounter, def_percpu};

    #[def_percpu]
    static COUNTER: PerCpuCounter = PerCpuCounter::new();
    #[def_percpu]
    static BATCHED: PerCpuCounter<32> = PerCpuCounter::new();
    #[def_percpu]
    static COUNTERS: [PerCpuCounter; 8] = [const { PerCpuCounter::new() }; 8];

    functions! { "counter":
        "add"(amount: i64) { COUNTER.add(amount) }
        "add, 1"() { COUNTER.add(1) }
        "add, batched"(amount: i64) { BATCHED.add(amount) }
        "add, [i]"(index: usize, amount: i64) { COUNTERS.at(index).add(amount) }
    }
}

mod dynamic;

functions! { "cpu":
    "current_cpu"() -> CpuId { current_cpu() }
}

#[cfg(any(feature = "compiler-refuses", feature = "assembler-refuses"))]
mod mistakes;

/// The examples of the guide's page on assembly.
#[cfg(all(target_arch = "aarch64", feature = "arm-el2"))]
#[allow(dead_code, missing_docs)]
mod guide {
    include!(concat!(env!("OUT_DIR"), "/guide.rs"));
}

/// The templates for assembly, which a process has not.
#[cfg(target_os = "none")]
mod assembly {
    use conformance::in_assembly;

    use super::*;

    #[repr(C)]
    struct Vcpu {
        registers: [usize; 31],
        stack: usize,
    }

    #[def_percpu]
    static VCPU: Vcpu = Vcpu {
        registers: [0; 31],
        stack: 0,
    };

    macro_rules! templates {
        ($name:literal: $variable:ident, $storage:ident) => {
            functions! { $name:
                "adr"() -> usize { in_assembly!(adr $storage, $variable.form()) }
                "ldr"() -> usize { in_assembly!(ldr $storage, $variable.form()) }
                "str"(value: usize) { in_assembly!(str $storage, $variable.form(), value) }
                "add"() { in_assembly!(add $storage, $variable.form(), 1) }
            }
        };
    }

    templates!("assembly u8": BYTE, __PERCPU_BYTE);
    templates!("assembly u32": HALF, __PERCPU_HALF);
    #[cfg(target_pointer_width = "64")]
    templates!("assembly u64": WORD, __PERCPU_WORD);
    #[cfg(not(target_pointer_width = "64"))]
    functions! { "assembly u64":
        "add"() { in_assembly!(add __PERCPU_WORD, WORD.form(), 1) }
    }
    templates!("assembly hot bool": HOT_FLAG, __PERCPU_HOT_FLAG);
    templates!("assembly hot usize": HOT, __PERCPU_HOT);

    functions! { "assembly struct":
        "adr"() -> usize { in_assembly!(adr __PERCPU_VCPU, VCPU.form()) }
        "ldr, field"() -> usize {
            in_assembly!(ldr __PERCPU_VCPU, VCPU.form_of_field::<usize>(core::mem::offset_of!(Vcpu, stack)))
        }
    }

    #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
    functions! { "assembly one read":
        "ldr, ldr hot"() -> usize {
            let (first, second): (usize, usize);
            // SAFETY: rules 2 and 5: never run.
            unsafe {
                core::arch::asm!(
                    percpu_hv::this_cpu_register!({base}),
                    percpu_hv::ldr_this_cpu!({first}, POINTER; {base}),
                    percpu_hv::ldr_this_cpu!({second}, HOT; {base}),
                    base = out(reg) _,
                    first = out(reg) first,
                    second = out(reg) second,
                    POINTER = sym __PERCPU_POINTER,
                    POINTER_form = const POINTER.form(),
                    HOT = sym __PERCPU_HOT,
                    HOT_form = const HOT.form(),
                    options(nostack, preserves_flags)
                );
            }
            first + second
        }
    }

    functions! { "assembly cpu":
        "ldr"() -> usize { in_assembly!(ldr percpu_hv::header::STORAGE, percpu_hv::header::CPU_ID) }
    }
}
