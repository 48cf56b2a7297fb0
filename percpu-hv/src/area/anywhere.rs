//! Areas at any addresses, one after the other: a table says where the area of each CPU is.

use core::mem::MaybeUninit;
use core::ptr;

use super::context::own;
use super::counts::Counts;
use super::geometry::{Geometry, overlap};
use super::init::{build_area, refusal};
use super::layout::{loaded_template, percpu_area_layout_expected};
use super::registry::areas;
use super::reserve::hold_unused;
use super::slot::AreaSlot;
use super::template::{Template, bias};
use crate::arch::{self, load_at, store_at};
use crate::error::{AreaFault, InitError};

/// Memory for an area, before any check.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    address: usize,
    bytes: usize,
}

impl Candidate {
    /// Returns the part of `memory` that starts at an aligned address.
    fn aligned(memory: &'static mut [MaybeUninit<u8>], geometry: &Geometry) -> Self {
        let address = memory.as_mut_ptr().expose_provenance();
        let aligned = geometry.align_up(address).unwrap_or(address);
        Self {
            address: aligned,
            bytes: memory.len().saturating_sub(aligned - address),
        }
    }

    /// Returns memory that the caller promises to be large enough.
    fn promised(base: *mut u8) -> Self {
        Self {
            address: base.expose_provenance(),
            bytes: usize::MAX,
        }
    }

    /// Returns the base of the area, if all is right but for other areas.
    fn check(self, template: &Template, geometry: &Geometry) -> Result<usize, AreaFault> {
        let Self { address, bytes } = self;
        let (needed, align) = (geometry.stride(), geometry.align());
        if address == 0 {
            return Err(AreaFault::Null);
        }
        if address % align != 0 {
            return Err(AreaFault::Unaligned { address, align });
        }
        if bytes < needed {
            return Err(AreaFault::TooSmall {
                needed,
                given: bytes,
            });
        }
        if address.checked_add(needed).is_none() {
            return Err(AreaFault::Wraps { address });
        }
        if overlap(template.image, template.size, address, needed) {
            return Err(AreaFault::OverTemplate { address });
        }
        Ok(address)
    }
}

/// Returns the base of the area that a slot leads to.
#[inline]
fn base_in(slot: &AreaSlot) -> usize {
    slot.register().wrapping_add(bias())
}

/// Returns the slot of a CPU, if the table has one and the number of areas can be published.
fn slot_of(table: &[AreaSlot], cpu_id: usize) -> Option<&AreaSlot> {
    table.get(cpu_id).filter(|_| Counts::fits(cpu_id + 1))
}

/// Checks `candidates`, stores where they are in the first slots of `table`, and returns how many there are.
fn fill(
    table: &[AreaSlot],
    candidates: impl Iterator<Item = Candidate>,
    template: &Template,
    geometry: &Geometry,
) -> Result<usize, InitError> {
    let mut count = 0;
    for candidate in candidates {
        let Some(slot) = slot_of(table, count) else {
            let slots = table.len();
            return Err(InitError::TableTooSmall { slots });
        };
        let base = candidate
            .check(template, geometry)
            .map_err(|fault| InitError::Area {
                cpu_id: count,
                fault,
            })?;
        slot.set(base.wrapping_sub(bias()));
        count += 1;
    }
    if count == 0 {
        return Err(InitError::NoCpus);
    }
    Ok(count)
}

/// Finds two areas that overlap, in a time that grows with the number of areas as a copy to them does: each area stamps
/// its granules with its CPU's id, and then looks whether another one has stamped them anew.
///
/// All areas have one size and one alignment, which is the size of a granule. So two that overlap share a granule.
///
/// # Safety
///
/// Memory of a stride is writable at each base (rule 9 of docs/safety.md).
unsafe fn check_overlaps(table: &[AreaSlot], geometry: &Geometry) -> Result<(), InitError> {
    let granules =
        |slot| (base_in(slot)..base_in(slot) + geometry.stride()).step_by(geometry.align());
    for (cpu, slot) in table.iter().enumerate() {
        for granule in granules(slot) {
            // SAFETY: rule 9, the caller's; aligned to a cache line.
            unsafe { store_at(granule, cpu) };
        }
    }
    for (cpu_id, slot) in table.iter().enumerate() {
        for granule in granules(slot) {
            // SAFETY: as above; it was written above.
            let other_id: usize = unsafe { load_at(granule) };
            if other_id != cpu_id {
                return Err(InitError::Area {
                    cpu_id: other_id,
                    fault: AreaFault::Overlaps { other_id: cpu_id },
                });
            }
        }
    }
    Ok(())
}

