//! What the linker knows of a symbol, written once over an architecture's texts; and how far that reaches.

use super::emit::Mode;
use super::imp::access::DEFAULT_MODE;
use crate::InitError;

/// With `non-zero-vma` all architectures are alike.
const MODE: Mode = if cfg!(feature = "non-zero-vma") {
    Mode::Relative
} else {
    DEFAULT_MODE
};

/// Whether the register holds the base minus the template's start.
pub(crate) const BIASED: bool = !matches!(MODE, Mode::Plain { .. });

/// Which offsets of hot variables are part of an access: the smaller ones.
pub(crate) const HOT_REACH: Option<usize> = match MODE {
    Mode::Plain { hot, .. } | Mode::Biased { hot } => hot,
    Mode::Relative => None,
};

/// Whether accesses reach every byte of the template.
pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
    match MODE {
        Mode::Plain { reach, .. } if start % reach != 0 => Err(InitError::TemplateMisaligned {
            address: start,
            align: reach,
        }),
        Mode::Plain { reach, .. } if size > reach => {
            Err(InitError::TemplateTooLarge { size, limit: reach })
        }
        Mode::Biased { .. } if !has_32_bits(start, size) => {
            Err(InitError::TemplateOutOfReach { start, size })
        }
        // An access with such an address defines the symbol.
        Mode::Biased { hot: Some(_) }
            if start != 0 && crate::__optional_address!("__percpu_hv_has_hot") != 0 =>
        {
            Err(InitError::HotOutOfReach)
        }
        _ => Ok(()),
    }
}

/// Whether every byte of the template has an address that 32 signed bits hold.
fn has_32_bits(start: usize, size: usize) -> bool {
    let last = start.wrapping_add(size.saturating_sub(1));
    start as i32 as usize == start && last as i32 as usize == last && last >= start
}

/// What is added to the per-CPU register to reach a place so many bytes into a symbol.
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($symbol:path, $offset:expr) => {
        $crate::__constant!(nomem, $crate::__displacement_text!(), symbol = sym $symbol, offset = const $offset,)
    };
}

/// All bits of a symbol's address.
#[doc(hidden)]
#[macro_export]
macro_rules! __address {
    ($symbol:path) => {
        $crate::__constant!(nomem, $crate::__linked!(address "{symbol}"), symbol = sym $symbol,)
    };
}

/// The same, and 0 if nothing defines the symbol.
#[doc(hidden)]
#[macro_export]
macro_rules! __optional_address {
    ($symbol:literal) => {
        $crate::__constant!(
            readonly,
            ::core::concat!(
                ".weak ",
                $symbol,
                "\n.hidden ",
                $symbol,
                "\n",
                $crate::__optional_text!($symbol)
            ),
        )
    };
}

/// What a text makes of constants of the linker. Not `&raw const`: LLVM would fold a load through it to the initial
/// value.
#[doc(hidden)]
#[macro_export]
macro_rules! __constant {
    ($memory:ident, $text:expr, $($operand:tt)*) => {{
        let to: ::core::primitive::usize;
        // SAFETY: rule 10. Fixed before the image runs, in the code or in memory that the linker makes: `pure`.
        unsafe {
            ::core::arch::asm!(
                $text,
                to = out(reg) to,
                $($operand)*
                options(pure, $memory, nostack, preserves_flags)
            );
        }
        to
    }};
}

#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement_text {
    () => {
        $crate::__linked!(displacement)
    };
}

#[cfg(feature = "non-zero-vma")]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement_text {
    () => {
        $crate::__linked!(address "{symbol}+{offset}")
    };
}

/// A weak reference to what is undefined is 0 in all parts.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __optional_text {
    ($symbol:literal) => {
        $crate::__linked!(address $symbol)
    };
}

/// 0 is out of reach relative to the code, but not in a slot.
#[cfg(feature = "non-zero-vma")]
#[doc(hidden)]
#[macro_export]
macro_rules! __optional_text {
    ($symbol:literal) => {
        $crate::__linked!(slot $symbol)
    };
}
