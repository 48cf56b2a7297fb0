//! The constants that the linker computes from a symbol, written once over an architecture's texts, and the checks of
//! their range.

use super::emit::Mode;
use super::imp::access::DEFAULT_MODE;
use crate::error::InitError;

/// The mode of this build. With `non-zero-vma` it is one of two.
const MODE: Mode = match DEFAULT_MODE {
    Mode::Plain { hot, .. } | Mode::Biased { hot } if cfg!(paged) => Mode::Paged { hot },
    _ if cfg!(feature = "non-zero-vma") => Mode::Relative,
    default => default,
};

/// What 12 bits of an address count in.
const PAGE: usize = 1 << 12;

/// Whether the register holds the base minus the template's start.
pub(crate) const BIASED: bool = !matches!(MODE, Mode::Plain { .. } | Mode::Paged { .. });

/// The limit of a hot variable's offset that is an immediate of the access.
pub(crate) const HOT_REACH: Option<usize> = match MODE {
    Mode::Plain { hot, .. } | Mode::Biased { hot } | Mode::Paged { hot } => hot,
    Mode::Relative => None,
};

/// Whether all variables are reached as hot ones, but those that the linker puts behind them: the cold ones, and those
/// of a group.
pub(crate) const SMALL_TEMPLATE: bool = cfg!(feature = "small-template");

/// Returns an error unless accesses reach every byte of the template.
pub(crate) fn check_template(start: usize, size: usize) -> Result<(), InitError> {
    match MODE {
        Mode::Plain { reach, .. } if start % reach != 0 => Err(InitError::TemplateMisaligned {
            address: start,
            align: reach,
        }),
        Mode::Paged { .. } if start % PAGE != 0 => Err(InitError::TemplateMisaligned {
            address: start,
            align: PAGE,
        }),
        Mode::Plain { reach, .. } if size > reach => {
            Err(InitError::TemplateTooLarge { size, limit: reach })
        }
        Mode::Biased { .. } if !has_32_bits(start, size) => {
            Err(InitError::TemplateOutOfReach { start, size })
        }
        // An access whose immediate is a hot variable's address defines the symbol.
        Mode::Biased { hot: Some(_) }
            if start != 0 && crate::__optional_address!(unsafe "__percpu_hv_has_hot") != 0 =>
        {
            Err(InitError::HotOutOfReach)
        }
        _ => check_small(size),
    }
}

/// Returns an error unless short accesses reach the variables that have no other. The percpu.x of a build with the
/// feature checks those, and puts the others behind them; nobody knows the order of another script.
fn check_small(size: usize) -> Result<(), InitError> {
    match HOT_REACH {
        Some(limit)
            if SMALL_TEMPLATE
                && size > limit
                && crate::__optional_address!(unsafe "__percpu_hv_in_front") == 0 =>
        {
            Err(InitError::TemplateNotSmall { size, limit })
        }
        _ => Ok(()),
    }
}

/// Returns whether a sign-extended 32-bit address reaches every byte of the template.
fn has_32_bits(start: usize, size: usize) -> bool {
    let last = start.wrapping_add(size.saturating_sub(1));
    start as i32 as usize == start && last as i32 as usize == last && last >= start
}

/// A place in the image, to find out where the image runs.
static HERE: u8 = 0;

/// Returns the address where the code now finds what the linker or the loader put at `address`. The two differ while an
/// image that is linked high runs low. Returns 0 for 0, an undefined symbol.
pub(crate) fn running(address: usize) -> usize {
    if address == 0 {
        return 0;
    }
    // Compiled code addresses its statics relative to the PC.
    let distance = (&raw const HERE)
        .addr()
        .wrapping_sub(crate::__put_address!(HERE));
    address.wrapping_add(distance)
}

/// Expands to the range of a section whose bounds the linker defines. It is empty if there is no such section.
macro_rules! __section {
    ($name:literal, $start:ident = $start_name:literal, $stop:ident = $stop_name:literal) => {{
        let start = crate::__optional_address!(unsafe $start_name);
        let stop = crate::__optional_address!(unsafe $stop_name);
        crate::arch::running(start)..crate::arch::running(stop)
    }};
}
pub(crate) use __section;

/// Expands to the text of a displacement: that of a hot symbol may be shorter.
// These macros expand where the feature is not known.
#[cfg(not(feature = "small-template"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement_of {
    (hot $($copy:tt)*) => { $crate::__linked!(displacement hot $($copy)*) };
    ($group:ident $($copy:tt)*) => { $crate::__linked!(displacement any $($copy)*) };
}

/// Expands to the text of a displacement: that of a hot symbol may be shorter, and of all that are in front with it.
// As above.
#[cfg(feature = "small-template")]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement_of {
    (hot $($copy:tt)*) => { $crate::__linked!(displacement hot $($copy)*) };
    (variables $($copy:tt)*) => { $crate::__linked!(displacement hot $($copy)*) };
    ($group:ident $($copy:tt)*) => { $crate::__linked!(displacement any $($copy)*) };
}

