//! Arithmetic on memory ranges: no unsafe, no globals.

use core::{alloc::Layout, ops::Range};

/// The lowest address at or above `from` where `layout` fits into one of `ram` and touches none of
/// `reserved`; `None` if there is none.
pub(crate) fn find_free(
    ram: &[Range<usize>],
    reserved: &[Range<usize>],
    from: usize,
    layout: Layout,
) -> Option<usize> {
    ram.iter()
        .filter_map(|region| find_in_region(region, reserved, from, layout))
        .min()
}

fn find_in_region(
    region: &Range<usize>,
    reserved: &[Range<usize>],
    from: usize,
    layout: Layout,
) -> Option<usize> {
    let mut start = from.max(region.start);
    loop {
        start = start.checked_next_multiple_of(layout.align())?;
        let end = start.checked_add(layout.size())?;
        if end > region.end {
            return None;
        }
        // Every step ends behind a reserved range that began before `end`, so the search advances.
        match reserved.iter().find(|taken| overlaps(taken, &(start..end))) {
            Some(taken) => start = taken.end,
            None => return Some(start),
        }
    }
}

/// Whether two ranges share an address; an empty one shares none.
fn overlaps(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start.max(b.start) < a.end.min(b.end)
}

#[cfg(test)]
#[allow(
    clippy::single_range_in_vec_init,
    reason = "one range is what is meant"
)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn takes_the_start_of_ram() {
        assert_eq!(
            find_free(&[0x1000..0x2000], &[], 0, layout(0x1000, 64)),
            Some(0x1000)
        );
    }

    #[test]
    fn steps_over_reserved_ranges_in_any_order() {
        let reserved = [0x3000..0x3800, 0x1000..0x1001, 0x1800..0x3000];
        let found = find_free(&[0x1000..0x8000], &reserved, 0, layout(0x900, 0x100));
        assert_eq!(found, Some(0x3800));
        assert_eq!(
            find_free(&[0x1000..0x8000], &reserved, 0, layout(0x700, 0x100)),
            Some(0x1100)
        );
    }

    #[test]
    fn aligns_after_every_step() {
        let found = find_free(&[0x1001..0x10000], &[0x2000..0x2001], 0, layout(1, 0x1000));
        assert_eq!(found, Some(0x3000));
    }

    #[test]
    fn honours_the_cursor_and_the_end() {
        assert_eq!(
            find_free(&[0x1000..0x2000], &[], 0x1801, layout(0x800, 1)),
            None
        );
        assert_eq!(
            find_free(&[0x1000..0x2000], &[], 0x1800, layout(0x800, 1)),
            Some(0x1800)
        );
        assert_eq!(find_free(&[], &[], 0, layout(1, 1)), None);
    }

    #[test]
    fn survives_the_top_of_the_address_space() {
        let top = usize::MAX - 0xfff..usize::MAX;
        assert_eq!(
            find_free(&[top], &[], usize::MAX - 1, layout(0x1000, 0x1000)),
            None
        );
    }

    #[test]
    fn a_reserved_range_that_is_empty_reserves_nothing() {
        let empty = 0x1800..0x1800;
        assert_eq!(
            find_free(&[0x1000..0x2000], &[empty], 0, layout(0x1000, 1)),
            Some(0x1000)
        );
    }
}
