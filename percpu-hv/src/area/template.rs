//! The linker's view of the template: its symbols, and the sections that the linker sorts storage by.

use super::geometry::Geometry;
use crate::arch;
use crate::error::InitError;

/// The linked image of all variables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template {
    /// The address from which the variables' symbols count.
    pub(crate) start: usize,
    /// Size in bytes, as linked.
    pub(crate) size: usize,
    /// The address at which the initial values can be read.
    pub(crate) image: usize,
    /// The largest alignment of a variable, as far as the linker exports it.
    // 32 bits, as the next: so that no `memcpy` moves a template (rule 11).
    pub(crate) align: u32,
    /// Size in bytes of what follows the variables in each area: the reserve, then the gap.
    pub(crate) tail: u32,
}

#[cfg(all(test, hosted))]
impl Template {
    /// A template for unit tests.
    pub(crate) const SAMPLE: Self = Self {
        start: 0x10_0000,
        size: 0x90,
        image: 0x10_0000,
        align: 64,
        tail: 0,
    };
}

impl Template {
    /// Returns the geometry of this template's areas.
    pub(crate) const fn geometry(&self) -> Result<Geometry, InitError> {
        let geometry = match Geometry::new(self.size, self.align as usize) {
            Some(geometry) => geometry.with_tail(self.tail as usize),
            None => None,
        };
        match geometry {
            Some(geometry) => Ok(geometry),
            // `_percpu_load_end` lies before `_percpu_load_start`, or `__percpu_hv_aligned` is not a power of
            // two beyond the start: the symbols are not those of the linked template.
            None => Err(InitError::TemplateNotLoaded),
        }
    }
}

/// The symbols of percpu.x, or of a linker script written for `percpu`.
#[cfg(not(hosted))]
mod symbols {
    use super::Template;
    use crate::arch::running;
    use crate::area::geometry::PERCPUS_LINE;

    unsafe extern "C" {
        static _percpu_load_start: u8;
        static _percpu_load_end: u8;
    }

    pub(crate) fn start() -> usize {
        crate::__address!(_percpu_load_start)
    }

    /// Returns the start as accesses would reach it, which may form addresses in another way.
    #[cfg(pooled)]
    pub(crate) fn bias() -> usize {
        crate::__displacement!(any _percpu_load_start)
    }

    #[cfg(not(pooled))]
    pub(crate) use start as bias;

    pub(crate) fn size() -> usize {
        crate::__address!(_percpu_load_end).wrapping_sub(start())
    }

    pub(crate) fn template() -> Template {
        let start = start();
        // Only percpu.x defines `__percpu_hv_image`, the template's address in memory, and
        // `__percpu_hv_aligned`, which lies one alignment beyond its start, as `__percpu_hv_reserved` lies one
        // reserve beyond it, and `__percpu_hv_gap` one gap. In a script written for `percpu`
        // the template is area 0, at `_percpu_start`. In a process the template is where it is linked.
        let (image, align) = match crate::__optional_address!(unsafe "__percpu_hv_image") {
            0 if cfg!(process) => (start, PERCPUS_LINE),
            0 => (
                crate::__optional_address!(unsafe "_percpu_start"),
                PERCPUS_LINE,
            ),
            image => {
                let aligned = crate::__optional_address!(unsafe "__percpu_hv_aligned");
                let put = crate::__put_address!(_percpu_load_start);
                (image, aligned.wrapping_sub(put))
            }
        };
        Template {
            start,
            size: size(),
            image: running(image),
            align: u32::try_from(align).unwrap_or(0),
            tail: u32::try_from(reserve().wrapping_add(gap())).unwrap_or(u32::MAX),
        }
    }

    fn reserve() -> usize {
        distance_to(crate::__optional_address!(unsafe "__percpu_hv_reserved"))
    }

    pub(crate) fn gap() -> usize {
        distance_to(crate::__optional_address!(unsafe "__percpu_hv_gap"))
    }

    /// Returns how far behind the template's start a symbol is put; 0 for one that the script does not define.
    fn distance_to(symbol: usize) -> usize {
        match symbol {
            0 => 0,
            put => put.wrapping_sub(crate::__put_address!(_percpu_load_start)),
        }
    }

    pub(crate) fn block() -> (usize, usize) {
        // A script need not define where the areas are, or where they end.
        let base = crate::__optional_address!(unsafe "_percpu_start");
        let end = crate::__optional_address!(unsafe "_percpu_end");
        (running(base), end.saturating_sub(base))
    }

    pub(crate) fn table() -> (usize, usize) {
        let start = crate::__optional_address!(unsafe "__percpu_hv_table");
        let end = crate::__optional_address!(unsafe "__percpu_hv_table_end");
        (running(start), end.saturating_sub(start))
    }
}

/// In a process: the bounds that the linker defines for a section whose name is an identifier.
#[cfg(hosted)]
mod symbols {
    #[cfg(target_os = "linux")]
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::Template;

    unsafe extern "C" {
        static __start_percpu_hv: u8;
        static __stop_percpu_hv: u8;
    }

