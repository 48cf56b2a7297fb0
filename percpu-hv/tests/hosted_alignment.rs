//! Variables that need more than a page, in a process of their own: they align the section for all others.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

use std::thread;

use percpu_hv::def_percpu;

const CPUS: usize = 4;

#[repr(align(0x4000))]
struct Stack([u8; 0x4000]);

#[repr(align(0x10000))]
struct Block(u64);

#[repr(align(0x200000))]
struct LargePage(u64);

#[def_percpu]
static STACK: Stack = Stack([7; 0x4000]);
#[def_percpu]
static BLOCK: Block = Block(8);
#[def_percpu]
static LARGE_PAGE: LargePage = LargePage(9);
#[def_percpu]
static AMONG_THEM: u8 = 1;

#[test]
fn defect_42_variables_above_a_page_are_aligned() {
    assert_eq!(percpu_hv::init_hosted(CPUS), Ok(CPUS));
    let layout = percpu_hv::percpu_area_layout_expected(CPUS);
    assert_eq!(layout.align(), align_of::<LargePage>(), "no more is needed");
    for cpu in 0..CPUS {
        // SAFETY: rule 6, an id of a CPU; no thread plays one yet.
        let addresses = unsafe {
            [
                STACK.remote_ptr(cpu).addr() % align_of::<Stack>(),
                BLOCK.remote_ptr(cpu).addr() % align_of::<Block>(),
                LARGE_PAGE.remote_ptr(cpu).addr() % align_of::<LargePage>(),
            ]
        };
        assert_eq!(addresses, [0; 3], "CPU {cpu}");
    }
    for cpu in 0..CPUS {
        let check = move || {
            percpu_hv::init_percpu_reg(cpu);
            assert_eq!(AMONG_THEM.read_current(), 1);
            STACK.with_current(|stack| assert!(stack.0.iter().all(|&byte| byte == 7)));
            BLOCK.with_current(|block| block.0 += cpu as u64);
            LARGE_PAGE.with_current(|page| page.0 += cpu as u64);
            // Debug builds check the alignment of each reference, too.
            let sum = BLOCK.with_current(|block| block.0) + LARGE_PAGE.with_current(|page| page.0);
            assert_eq!(sum, 17 + 2 * cpu as u64);
        };
        thread::spawn(check).join().unwrap();
    }
}
