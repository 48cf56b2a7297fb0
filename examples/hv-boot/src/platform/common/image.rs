//! Where the image is linked, by the symbols of image.ld.

use core::ops::Range;

unsafe extern "C" {
    safe static __image_start: u8;
    safe static __text_end: u8;
    safe static __rodata_end: u8;
    safe static __image_end: u8;
}

/// The image, stacks and areas included.
pub(in crate::platform) fn whole() -> Range<usize> {
    (&raw const __image_start).addr()..(&raw const __image_end).addr()
}

/// Its executable part.
pub(in crate::platform) fn text() -> Range<usize> {
    (&raw const __image_start).addr()..(&raw const __text_end).addr()
}

/// The part whose pages may change: the areas, and what follows up to the end of [`loaded`].
#[cfg(target_arch = "aarch64")]
pub(in crate::platform) fn paged() -> Range<usize> {
    unsafe extern "C" {
        safe static __paged_start: u8;
    }
    (&raw const __paged_start).addr()..loaded().end
}

/// The part for code that is loaded at run time.
#[cfg(target_arch = "aarch64")]
pub(in crate::platform) fn loaded() -> Range<usize> {
    unsafe extern "C" {
        safe static __loaded_start: u8;
        safe static __loaded_end: u8;
    }
    (&raw const __loaded_start).addr()..(&raw const __loaded_end).addr()
}

/// Its read-only part.
pub(in crate::platform) fn rodata() -> Range<usize> {
    (&raw const __text_end).addr()..(&raw const __rodata_end).addr()
}
