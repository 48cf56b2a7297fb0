//! Checked arithmetic on sizes, strides and bases. It accesses no memory.

use core::alloc::Layout;
use core::ops::Range;

use crate::error::InitError;

/// What a script that was written for `percpu` aligns areas to, and counts them by. All other areas are aligned at least
/// to a [`CacheLine`](super::CacheLine): two CPUs share no line, and no pair of lines where a core fetches both.
pub(crate) const PERCPUS_LINE: usize = 64;

/// The size, alignment and stride of the areas of one image. Alignment and tail have 32 bits, so that no `memcpy` moves
/// it (rule 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Size of the template in bytes, as linked.
    size: usize,
    /// Alignment of every area: a power of two, at least [`PERCPUS_LINE`].
    align: u32,
    /// Distance between two areas: `size` rounded up to `align`, and never 0; then the tail.
    stride: usize,
    /// Size in bytes of what is no variable of the template: the reserve and the gap. A multiple of `align`.
    tail: u32,
}

impl Geometry {
    /// Computes the geometry for a template of `size` bytes whose variables need the alignment `align`.
    ///
    /// Returns `None` if `align` is not a power of two or the stride does not fit in an `isize`.
    pub(crate) const fn new(size: usize, align: usize) -> Option<Self> {
        if !align.is_power_of_two() || align > u32::MAX as usize {
            return None;
        }
        let align = if align < PERCPUS_LINE {
            PERCPUS_LINE
        } else {
            align
        };
        // An empty template counts as one byte: bases stay distinct, and the stride is never 0.
        let occupied = if size == 0 { 1 } else { size };
        match occupied.checked_next_multiple_of(align) {
            Some(stride) if stride <= isize::MAX as usize => Some(Self {
                size,
                align: align as u32,
                stride,
                tail: 0,
            }),
            _ => None,
        }
    }

    /// Adds a tail of at least `bytes` behind the variables of each area. Returns `None` if the stride does not fit in
    /// an `isize` any more.
    pub(crate) const fn with_tail(self, bytes: usize) -> Option<Self> {
        let Some(tail) = bytes.checked_next_multiple_of(self.align()) else {
            return None;
        };
        match self.stride.checked_add(tail) {
            Some(stride) if stride <= isize::MAX as usize && tail <= u32::MAX as usize => {
                Some(Self {
                    stride,
                    tail: tail as u32,
                    ..self
                })
            }
            _ => None,
        }
    }

    /// Returns the offsets of the tail. It starts at a multiple of the areas' alignment.
    pub(crate) const fn tail(&self) -> Range<usize> {
        self.stride - self.tail as usize..self.stride
    }

    /// Returns the alignment of an area.
    pub(crate) const fn align(&self) -> usize {
        self.align as usize
    }

    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    /// Returns the first address from `address` where an area may start, or `None` beyond the address space.
    pub(crate) const fn align_up(&self, address: usize) -> Option<usize> {
        address.checked_next_multiple_of(self.align())
    }

    /// Returns the memory layout of `cpu_count` areas, or `None` if they exceed the address space.
    pub(crate) const fn layout(&self, cpu_count: usize) -> Option<Layout> {
        match self.stride.checked_mul(cpu_count) {
            Some(bytes) => match Layout::from_size_align(bytes, self.align()) {
                Ok(layout) => Some(layout),
                Err(_) => None,
            },
            None => None,
        }
    }

    /// Returns how many areas fit into a block of `bytes`.
    pub(crate) const fn capacity(&self, bytes: usize) -> usize {
        bytes / self.stride
    }

    /// Checks that `base` is neither null nor unaligned, and that `cpu_count` areas from there do not wrap
    /// around the end of the address space.
    pub(crate) const fn check_base(&self, base: usize, cpu_count: usize) -> Result<(), InitError> {
        if cpu_count == 0 {
            return Err(InitError::NoCpus);
        }
        let Some(layout) = self.layout(cpu_count) else {
            return Err(InitError::TooManyCpus { cpu_count });
        };
        if base == 0 || base.checked_add(layout.size()).is_none() {
            return Err(InitError::InvalidBase);
        }
        if base % self.align() != 0 {
            return Err(InitError::UnalignedBase);
        }
        Ok(())
    }
}

/// Returns the addresses of all blocks that share a byte with `range`. Their size is a power of two, and they are
/// aligned to it.
#[cfg(data_cache)]
pub(crate) fn blocks(range: &Range<usize>, size: usize) -> impl Iterator<Item = usize> + use<> {
    let first = range.start & !(size - 1);
    let last = range.end.wrapping_sub(1) & !(size - 1);
    let count = if range.is_empty() {
        0
    } else {
        ((last - first) >> size.trailing_zeros()) + 1
    };
    (0..count).map(move |block| first + block * size)
}

/// Returns whether `[a, a + a_len)` and `[b, b + b_len)` share a byte. Neither range may wrap.
pub(crate) const fn overlap(a: usize, a_len: usize, b: usize, b_len: usize) -> bool {
    a_len != 0 && b_len != 0 && a < b.saturating_add(b_len) && b < a.saturating_add(a_len)
}

