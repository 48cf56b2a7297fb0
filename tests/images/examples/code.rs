//! One function for each access, for percpu-hv and for `percpu`, and some with two accesses, to be disassembled and
//! never linked.
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

/// Functions that access this CPU's copy twice, and in between may come to another CPU.
mod twice {
    use core::arch::asm;
    use core::ptr;
    use core::sync::atomic::AtomicUsize;

    use percpu_hv::{CpuPin, def_percpu};

    #[def_percpu]
    static WORD: usize = 0;
    #[def_percpu]
    static TABLE: [u64; 8] = [0; 8];
    #[def_percpu]
    static SHARED: AtomicUsize = AtomicUsize::new(0);

    unsafe extern "C" {
        /// Code that the optimizer does not see.
        safe fn elsewhere();
    }

    /// The access, `$between`, and the access once more; the results are used, or an access might be dropped.
    macro_rules! twice {
        ($($name:literal: $access:expr, ($($argument:ident)?) $($between:expr)?;)*) => {$(
            const _: () = {
                #[unsafe(export_name = concat!("twice_", $name))]
                extern "C" fn function($($argument: usize)?) -> usize {
                    let first: usize = $access;
                    $($between;)?
                    first ^ $access
                }
            };
        )*};
    }

    /// Instructions that the optimizer does not see, and of which it knows that they use no memory.
    fn opaque() {
        // SAFETY: rule 10: there is no instruction.
        unsafe { asm!("", options(nomem, nostack, preserves_flags)) };
    }

    fn write_register(base: usize) {
        // SAFETY: rule 2: never run.
        unsafe { percpu_hv::write_percpu_reg(base) };
    }

    fn pointer() -> usize {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }.addr()
    }

    fn pinned() -> usize {
        WORD.read(&CpuPin::new())
    }

    fn shared() -> usize {
        ptr::from_ref(SHARED.get(&CpuPin::new())).addr()
    }

    twice! {
        // An interrupt between the two may end on another CPU.
        "reads": WORD.read_current(), ();
        "reads_around_asm": WORD.read_current(), () opaque();
        "reads_around_a_call": WORD.read_current(), () elsewhere();
        "reads_around_write_percpu_reg": WORD.read_current(), (base) write_register(base);
        "reads_around_init_percpu_reg": WORD.read_current(), (cpu) percpu_hv::init_percpu_reg(cpu);
        "pointers": pointer(), ();
        "pointers_around_asm": pointer(), () opaque();
        "pointers_around_a_call": pointer(), () elsewhere();
        "pointers_around_write_percpu_reg": pointer(), (base) write_register(base);
        "pointers_around_init_percpu_reg": pointer(), (cpu) percpu_hv::init_percpu_reg(cpu);
        "shared_around_a_call": shared(), () elsewhere();
        "shared_around_write_percpu_reg": shared(), (base) write_register(base);
        "pins_around_a_call": pinned(), () elsewhere();
        "pins_around_write_percpu_reg": pinned(), (base) write_register(base);
        "pins_around_init_percpu_reg": pinned(), (cpu) percpu_hv::init_percpu_reg(cpu);
    }
}

// Brings the panic handler.
use hv_boot as _;
