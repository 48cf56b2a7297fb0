//! The linker's symbols, and only they: where the template and the reserved areas are.

use crate::area::Geometry;
use crate::{InitError, arch};

/// The linked image of all variables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template {
    /// The address that the symbols of the variables count from.
    pub(crate) start: usize,
    /// Bytes, as linked.
    pub(crate) size: usize,
    /// Where the initial values can be read.
    pub(crate) image: usize,
    /// The largest alignment of a variable, as far as the linker says it.
    pub(crate) align: usize,
}

impl Template {
    /// The geometry of this template's areas.
    pub(crate) const fn geometry(&self) -> Result<Geometry, InitError> {
        match Geometry::new(self.size, self.align) {
            Some(geometry) => Ok(geometry),
            // `_percpu_load_end` before `_percpu_load_start`, or no power of two between the
            // start and `__percpu_hv_aligned`: not the template that was linked.
            None => Err(InitError::TemplateNotLoaded),
        }
    }
}

/// The header's value in a template that was loaded.
pub(crate) const MAGIC: usize = 0x7063_6876;

// In every section, so that it is never empty and a lost template can be told.
crate::__storage! { variables [] {static mut} __PERCPU_HEADER: usize = MAGIC; }

/// The offset of the header, which holds [`MAGIC`].
pub(crate) fn header() -> usize {
    crate::__displacement!(__PERCPU_HEADER).wrapping_sub(arch::bias())
}

// No variable compiles on another system.
#[cfg(all(hosted, target_os = "linux"))]
mod segments;

/// The symbols of percpu.x, or of a linker script written for `percpu`.
#[cfg(not(any(hosted, feature = "custom-base")))]
mod symbols {
    use super::Template;
    use crate::area::CACHE_LINE;

    unsafe extern "C" {
        static _percpu_load_start: u8;
        static _percpu_load_end: u8;
        static _percpu_start: u8;
    }

    pub(crate) fn start() -> usize {
        crate::__address!(_percpu_load_start)
    }

    pub(crate) fn size() -> usize {
        crate::__address!(_percpu_load_end).wrapping_sub(start())
    }

    pub(crate) fn template() -> Template {
        let start = start();
        // Only percpu.x defines these symbols: where the template is in memory, and one alignment
        // beyond its start. In a script for `percpu` the template is area 0, whose address in
        // memory `_percpu_start` states; in a process everything is where it is linked.
        let (image, align) = match crate::__optional_address!("__percpu_hv_image") {
            0 if cfg!(process) => (start, CACHE_LINE),
            0 => (crate::__address!(_percpu_start), CACHE_LINE),
            image => {
                let aligned = crate::__optional_address!("__percpu_hv_aligned");
                (image, aligned.wrapping_sub(start))
            }
        };
        Template {
            start,
            size: size(),
            image,
            align,
        }
    }

    pub(crate) fn block() -> (usize, usize) {
        let base = crate::__address!(_percpu_start);
        // Scripts for `percpu` 0.1 do not say where the areas end.
        let end = crate::__optional_address!("_percpu_end");
        (base, end.saturating_sub(base))
    }
}

/// The symbols of a script for `percpu` with `custom-base`: the template only, the areas being the
/// platform's. One that never asks for the size need not define `_percpu_load_end`.
#[cfg(all(not(hosted), feature = "custom-base"))]
mod symbols {
    use super::Template;
    use crate::area::CACHE_LINE;

    unsafe extern "C" {
        static _percpu_load_start: u8;
        static _percpu_load_end: u8;
    }

    pub(crate) fn start() -> usize {
        crate::__address!(_percpu_load_start)
    }

    pub(crate) fn size() -> usize {
        crate::__address!(_percpu_load_end).wrapping_sub(start())
    }

    pub(crate) fn template() -> Template {
        Template {
            start: start(),
            size: size(),
            image: start(),
            align: CACHE_LINE,
        }
    }

    #[cfg(process)]
    pub(crate) fn block() -> (usize, usize) {
        (0, 0)
    }
}

/// A process: the bounds that the linker makes for a section whose name is an identifier.
#[cfg(hosted)]
mod symbols {
    use super::Template;

    unsafe extern "C" {
        static __start_percpu_hv: u8;
        static __stop_percpu_hv: u8;
    }

    pub(crate) fn start() -> usize {
        (&raw const __start_percpu_hv).expose_provenance()
    }

    pub(crate) fn size() -> usize {
        let size = (&raw const __stop_percpu_hv).addr().wrapping_sub(start());
        // lld drops the section with its bounds unless some code names what is in it: the header is.
        size.max(super::header() + size_of::<usize>())
    }

    pub(crate) fn template() -> Template {
        let start = start();
        #[cfg(target_os = "linux")]
        let align = super::segments::alignment(start);
        #[cfg(not(target_os = "linux"))]
        let align = 0;
        Template {
            start,
            size: size(),
            image: start,
            align,
        }
    }

    pub(crate) fn block() -> (usize, usize) {
        (0, 0)
    }
}

/// The bytes from the base of an area to the end of its last variable.
pub(crate) fn size() -> usize {
    symbols::size()
}

/// Where the template starts, as the variables' symbols count.
#[cfg_attr(
    not(any(feature = "non-zero-vma", hosted, platform_areas)),
    allow(dead_code, reason = "a register that holds the base is not biased")
)]
pub(crate) fn start() -> usize {
    symbols::start()
}

/// The template of this image.
pub(crate) fn template() -> Template {
    symbols::template()
}

/// The address and the bytes of the areas that the linker script reserves; 0 bytes if it reserves
/// none or does not say where they end.
#[cfg(not(platform_areas))]
pub(crate) fn block() -> (usize, usize) {
    symbols::block()
}

/// Whether accesses reach a template of so many bytes, and the hot variables are in it.
pub(crate) fn check_reach(start: usize, size: usize) -> Result<(), InitError> {
    arch::check_template(start, size)?;
    if hot_is_outside() {
        return Err(InitError::HotOutOfReach);
    }
    Ok(())
}

/// Whether the linker left the hot variables' section as it is, outside of the template: then it
/// defines its bounds.
#[cfg(not(hosted))]
fn hot_is_outside() -> bool {
    crate::__optional_address!("__start_percpu_hot") != 0
}

/// A process has one section.
#[cfg(hosted)]
const fn hot_is_outside() -> bool {
    false
}

/// Puts storage in an input section of its own, so that the linker can sort by alignment.
///
/// Not the hot ones: their section is not called `.percpu*`, so that a linker script written for
/// `percpu` puts them elsewhere, and the linker then defines `__start_percpu_hot`, which init sees.
#[cfg(not(hosted))]
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    (hot $($storage:tt)*) => {
        $crate::__place_in! { "percpu_hot", $($storage)* }
    };
    (variables [$($attr:tt)*] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        $crate::__place_in! {
            ::core::concat!(".percpu.", ::core::stringify!($name)), [$($attr)*] {$($head)*} $name: $($rest)*
        }
    };
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        $crate::__place_in! {
            ::core::concat!(".percpu..", ::core::stringify!($group), ".", ::core::stringify!($name)),
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

/// Puts storage in the section of a process, which has no groups.
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