/// Expands to what an access adds to the per-CPU register to reach a symbol of a group, or the byte at `offset` in it.
/// Each variable expands the first arm. The group is as in `__direct!`, or `any`, which has no short form.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($group:ident $symbol:path) => {{
        let __to: $crate::__core::primitive::usize;
        // SAFETY: rule 10, as `__constant!`.
        unsafe {
            $crate::__core::arch::asm!(
                $crate::__displacement_of!($group {to} "{symbol}"),
                to = out(reg) __to,
                symbol = sym $symbol,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        __to
    }};
    ($group:ident $symbol:path, $offset:expr) => {
        $crate::__constant!(
            unsafe nomem,
            $crate::__displacement_of!($group {to} "{symbol}+{offset}"),
            symbol = sym $symbol, offset = const $offset,
        )
    };
}

/// Expands to what an access adds to the per-CPU register to reach a symbol of a group, or the byte at `offset` in it: the
/// low bits of the address of what is in front, as all `variables` are.
#[cfg(paged)]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($group:ident $symbol:path) => {
        $crate::__displacement!($group $symbol, 0)
    };
    (hot $symbol:path, $offset:expr) => {
        $crate::__constant!(
            unsafe nomem,
            $crate::__anywhere!(low {to} "{symbol}+{offset}"),
            symbol = sym $symbol, offset = const $offset,
        )
    };
    (variables $symbol:path, $offset:expr) => {
        $crate::__displacement!(hot $symbol, $offset)
    };
    ($group:ident $symbol:path, $offset:expr) => {
        $crate::__constant!(
            unsafe nomem,
            $crate::__anywhere!(distance {to} {scratch} "{symbol}+{offset}"),
            scratch = out(reg) _, symbol = sym $symbol, offset = const $offset,
        )
    };
}

/// Expands to what an access adds to the per-CPU register to reach a symbol, or the byte at `offset` in it.
#[cfg(all(feature = "non-zero-vma", not(any(paged, pooled))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($group:ident $symbol:path) => {
        $crate::__address!($symbol)
    };
    ($group:ident $symbol:path, $offset:expr) => {
        $crate::__constant!(
            unsafe nomem,
            $crate::__linked!(address {to} "{symbol}+{offset}"),
            symbol = sym $symbol, offset = const $offset,
        )
    };
}

/// Expands to what an access adds to the per-CPU register to reach a symbol, or the byte at `offset` in it. The compiler
/// forms the address, with a pool of literals that a text does not have. The text hides from the optimizer what the
/// address is of.
#[cfg(all(feature = "non-zero-vma", pooled))]
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($group:ident $symbol:path) => {
        $crate::__displacement!($group $symbol, 0)
    };
    ($group:ident $symbol:path, $offset:expr) => {{
        let __to: $crate::__core::primitive::usize;
        // SAFETY: rule 10, no instruction.
        unsafe {
            $crate::__core::arch::asm!(
                "/* {to} */",
                to = inout(reg) (&raw const $symbol).addr().wrapping_add($offset) => __to,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        __to
    }};
}

/// Expands to the full address of a symbol.
#[doc(hidden)]
#[macro_export]
macro_rules! __address {
    ($symbol:path) => {{
        let __to: $crate::__core::primitive::usize;
        // SAFETY: rule 10, as `__constant!`.
        unsafe {
            $crate::__core::arch::asm!(
                $crate::__linked!(address {to} "{symbol}"),
                to = out(reg) __to,
                symbol = sym $symbol,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        __to
    }};
}

/// Expands to the full address of a symbol, or to 0 if the symbol is undefined. `unsafe`: it is the name of a symbol.
#[doc(hidden)]
#[macro_export]
macro_rules! __optional_address {
    (unsafe $symbol:literal) => {
        $crate::__constant!(
            unsafe readonly,
            $crate::__core::concat!(
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

/// Expands to the address at which the linker or the loader put a symbol, also where the image runs at another one.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __put_address {
    ($symbol:path) => {
        $crate::__address!($symbol)
    };
}

/// Expands to the address at which the linker or the loader put a symbol, also where the image runs at another one. It
/// comes from the GOT, as that of [`__optional_address!`].
#[cfg(feature = "non-zero-vma")]
#[doc(hidden)]
#[macro_export]
macro_rules! __put_address {
    ($symbol:path) => {
        $crate::__constant!(unsafe readonly, $crate::__linked!(slot {to} "{symbol}"), symbol = sym $symbol,)
    };
}

/// Expands to the result of a text that has only constants of the linker. `&raw const` cannot replace the text: LLVM
/// would fold a load through it to the initial value. `unsafe`: the text is as rule 10 says.
#[doc(hidden)]
#[macro_export]
macro_rules! __constant {
    (unsafe $memory:ident, $text:expr, $($operand:tt)*) => {{
        let __to: $crate::__core::primitive::usize;
        // SAFETY: rule 10. `pure`: the code, or a table that the linker makes, holds the result before the image runs.
        unsafe {
            $crate::__core::arch::asm!(
                $text,
                to = out(reg) __to,
                $($operand)*
                options(pure, $memory, nostack, preserves_flags)
            );
        }
        __to
    }};
}

/// All parts of an undefined weak symbol's address are 0.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __optional_text {
    ($symbol:literal) => {
        $crate::__linked!(address {to} $symbol)
    };
}

/// An address relative to the code cannot be 0, but a GOT slot can hold 0.
#[cfg(feature = "non-zero-vma")]
#[doc(hidden)]
#[macro_export]
macro_rules! __optional_text {
    ($symbol:literal) => {
        $crate::__linked!(slot {to} $symbol)
    };
}
