//! The same operations with every crate of per-CPU variables, each in the shortest form that the crate's documentation
//! offers: as functions named `<crate>.<operation>`, to be disassembled, and as loops, to be run.
//!
//! | operation | |
//! |---|---|
//! | `read`, `write` | a word of this CPU |
//! | `read_flag`, `write_flag` | a `bool` of this CPU |
//! | `increment` | a word of this CPU that nothing else reaches |
//! | `increment_by_reference` | the same through `&mut`, where the crate has a shorter form; the others' is one |
//! | `add`, `add_one` | to a word of this CPU, atomically against interrupts on it |
//! | `pointer` | the address of this CPU's copy of an array |
//! | `read_three` | three words of this CPU, while the context stays there |
//! | `read_remote` | a word of another CPU, by what the crate gives out for a CPU that it has checked |
//! | `read_remote_checked` | the same by an index, which is checked |
//! | `read_remote_unchecked` | the same by an index, with the shortest code; only percpu-hv checks there too |
//! | `increment_masked` | a word of this CPU that handlers reach too: interrupts off, increment, interrupts as before |
//!
//! `<operation>_pinned` is the same with the pin, token or guard of the crate at hand, where the crate has one. Without
//! the suffix, an operation that needs one makes it. `<operation>_new_pin` makes one though the crate has a form without.
//!
//! `<operation>_hot` is the same on a hot variable, which only percpu-hv has. `<operation>_dynamic` is the same on a
//! variable that was made at run time, whose handle the caller has by reference. It is disassembled only.
#![no_std]
#![cfg(any(target_os = "none", feature = "linux-gs"))]
// What an operation takes and gives is passed in registers, whatever C thinks of its type.
#![allow(improper_ctypes_definitions)]

#[macro_use]
mod functions;
#[doc(hidden)]
pub mod value;

/// An operation, to be repeated.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    /// `<crate>.<operation>`.
    pub name: &'static str,
    /// Does it so many times.
    pub run: fn(u64),
}

/// Operations of a crate: functions to be disassembled, and a function that gives their loops.
#[macro_export]
macro_rules! operations {
    ($crate_name:literal: $(
        $operation:literal($($argument:ident: $type:ty),*) $(-> $result:ty)? { $($body:tt)* }
    )*) => {
        /// The operations of this crate, to be repeated.
        pub(crate) fn loops() -> impl Iterator<Item = $crate::Loop> {
            [$({
                #[inline(always)]
                fn operation($($argument: $type),*) $(-> $result)? {
                    $($body)*
                }

                #[unsafe(export_name = concat!($crate_name, ".", $operation))]
                extern "C" fn function($($argument: $type),*) $(-> $result)? {
                    operation($($argument),*)
                }

                #[inline(never)]
                fn repeat(count: u64) {
                    $(let $argument = <$type as $crate::value::Argument>::make();)*
                    for _ in 0..count {
                        $crate::value::Consume::consume(operation($($argument),*));
                    }
                }

                $crate::Loop { name: concat!($crate_name, ".", $operation), run: repeat }
            }),*].into_iter()
        }
    };
}

/// Operations of a crate with a pin at hand. A function gets it in a register, which is not that of the result: a caller
/// keeps its pin. A loop gets it before its first iteration.
macro_rules! pinned_operations {
    ($crate_name:literal, $pin:ident: $type_of_pin:ty = $with:path: $(
        $operation:literal($($argument:ident: $type:ty),*) $(-> $result:ty)? { $($body:tt)* }
    )*) => {
        /// The operations of this crate with a pin at hand, to be repeated.
        pub(crate) fn pinned_loops() -> impl Iterator<Item = $crate::Loop> {
            [$({
                #[inline(always)]
                fn operation($pin: &$type_of_pin, $($argument: $type),*) $(-> $result)? {
                    $($body)*
                }

                #[unsafe(export_name = concat!($crate_name, ".", $operation))]
                extern "C" fn function($($argument: $type,)* _: usize, $pin: $type_of_pin) $(-> $result)? {
                    operation(&$pin, $($argument),*)
                }

                #[inline(never)]
                fn repeat(count: u64) {
                    $with(|$pin| {
                        $(let $argument = <$type as $crate::value::Argument>::make();)*
                        for _ in 0..count {
                            $crate::value::Consume::consume(operation($pin, $($argument),*));
                        }
                    });
                }

                $crate::Loop { name: concat!($crate_name, ".", $operation), run: repeat }
            }),*].into_iter()
        }
    };
}

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod with_array;
#[cfg(all(target_os = "none", not(target_arch = "arm")))]
mod with_ax_percpu;
mod with_nothing;
#[cfg(all(target_os = "none", any(target_arch = "aarch64", target_arch = "arm")))]
mod with_percore;
mod with_percpu;
mod with_percpu_hv;

/// All operations of all crates, and the empty one, which is `nothing.nothing`.
pub fn loops() -> impl Iterator<Item = Loop> {
    let loops = with_nothing::loops();
    let loops = loops
        .chain(with_percpu_hv::loops())
        .chain(with_percpu_hv::pinned_loops())
        .chain(with_percpu::loops());
    #[cfg(all(target_os = "none", not(target_arch = "arm")))]
    let loops = loops
        .chain(with_ax_percpu::loops())
        .chain(with_ax_percpu::pinned_loops());
    #[cfg(all(target_os = "none", any(target_arch = "aarch64", target_arch = "arm")))]
    let loops = loops
        .chain(with_percore::loops())
        .chain(with_percore::pinned_loops());
    #[cfg(all(target_os = "none", target_arch = "aarch64"))]
    let loops = loops
        .chain(with_array::checked::loops())
        .chain(with_array::unchecked::loops());
    loops
}
