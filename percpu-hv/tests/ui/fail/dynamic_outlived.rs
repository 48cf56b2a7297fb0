//! What a variable made at run time gives does not outlive it, whatever guard is there.
use core::sync::atomic::AtomicU32;

use percpu_hv::{CpuId, CpuPin, DynPerCpu, kind};

fn main() {
    let forever: &'static CpuPin = Box::leak(Box::new(CpuPin::new()));
    let shared: DynPerCpu<AtomicU32, kind::Shared> = DynPerCpu::new_with(|_| AtomicU32::new(0)).unwrap();
    let by_pin = shared.get(forever);
    let by_id = shared.on(CpuId::new(0).unwrap());
    let all = shared.iter();
    drop(shared);
    by_pin.load(core::sync::atomic::Ordering::Relaxed);
    by_id.load(core::sync::atomic::Ordering::Relaxed);
    drop(all);

    let value: DynPerCpu<u64> = DynPerCpu::new(0).unwrap();
    let values = value.values();
    drop(value);
    drop(values);
}