/// Builds the areas of `candidates`, or waits while another CPU builds areas. `check` looks whether the areas in the
/// filled part of the table overlap.
fn init_table(
    table: &'static [AreaSlot],
    candidates: impl Iterator<Item = Candidate>,
    check: impl FnOnce(&[AreaSlot]) -> Result<(), InitError>,
    template: &Template,
    geometry: &Geometry,
) -> Result<usize, InitError> {
    let build = || {
        let count = fill(table, candidates, template, geometry)?;
        let table = &table[..count];
        check(table)?;
        for (cpu, slot) in table.iter().enumerate() {
            // SAFETY: rules 3 and 9, the memory is this CPU's area, which nobody uses yet.
            unsafe { build_area(template, base_in(slot), cpu) };
        }
        Ok(count)
    };
    areas()
        .init_table(table, own(), arch::memory_is_normal(), build)
        .unwrap_or_else(|live| Err(refusal(live)))
}

/// Initializes areas at any addresses, one in each item of `memories`, and returns their number. The items are in the
/// order of the CPU ids. Where each area is stands in `table`, which needs a slot for each CPU.
///
/// Each item needs the size and alignment that
/// [`percpu_area_layout_expected(1)`](crate::percpu_area_layout_expected) returns. If it is not aligned, the area
/// starts at the first aligned address in it. [`split_areas`] makes such items of a larger block, [`reserved_table`] returns a
/// table that the linker script reserves, and [the guide](crate::guide::boot#areas-anywhere) has an example.
///
/// Slots that are left over are for [`add_area_from`](crate::add_area_from).
///
/// It may run before the MMU is on, under the conditions of [`init_in_place`](crate::init_in_place), if `memories`
/// moves no blocks of memory itself: ranges and closures do not, an array by value may. The iterator runs while other
/// inits wait, and one that it calls itself is refused.
///
/// # Errors
///
/// `Area`, which names the CPU whose memory is refused; `NoCpus`; `TableTooSmall`; `AlreadyInitialized`; `Busy`; and any
/// [`InitError`] about the template. Nothing has changed then, but for the slots of the table.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg).
#[track_caller]
pub fn init_from_each(
    table: &'static [AreaSlot],
    memories: impl IntoIterator<Item = &'static mut [MaybeUninit<u8>]>,
) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    let template = loaded_template()?;
    let geometry = template.geometry()?;
    let memories = memories.into_iter();
    let candidates = memories.map(|memory| Candidate::aligned(memory, &geometry));
    // No two `&'static mut` overlap.
    init_table(table, candidates, |_| Ok(()), &template, &geometry)
}

/// Initializes areas at any addresses, one at each of `bases`, and returns their number. The bases are in the order of
/// the CPU ids; all else is as with [`init_from_each`], the safe alternative for memory that Rust knows.
///
/// It refuses a base that is null, unaligned or wraps around, an area that overlaps the template, and two areas that
/// overlap. To find these, it writes to all areas and their gaps, so memory that is refused may have been written.
///
/// # Errors
///
/// As [`init_from_each`].
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg).
///
/// # Safety
///
/// For as long as the image runs, memory of the size that
/// [`percpu_area_layout_expected(1)`](crate::percpu_area_layout_expected) returns is mapped and writable at each base,
/// and nothing else uses it (rule 9 of docs/safety.md). Other areas may be what else uses it: that is refused. So is a
/// base that is null, unaligned, wraps around or is over the template, and need not point to memory.
#[track_caller]
pub unsafe fn init_each(
    table: &'static [AreaSlot],
    bases: impl IntoIterator<Item = *mut u8>,
) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    let template = loaded_template()?;
    let geometry = template.geometry()?;
    let candidates = bases.into_iter().map(Candidate::promised);
    // SAFETY: rule 9, the caller's; what need not be memory is refused before.
    let check = |table: &[AreaSlot]| unsafe { check_overlaps(table, &geometry) };
    init_table(table, candidates, check, &template, &geometry)
}

/// Cuts `memory` into as many areas as fit in it, for [`init_from_each`]: one block for each NUMA node gives areas near
/// the CPUs of that node. What is before the first aligned address and behind the last area is left out.
///
/// # Panics
///
/// If the linker script does not describe a template.
#[track_caller]
pub fn split_areas(
    memory: &'static mut [MaybeUninit<u8>],
) -> impl DoubleEndedIterator<Item = &'static mut [MaybeUninit<u8>]> + ExactSizeIterator {
    let layout = percpu_area_layout_expected(1);
    let start = memory.as_ptr().addr();
    let skipped = start.wrapping_neg() % layout.align();
    let aligned = memory.get_mut(skipped..).unwrap_or_default();
    aligned.chunks_exact_mut(layout.size())
}

