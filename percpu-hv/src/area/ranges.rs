//! The memory of the crate, as ranges of addresses.

use core::ops::Range;

use super::layout::{linked_template, percpu_area_layout_expected};
use super::registry::{AREAS, count, percpu_area_base};
use super::template;

/// Returns the addresses of the template, from which init and [`reinit_percpu_area`](crate::reinit_percpu_area) copy.
///
/// Like the other ranges it has the addresses at which this code runs: those of the low alias while an image that is
/// linked high runs low.
pub fn template() -> Range<usize> {
    let template = linked_template();
    match template.image {
        // The platform makes the areas, from a template that only it knows.
        0 => 0..0,
        image => image..image + template.size,
    }
}

/// Returns the addresses of all areas. Before init, returns those that the linker script reserves; the range is empty
/// if it reserves none.
pub fn areas() -> Range<usize> {
    let (base, bytes) = match count() {
        0 => template::block(),
        count => (
            percpu_area_base(0),
            percpu_area_layout_expected(count).size(),
        ),
    };
    base..base + bytes
}

/// Returns the addresses of the area of CPU `cpu_id`, up to the next area.
///
/// # Panics
///
/// Before init, and if `cpu_id` is not in `0..percpu_area_num()`.
#[track_caller]
pub fn area(cpu_id: usize) -> Range<usize> {
    let base = percpu_area_base(cpu_id);
    base..base + percpu_area_layout_expected(1).size()
}

/// Returns the addresses of the registry: whole cache lines with what init publishes, where the areas are and how many.
/// It is in `.bss`, which boot code clears.
pub fn registry() -> Range<usize> {
    let start = (&raw const AREAS).addr();
    start..start + size_of_val(&AREAS)
}
