//! The symbol that an attribute exports, and assembly that uses it.

use consumer::on_cpu;

#[no_mangle]
#[percpu_0_2::def_percpu]
static BEFORE: u64 = 1;

#[percpu_0_4::def_percpu]
#[unsafe(no_mangle)]
static AFTER: [u64; 3] = [2, 3, 4];

extern "C" {
    #[link_name = "__PERCPU_BEFORE"]
    static BEFORE_STORAGE: u64;
    #[link_name = "__PERCPU_AFTER"]
    static AFTER_STORAGE: [u64; 3];
}

#[test]
fn the_symbol_is_the_storage() {
    assert_eq!(BEFORE.symbol_vma(), (&raw const BEFORE_STORAGE).addr());
    assert_eq!(AFTER.symbol_vma(), (&raw const AFTER_STORAGE).addr());
    assert_eq!(on_cpu(0, || BEFORE.read_current()), 1);
}

#[cfg(like_a_kernel)]
mod assembly {
    use super::*;

    std::arch::global_asm!(
        ".global swap_before_with_the_second_after",
        "swap_before_with_the_second_after:",
        "mov rax, gs:[offset __PERCPU_AFTER + 8]",
        "xchg rax, gs:[offset __PERCPU_BEFORE]",
        "ret",
    );

    extern "C" {
        fn swap_before_with_the_second_after() -> u64;
    }

    #[test]
    fn assembly_reaches_this_cpu() {
        on_cpu(2, || {
            AFTER.with_current(|after| after[1] = 30);
            // SAFETY: rules 5 and 10: it uses rax and these variables, which are this thread's.
            assert_eq!(unsafe { swap_before_with_the_second_after() }, 1);
            assert_eq!(BEFORE.read_current(), 30);
        });
        assert_eq!(on_cpu(3, || BEFORE.read_current()), 1);
    }

    #[test]
    fn the_self_pointer_has_a_symbol() {
        let own: usize = on_cpu(3, || {
            let own;
            // SAFETY: rule 10: one load from this CPU's area.
            unsafe {
                std::arch::asm!(
                    "mov {}, gs:[offset __PERCPU_SELF_PTR]",
                    out(reg) own,
                    options(readonly, nostack, preserves_flags)
                )
            };
            own
        });
        let start = (&raw const _percpu_load_start).addr();
        assert_eq!(own + start, percpu_0_4::percpu_area_base(3));
    }

    extern "C" {
        // As crates declare it.
        fn _percpu_start();
        static _percpu_load_start: u8;
    }

    #[test]
    fn the_first_area_is_where_the_script_says() {
        assert_eq!(
            _percpu_start as *const () as usize,
            (&raw const _percpu_load_start).addr()
        );
        assert_eq!(percpu_0_3::percpu_area_num(), 4);
    }
}
