//! Every error of the init functions, and that none of them changes anything.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr;

use percpu_hv::{CpuId, InitError};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a null base is refused", null_base),
    ("an unaligned base is refused", unaligned_base),
    ("areas for no CPU are refused", no_cpus),
    ("areas beyond the address space are refused", too_many_cpus),
    ("a block that wraps around is refused", wrapping_block),
    ("areas over the template are refused", over_the_template),
    ("memory that is too small is refused", too_small),
    ("defect 57: there are no CPU ids before init", no_ids),
];

pub(crate) const TESTS_AFTER_INIT: &[Test] = &[
    ("a second init is refused", second_init),
    ("defect 04: every CPU still finds its own area", own_area),
    ("the number of CPUs is the one initialized", number),
    ("no area is added to a block", no_addition),
];

/// An init of memory that is refused.
fn init(base: *mut u8, cpu_count: usize) -> Result<usize, InitError> {
    // SAFETY: rule 9, init does not get to the memory.
    unsafe { percpu_hv::init(base, cpu_count) }
}

/// An address with the alignment of an area, which is refused before it is used.
fn somewhere() -> *mut u8 {
    ptr::without_provenance_mut(percpu_hv::percpu_area_layout_expected(1).align())
}

fn no_addition(bench: &Bench<'_>) {
    let count = percpu_hv::percpu_area_num();
    bench.equal(
        0,
        percpu_hv::add_area_from(&mut []),
        Err(InitError::NoTable),
    );
    bench.equal(0, percpu_hv::percpu_area_num(), count);
}

fn null_base(bench: &Bench<'_>) {
    bench.equal(0, init(ptr::null_mut(), 1), Err(InitError::InvalidBase));
}

fn unaligned_base(bench: &Bench<'_>) {
    for distance in [1, 8, 63] {
        bench.equal(
            0,
            init(somewhere().wrapping_add(distance), 1),
            Err(InitError::UnalignedBase),
        );
    }
}

fn no_cpus(bench: &Bench<'_>) {
    bench.equal(0, init(somewhere(), 0), Err(InitError::NoCpus));
}

fn too_many_cpus(bench: &Bench<'_>) {
    for cpu_count in [usize::MAX, isize::MAX as usize, usize::MAX / 64] {
        bench.equal(
            0,
            init(somewhere(), cpu_count),
            Err(InitError::TooManyCpus { cpu_count }),
        );
    }
}

fn wrapping_block(bench: &Bench<'_>) {
    let align = percpu_hv::percpu_area_layout_expected(1).align();
    let last = ptr::without_provenance_mut(usize::MAX - (align - 1));
    bench.equal(0, init(last, 2), Err(InitError::InvalidBase));
}

fn over_the_template(bench: &Bench<'_>) {
    let template = crate::areas::template_address();
    if template == 0 {
        bench.skip("the template is linked at address 0, and where it is in memory is private");
        return;
    }
    let layout = percpu_hv::percpu_area_layout_expected(1);
    let below = (template & !(layout.align() - 1)).wrapping_sub(layout.size());
    let below = ptr::without_provenance_mut(below);
    bench.equal(0, init(below, 4), Err(InitError::InvalidBase));
}

fn too_small(bench: &Bench<'_>) {
    let layout = percpu_hv::percpu_area_layout_expected(2);
    let memory = bench.machine.take_memory(layout);
    let given = layout.size() - 1;
    let error = InitError::TooSmall {
        needed: layout.size(),
        given,
    };
    bench.equal(0, percpu_hv::init_from(&mut memory[..given], 2), Err(error));
}

fn no_ids(bench: &Bench<'_>) {
    bench.equal(0, CpuId::new(0), None);
    bench.equal(0, CpuId::all().len(), 0);
    for cpu_id in [0, usize::MAX] {
        let claimed = percpu_hv::claim_percpu_reg(cpu_id);
        bench.equal(0, claimed, Err(InitError::NotInitialized));
    }
}

fn second_init(bench: &Bench<'_>) {
    let cpu_count = percpu_hv::percpu_area_num();
    let live = Err(InitError::AlreadyInitialized { cpu_count });
    let layout = percpu_hv::percpu_area_layout_expected(bench.cpus());
    let memory: &'static mut [MaybeUninit<u8>] = bench.machine.take_memory(layout);
    let base = memory.as_mut_ptr().cast();
    bench.equal(0, init(base, bench.cpus()), live);
    bench.equal(0, percpu_hv::init_from(memory, bench.cpus()), live);
    let in_place = percpu_hv::init_in_place();
    bench.holds(0, in_place == live || in_place == Err(InitError::NoAreas));
}

/// Where the register's own value is kept in the area, an init must not write it again.
fn own_area(bench: &Bench<'_>) {
    bench.on_all(|cpu| crate::areas::is_own(bench, cpu));
    second_init(bench);
    bench.on_all(|cpu| crate::areas::is_own(bench, cpu));
}

fn number(bench: &Bench<'_>) {
    bench.holds(0, percpu_hv::percpu_area_num() >= bench.cpus());
    let layout: Layout = percpu_hv::percpu_area_layout_expected(percpu_hv::percpu_area_num());
    let stride = layout.size() / percpu_hv::percpu_area_num();
    for cpu in 1..percpu_hv::percpu_area_num() {
        let distance = percpu_hv::percpu_area_base(cpu) - percpu_hv::percpu_area_base(cpu - 1);
        bench.equal(0, distance, stride);
    }
}
