//! Functions that maintain caches, to be disassembled; and an image that calls them, whose instructions are logged. It
//! prints the ranges that they should cover.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(all(
    target_os = "none",
    any(target_arch = "aarch64", target_arch = "riscv64")
))]

use core::hint;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::def_percpu;
use percpu_hv::maintenance::{self, DataCache};

hv_boot::main!(main);

#[def_percpu]
static WORD: u64 = 0x0123_4567_89ab_cdef;
// So that neither the template nor an area ends with a block.
#[def_percpu]
static ODD: [u8; 77] = [7; 77];

/// How many CPUs have flushed their areas.
static FLUSHED: AtomicUsize = AtomicUsize::new(0);

#[cfg(target_arch = "aarch64")]
fn data_cache() -> DataCache {
    DataCache::of_this_cpu()
}

#[cfg(target_arch = "riscv64")]
fn data_cache() -> DataCache {
    // SAFETY: rule 11, the size of QEMU's blocks; its firmware enables the instruction.
    unsafe { DataCache::with_block_size(64) }.expect("a power of two")
}

#[unsafe(export_name = "caches_of_this_cpu")]
#[inline(never)]
extern "C" fn of_this_cpu() -> usize {
    data_cache().block_size()
}

#[unsafe(export_name = "caches_flush_range")]
#[inline(never)]
extern "C" fn flush_range(block_size: usize, start: usize, end: usize) {
    // SAFETY: rule 11, what is flushed is the image's memory, and the size that of the blocks or half of it.
    unsafe {
        if let Some(cache) = DataCache::with_block_size(block_size) {
            cache.flush_range(start..end);
        }
    }
}

/// Has the test find which blocks are flushed.
fn flush(what: &str, range: Range<usize>, flush: impl FnOnce(DataCache)) {
    println!("{what}: {:#x} {:#x}", range.start, range.end);
    flush(data_cache());
}

/// The block that the areas are in.
fn block() -> Range<usize> {
    maintenance::areas().next().unwrap_or_default()
}

fn main(machine: &'static Machine) -> ExitCode {
    println!("block: {}", of_this_cpu());
    println!("reserved: {:#x?}", block());
    if let Err(status) = images::report(percpu_hv::init_in_place()) {
        return status;
    }
    flush("template", maintenance::template(), |_| ());
    flush("areas", block(), |_| ());
    flush("registry", maintenance::registry(), DataCache::flush);
    for cpu in 0..machine.cpu_count() {
        let area = maintenance::area(cpu);
        flush("area", area, |cache| cache.flush_area(cpu));
    }
    // Ranges that end within blocks, and with them; one byte; and none.
    let start = block().start;
    let half = of_this_cpu() / 2;
    for (start, end) in [
        (start + 1, start + 640),
        (start + 63, start + 65),
        (start + 64, start + 128),
        (start + 127, start + 128),
        (start + 77, start + 77),
        (start + 77, start),
    ] {
        println!("range: {start:#x} {end:#x}");
        flush_range(half * 2, start, end);
    }
    println!("halves: {start:#x} {:#x}", start + 256);
    flush_range(half, start, start + 256);
    for wrong in [0, 3, 96] {
        flush_range(wrong, start, start + 256);
    }

    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        WORD.write_current(!(cpu.id() as u64));
        // One after the other, as the test reads the log.
        while FLUSHED.load(Ordering::Acquire) != cpu.id() {
            hint::spin_loop();
        }
        data_cache().flush_area(cpu.id());
        FLUSHED.store(cpu.id() + 1, Ordering::Release);
        assert_eq!(WORD.read_current(), !(cpu.id() as u64));
        ODD.with_current(|odd| assert_eq!(*odd, [7; 77]));
    });
    println!("{} CPUs flushed: ok", machine.cpu_count());
    ExitCode::SUCCESS
}
