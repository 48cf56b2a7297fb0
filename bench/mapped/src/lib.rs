//! The same operations on per-CPU variables with percpu-hv, and where each CPU sees its own area at one address: as
//! functions named `<form>.<operation>`, to be disassembled.
//!
//! | operation | |
//! |---|---|
//! | `read`, `write` | a word of this CPU |
//! | `read_flag`, `write_flag` | a `bool` of this CPU |
//! | `increment` | a word of this CPU that nothing else reaches: load, add, store |
//! | `add`, `add_one` | to a word of this CPU, atomically against interrupts on it |
//! | `add_one_anywhere` | the same, and the context may go to another CPU between any two instructions |
//! | `element` | a word of an array of this CPU, by an index, which is checked |
//! | `pointer` | the address of this CPU's copy of an array, which is that of the same copy on every CPU |
//! | `read_remote` | a word of another CPU, by what was made for that CPU before |
//! | `read_five`, `read_five_fields` | five words of this CPU in a row: variables, and fields of one |
//! | `write_five` | five words of this CPU in a row: variables |
//!
//! The forms are `percpu-hv`, `mapped`, where the compiler forms an address as that of any global, and `mapped-near`,
//! where the window is in reach of one instruction: 1 MiB before or behind the code.
#![no_std]
#![cfg(all(target_arch = "aarch64", target_os = "none"))]
// What an operation takes and gives is passed in registers, whatever C thinks of its type.
#![allow(improper_ctypes_definitions)]

/// Operations of a form.
macro_rules! functions {
    ($form:literal: $(
        $operation:literal($($argument:ident: $type:ty),*) $(-> $result:ty)? { $($body:tt)* }
    )*) => {$(
        const _: () = {
            #[unsafe(export_name = concat!($form, ".", $operation))]
            extern "C" fn function($($argument: $type),*) $(-> $result)? {
                $($body)*
            }
        };
    )*};
}

mod with_percpu_hv;
mod with_window;

pub use self::with_window::{Alias, window};
