//! The access macros without instruction texts: for `sp-naive`, with one copy, and for a process, where the register is
//! a thread-local.

/// Accesses have one form.
pub(crate) const SMALL_TEMPLATE: bool = false;

/// Expands to the address of a place, since the register is biased or 0.
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($group:ident $symbol:path) => {{
        $crate::__with_library!();
        $crate::__address!($symbol)
    }};
    ($group:ident $symbol:path, $offset:expr) => {
        $crate::__displacement!($group $symbol).wrapping_add($offset)
    };
}

/// Expands to no instruction, but makes the linker refuse code of a program whose percpu-hv is in a `dylib`: the areas
/// would be copies of the section of that library, and the program's variables are in another one.
///
/// The code refers to a record, in which is the distance to a symbol that no shared object exports.
// With one CPU a variable is a plain global.
#[cfg(all(hosted, target_os = "linux", not(feature = "sp-naive")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_library {
    () => {
        // SAFETY: rule 10. There is no instruction, so all of the options hold.
        unsafe {
            $crate::__core::arch::asm!(
                ".pushsection .rodata.percpu_hv,\"a\",%progbits",
                ".balign 4",
                "2: .long percpu_hv_must_not_be_in_a_dylib - .",
                ".popsection",
                ".reloc ., BFD_RELOC_NONE, 2b",
                options(nomem, nostack, preserves_flags)
            );
        }
    };
}

/// Expands to nothing.
// As above.
#[cfg(not(all(hosted, target_os = "linux", not(feature = "sp-naive"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_library {
    () => {};
}

/// Expands to a symbol's address. It is exposed, because accesses may go through it.
#[doc(hidden)]
#[macro_export]
macro_rules! __address {
    ($symbol:path) => {
        (&raw const $symbol).expose_provenance()
    };
}

/// Expands to nothing: no method needs an override.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    ($($place:tt)*) => {};
}

/// Expands to nothing: no method needs an override.
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond {
    ($group:ident $symbol:path, $offset:expr) => {};
}

/// Expands to the range of a section whose bounds the linker defines. It always has a record, of no function, so that
/// the linker does define them.
#[cfg(all(any(target_os = "linux", target_os = "none"), not(miri)))]
macro_rules! __section {
    ($name:literal, $start:ident = $start_name:literal, $stop:ident = $stop_name:literal) => {{
        unsafe extern "C" {
            static $start: u8;
            static $stop: u8;
        }
        // SAFETY: rule 20, the record is 0. There is no instruction, so all of the options hold.
        unsafe {
            $crate::__core::arch::asm!(
                concat!(".pushsection ", $name, ",\"aR\",%progbits"),
                ".balign 4",
                ".long 0",
                ".popsection",
                options(nomem, nostack, preserves_flags)
            );
        }
        (&raw const $start).expose_provenance()..(&raw const $stop).expose_provenance()
    }};
}

/// Expands to an empty range: there is no ELF linker.
#[cfg(not(all(any(target_os = "linux", target_os = "none"), not(miri))))]
macro_rules! __section {
    ($name:literal, $start:ident = $start_name:literal, $stop:ident = $stop_name:literal) => {
        0..0
    };
}
pub(crate) use __section;
