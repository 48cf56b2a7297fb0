//! The same operations on variables that are made at run time: each function has the handle as its last argument.

use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use percpu_hv::{
    CpuId, CpuPin, DynPerCpu, IrqOff, PerCpuOnce,
    kind::{Elements, Exclusive, Shared},
};

use super::Stats;

integer!((byte: &DynPerCpu<u8>) byte: u8, "dynamic u8");
#[cfg(target_has_atomic = "64")]
integer!((half: &DynPerCpu<u32>) half: u32, "dynamic u32");
#[cfg(target_has_atomic = "64")]
every_operation!((word: &DynPerCpu<u64>) word: u64, "dynamic u64");
#[cfg(not(target_has_atomic = "64"))]
every_operation!((half: &DynPerCpu<u32>) half: u32, "dynamic u32");
scalar!((flag: &DynPerCpu<bool>) flag: bool, "dynamic bool");

#[cfg(not(target_has_atomic = "64"))]
functions! { "dynamic u64" (word: &DynPerCpu<u64>):
    "read_current"() -> u64 { word.read_current() }
    "write_current"(value: u64) { word.write_current(value) }
    "with_current, += 1"() { word.with_current(|value| *value = value.wrapping_add(1)) }
}

functions! { "dynamic reference" (reference: &DynPerCpu<&'static u64>):
    "read_current"() -> &'static u64 { reference.read_current() }
    "write_current"(value: &'static u64) { reference.write_current(value) }
    "read_remote"(cpu: CpuId) -> &'static u64 { reference.read_remote(cpu) }
}

functions! { "dynamic bool" (flag: &DynPerCpu<bool>):
    "or_current"(operand: bool) { flag.or_current(operand) }
    "fetch_or_current"(operand: bool) -> bool { flag.fetch_or_current(operand) }
}

functions! { "dynamic array" (table: &DynPerCpu<[u64; 8], Exclusive>):
    "current_ptr"() -> *const [u64; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { table.current_ptr() }
    }
    "with_current, [i] += 1"(index: usize) {
        table.with_current(|table| table[index & 7] += 1);
    }
    "try_with_current, [i] += 1"(index: usize) -> bool {
        table.try_with_current(|table| table[index & 7] += 1).is_ok()
    }
    "with_current_unchecked, [i] += 1"(index: usize) {
        // SAFETY: rules 2 and 5: never run.
        unsafe { table.with_current_unchecked(|table| table[index & 7] += 1) };
    }
    "remote_ptr"(cpu: usize) -> *const [u64; 8] {
        // SAFETY: rule 6: never run.
        unsafe { table.remote_ptr(cpu) }
    }
}

type Array = DynPerCpu<[usize; 8], Elements>;
type Fields = DynPerCpu<Stats, Elements>;

element!((array: &Array) array, usize, "dynamic element");
element!((fields: &Fields) fields.fields().bytes, u8, "dynamic element u8");
element!((fields: &Fields) fields.fields().exits, usize, "dynamic element of a field");
field!((fields: &Fields) fields.fields().ticks, "dynamic field");

functions! { "dynamic element" (array: &Array):
    "compare_exchange_current"(index: usize, current: usize, new: usize) -> bool {
        array.at(index).compare_exchange_current(current, new).is_ok()
    }
    "add_current_unprotected"(index: usize, operand: usize) { array.at(index).add_current_unprotected(operand) }
    "try_at, inc_current"(index: usize) { if let Some(element) = array.try_at(index) { element.inc_current() } }
    "inc_current, [5]"() { array.at(5).inc_current() }
    "read, [5]"() -> usize { array.at(5).read(&CpuPin::new()) }
    "read_remote"(index: usize, cpu: CpuId) -> usize { array.at(index).read_remote(cpu) }
    "sum"(index: usize) -> usize { array.at(index).sum() }
}

functions! { "dynamic field" (fields: &Fields):
    "read_current, bool"() -> bool { fields.fields().running.read_current() }
    "read"() -> usize { fields.fields().ticks.read(&CpuPin::new()) }
    "read_remote"(cpu: CpuId) -> usize { fields.fields().ticks.read_remote(cpu) }
    "sum"() -> usize { fields.fields().ticks.sum() }
}

functions! { "dynamic element of a field of an element" (fields: &Fields):
    "read_current"(vcpu: usize, index: usize) -> usize {
        fields.fields().vcpus.at(vcpu).fields().exits.at(index).read_current()
    }
    "inc_current"(vcpu: usize, index: usize) {
        fields.fields().vcpus.at(vcpu).fields().exits.at(index).inc_current();
    }
}

functions! { "dynamic field of an element" (fields: &Fields):
    "write_current"(vcpu: usize, id: u32) { fields.fields().vcpus.at(vcpu).fields().id.write_current(id) }
}

functions! { "dynamic pin" (word: &DynPerCpu<u64>):
    "read"() -> u64 { word.read(&CpuPin::new()) }
    "write"(value: u64) { word.write(&CpuPin::new(), value) }
}

functions! { "dynamic pin" (shared: &DynPerCpu<AtomicUsize, Shared>):
    "get, load"() -> usize { shared.get(&CpuPin::new()).load(Relaxed) }
}

functions! { "dynamic irq" (local: &DynPerCpu<Cell<u64>, Shared>):
    "scoped, get_local, += 1"() {
        IrqOff::scoped(|irq| {
            let local = local.get_local(irq);
            local.set(local.get().wrapping_add(1));
        });
    }
    "get_local, += 1"() {
        let irq = IrqOff::new();
        let local = local.get_local(&irq);
        local.set(local.get().wrapping_add(1));
    }
}

functions! { "dynamic remote" (shared: &DynPerCpu<AtomicUsize, Shared>):
    "on"(cpu: CpuId) -> *const AtomicUsize { shared.on(cpu) }
}

functions! { "dynamic remote" (word: &DynPerCpu<u64>):
    "read_remote"(cpu: CpuId) -> u64 { word.read_remote(cpu) }
    "sum"() -> u64 { word.sum() }
}

functions! { "dynamic once" (once: &DynPerCpu<PerCpuOnce<u64>, Shared>):
    "get, copied"() -> u64 { once.get(&CpuPin::new()).get().copied().unwrap_or(0) }
}

#[cfg(target_has_atomic = "64")]
mod counter {
    use percpu_hv::{DynPerCpu, PerCpuCounter, kind::Shared};

    functions! { "dynamic counter" (counter: &DynPerCpu<PerCpuCounter, Shared>):
        "add"(amount: i64) { counter.add(amount) }
        "add, 1"() { counter.add(1) }
    }

    functions! { "dynamic counter" (counter: &DynPerCpu<PerCpuCounter<32>, Shared>):
        "add, batched"(amount: i64) { counter.add(amount) }
    }

    functions! { "dynamic counter" (counters: &DynPerCpu<[PerCpuCounter; 8], Shared>):
        "add, [i]"(index: usize, amount: i64) { counters.at(index).add(amount) }
    }
}