#[cfg(all(test, hosted))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn an_empty_template_still_has_distinct_areas() {
        let empty = Geometry::new(0, 1).unwrap();
        assert_eq!((empty.size(), empty.stride()), (0, PERCPUS_LINE));
        assert_eq!(empty.capacity(0), 0);
        assert_eq!(empty.capacity(4 * PERCPUS_LINE), 4);
    }

    #[test]
    fn defect_03_the_stride_honours_every_alignment() {
        for shift in 0..=12 {
            let align = 1 << shift;
            let geometry = Geometry::new(0x110, align).unwrap();
            assert_eq!(geometry.stride() % align.max(PERCPUS_LINE), 0);
            assert_eq!(geometry.layout(4).unwrap().align(), align.max(PERCPUS_LINE));
        }
    }

    #[test]
    fn defect_20_no_size_wraps() {
        let geometry = Geometry::new(0x1000, 64).unwrap();
        assert_eq!(geometry.layout(usize::MAX), None);
        assert_eq!(
            geometry.check_base(0x1000, usize::MAX),
            Err(InitError::TooManyCpus {
                cpu_count: usize::MAX
            })
        );
        assert_eq!(
            geometry.check_base(usize::MAX - 0xfff, 2),
            Err(InitError::InvalidBase)
        );
        assert_eq!(Geometry::new(usize::MAX, 64), None);
        assert_eq!(Geometry::new(isize::MAX as usize, 64), None);
        assert_eq!(Geometry::new(1, 0), None);
        assert_eq!(Geometry::new(1, 48), None);
    }

    #[test]
    fn the_last_block_of_the_address_space_is_one() {
        let top = usize::MAX - 64..usize::MAX;
        let found: Vec<_> = blocks(&top, 64).collect();
        assert_eq!(found, [usize::MAX - 127, usize::MAX - 63]);
        assert_eq!(blocks(&(0..usize::MAX), 1 << (usize::BITS - 1)).count(), 2);
        assert_eq!(blocks(&(0..0), 64).count(), 0);
        assert_eq!(blocks(&(0..1), 1).count(), 1);
    }

    #[test]
    fn defect_06_bad_bases_are_refused() {
        let geometry = Geometry::new(100, 4096).unwrap();
        assert_eq!(geometry.check_base(0, 1), Err(InitError::InvalidBase));
        assert_eq!(geometry.check_base(64, 1), Err(InitError::UnalignedBase));
        assert_eq!(geometry.check_base(4096, 0), Err(InitError::NoCpus));
        assert_eq!(geometry.check_base(4096, 1), Ok(()));
    }

    fn any_align() -> impl Strategy<Value = usize> {
        (0u32..=12).prop_map(|shift| 1usize << shift)
    }

    proptest! {
        #[test]
        fn areas_are_aligned_disjoint_and_inside_the_block(
            size in 0usize..1 << 20,
            align in any_align(),
            count in 1usize..600,
            slot in 1usize..1 << 20,
            tail in 0usize..1 << 18,
        ) {
            let geometry = Geometry::new(size, align).unwrap().with_tail(tail).unwrap();
            let layout = geometry.layout(count).unwrap();
            let base = slot * layout.align();
            prop_assert_eq!(geometry.check_base(base, count), Ok(()));
            prop_assert_eq!(geometry.capacity(layout.size()), count);
            for cpu in 0..count {
                let area = base + cpu * geometry.stride();
                prop_assert_eq!(area % align, 0);
                prop_assert_eq!(area % PERCPUS_LINE, 0);
                prop_assert!(area + geometry.size() <= base + layout.size());
                let behind = geometry.tail();
                prop_assert_eq!((area + behind.start) % geometry.align(), 0);
                prop_assert!(behind.start >= size && behind.len() >= tail);
                prop_assert_eq!(behind.end, geometry.stride());
                if cpu > 0 {
                    prop_assert!(!overlap(area - geometry.stride(), size, area, size));
                }
            }
        }

        #[test]
        fn no_input_overflows(
            size: usize,
            align: usize,
            base: usize,
            count: usize,
            bytes: usize,
            tail: usize,
        ) {
            let geometry = Geometry::new(size, align);
            if let Some(geometry) = geometry.and_then(|geometry| geometry.with_tail(tail)) {
                prop_assert!(geometry.stride() >= size);
                prop_assert!(geometry.capacity(bytes) <= bytes);
                if geometry.check_base(base, count).is_ok() {
                    let layout = geometry.layout(count).unwrap();
                    let last = base + (count - 1) * geometry.stride();
                    prop_assert!(last.checked_add(size).unwrap() <= base + layout.size());
                }
            }
        }

        #[test]
        fn blocks_cover_a_range_and_nothing_else(start: usize, len in 0usize..5000, shift in 0u32..=12) {
            let size = 1usize << shift;
            let range = start..start.saturating_add(len);
            let found: Vec<_> = blocks(&range, size).collect();
            prop_assert_eq!(found.is_empty(), range.is_empty());
            if let (Some(first), Some(last)) = (found.first(), found.last()) {
                prop_assert!(*first <= range.start && range.start - first < size);
                prop_assert!(*last < range.end && range.end - last <= size);
            }
            prop_assert!(found.iter().all(|block| block % size == 0));
            prop_assert!(found.windows(2).all(|two| two[1] - two[0] == size));
        }

        #[test]
        fn overlap_is_symmetric_and_agrees_with_the_sets(
            a in 0usize..64, a_len in 0usize..16, b in 0usize..64, b_len in 0usize..16,
        ) {
            let shared = (a..a + a_len).any(|byte| (b..b + b_len).contains(&byte));
            prop_assert_eq!(overlap(a, a_len, b, b_len), shared);
            prop_assert_eq!(overlap(b, b_len, a, a_len), shared);
        }
    }
}
