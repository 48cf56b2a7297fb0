//! Where the image is linked: its physical addresses plus a base, which is 0 unless a feature chooses one.

use core::{arch::global_asm, ops::Range};

use crate::platform::common::image;

/// A multiple of 1 GiB.
pub(super) const BASE: usize = if cfg!(feature = "top-2-gib") {
    0xffff_ffff_8000_0000
} else if cfg!(feature = "high-half") {
    0xffff_8000_0000_0000
} else {
    0
};

// For image.ld.
global_asm!(".globl __image_base", ".set __image_base, {}", const BASE);

/// Where something of the image is in memory.
pub(super) fn physical(address: usize) -> usize {
    address - BASE
}

/// Where the image is in memory.
pub(super) fn image() -> Range<usize> {
    let linked = image::whole();
    physical(linked.start)..physical(linked.end)
}
