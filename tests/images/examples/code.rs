//! One function for each access, for percpu-hv and for `percpu`, to be disassembled and never linked.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

/// The same functions for a crate that has `def_percpu`; `prefix` makes their symbols differ.
macro_rules! accesses {
    ($module:ident, $name:ident, $prefix:literal) => {
        mod $module {
            use $name::def_percpu;

            #[def_percpu]
            static WORD: u64 = 0;
            #[def_percpu]
            static SIZE: usize = 0;
            #[def_percpu]
            static FLAG: bool = false;
            #[def_percpu]
            static TABLE: [u64; 8] = [0; 8];

            #[unsafe(export_name = concat!($prefix, "read_u64"))]
            extern "C" fn read_u64() -> u64 {
                WORD.read_current()
            }

            #[unsafe(export_name = concat!($prefix, "write_u64"))]
            extern "C" fn write_u64(value: u64) {
                WORD.write_current(value);
            }

            #[unsafe(export_name = concat!($prefix, "increment_u64"))]
            extern "C" fn increment_u64() {
                WORD.with_current(|word| *word = word.wrapping_add(1));
            }

            #[unsafe(export_name = concat!($prefix, "read_usize"))]
            extern "C" fn read_usize() -> usize {
                SIZE.read_current()
            }

            #[unsafe(export_name = concat!($prefix, "write_usize"))]
            extern "C" fn write_usize(value: usize) {
                SIZE.write_current(value);
            }

            #[unsafe(export_name = concat!($prefix, "read_bool"))]
            extern "C" fn read_bool() -> bool {
                FLAG.read_current()
            }

            #[unsafe(export_name = concat!($prefix, "write_bool"))]
            extern "C" fn write_bool(value: bool) {
                FLAG.write_current(value);
            }

            #[unsafe(export_name = concat!($prefix, "current_ptr"))]
            extern "C" fn current_ptr() -> *const [u64; 8] {
                // SAFETY: rules 2 and 5: never run.
                unsafe { TABLE.current_ptr() }
            }
        }
    };
}

accesses!(ours, percpu_hv, "ours_");
accesses!(theirs, percpu, "theirs_");

// Brings the panic handler.
use hv_boot as _;
