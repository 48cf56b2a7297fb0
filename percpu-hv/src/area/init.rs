//! From the template to live areas: checked first, built by one CPU, published once.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr;

use super::geometry::overlap;
use super::header;
use super::layout::{linked_template, loaded_template};
use super::registry::{AREAS, percpu_area_base, register_unchecked};
use super::state::Block;
use super::template::{self, Template, bias};
use crate::InitError;
use crate::arch;

/// What an init has checked and will build: it cannot fail any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Where the initial values are read.
    image: usize,
    size: usize,
    /// The base of area 0.
    base: usize,
    pub(crate) block: Block,
}

impl Plan {
    /// Checks everything that can be wrong, before anything is changed. Inlined, so that no `memcpy` moves what it
    /// gives (rule 11).
    #[inline(always)]
    pub(crate) fn new(template: &Template, base: usize, count: usize) -> Result<Self, InitError> {
        arch::check_template(template.start, template.size)?;
        let geometry = template.geometry()?;
        geometry.check_base(base, count)?;
        let plan = Self {
            image: template.image,
            size: geometry.size(),
            base,
            block: Block {
                register: base.wrapping_sub(bias()),
                stride: geometry.stride(),
                count,
            },
        };
        let bytes = geometry.stride() * count;
        // Only area 0 may be the template itself, as in a script written for `percpu`.
        if base != plan.image && overlap(plan.image, plan.size, base, bytes) {
            return Err(InitError::InvalidBase);
        }
        Ok(plan)
    }

    /// The bases of the areas, by CPU id.
    fn areas(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { base, block, .. } = *self;
        (0..block.count).map(move |cpu| base + cpu * block.stride)
    }

    /// Copies the template to every area but itself, without the bytes of `left_out`.
    fn build(&self, left_out: &Range<usize>) {
        for area in self.areas() {
            if area != self.image {
                copy_but(left_out, self.image, area, self.size);
            }
        }
    }
}

/// Builds the areas of `plan`, or waits for the CPU that builds them already.
pub(crate) fn set_up(plan: &Plan) -> Result<usize, InitError> {
    AREAS
        .init(plan.block, arch::memory_is_normal(), || build(plan))
        .map_err(|cpu_count| InitError::AlreadyInitialized { cpu_count })
}

/// Copies an area's `size` bytes, without those of `left_out`, which other CPUs may look at meanwhile.
fn copy_but(left_out: &Range<usize>, from: usize, to: usize, size: usize) {
    let (start, end) = (left_out.start.min(size), left_out.end.min(size));
    copy(from, to, start);
    copy(from + end, to + end, size - end);
}

/// Copies `size` bytes between two areas, or an area and the template.
fn copy(from: usize, to: usize, size: usize) {
    let source: *const u8 = ptr::with_exposed_provenance(from);
    let target: *mut u8 = ptr::with_exposed_provenance_mut(to);
    if arch::memory_is_normal() {
        // SAFETY: rules 3 and 9, `Plan::new` saw the ranges apart.
        unsafe { ptr::copy_nonoverlapping(source, target, size) };
        return;
    }
    // Rule 11: a `memcpy` may access unaligned words, which fault while the MMU is off. Both
    // addresses are aligned to a word.
    let words = size / size_of::<usize>();
    for word in 0..words {
        // SAFETY: rules 3 and 9, in bounds and aligned.
        unsafe {
            let value = source
                .cast::<MaybeUninit<usize>>()
                .add(word)
                .read_volatile();
            target
                .cast::<MaybeUninit<usize>>()
                .add(word)
                .write_volatile(value);
        }
    }
    for byte in words * size_of::<usize>()..size {
        // SAFETY: rules 3 and 9, in bounds.
        unsafe {
            let value = source.cast::<MaybeUninit<u8>>().add(byte).read_volatile();
            target
                .cast::<MaybeUninit<u8>>()
                .add(byte)
                .write_volatile(value);
        }
    }
}

pub(crate) fn init_at(base: usize, cpu_count: usize) -> Result<usize, InitError> {
    set_up(&Plan::new(&loaded_template()?, base, cpu_count)?)
}

