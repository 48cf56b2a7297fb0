//! Records: functions that the linker collects from all crates of an image, in a section for each purpose.
//!
//! A record is the distance from itself to a function, in 32 bits. It holds no address, so the image may run
//! anywhere. The section's name is an identifier, for which linkers define the symbols `__start_` and `__stop_`. An
//! image without records has no such section, which is no error.

use core::ops::Range;
use core::{mem, ptr};

use crate::arch;

/// Expands to the name of the section for a purpose. No other file names one.
#[doc(hidden)]
#[macro_export]
macro_rules! __record_section {
    // Functions that make the values of variables with the option `init`.
    (make) => {
        "percpu_init"
    };
    // Functions that move a CPU's part of a counter to the counter's total.
    (counter) => {
        "percpu_counters"
    };
    // Functions that return a hook.
    (hook) => {
        "percpu_hook"
    };
    // Functions that describe a variable.
    (variable) => {
        "percpu_variables"
    };
    // Descriptions for debuggers, which are not loaded.
    (info) => {
        "percpu_info"
    };
}

/// Emits a record of a function in the section for a purpose. `unsafe`: the function is of the section's type (rule 20).
///
/// * `R` is `SHF_GNU_RETAIN`: the record stays whatever refers to it. lld does not count `__start_` as a reference.
/// * `#[used]` compiles the function, although nothing calls it, and the linker drops its instructions. A `global_asm!` could
///   not stand in the body of a function, where variables can.
#[cfg(any(target_os = "linux", target_os = "none"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __record {
    (unsafe $purpose:ident, $($function:tt)*) => {
        const _: () = {
            #[used]
            static _PERCPU_EMIT: fn() = _percpu_emit;

            fn _percpu_emit() {
                // SAFETY: rule 20, the caller of this macro names a function of the section's type. There is no
                // instruction, so all of the options hold.
                unsafe {
                    $crate::__core::arch::asm!(
                        $crate::__core::concat!(".pushsection ", $crate::__record_section!($purpose), ",\"aR\",%progbits"),
                        ".balign 4",
                        ".long {function} - .",
                        ".popsection",
                        function = sym $($function)*,
                        options(nomem, nostack, preserves_flags)
                    );
                }
            }
        };
    };
}

/// Emits a record of a generic function wherever the code around it is compiled. Its reader does with several records of
/// one function what it does with one. `unsafe` as [`__record!`].
///
/// The record is in the image if that code is: it has no `R`, but the code has a relocation that does nothing and refers
/// to it. A group makes the records of each function a section of their own. It is no `comdat`: of several objects with
/// one function, each keeps its group, whichever of them has the code.
#[cfg(any(target_os = "linux", target_os = "none"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __record_here {
    (unsafe $purpose:ident, $($function:tt)*) => {
        // SAFETY: rule 20, the caller of this macro names a function of the section's type. There is no instruction, so
        // all of the options hold.
        unsafe {
            $crate::__core::arch::asm!(
                $crate::__core::concat!(
                    ".pushsection ",
                    $crate::__record_section!($purpose),
                    ",\"aG\",%progbits,{function}"
                ),
                ".balign 4",
                "2: .long {function} - .",
                ".popsection",
                ".reloc ., BFD_RELOC_NONE, 2b",
                function = sym $($function)*,
                options(nomem, nostack, preserves_flags)
            );
        }
    };
}

/// Refuses records on a host whose object files are not ELF.
#[cfg(not(any(target_os = "linux", target_os = "none")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __record {
    ($($record:tt)*) => {
        $crate::__core::compile_error!("the option `init`, hooks and the feature `dump` need an ELF target: bare metal or Linux");
    };
}

/// Expands to nothing: this library makes the areas, and the values in them.
// The feature `custom-base` stands here too, and in the next `cfg`: compat is above this room.
#[cfg(not(all(feature = "custom-base", not(any(feature = "sp-naive", process)))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __refuse_init {
    () => {};
}

/// Refuses the option `init`: the platform makes the areas, and calls no function for a value.
// As above.
#[cfg(all(feature = "custom-base", not(any(feature = "sp-naive", process))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __refuse_init {
    () => {
        $crate::__core::compile_error!(
            "with the feature `custom-base` the platform makes the areas, and not the values of the option `init`; \
             give the variable a value"
        );
    };
}

/// Returns the functions that the records between two addresses name.
///
/// # Safety
///
/// `F` is a function pointer, and these are the bounds of a section whose records are of that type (rule 20 of
/// docs/safety.md).
pub(crate) unsafe fn functions<F: Copy>(section: Range<usize>) -> impl Iterator<Item = F> {
    const { assert!(size_of::<F>() == size_of::<usize>()) };
    section.step_by(size_of::<i32>()).filter_map(|place| {
        let record: *const i32 = ptr::with_exposed_provenance(place);
        // SAFETY: rule 20, a record. Its load is aligned, as with the MMU off it has to be.
        let distance = unsafe { record.read_volatile() };
        let function: *const () =
            ptr::with_exposed_provenance(place.wrapping_add_signed(distance as isize));
        // SAFETY: rule 20, the record names a function of this type.
        (distance != 0).then(|| unsafe { mem::transmute_copy(&function) })
    })
}

/// Returns the addresses of the records of hooks.
pub(crate) fn of_hooks() -> Range<usize> {
    arch::__section!(
        "percpu_hook",
        __start_percpu_hook = "__start_percpu_hook",
        __stop_percpu_hook = "__stop_percpu_hook"
    )
}

/// Returns the addresses of the records of counters. Several may name one function.
pub(crate) fn of_counters() -> Range<usize> {
    arch::__section!(
        "percpu_counters",
        __start_percpu_counters = "__start_percpu_counters",
        __stop_percpu_counters = "__stop_percpu_counters"
    )
}

/// Returns the addresses of the records of variables.
#[allow(dead_code, reason = "only dumps list them")]
pub(crate) fn of_variables() -> Range<usize> {
    arch::__section!(
        "percpu_variables",
        __start_percpu_variables = "__start_percpu_variables",
        __stop_percpu_variables = "__stop_percpu_variables"
    )
}

/// What makes the value of a variable in the area of a CPU, by the value of that CPU's per-CPU register and its index.
pub(crate) type Make = unsafe fn(register: usize, cpu: usize);

/// Makes the values of all variables with the option `init` in the area of a CPU. What is there is forgotten.
///
/// # Safety
///
/// `register` is the value of the per-CPU register of `cpu`. There is an area, no CPU uses it, and no reference into it
/// is live (rules 3 and 17 of docs/safety.md).
pub(crate) unsafe fn make_values(register: usize, cpu: usize) {
    let section = arch::__section!(
        "percpu_init",
        __start_percpu_init = "__start_percpu_init",
        __stop_percpu_init = "__stop_percpu_init"
    );
    // SAFETY: rule 20, `__variable!` puts functions of this type there, and nothing else does.
    for make in unsafe { functions::<Make>(section) } {
        // SAFETY: rules 3 and 17 are the caller's.
        unsafe { make(register, cpu) };
    }
}
