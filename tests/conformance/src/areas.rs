//! The areas themselves: initial values everywhere, and no CPU in another one's way.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicBool, Ordering};

use percpu_hv::{InitError, def_percpu, maintenance};

use crate::{Bench, Machine, Test};

pub(crate) const TESTS_OF_VALUES: &[Test] = &[
    ("initial values on every CPU", initial_values),
    ("very many increments on every CPU at once", isolation),
];

pub(crate) const TESTS: &[Test] = &[
    ("addresses agree with the register", addresses),
    ("nothing between and around the areas is written", canaries),
    ("the template is as it was linked", pristine),
    ("the ranges hold what they say", ranges),
    ("areas are found where they are seen from now on", rebased),
];

/// The first and the last bytes that an area may hold, whatever the linker does between them.
#[def_percpu]
static COUNTER: u64 = 7;
#[def_percpu]
static BYTES: [u8; 5] = *b"bytes";

/// What is written where no area is.
const CANARY: u8 = 0xc5;
static CANARIES: [u8; 1024] = [CANARY; 1024];

/// Bytes before and after the areas in given memory, filled with canaries.
const MARGIN: usize = 4096;
static HAVE_MARGINS: AtomicBool = AtomicBool::new(false);

/// Where the template was linked.
pub(crate) fn template_address() -> usize {
    COUNTER.symbol_vma() - COUNTER.offset()
}

/// Checks that the running CPU reaches the area of `cpu`.
pub(crate) fn is_own(bench: &Bench<'_>, cpu: usize) {
    // SAFETY: rule 2: this CPU has its register; nothing is read.
    let (own, remote) = unsafe { (COUNTER.current_ptr(), COUNTER.remote_ptr(cpu)) };
    bench.equal(cpu, own, remote);
}

/// Sets the areas up in the middle of memory that is filled with canaries.
pub(crate) fn init_given(machine: &dyn Machine) -> Result<usize, InitError> {
    let cpus = machine.cpu_count();
    let areas = percpu_hv::percpu_area_layout_expected(cpus);
    let around = Layout::from_size_align(areas.size() + 2 * MARGIN, areas.align().max(MARGIN))
        .map_err(|_| InitError::TooManyCpus { cpu_count: cpus })?;
    let memory = machine.take_memory(around);
    memory.fill(MaybeUninit::new(CANARY));
    HAVE_MARGINS.store(true, Ordering::Relaxed);
    percpu_hv::init_from(&mut memory[MARGIN..MARGIN + areas.size()], cpus)
}

fn initial_values(bench: &Bench<'_>) {
    for cpu in 0..percpu_hv::percpu_area_num() {
        // SAFETY: rule 6, nobody writes `BYTES`.
        bench.equal(cpu, unsafe { *BYTES.remote_ref_raw(cpu) }, *b"bytes");
    }
    bench.on_all(|cpu| bench.equal(cpu, COUNTER.read_current(), 7));
}

/// Debug builds look at the register in each access.
const INCREMENTS: u64 = if cfg!(debug_assertions) {
    25_000
} else {
    1_000_000
};

fn isolation(bench: &Bench<'_>) {
    bench.on_all(|_| {
        for _ in 0..INCREMENTS {
            COUNTER.with_current(|counter| *counter += 1);
        }
    });
    bench.on_all(|cpu| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, all CPUs only read in this phase.
            bench.equal(
                cpu,
                unsafe { *COUNTER.remote_ref_raw(other) },
                7 + INCREMENTS,
            );
        }
    });
}

fn addresses(bench: &Bench<'_>) {
    #[def_percpu]
    static HERE: u32 = 0;
    bench.on_all(|cpu| {
        let base = percpu_hv::percpu_area_base(cpu);
        bench.equal(cpu, percpu_hv::read_percpu_reg(), base);
        bench.holds(cpu, HERE.offset() + 4 <= percpu_hv::percpu_area_size());
        // SAFETY: rule 2: this CPU has its register; nothing is read.
        let own = unsafe { HERE.current_ptr() };
        bench.equal(cpu, own.addr(), base + HERE.offset());
        for other in 0..bench.cpus() {
            // SAFETY: rule 3: nothing is read.
            let remote = unsafe { HERE.remote_ptr(other) };
            bench.equal(
                cpu,
                remote.addr(),
                percpu_hv::percpu_area_base(other) + HERE.offset(),
            );
            bench.equal(cpu, remote == own, other == cpu);
        }
        // SAFETY: rule 2, the base of this CPU's own area.
        unsafe { percpu_hv::write_percpu_reg(base) };
        bench.equal(cpu, percpu_hv::read_percpu_reg(), base);
    });
}

/// Every byte of `[from, to)` is a canary.
fn only_canaries(bench: &Bench<'_>, cpu: usize, from: usize, to: usize) {
    // SAFETY: rule 3, inside the block of the areas or its margins, where no variable is.
    let gap: &[u8] =
        unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(from), to - from) };
    // As blocks, which are compared fast without optimization, too.
    let mut blocks = gap.chunks(CANARIES.len());
    if let Some(block) = blocks.find(|block| **block != CANARIES[..block.len()]) {
        let begin = block.as_ptr().addr() - from;
        for (at, &byte) in block.iter().enumerate() {
            bench.equal(cpu, (begin + at, byte), (begin + at, CANARY));
        }
    }
}