/// Copies the template to the areas, and makes each one its CPU's.
pub(crate) fn build(plan: &Plan) {
    plan.build(&header::words_of_owner());
    for (cpu, area) in plan.areas().enumerate() {
        // SAFETY: rules 3 and 9, the area of `cpu`, which no CPU uses yet.
        unsafe {
            header::name(area, cpu);
            header::owner_at(area).release();
        }
    }
}

/// Builds the area of a CPU from the template once more, and frees its id.
///
/// # Errors
///
/// `TemplateInUse`, `TemplateNotLoaded`; nothing is changed then.
///
/// # Safety
///
/// The CPU has an area (rule 4 of docs/safety.md), which no CPU uses or comes back to, and no reference into it lives
/// (rules 6 and 17).
pub(crate) unsafe fn rebuild(cpu: usize) -> Result<(), InitError> {
    let template = loaded_template()?;
    if percpu_area_base(0) == template.image {
        return Err(InitError::TemplateInUse);
    }
    // SAFETY: rule 4 is the caller's.
    let area = unsafe { register_unchecked(cpu) }.wrapping_add(bias());
    // SAFETY: rule 3, an area; rule 17 is the caller's.
    unsafe {
        let owner = header::owner_at(area);
        owner.hold();
        copy_but(
            &header::words_of_owner(),
            template.image,
            area,
            template.size,
        );
        header::name(area, cpu);
        // Last: a claim finds what was written above.
        owner.release();
    }
    Ok(())
}

/// The plan for the areas that the linker script reserves; inlined as [`Plan::new`].
#[inline(always)]
pub(crate) fn plan_in_place() -> Result<Plan, InitError> {
    let template = loaded_template()?;
    let (base, bytes) = template::block();
    let count = template.geometry()?.capacity(bytes);
    if count == 0 {
        return Err(InitError::NoAreas);
    }
    Plan::new(&template, base, count)
}

/// Sets up the areas that the linker script reserves (`PERCPU_CPU_NUM` of them with percpu.x),
/// and returns their number. Call it once, on one CPU, before `init_percpu_reg`.
///
/// It may run before the MMU is on: then it uses no exclusive and no unaligned access, and the
/// other CPUs must not run yet. A CPU that calls while another one builds the areas waits, and
/// gets the same result.
///
/// With a linker script written for `percpu`, CPU 0's area is the template itself and keeps what
/// was written there before.
///
/// # Errors
///
/// Any [`InitError`] but `TooSmall`; the state is as before then.
///
/// # Panics
///
/// As [`init_percpu_reg`](crate::init_percpu_reg) at a wrong exception level.
#[track_caller]
pub fn init_in_place() -> Result<usize, InitError> {
    arch::assert_register_is_own();
    init_reserved()
}

pub(crate) fn init_reserved() -> Result<usize, InitError> {
    set_up(&plan_in_place()?)
}

/// Sets up the areas of CPUs `0..cpu_count` in memory at `base`, sized and aligned as
/// [`percpu_area_layout_expected`](crate::percpu_area_layout_expected) states, and returns `cpu_count`.
///
/// Null, unaligned and wrapping bases and an overlap with the template are refused.
/// [`init_from`] takes memory that the compiler knows, and is safe.
///
/// A CPU that calls while another one builds the same areas waits, and gets the same result.
///
/// # Errors
///
/// Any [`InitError`] but `NoAreas` and `TooSmall`; the state is as before then.
///
/// # Panics
///
/// As [`init_percpu_reg`](crate::init_percpu_reg) at a wrong exception level.
///
/// # Safety
///
/// The memory from `base` on, of that size, is mapped and writable, nobody else uses it, and it
/// stays so for as long as the image runs (rule 9 of docs/safety.md). It may be the template itself where a
/// linker script written for `percpu` has it for area 0. What is refused need not be memory.
#[track_caller]
pub unsafe fn init(base: *mut u8, cpu_count: usize) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    init_at(base.expose_provenance(), cpu_count)
}

