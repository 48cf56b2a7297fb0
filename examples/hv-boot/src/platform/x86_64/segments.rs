//! The segments that long mode still needs: code, and a task state with the exception stack ("Segment Loading
//! Instructions in IA-32e Mode", "Task Management in 64-bit Mode").

use core::mem::MaybeUninit;

use x86_64::{
    VirtAddr,
    instructions::{
        segmentation::{CS, DS, ES, SS, Segment},
        tables::load_tss,
    },
    structures::{
        gdt::{Descriptor, GlobalDescriptorTable, SegmentSelector},
        tss::TaskStateSegment,
    },
};

use crate::{boot_cell::BootCell, machine::MAX_CPUS, platform::common::stacks::Stack};

/// One CPU's tables; the task state has an exception stack of its own.
struct Segments {
    table: GlobalDescriptorTable,
    task: TaskStateSegment,
}

static SEGMENTS: [BootCell<MaybeUninit<Segments>>; MAX_CPUS] =
    [const { BootCell::new(MaybeUninit::uninit()) }; MAX_CPUS];

/// The index of the exception stack in the task state: the first one ("Interrupt Stack Table").
pub(super) const EXCEPTION_STACK: u16 = 0;

/// Loads the segments of CPU `cpu`.
///
/// # Safety
///
/// Called once for each CPU, by that CPU.
pub(super) unsafe fn load(cpu: usize) {
    // SAFETY: rule 11: no other core touches this element, and this core comes here once.
    let segments = unsafe { &mut *SEGMENTS[cpu].get() };
    let segments = segments.write(Segments {
        table: GlobalDescriptorTable::new(),
        task: TaskStateSegment::new(),
    });
    let top = Stack::exception_top(cpu);
    segments.task.interrupt_stack_table[usize::from(EXCEPTION_STACK)] = VirtAddr::new(top as u64);
    let code = segments.table.append(Descriptor::kernel_code_segment());
    let task = segments
        .table
        .append(Descriptor::tss_segment(&segments.task));
    segments.table.load();
    // SAFETY: rule 10: the selectors are those of the table that was loaded; data needs none in long mode.
    unsafe {
        CS::set_reg(code);
        SS::set_reg(SegmentSelector::NULL);
        DS::set_reg(SegmentSelector::NULL);
        ES::set_reg(SegmentSelector::NULL);
        load_tss(task);
    }
}
