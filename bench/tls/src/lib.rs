//! The same operations on variables of percpu-hv, as functions named `today.<operation>`, and on statics whose section
//! makes their symbols thread-local, as functions named `tls.<operation>`. They are disassembled and linked, and never run.
#![no_std]
#![cfg(target_os = "none")]

/// Functions to be disassembled.
macro_rules! functions {
    ($side:literal: $(
        $operation:literal($($argument:ident: $type:ty),*) $(-> $result:ty)? { $($body:tt)* }
    )*) => {$(
        const _: () = {
            #[unsafe(export_name = concat!($side, ".", $operation))]
            extern "C" fn function($($argument: $type),*) $(-> $result)? {
                $($body)*
            }
        };
    )*};
}

mod thread_local;
mod today;
