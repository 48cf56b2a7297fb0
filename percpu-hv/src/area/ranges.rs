//! The memory of the crate, as ranges of addresses.

use core::ops::Range;

use super::anywhere::reserved_table;
use super::layout::{linked_template, percpu_area_layout_expected};
use super::registry::{AREAS, areas as registered, count, percpu_area_base};
use super::reserve::state as reserve_state;
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

/// Returns the addresses of all areas: of the block that they are in, or of each area if a [`table`] leads to them or
/// [gaps](percpu_area_gap) lie between them. Before init, returns the block that the linker script reserves, which is
/// empty if it reserves none.
pub fn areas() -> impl Iterator<Item = Range<usize>> {
    let count = count();
    let apart = registered().table().is_some() || count != 0 && template::gap() != 0;
    let block = move || {
        let (base, bytes) = match count {
            0 => template::block(),
            count => (
                percpu_area_base(0),
                percpu_area_layout_expected(count).size(),
            ),
        };
        base..base + bytes
    };
    let ranges = if apart { count } else { 1 };
    (0..ranges).map(move |cpu_id| if apart { area(cpu_id) } else { block() })
}

/// Returns the addresses of the table that [`init_from_each`](crate::init_from_each) or
/// [`init_each`](crate::init_each) got; the range is empty if the areas are in one block. Before init, returns the
/// table that the linker script reserves, as [`reserved_table`](crate::reserved_table) does.
pub fn table() -> Range<usize> {
    let table = match count() {
        0 => reserved_table(),
        _ => registered().table().unwrap_or(&[]),
    };
    let start = table.as_ptr().addr();
    start..start + size_of_val(table)
}

/// Returns the addresses of the area of CPU `cpu_id`; in a block, up to its gap or to the next area.
///
/// # Panics
///
/// Before init, and if `cpu_id` is not in `0..percpu_area_num()`.
#[track_caller]
pub fn area(cpu_id: usize) -> Range<usize> {
    percpu_area_base(cpu_id)..percpu_area_gap(cpu_id).start
}

/// Returns the addresses of the gap behind the area of CPU `cpu_id`: as many bytes as the linker script sets by
/// `PERCPU_AREA_GAP`, and aligned to as many. Without that symbol, and in a process, the range is empty, and is where the
/// area ends.
///
/// After init nothing of this crate reads or writes a gap, so a kernel may leave it unmapped.
/// [The guide](crate::guide::linking#a-gap-behind-each-area) has an example.
///
/// # Panics
///
/// Before init, and if `cpu_id` is not in `0..percpu_area_num()`.
#[track_caller]
pub fn percpu_area_gap(cpu_id: usize) -> Range<usize> {
    let end = percpu_area_base(cpu_id) + percpu_area_layout_expected(1).size();
    end - template::gap()..end
}

/// Returns the addresses of what is known of the areas' reserve, from which variables are made at run time: which part of
/// it is taken. It is in `.bss`.
pub fn reserve() -> Range<usize> {
    reserve_state()
}

/// Returns the addresses of the registry: whole cache lines with what init publishes, where the areas are and how many.
/// It is in `.bss`, which boot code clears.
pub fn registry() -> Range<usize> {
    let start = (&raw const AREAS).addr();
    start..start + size_of_val(&AREAS)
}
