//! Memory for code that is loaded while the image runs. No page of it can be written and executed at once.

use core::{
    arch::asm,
    ops::Range,
    ptr, slice,
    sync::atomic::{AtomicBool, Ordering},
};

use aarch64_cpu::asm::barrier;

use super::{
    level::{Level, level},
    mmu,
};
use crate::{
    machine::Machine,
    platform::common::{image, tables},
};

const PAGE: usize = 4096;

/// The part of the image that is for loaded code, with what the code needs beside it.
#[derive(Debug)]
pub struct LoadedCode {
    memory: Range<usize>,
    /// How many bytes at its start can be executed, and not be written: whole pages.
    executable: usize,
}

impl Machine {
    /// Takes the image's memory for loaded code; `None` if it is taken already. It is empty unless build.rs asks for
    /// some.
    pub fn take_loaded_code(&self) -> Option<LoadedCode> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        (!TAKEN.swap(true, Ordering::Acquire)).then(|| LoadedCode {
            memory: image::loaded(),
            executable: 0,
        })
    }
}

impl LoadedCode {
    /// The unit in which memory becomes executable.
    pub const PAGE: usize = PAGE;

    /// The addresses of all of it.
    pub fn addresses(&self) -> Range<usize> {
        self.memory.clone()
    }

    /// The part that can be written: what lies behind the executable pages.
    pub fn writable(&mut self) -> &mut [u8] {
        let start = self.memory.start + self.executable;
        let pointer = ptr::with_exposed_provenance_mut(start);
        // SAFETY: rule 9: part of the image, which only this value owns. Whatever bytes it has are a `u8` each: the
        // memory is linked, and no compiler knows of it.
        unsafe { slice::from_raw_parts_mut(pointer, self.memory.end - start) }
    }

    /// Makes the pages executable that have the first `bytes` bytes, and what is behind them writable.
    ///
    /// Each core that runs what was loaded calls [`synchronize`](Self::synchronize) before.
    ///
    /// # Panics
    ///
    /// If there is not as much memory.
    pub fn make_executable(&mut self, bytes: usize) {
        let executable = bytes.next_multiple_of(PAGE);
        assert!(
            executable <= self.memory.len(),
            "{bytes} bytes of code are more than the memory for it"
        );
        let boundary = self.memory.start + executable;
        let code = self.memory.start..boundary;
        // What was written is where instructions are fetched from, before they can be.
        clean(code.clone());
        // SAFETY: rule 11: this value owns the pages, and is alone in changing the tables.
        unsafe {
            tables::set_executable(code, mmu::regime(), true);
            tables::set_executable(boundary..self.memory.end, mmu::regime(), false);
        }
        self.executable = executable;
        forget_translations();
    }

    /// Makes this core fetch what was loaded, and not what it has fetched before ("Context synchronization event").
    pub fn synchronize() {
        barrier::isb(barrier::SY);
    }
}

/// Makes what was written to `range` what all cores fetch ("Synchronization and coherency issues between data and
/// instruction accesses").
fn clean(range: Range<usize>) {
    let types: usize;
    // SAFETY: rule 10: a constant of the core.
    unsafe {
        asm!("mrs {}, ctr_el0", out(reg) types, options(pure, nomem, nostack, preserves_flags))
    };
    // DminLine and IminLine: logarithms of words.
    let [data, code] = [16, 0].map(|field| 4 << (types >> field & 0b1111));
    for line in range.clone().step_by(data) {
        // SAFETY: rule 10: to the point of unification. Not `nomem`: what was written before is cleaned.
        unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)) };
    }
    barrier::dsb(barrier::ISH);
    for line in range.step_by(code) {
        // SAFETY: rule 10. Not `nomem`: it comes after what was written.
        unsafe { asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags)) };
    }
    barrier::dsb(barrier::ISH);
    barrier::isb(barrier::SY);
}

/// Makes all cores translate by the tables as they are ("TLB maintenance instructions").
pub(super) fn forget_translations() {
    barrier::dsb(barrier::ISHST);
    // SAFETY: rule 10: translations come from the tables again. Not `nomem`: they permit other accesses.
    unsafe {
        match level() {
            Level::El1 => asm!("tlbi vmalle1is", options(nostack, preserves_flags)),
            Level::El2 | Level::El3 => asm!("tlbi alle2is", options(nostack, preserves_flags)),
        }
    }
    barrier::dsb(barrier::ISH);
    barrier::isb(barrier::SY);
}