fn canaries(bench: &Bench<'_>) {
    let count = percpu_hv::percpu_area_num();
    let stride = percpu_hv::percpu_area_layout_expected(1).size();
    let gap = |cpu| {
        let base = percpu_hv::percpu_area_base(cpu);
        (base + percpu_hv::percpu_area_size(), base + stride)
    };
    for cpu in 0..count {
        let (from, to) = gap(cpu);
        // SAFETY: rule 3, from the end of the last variable to the next area.
        unsafe { ptr::with_exposed_provenance_mut::<u8>(from).write_bytes(CANARY, to - from) };
    }
    bench.on_all(|_| {
        for round in 0..1_000_u64 {
            COUNTER.write_current(round);
            BYTES.with_current(|bytes| bytes.fill(round as u8));
            BYTES.reset_to_init();
        }
    });
    for cpu in 0..count {
        let (from, to) = gap(cpu);
        only_canaries(bench, cpu, from, to);
    }
    if HAVE_MARGINS.load(Ordering::Relaxed) {
        let start = percpu_hv::percpu_area_base(0);
        let end = percpu_hv::percpu_area_base(count - 1) + stride;
        only_canaries(bench, 0, start - MARGIN, start);
        only_canaries(bench, count - 1, end, end + MARGIN);
    }
}

/// The areas were written above, and the template was not.
fn pristine(bench: &Bench<'_>) {
    let template = template_address();
    if template == 0 {
        bench.skip("the template is linked at address 0, and where it is in memory is private");
        return;
    }
    let bytes: *const [u8; 5] = ptr::with_exposed_provenance(template + BYTES.offset());
    let counter: *const u64 = ptr::with_exposed_provenance(template + COUNTER.offset());
    // SAFETY: rule 8, inside the template, which nobody writes.
    unsafe {
        bench.equal(0, bytes.read_volatile(), *b"bytes");
        bench.equal(0, counter.read_volatile(), 7);
    }
}

/// The only range of areas in one block.
fn block() -> Range<usize> {
    maintenance::areas().next().unwrap_or_default()
}

fn ranges(bench: &Bench<'_>) {
    bench.equal(0, maintenance::areas().count(), 1);
    bench.equal(0, maintenance::table().len(), 0);
    let (areas, registry) = (block(), maintenance::registry());
    let layout = percpu_hv::percpu_area_layout_expected(percpu_hv::percpu_area_num());
    bench.equal(0, areas.len(), layout.size());
    bench.equal(0, areas.start, percpu_hv::percpu_area_base(0));
    for cpu in 0..percpu_hv::percpu_area_num() {
        let area = maintenance::area(cpu);
        // SAFETY: rule 6: nothing is read.
        let copy = unsafe { COUNTER.remote_ptr(cpu) }.addr();
        bench.holds(cpu, area.contains(&copy));
        bench.equal(cpu, area.start, percpu_hv::percpu_area_base(cpu));
        bench.equal(cpu, area.end, areas.start + (cpu + 1) * area.len());
    }
    let template = maintenance::template();
    bench.equal(0, template.len(), percpu_hv::percpu_area_size());
    // A script written for `percpu` makes the template the first area.
    bench.holds(
        0,
        template.start == areas.start || !overlap(&template, &areas),
    );
    bench.holds(
        0,
        !registry.is_empty() && registry.start % registry.len() == 0,
    );
    bench.holds(
        0,
        !overlap(&registry, &areas) && !overlap(&registry, &template),
    );
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start.max(b.start) < a.end.min(b.end)
}

fn rebased(bench: &Bench<'_>) {
    let areas = block();
    let stride = maintenance::area(0).len();
    let rebase = |base| {
        // SAFETY: rule 4: no other CPU uses a variable now, and each resumes; what is refused is readable.
        unsafe { percpu_hv::rebase_areas(ptr::with_exposed_provenance_mut(base)) }
    };
    bench.equal(0, rebase(0), Err(InitError::InvalidBase));
    bench.equal(0, rebase(areas.start + 8), Err(InitError::UnalignedBase));
    if percpu_hv::percpu_area_num() > 1 {
        let address = areas.start + stride;
        let error = InitError::NoAreaAt { address, cpu_id: 0 };
        bench.equal(0, rebase(address), Err(error));
    }
    bench.on_all(|cpu| COUNTER.write_current(cpu as u64 + 70));
    bench.equal(0, rebase(areas.start), Ok(()));
    bench.equal(0, block(), areas);
    bench.on_all(|cpu| {
        // SAFETY: rule 2: the id that this CPU has.
        unsafe { percpu_hv::resume_percpu_reg(cpu) };
        is_own(bench, cpu);
        bench.equal(cpu, COUNTER.read_current(), cpu as u64 + 70);
    });
}
