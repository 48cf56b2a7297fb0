//! Functions with one access and with two, to be disassembled and never run.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

/// Functions with one access.
mod once {
    use percpu_hv::def_percpu;

    #[def_percpu]
    static WORD: u64 = 0;
    #[def_percpu]
    static TABLE: [u64; 8] = [0; 8];

    #[unsafe(export_name = "once_read")]
    extern "C" fn read() -> u64 {
        WORD.read_current()
    }

    #[unsafe(export_name = "once_pointer")]
    extern "C" fn pointer() -> *const [u64; 8] {
        // SAFETY: rules 2 and 5: never run.
        unsafe { TABLE.current_ptr() }
    }
}

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
