//! The linker's symbols, and only they: where the template and the reserved areas are.

use super::geometry::Geometry;
use crate::InitError;
use crate::arch;

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

/// The symbols of percpu.x, or of a linker script written for `percpu`.
#[cfg(not(hosted))]
mod symbols {
    use super::Template;
    use crate::area::geometry::CACHE_LINE;

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
        let start = start();
        // Only percpu.x defines these symbols: where the template is in memory, and one alignment
        // beyond its start. In a script for `percpu` the template is area 0, whose address in
        // memory `_percpu_start` states; in a process everything is where it is linked.
        let (image, align) = match crate::__optional_address!("__percpu_hv_image") {
            0 if cfg!(process) => (start, CACHE_LINE),
            0 => (crate::__optional_address!("_percpu_start"), CACHE_LINE),
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
        // Not every script says where the areas are, or where they end.
        let base = crate::__optional_address!("_percpu_start");
        let end = crate::__optional_address!("_percpu_end");
        (base, end.saturating_sub(base))
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
        (&raw const __stop_percpu_hv).addr().wrapping_sub(start())
    }

    pub(crate) fn template() -> Template {
        let start = start();
        #[cfg(target_os = "linux")]
        let align = super::super::segments::alignment(start);
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

/// The template's bytes, as linked.
pub(crate) fn size() -> usize {
    symbols::size()
}

/// Where the template starts, as the variables' symbols count.
pub(crate) fn start() -> usize {
    symbols::start()
}

/// The template of this image.
pub(crate) fn template() -> Template {
    symbols::template()
}

/// The address and the bytes of the areas that the linker script reserves; 0 bytes if it reserves
/// none or does not say where they end.
pub(crate) fn block() -> (usize, usize) {
    symbols::block()
}

/// What is between the base of an area and the value of the per-CPU register.
#[inline(always)]
pub(crate) fn bias() -> usize {
    if arch::BIASED { start() } else { 0 }
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
