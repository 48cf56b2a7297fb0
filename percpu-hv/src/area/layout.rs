//! The size and the memory layout of areas.

use core::alloc::Layout;
use core::ops::Range;

use super::header;
use super::template::{self, Template};
use crate::error::InitError;

/// Returns the size of one area in bytes, from its base to the end of its last variable. The stride is this
/// size rounded up, the reserve for variables that are made at run time, and the gap.
pub fn percpu_area_size() -> usize {
    let size = template::size();
    // lld drops the section together with its bounds unless code refers to something in it. The header is in
    // it.
    if cfg!(hosted) {
        size.max(header::end())
    } else {
        size
    }
}

/// Returns the memory layout of the areas of `cpu_count` CPUs, their reserves and gaps included: `cpu_count` strides,
/// aligned to the largest alignment of a variable, and at least to a cache line: 128 bytes on x86_64 and AArch64, 64 elsewhere, and
/// with a linker script that was written for `percpu`.
///
/// # Panics
///
/// If the areas exceed the address space.
#[track_caller]
pub fn percpu_area_layout_expected(cpu_count: usize) -> Layout {
    match linked_template().geometry() {
        Ok(geometry) => match geometry.layout(cpu_count) {
            Some(layout) => layout,
            None => panic!("{}", InitError::TooManyCpus { cpu_count }),
        },
        Err(error) => panic!("{error}"),
    }
}

/// Returns the offsets of the reserve in an area, and the alignment of an area.
pub(crate) fn reserve() -> (Range<usize>, usize) {
    match linked_template().geometry() {
        Ok(geometry) => {
            let tail = geometry.tail();
            (tail.start..tail.end - template::gap(), geometry.align())
        }
        Err(_) => (0..0, 1),
    }
}

/// Returns the template of this image.
pub(crate) fn linked_template() -> Template {
    let mut template = template::template();
    template.size = percpu_area_size();
    template
}

/// Returns the template of this image, after a check that it holds what was linked.
pub(crate) fn loaded_template() -> Result<Template, InitError> {
    let template = linked_template();
    template::check_reach(template.start, template.size)?;
    if template.image == 0 || header::end() > template.size {
        return Err(InitError::TemplateNotLoaded);
    }
    // SAFETY: rule 8, the header is inside the template.
    if unsafe { !header::is_loaded(template.image) } {
        return Err(InitError::TemplateNotLoaded);
    }
    Ok(template)
}