    pub(crate) fn start() -> usize {
        crate::__with_library!();
        (&raw const __start_percpu_hv).expose_provenance()
    }

    pub(crate) use start as bias;

    pub(crate) fn size() -> usize {
        (&raw const __stop_percpu_hv).addr().wrapping_sub(start())
    }

    pub(crate) fn template() -> Template {
        let start = start();
        Template {
            start,
            size: size(),
            image: start,
            align: u32::try_from(align(start)).unwrap_or(0),
            tail: RESERVE,
        }
    }

    pub(crate) const fn gap() -> usize {
        0
    }

    /// A process has no linker script that says it.
    const RESERVE: u32 = 64 << 10;

    /// As that of `CacheLine`, whose file needs this one.
    #[cfg(target_os = "linux")]
    const CACHE_LINE: usize = if cfg!(line_128) { 128 } else { 64 };

    /// The program headers do not change, and to read them takes longer than to copy a small area.
    #[cfg(target_os = "linux")]
    fn align(start: usize) -> usize {
        static ALIGN: AtomicUsize = AtomicUsize::new(0);
        let known = ALIGN.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let align = match super::super::segments::alignment(start) {
            0 => 0,
            linked => linked.max(CACHE_LINE),
        };
        ALIGN.store(align, Ordering::Relaxed);
        align
    }

    #[cfg(not(target_os = "linux"))]
    const fn align(_start: usize) -> usize {
        0
    }

    pub(crate) fn block() -> (usize, usize) {
        (0, 0)
    }

    pub(crate) fn table() -> (usize, usize) {
        (0, 0)
    }
}

/// Returns the size of the template in bytes, as linked.
pub(crate) fn size() -> usize {
    symbols::size()
}

/// Returns the address from which the variables' symbols count.
pub(crate) fn start() -> usize {
    symbols::start()
}

/// Returns the template of this image.
pub(crate) fn template() -> Template {
    symbols::template()
}

/// Returns the base and the size in bytes of the areas that the linker script reserves. The size is 0 if it
/// reserves none or does not define their end.
pub(crate) fn block() -> (usize, usize) {
    symbols::block()
}

/// Returns the size in bytes of the gap behind each area, which is part of the stride.
pub(crate) fn gap() -> usize {
    symbols::gap()
}

/// Returns the address and the size in bytes of the table that the linker script reserves. The size is 0 if it reserves
/// none.
pub(crate) fn table() -> (usize, usize) {
    symbols::table()
}

/// Returns the difference between the base of an area and the value of the per-CPU register.
#[inline(always)]
pub(crate) fn bias() -> usize {
    if arch::BIASED { symbols::bias() } else { 0 }
}

/// Checks that accesses reach a template of `size` bytes at `start`, and that the hot variables are in it.
pub(crate) fn check_reach(start: usize, size: usize) -> Result<(), InitError> {
    arch::check_template(start, size)?;
    if hot_is_outside() {
        return Err(InitError::HotOutOfReach);
    }
    Ok(())
}

/// Returns whether the section of the hot variables is outside of the template. Then the linker script does
/// not place the section, and the linker defines its bounds.
#[cfg(not(hosted))]
fn hot_is_outside() -> bool {
    crate::__optional_address!(unsafe "__start_percpu_hot") != 0
}

/// A process has one section for all variables.
#[cfg(hosted)]
const fn hot_is_outside() -> bool {
    false
}

/// Puts each variable in an input section of its own, so that the linker can sort by alignment.
///
/// Hot variables share the section `percpu_hot`. A linker script written for `percpu` does not match that
/// name and leaves the section outside of the template; the linker then defines `__start_percpu_hot`, which
/// init detects.
#[cfg(not(hosted))]
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    (hot $($storage:tt)*) => {
        $crate::__place_in! { "percpu_hot", $($storage)* }
    };
    (variables [$($attr:tt)*] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        #[unsafe(link_section = $crate::__core::concat!(".percpu.", $crate::__core::stringify!($name)))]
        $($head)* $name: $($rest)*
    };
    (flags [] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        #[allow(non_upper_case_globals)]
        #[unsafe(link_section = $crate::__core::concat!(".percpu..flags.", $crate::__core::stringify!($name)))]
        $($head)* $name: $($rest)*
    };
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        $crate::__place_in! {
            $crate::__core::concat!(".percpu..", $crate::__core::stringify!($group), ".", $crate::__core::stringify!($name)),
            [$($attr)*] {$($head)*} $name: $($rest)*
        }
    };
}

#[cfg(not(hosted))]
#[doc(hidden)]
#[macro_export]
macro_rules! __place_in {
    (
        $section:expr, [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;
    ) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        #[unsafe(link_section = $section)]
        $($head)* $name: $ty = $value;
    };
}

/// Puts all variables in the one section of a process, which has no groups.
#[cfg(hosted)]
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        #[cfg_attr(target_os = "linux", unsafe(link_section = "percpu_hv"))]
        $($head)* $name: $ty = $value;
    };
}
