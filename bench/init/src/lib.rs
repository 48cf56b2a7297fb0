//! `init_from` beside a bare copy of the same bytes to the same memory, in one process.

use std::{
    alloc::{Layout, alloc},
    env,
    hint::black_box,
    mem::MaybeUninit,
    ptr, slice,
    time::Instant,
};

use percpu_hv::{AreaSlot, InitError};

/// For so many areas as the first argument says, in one block, or with `anywhere` as the second one by a table, prints
/// how many nanoseconds an init took, and how many a copy of the template to each area took right before it. `content`
/// is the address in the template, and `offset` the offset, of a variable of so many bytes.
///
/// # Panics
///
/// If there is not enough memory, or an area is smaller than its variable.
pub fn run(content: usize, offset: usize, bytes: usize) {
    let count = env::args().nth(1).and_then(|count| count.parse().ok());
    let count: usize = count.expect("the argument is a number of CPUs");
    let size = percpu_hv::percpu_area_size();
    // The linker drops a variable whose address nobody takes.
    let template = ptr::with_exposed_provenance::<u8>(black_box(content) - offset);
    assert!(size >= bytes, "an area of {size} bytes cannot hold {bytes}");

    let layout = percpu_hv::percpu_area_layout_expected(count);
    let stride = layout.size() / count;
    // By pages, as a kernel has it; one more byte for an init that is refused.
    let align = layout.align().max(4096);
    let layout = Layout::from_size_align(layout.size() + 1, align).expect("a layout");
    // SAFETY: rule 9, the layout has a size.
    let memory = unsafe { alloc(layout) };
    assert!(
        !memory.is_null(),
        "there is not enough memory for {layout:?}"
    );
    // All pages are there before anything is timed.
    // SAFETY: rule 9, the memory that was just taken.
    unsafe { memory.write_bytes(1, layout.size()) };

    let copy = || {
        let start = Instant::now();
        for cpu in 0..count {
            // SAFETY: rule 9, this area, from the template.
            unsafe { copy_bytes(template, memory.add(cpu * stride), size) };
        }
        start.elapsed()
    };
    // SAFETY: rule 9, the memory is initialized, and nobody else's while the slice lives: twice for a short time.
    let slice = |from: usize| unsafe {
        slice::from_raw_parts_mut(
            memory.add(from).cast::<MaybeUninit<u8>>(),
            layout.size() - from,
        )
    };
    // The code of an init has not run yet, unlike a copy's: before the one that is timed, one that copies nothing.
    assert_eq!(
        percpu_hv::init_from(slice(1), count),
        Err(InitError::UnalignedBase)
    );
    // Caches and predictors have seen it all; what is large is steady.
    for _ in 0..if layout.size() > 1 << 28 { 1 } else { 20 } {
        copy();
    }

    let copied = copy();
    let anywhere = env::args().nth(2).is_some_and(|way| way == "anywhere");
    let table = Vec::leak((0..count).map(|_| AreaSlot::new()).collect::<Vec<_>>());
    let start = Instant::now();
    let result = if anywhere {
        // From the highest address down.
        let areas = percpu_hv::split_areas(slice(0)).take(count).rev();
        percpu_hv::init_from_each(table, areas)
    } else {
        percpu_hv::init_from(slice(0), count)
    };
    let init = start.elapsed();
    assert_eq!(result, Ok(count));
    println!("{} {}", init.as_nanos(), copied.as_nanos());
}

/// # Safety
///
/// As [`ptr::copy_nonoverlapping`].
#[inline(never)]
unsafe fn copy_bytes(from: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: rule 9, the caller's.
    unsafe { ptr::copy_nonoverlapping(from, to, bytes) };
}
