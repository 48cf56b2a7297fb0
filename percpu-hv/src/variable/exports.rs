//! What the code of a module names of this library: the operations of variables are compiled into the module, and what
//! they have in common is in the image once.

use core::ffi::CStr;
use core::ptr;

use super::{accessor, exclusive, part};
use crate::area::header::__PERCPU_HEADER;
use crate::area::{percpu_area_num, start};
// One CPU has no areas.
#[cfg(not(feature = "sp-naive"))]
use crate::area::{owner, registry};
// One CPU has no areas.
#[cfg(not(feature = "sp-naive"))]
use crate::cpu::check_register;

/// Defines `TABLE`: for each symbol its distance from its entry, in 32 bits, and then the names.
///
/// A text of the assembler, since only its operands know the names, and which of two functions a symbol is: a pointer
/// to a function that is `track_caller` leads to another one.
macro_rules! table {
    ($($symbol:ident = $path:path),* $(,)?) => {
        const SYMBOLS: usize = [$(stringify!($symbol)),*].len();

        core::arch::global_asm!(
            ".pushsection .rodata.__percpu_hv_symbols,\"a\",%progbits",
            ".balign 4",
            ".hidden __percpu_hv_symbols",
            ".globl __percpu_hv_symbols",
            "__percpu_hv_symbols:",
            $(concat!(".long {", stringify!($symbol), "} - ."),)*
            $(concat!(".asciz \"{", stringify!($symbol), "}\""),)*
            ".popsection",
            $($symbol = sym $path,)*
        );
    };
}

// One CPU has no areas.
#[cfg(not(feature = "sp-naive"))]
table! {
    areas = registry::AREAS,
    no_area = registry::refuse,
    no_register = check_register,
    online = owner::Owner::is_online,
    misaligned = accessor::misaligned,
    borrowed = exclusive::refuse,
    out_of_range = part::out_of_range,
    count = percpu_area_num,
}

// As above.
#[cfg(feature = "sp-naive")]
table! {
    misaligned = accessor::misaligned,
    borrowed = exclusive::refuse,
    out_of_range = part::out_of_range,
    count = percpu_area_num,
}

unsafe extern "C" {
    #[link_name = "__percpu_hv_symbols"]
    static TABLE: u8;
}

/// Returns the symbols of this library that a module's operations on variables name, and their addresses: for the
/// loader of a [`ModuleSection`](crate::ModuleSection), beside those that the hypervisor exports itself.
///
/// The names have a hash of the compiler, of this library's features and of how it was compiled. So a module fits the
/// image if cargo has built both at once, with one profile, and a loader that finds all names has checked that.
///
/// The formatting and the panics of `core` are not among them. Where this library is optimized, the operations of values,
/// of atomics, of exclusive variables and of elements need no others, and neither do [`CpuId`](crate::CpuId)s and guards.
/// [`current_cpu`](crate::current_cpu) and [`PerCpuOnce`](crate::PerCpuOnce) need them.
pub fn module_symbols() -> impl Iterator<Item = (&'static str, usize)> {
    let table = (&raw const TABLE).expose_provenance();
    let entries = (table..).step_by(size_of::<i32>()).take(SYMBOLS);
    let mut name = table + SYMBOLS * size_of::<i32>();
    let symbols = entries.map(move |entry| {
        // SAFETY: rule 23, `table!` puts as many distances there.
        let distance = unsafe { ptr::with_exposed_provenance::<i32>(entry).read() };
        // SAFETY: rule 23, as many names follow, each of which ends in 0.
        let text = unsafe { CStr::from_ptr(ptr::with_exposed_provenance(name)) };
        name += text.count_bytes() + 1;
        // A mangled name is ASCII.
        let text = text.to_str().unwrap_or_default();
        (text, entry.wrapping_add_signed(distance as isize))
    });
    // The template may be out of reach of a distance.
    let header = crate::__address!(__PERCPU_HEADER);
    // An access at any address may count from the template's start.
    let start = cfg!(paged).then(|| ("_percpu_load_start", start()));
    symbols.chain([("__percpu_hv_header", header)]).chain(start)
}