/// Returns the table that the linker script reserves: `PERCPU_TABLE_NUM` slots behind the areas of percpu.x. It is
/// empty if the script does not define that symbol, and in a process.
pub fn reserved_table() -> &'static [AreaSlot] {
    let (start, bytes) = super::template::table();
    if bytes == 0 {
        return &[];
    }
    let start: *const AreaSlot = ptr::with_exposed_provenance(start);
    // SAFETY: rule 8, memory that the linker script reserves for nothing else; any bits are an atomic word.
    unsafe { core::slice::from_raw_parts(start, bytes / size_of::<AreaSlot>()) }
}

/// Adds an area to the table, and returns its CPU's id.
fn append(
    candidate: Candidate,
    template: &Template,
    geometry: &Geometry,
) -> Result<usize, InitError> {
    let build = |cpu_id, table: Option<&'static [AreaSlot]>| {
        if cpu_id == 0 {
            return Err(InitError::NotInitialized);
        }
        let table = table.ok_or(InitError::NoTable)?;
        let slots = table.len();
        let slot = slot_of(table, cpu_id).ok_or(InitError::TableTooSmall { slots })?;
        let refused = |fault| InitError::Area { cpu_id, fault };
        let base = candidate.check(template, geometry).map_err(refused)?;
        let size = geometry.stride();
        let mut others = table[..cpu_id].iter().map(base_in);
        if let Some(other_id) = others.position(|other| overlap(other, size, base, size)) {
            return Err(refused(AreaFault::Overlaps { other_id }));
        }
        // SAFETY: rules 3 and 9, memory for this area, which nobody uses yet.
        unsafe { build_area(template, base, cpu_id) };
        Ok((slot, base.wrapping_sub(bias())))
    };
    // Early, so that no value is made in vain.
    drop(hold_unused()?);
    // And as long as the number of areas changes: whoever makes a variable later finds the new area.
    areas()
        .add(own(), arch::memory_is_normal(), build, hold_unused)
        .unwrap_or(Err(InitError::Busy))
}

/// Adds an area in `memory`, and returns its CPU's id.
#[track_caller]
pub(crate) fn append_from(memory: &'static mut [MaybeUninit<u8>]) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    let template = loaded_template()?;
    let geometry = template.geometry()?;
    let candidate = Candidate::aligned(memory, &geometry);
    append(candidate, &template, &geometry)
}

/// Adds an area at `base`, and returns its CPU's id.
///
/// # Safety
///
/// As [`init_each`].
#[track_caller]
pub(crate) unsafe fn append_at(base: *mut u8) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    let template = loaded_template()?;
    let geometry = template.geometry()?;
    append(Candidate::promised(base), &template, &geometry)
}

#[cfg(all(test, hosted))]
mod tests {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    /// Memory that areas of any alignment below fit in.
    struct Arena(*mut u8);

    impl Arena {
        const LAYOUT: Layout = match Layout::from_size_align(1 << 14, 1 << 14) {
            Ok(layout) => layout,
            Err(_) => unreachable!(),
        };

        fn new() -> Self {
            // SAFETY: rule 9, the layout is not empty.
            Self(unsafe { alloc_zeroed(Self::LAYOUT) })
        }
    }

    impl Drop for Arena {
        fn drop(&mut self) {
            // SAFETY: rule 9, allocated above with this layout; nothing refers to it.
            unsafe { dealloc(self.0, Self::LAYOUT) };
        }
    }

    fn table_of(bases: &[usize]) -> Vec<AreaSlot> {
        let slot = |base: &usize| {
            let slot = AreaSlot::new();
            slot.set(base.wrapping_sub(bias()));
            slot
        };
        bases.iter().map(slot).collect()
    }

    /// Two areas that share a byte, the lower id last.
    fn overlapping(bases: &[usize], stride: usize) -> Vec<(usize, usize)> {
        let pairs = (0..bases.len()).flat_map(|high| (0..high).map(move |low| (high, low)));
        pairs
            .filter(|&(high, low)| bases[high].abs_diff(bases[low]) < stride)
            .collect()
    }

    const TEMPLATE: Template = Template::SAMPLE;

    fn checked(address: usize, bytes: usize) -> Result<usize, AreaFault> {
        Candidate { address, bytes }.check(&TEMPLATE, &TEMPLATE.geometry().unwrap())
    }

