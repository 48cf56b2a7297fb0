//! How large the areas are.

use core::alloc::Layout;

use crate::{InitError, section};

/// The bytes of one area, from its base to the end of its last variable (not rounded up to the
/// stride).
pub fn percpu_area_size() -> usize {
    section::size()
}

/// The memory that the areas of `cpu_count` CPUs take: `cpu_count` strides, aligned to the
/// largest alignment of a variable and at least to a cache line of 64 bytes.
///
/// # Panics
///
/// If the areas exceed the address space.
#[track_caller]
pub fn percpu_area_layout_expected(cpu_count: usize) -> Layout {
    match section::template().geometry() {
        Ok(geometry) => match geometry.layout(cpu_count) {
            Some(layout) => layout,
            None => panic!("{}", InitError::TooManyCpus { cpu_count }),
        },
        Err(error) => panic!("{error}"),
    }
}