/// Sets up the areas of CPUs `0..cpu_count` in `memory`, and returns `cpu_count`.
///
/// The memory starts at an address aligned as [`percpu_area_layout_expected`](crate::percpu_area_layout_expected) states, and is at
/// least as large.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::mem::MaybeUninit;
///
/// let layout = percpu_hv::percpu_area_layout_expected(2);
/// let memory = Vec::leak(vec![MaybeUninit::uninit(); layout.size() + layout.align()]);
/// let start = memory.as_ptr().align_offset(layout.align());
/// assert_eq!(percpu_hv::init_from(&mut memory[start..], 2), Ok(2));
/// # }
/// ```
///
/// # Errors
///
/// Any [`InitError`] but `NoAreas`; the state is as before then.
///
/// # Panics
///
/// As [`init_percpu_reg`](crate::init_percpu_reg) at a wrong exception level.
#[track_caller]
pub fn init_from(
    memory: &'static mut [MaybeUninit<u8>],
    cpu_count: usize,
) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    let layout = loaded_template()?
        .geometry()?
        .layout(cpu_count)
        .ok_or(InitError::TooManyCpus { cpu_count })?;
    if memory.len() < layout.size() {
        return Err(InitError::TooSmall {
            needed: layout.size(),
            given: memory.len(),
        });
    }
    init_at(memory.as_mut_ptr().expose_provenance(), cpu_count)
}

/// Sets up areas for CPUs `0..cpu_count` on the heap of a test process, and returns `cpu_count`.
///
/// Every test may call it: once the areas exist, the same count is a success. Each thread then
/// chooses its CPU by [`init_percpu_reg`](crate::init_percpu_reg); two threads on one CPU share its variables, as two
/// contexts on one CPU do.
///
/// # Errors
///
/// `NoCpus`, `TooManyCpus`, or `AlreadyInitialized` if the areas exist for another count.
#[cfg(hosted)]
pub fn init_hosted(cpu_count: usize) -> Result<usize, InitError> {
    static ONE_BY_ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _held = ONE_BY_ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let live = AREAS.count();
    if live != 0 {
        return if live == cpu_count {
            Ok(live)
        } else {
            Err(InitError::AlreadyInitialized { cpu_count: live })
        };
    }
    loaded_template()?;
    init_at(on_heap(cpu_count)?.expose_provenance(), cpu_count)
}

/// Zeroed memory for the areas of `cpu_count` CPUs, which is never freed.
#[cfg(process)]
pub(crate) fn on_heap(cpu_count: usize) -> Result<*mut u8, InitError> {
    if cpu_count == 0 {
        return Err(InitError::NoCpus);
    }
    let layout = linked_template()
        .geometry()?
        .layout(cpu_count)
        .ok_or(InitError::TooManyCpus { cpu_count })?;
    // SAFETY: rule 9: the layout is not empty, as a stride never is, and the memory is never freed.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    if memory.is_null() {
        std::alloc::handle_alloc_error(layout);
    }
    Ok(memory)
}

/// The number of CPUs that have an area; before init, the number that the linker script reserves.
pub fn percpu_area_num() -> usize {
    match AREAS.count() {
        0 => match linked_template().geometry() {
            Ok(geometry) => geometry.capacity(template::block().1),
            Err(_) => 0,
        },
        count => count,
    }
}

#[cfg(all(test, hosted))]
mod tests {
    use std::alloc::Layout;
    use std::sync::mpsc;
    use std::thread;
    use std::vec::Vec;

    use core::sync::atomic::Ordering;

    use super::*;
    use crate::area::state::Areas;
    use crate::sync::AtomicUsize;

    const TEMPLATE: Template = Template {
        start: 0x10_0000,
        size: 0x90,
        image: 0x10_0000,
        align: 64,
    };

    #[test]
    fn a_plan_keeps_off_the_template() {
        assert_eq!(
            Plan::new(&TEMPLATE, 0x10_0000 - 0xc0, 2),
            Err(InitError::InvalidBase)
        );
        assert_eq!(
            Plan::new(&TEMPLATE, 0x10_0000 + 0x40, 1),
            Err(InitError::InvalidBase)
        );
        assert!(Plan::new(&TEMPLATE, 0x10_0000 - 0x180, 2).is_ok());
        assert!(Plan::new(&TEMPLATE, 0x10_0000 + 0xc0, 2).is_ok());
    }