    #[test]
    fn each_fault_is_told() {
        let address = 0x20_0040;
        assert_eq!(checked(address, 0xc0), Ok(address));
        assert_eq!(checked(0, 0xc0), Err(AreaFault::Null));
        let (needed, given) = (0xc0, 0xbf);
        let fault = AreaFault::TooSmall { needed, given };
        assert_eq!(checked(address, given), Err(fault));
        let (address, align) = (0x20_0048, 64);
        let fault = AreaFault::Unaligned { address, align };
        assert_eq!(checked(address, 0xc0), Err(fault));
        let address = usize::MAX - 63;
        assert_eq!(checked(address, 0xc0), Err(AreaFault::Wraps { address }));
        for address in [0x10_0000 - 0x80, 0x10_0000, 0x10_0080] {
            let fault = AreaFault::OverTemplate { address };
            assert_eq!(checked(address, 0xc0), Err(fault));
        }
        for address in [0x10_0000 - 0xc0, 0x10_00c0] {
            assert_eq!(checked(address, 0xc0), Ok(address));
        }
    }

    #[test]
    fn slots_are_filled_in_order_and_no_more_than_there_are() {
        let geometry = TEMPLATE.geometry().unwrap();
        let fill = |slots: usize, addresses: &[usize]| {
            let table = table_of(&std::vec![0; slots]);
            let candidate = |&address| Candidate {
                address,
                bytes: 0xc0,
            };
            let candidates = addresses.iter().map(candidate);
            let filled = super::fill(&table, candidates, &TEMPLATE, &geometry)?;
            Ok(table[..filled].iter().map(base_in).collect::<Vec<_>>())
        };
        let bases = [0x30_0000, 0x20_0000, 0x40_0000];
        assert_eq!(fill(3, &bases), Ok(bases.to_vec()));
        assert_eq!(fill(4, &bases[..1]), Ok(bases[..1].to_vec()));
        let refused = Err(InitError::TableTooSmall { slots: 2 });
        assert_eq!(fill(2, &bases), refused);
        assert_eq!(fill(0, &bases), Err(InitError::TableTooSmall { slots: 0 }));
        assert_eq!(fill(3, &[]), Err(InitError::NoCpus));
        let (cpu_id, fault) = (2, AreaFault::Null);
        let refused = Err(InitError::Area { cpu_id, fault });
        assert_eq!(fill(3, &[0x30_0000, 0x20_0000, 0]), refused);
    }

    proptest! {
        #[test]
        fn overlaps_are_found_if_and_only_if_there_are_some(
            size in 1usize..700,
            shift in 3u32..=8,
            places in proptest::collection::vec(0usize..1 << 8, 1..24),
        ) {
            let geometry = Geometry::new(size, 1 << shift).unwrap();
            let arena = Arena::new();
            let (first, stride, align) = (arena.0.expose_provenance(), geometry.stride(), geometry.align());
            let last = (Arena::LAYOUT.size() - stride) / align;
            let bases: Vec<_> = places.iter().map(|place| first + place % (last + 1) * align).collect();
            let table = table_of(&bases);
            // SAFETY: rule 9, all areas are in the arena.
            let found = unsafe { check_overlaps(&table, &geometry) };
            let expected = overlapping(&bases, stride);
            match found {
                Ok(()) => prop_assert!(expected.is_empty(), "{expected:?} were not found"),
                Err(InitError::Area { cpu_id, fault: AreaFault::Overlaps { other_id } }) => {
                    prop_assert!(expected.contains(&(cpu_id, other_id)), "{cpu_id} {other_id}: {expected:?}");
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn areas_side_by_side_in_any_order_are_accepted(
            size in 1usize..300,
            shift in 3u32..=8,
            order in Just((0usize..16).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let geometry = Geometry::new(size, 1 << shift).unwrap();
            let arena = Arena::new();
            let first = arena.0.expose_provenance();
            let bases: Vec<_> = order.iter().map(|place| first + place * geometry.stride()).collect();
            // SAFETY: rule 9, all areas are in the arena.
            prop_assert_eq!(unsafe { check_overlaps(&table_of(&bases), &geometry) }, Ok(()));
        }

        #[test]
        fn what_is_accepted_is_right(address: usize, bytes: usize, align in 0u32..=12) {
            let template = Template { align: 1 << align, ..TEMPLATE };
            let geometry = template.geometry().unwrap();
            if let Ok(base) = (Candidate { address, bytes }).check(&template, &geometry) {
                prop_assert!(base == address && base != 0 && base % geometry.align() == 0);
                prop_assert!(bytes >= geometry.stride());
                let end = base.checked_add(geometry.stride()).unwrap();
                prop_assert!(end <= template.image || template.image + template.size <= base);
            }
        }
    }
}
