//! The per-CPU register, which determines the current CPU's area.

use crate::arch;
use crate::area::{self, bias, header};

/// Returns the base of the current CPU's area, computed from the per-CPU register in every mode; see [the
/// table of registers](crate::guide::features#architectures).
///
/// The result is what [`write_percpu_reg`] or [`init_percpu_reg`](crate::init_percpu_reg) wrote.
/// Before that it has no meaning.
#[inline]
pub fn read_percpu_reg() -> usize {
    // Nothing was written yet. No area is at 0.
    arch::register().map_or(0, |register| register.wrapping_add(bias()))
}

/// Makes the area at `base` the current CPU's, by writing the CPU's per-CPU register; see [the table of
/// registers](crate::guide::features#architectures). The function neither checks nor records which CPU has which id.
///
/// # Safety
///
/// `base` is the base of an area that no other CPU uses (rule 2 of docs/safety.md), and the
/// register is accessible at this exception level.
#[inline]
pub unsafe fn write_percpu_reg(base: usize) {
    // Store to the area first, so that no handler sees a register whose area does not hold its value.
    // SAFETY: rules 2 and 3 are the caller's.
    unsafe {
        header::store_register(base);
        arch::set_register(base.wrapping_sub(bias()));
    }
}

/// Panics, in debug builds of a kernel, unless this CPU's register holds the base of an area with a valid id.
#[inline(always)]
#[track_caller]
pub(crate) fn assert_register() {
    if cfg!(all(debug_assertions, not(hosted))) && !arch::ONE_CPU {
        check_register();
    }
}

#[track_caller]
pub(crate) fn check_register() {
    let base = read_percpu_reg();
    if area::count() == 0 {
        // Panics with the reason.
        area::checked_register(0);
    }
    let Some(cpu) = area::cpu_at(base) else {
        panic!(
            "the per-CPU register of this CPU holds {base:#x}, which is no area; call \
             `percpu_hv::init_percpu_reg(cpu_id)` on this CPU before it uses a per-CPU variable"
        );
    };
    // SAFETY: rule 3, inside the area.
    let own = unsafe { header::id_at(base) };
    assert!(
        own == cpu,
        "the per-CPU area of CPU {cpu} is overwritten: it holds the id of CPU {own:#x}; find \
         what else writes at {base:#x}: a stack or a buffer that ends there, or the user of an \
         allocator that does not know of the area"
    );
}

#[cfg(all(test, hosted))]
mod tests {
    use std::thread;

    use super::*;
    use crate::arch::{Access, store_at};

    // One CPU has no register that could be wrong.
    #[cfg_attr(feature = "sp-naive", ignore = "one CPU has no register")]
    #[cfg_attr(miri, ignore = "Miri has no linker, which gives the section")]
    #[test]
    fn bad_registers_and_overwritten_areas_panic() {
        fn message() -> std::string::String {
            *std::panic::catch_unwind(check_register)
                .unwrap_err()
                .downcast()
                .unwrap()
        }
        let count = crate::init_hosted(4).unwrap();
        let (cpu, base) = (count - 1, crate::percpu_area_base(count - 1));
        let own_id = base + header::Id.displacement().wrapping_sub(bias());
        thread::spawn(move || {
            crate::init_percpu_reg(cpu);
            check_register();
            // SAFETY: rule 5, no other test uses this CPU.
            unsafe { store_at(own_id, 0x5a_usize) };
            assert!(
                message().contains("of CPU 3") && message().contains("of CPU 0x5a; find"),
                "{}",
                message()
            );
            // SAFETY: as above.
            unsafe { store_at(own_id, cpu) };
            check_register();
            for bad in [
                0,
                base + 8,
                crate::percpu_area_base(0) + count * (base - crate::percpu_area_base(0)) / cpu,
            ] {
                // SAFETY: rule 2, no variable is used with it.
                unsafe { crate::write_percpu_reg(bad) };
                assert!(
                    message().contains("which is no area; call"),
                    "{}",
                    message()
                );
            }
        })
        .join()
        .unwrap();
    }
}