    #[test]
    fn defect_18_area_0_may_be_the_template_itself() {
        let layout = Layout::from_size_align(0x180, 64).unwrap();
        // SAFETY: rule 9, the layout is not empty.
        let memory = unsafe { std::alloc::alloc_zeroed(layout) };
        // SAFETY: rule 9, inside the allocation, which nothing else uses.
        unsafe { memory.write_bytes(7, 0x90) };
        let template = Template {
            image: memory.expose_provenance(),
            ..TEMPLATE
        };
        let plan = Plan::new(&template, template.image, 2).unwrap();
        plan.build(&(0x18..0x28));
        // SAFETY: rule 9, inside the allocation, initialized above.
        let areas = unsafe { core::slice::from_raw_parts(memory, 0x180) };
        assert_eq!(&areas[..0x90], &[7; 0x90]);
        assert_eq!(&areas[0xc0..0xd8], &[7; 0x18]);
        assert_eq!(&areas[0xd8..0xe8], &[0; 0x10], "what is left out");
        assert_eq!(&areas[0xe8..0x150], &[7; 0x68]);
        assert_eq!(&areas[0x150..], &[0; 0x30]);
        // SAFETY: rule 9, allocated above with this layout; the slice is dead.
        unsafe { std::alloc::dealloc(memory, layout) };
    }

    fn block(base: usize, count: usize) -> Block {
        Plan::new(&TEMPLATE, base, count).unwrap().block
    }

    #[test]
    fn defect_14_nothing_is_seen_before_the_areas_are_built() {
        let areas = Areas::new();
        let block = block(0x20_0000, 3);
        let count = areas.init(block, true, || {
            assert_eq!((areas.count(), areas.register(0)), (0, Err(0)));
        });
        assert_eq!(count, Ok(3));
        let base = areas
            .register(2)
            .map(|register| register.wrapping_add(bias()));
        assert_eq!(base, Ok(0x20_0000 + 2 * 0xc0));
        assert_eq!(areas.register(3), Err(3));
    }

    #[test]
    fn defect_15_a_refused_init_leaves_the_next_one_free() {
        let areas = Areas::new();
        assert_eq!(
            Plan::new(&TEMPLATE, 8, 1).map(|plan| areas.init(plan.block, true, || ())),
            Err(InitError::UnalignedBase)
        );
        assert_eq!(areas.init(block(0x20_0000, 1), true, || ()), Ok(1));
    }

    #[test]
    fn defect_16_the_loser_waits_and_gets_the_winners_result() {
        let areas = Areas::new();
        let (losers_start, started) = mpsc::channel();
        thread::scope(|scope| {
            let mut losers = Vec::new();
            let count = areas.init(block(0x20_0000, 2), true, || {
                for base in [0x20_0000, 0x20_0000, 0x30_0000] {
                    let (areas, losers_start) = (&areas, losers_start.clone());
                    losers.push(scope.spawn(move || {
                        losers_start.send(()).unwrap();
                        areas.init(block(base, 2), true, || panic!("built twice"))
                    }));
                }
                // All three have passed the first check before the areas are Ready.
                for _ in 0..3 {
                    started.recv().unwrap();
                }
                thread::sleep(std::time::Duration::from_millis(50));
                assert!(losers.iter().all(|loser| !loser.is_finished()));
            });
            assert_eq!(count, Ok(2));
            let results: Vec<_> = losers
                .into_iter()
                .map(|loser| loser.join().unwrap())
                .collect();
            assert_eq!(results, [Ok(2), Ok(2), Err(2)]);
        });
    }

    #[test]
    fn defect_13_live_areas_are_not_built_again() {
        let areas = Areas::new();
        assert_eq!(areas.init(block(0x20_0000, 2), true, || ()), Ok(2));
        for base in [0x20_0000, 0x30_0000] {
            assert_eq!(
                areas.init(block(base, 2), true, || panic!("built twice")),
                Err(2)
            );
        }
    }

    #[test]
    fn one_of_many_concurrent_inits_builds() {
        for _ in 0..200 {
            let areas = Areas::new();
            let built = AtomicUsize::new(0);
            let block = block(0x20_0000, 2);
            let second = block.register.wrapping_add(0xc0);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let result = areas.init(block, true, || {
                            built.fetch_add(1, Ordering::Relaxed);
                        });
                        assert!(result == Ok(2) || result == Err(2));
                        assert_eq!(areas.register(1), Ok(second));
                    });
                }
            });
            assert_eq!(built.into_inner(), 1);
        }
    }
}
