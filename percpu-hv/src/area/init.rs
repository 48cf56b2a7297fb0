//! Initialization checks all conditions first, then builds the areas on one CPU, and publishes them once.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr;

use super::context::own;
use super::counts::Counts;
use super::geometry::overlap;
use super::header;
use super::home::Home;
#[cfg(hosted)]
use super::home::Machine;
use super::layout::{linked_template, loaded_template};
use super::records::make_values;
use super::registry::{areas, count};
#[cfg(hosted)]
use super::state::Areas;
use super::state::Block;
use super::template::{self, Template, bias};
use crate::arch;
use crate::error::InitError;

/// A checked initialization. Building it cannot fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The address from which the initial values are read.
    image: usize,
    size: usize,
    /// The base of area 0.
    base: usize,
    pub(crate) block: Block,
}

impl Plan {
    /// Checks all conditions before anything changes. Inlined, so that no `memcpy` moves the result
    /// (rule 11).
    #[inline(always)]
    pub(crate) fn new(template: &Template, base: usize, count: usize) -> Result<Self, InitError> {
        arch::check_template(template.start, template.size)?;
        let geometry = template.geometry()?;
        geometry.check_base(base, count)?;
        if !Counts::fits(count) {
            return Err(InitError::TooManyCpus { cpu_count: count });
        }
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
        // Area 0 may be the template itself, as in a linker script written for `percpu`. No other area may
        // overlap it.
        if base != plan.image && overlap(plan.image, plan.size, base, bytes) {
            return Err(InitError::InvalidBase);
        }
        Ok(plan)
    }

    /// Returns the bases of the areas in the order of their CPU ids.
    fn areas(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { base, block, .. } = *self;
        (0..block.count).map(move |cpu| base + cpu * block.stride)
    }

    /// Copies the template, without the bytes in `except`, to every area other than the template itself.
    fn build(&self, except: &Range<usize>) {
        for area in self.areas() {
            if area != self.image {
                copy_except(except, self.image, area, self.size);
            }
        }
    }
}

/// Builds the areas of `plan`, or waits while another CPU builds them.
pub(crate) fn set_up(plan: &Plan) -> Result<usize, InitError> {
    areas()
        .init(plan.block, own(), arch::memory_is_normal(), || build(plan))
        .map_err(refusal)
}

/// Returns the error of an init, by the number of CPUs with an area: 0 means that this context is building areas.
pub(super) fn refusal(live: usize) -> InitError {
    match live {
        0 => InitError::Busy,
        cpu_count => InitError::AlreadyInitialized { cpu_count },
    }
}

/// Copies the `size` bytes of an area, except those in `except`, which other CPUs may read at any time.
fn copy_except(except: &Range<usize>, from: usize, to: usize, size: usize) {
    let (start, end) = (except.start.min(size), except.end.min(size));
    copy(from, to, start);
    copy(from + end, to + end, size - end);
}

/// Copies `size` bytes from the template to an area.
fn copy(from: usize, to: usize, size: usize) {
    let source: *const u8 = ptr::with_exposed_provenance(from);
    let target: *mut u8 = ptr::with_exposed_provenance_mut(to);
    if arch::memory_is_normal() {
        // SAFETY: rules 3 and 9, `Plan::new` checked that the ranges do not overlap.
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

/// Builds the areas, and makes the values of variables with `init`. It panics if a function that makes one does.
pub(crate) fn build(plan: &Plan) {
    build_copies(plan);
    make_all(plan.areas());
}

/// Copies the template to the areas, stores each area's CPU id, and marks the area free and its CPU offline.
fn build_copies(plan: &Plan) {
    plan.build(&header::owner_range());
    for (cpu, area) in plan.areas().enumerate() {
        // SAFETY: rules 3 and 9, this is the area of `cpu`, and no CPU uses it yet.
        unsafe {
            header::store_identity(area, cpu);
            let owner = header::owner_at(area);
            owner.hold();
            owner.release();
        }
    }
}

/// Makes the values of variables with `init` in the areas of CPUs 0, 1, ..., which no CPU uses yet.
fn make_all(areas: impl Iterator<Item = usize>) {
    for (cpu, area) in areas.enumerate() {
        // SAFETY: rules 3 and 17, this is the area of `cpu`, and no CPU uses it yet.
        unsafe { make_values(area.wrapping_sub(bias()), cpu) };
    }
}

/// Rebuilds the area of a CPU of a set of areas from the template, and frees its id.
///
/// # Errors
///
/// `TemplateInUse` or `TemplateNotLoaded`. Nothing has changed then.
///
/// # Safety
///
/// The CPU has an area there (rule 4 of docs/safety.md). No CPU uses the area or will resume on it, and no
/// reference into it is live (rules 6 and 17).
pub(crate) unsafe fn rebuild(home: Home, cpu: usize, keep: impl FnOnce()) -> Result<(), InitError> {
    // SAFETY: rules 4 and 17 are the caller's.
    let (template, area) = unsafe { area_to_rebuild(home, cpu, keep) }?;
    // SAFETY: rule 3, an area; rule 17 is the caller's.
    unsafe { build_area(&template, area, cpu) };
    Ok(())
}

/// Returns the template, and the base of the area of a CPU of a set of areas, which can be built anew. Before that it
/// refuses all claims of the area, and calls `keep`, if there are values in it.
///
/// # Safety
///
/// The CPU has an area there (rule 4 of docs/safety.md), and no CPU uses it (rule 17).
#[inline(always)]
pub(super) unsafe fn area_to_rebuild(
    home: Home,
    cpu: usize,
    keep: impl FnOnce(),
) -> Result<(Template, usize), InitError> {
    let template = loaded_template()?;
    let (_, registers) = home.all();
    // SAFETY: rule 4 is the caller's.
    let [first, area] = [0, cpu].map(|cpu| unsafe { registers.of(cpu) }.wrapping_add(bias()));
    if first == template.image {
        return Err(InitError::TemplateInUse);
    }
    // SAFETY: rule 3, an area.
    let owner = unsafe { header::owner_at(area) };
    let has_values = owner.is_built();
    // From here on a claim is refused.
    owner.hold();
    if has_values {
        keep();
    }
    Ok((template, area))
}

/// Copies the template to the area of a CPU, stores the CPU's id there, and marks the area free.
///
/// # Safety
///
/// Memory for an area is at `area`, apart from the template (rules 3 and 9 of docs/safety.md), and no CPU uses it.
pub(super) unsafe fn build_area(template: &Template, area: usize, cpu: usize) {
    // SAFETY: rules 3 and 9 are the caller's.
    unsafe {
        let owner = header::owner_at(area);
        owner.hold();
        copy_except(&header::owner_range(), template.image, area, template.size);
        header::store_identity(area, cpu);
        make_values(area.wrapping_sub(bias()), cpu);
        // Last, so that a CPU that claims the area sees all stores above.
        owner.release();
    }
}

/// Plans the areas that the linker script reserves. Inlined for the same reason as [`Plan::new`].
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

/// Initializes the areas that the linker script reserves (`PERCPU_CPU_NUM` areas with percpu.x), and returns
/// their number.
///
/// Call it once, on one CPU, before [`init_percpu_reg`](crate::init_percpu_reg).
///
/// It may run before the MMU is on. Then it uses no exclusive and no unaligned access, and no other CPU may
/// run yet. If another CPU is already building the areas, the call waits and returns the same result.
///
/// With a linker script written for `percpu`, the area of CPU 0 is the template itself, and keeps what was
/// written there before.
///
/// # Errors
///
/// Any [`InitError`] about the areas or the template, except `TooSmall`. The state is unchanged then.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg), and if a function of the option `init`
/// panics. The state is unchanged then.
#[track_caller]
pub fn init_in_place() -> Result<usize, InitError> {
    arch::assert_register_is_own();
    init_reserved()
}

pub(crate) fn init_reserved() -> Result<usize, InitError> {
    set_up(&plan_in_place()?)
}

/// Initializes the areas of CPUs `0..cpu_count` in the memory at `base`, and returns `cpu_count`.
/// [`percpu_area_layout_expected`](crate::percpu_area_layout_expected) returns the size and alignment that
/// the memory must have.
///
/// It refuses a base that is null, unaligned or wraps around, and memory that overlaps the template.
/// [`init_from`] is the safe alternative, for memory that Rust knows.
///
/// If another CPU is already building the same areas, the call waits and returns the same result.
///
/// # Errors
///
/// Any [`InitError`] about the areas or the template, except `NoAreas` and `TooSmall`. The state is unchanged
/// then.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg), and if a function of the option `init`
/// panics. The state is unchanged then.
///
/// # Safety
///
/// For as long as the image runs, memory of that size at `base` is mapped and writable, and nothing else uses
/// it (rule 9 of docs/safety.md). It may start with the template if a linker script written for `percpu`
/// makes the template area 0. A base that is refused need not point to memory.
#[track_caller]
pub unsafe fn init(base: *mut u8, cpu_count: usize) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    init_at(base.expose_provenance(), cpu_count)
}

/// Initializes the areas of CPUs `0..cpu_count` in `memory`, and returns `cpu_count`.
///
/// [`percpu_area_layout_expected`](crate::percpu_area_layout_expected) returns the alignment and the smallest
/// size that `memory` must have.
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
/// Any [`InitError`] about the areas or the template, except `NoAreas`. The state is unchanged then.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg), and if a function of the option `init`
/// panics. The state is unchanged then.
#[track_caller]
pub fn init_from(
    memory: &'static mut [MaybeUninit<u8>],
    cpu_count: usize,
) -> Result<usize, InitError> {
    arch::assert_register_is_own();
    let template = loaded_template()?;
    let layout = template
        .geometry()?
        .layout(cpu_count)
        .ok_or(InitError::TooManyCpus { cpu_count })?;
    if memory.len() < layout.size() {
        return Err(InitError::TooSmall {
            needed: layout.size(),
            given: memory.len(),
        });
    }
    let base = memory.as_mut_ptr().expose_provenance();
    set_up(&Plan::new(&template, base, cpu_count)?)
}

/// Initializes areas for CPUs `0..cpu_count` on the heap of a test process, and returns `cpu_count`.
///
/// Every test may call it: if the areas exist already for the same count, the call succeeds. Each thread then
/// chooses its CPU with [`init_percpu_reg`](crate::init_percpu_reg). Two threads that run as one CPU share
/// its variables, as two contexts on one CPU do.
///
/// # Errors
///
/// `NoCpus`, `TooManyCpus`, `Busy`, or `AlreadyInitialized` if the areas exist for another count.
#[cfg(hosted)]
pub fn init_hosted(cpu_count: usize) -> Result<usize, InitError> {
    static ONE_BY_ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    if areas().building.is_held_by(own()) {
        return Err(InitError::Busy);
    }
    let _held = ONE_BY_ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let live = count();
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

/// Makes areas for CPUs `0..cpu_count` of a machine of their own. They are never freed, because a reference into one,
/// or a `CpuId`, may outlive the test.
#[cfg(hosted)]
pub(crate) fn home_for(cpu_count: usize) -> Result<Home, InitError> {
    if cpu_count == 0 {
        return Err(InitError::NoCpus);
    }
    // One more, for what the CPUs share.
    let copies = cpu_count
        .checked_add(1)
        .ok_or(InitError::TooManyCpus { cpu_count })?;
    let base = on_heap(copies)?.expose_provenance();
    let plan = Plan::new(&loaded_template()?, base, copies)?;
    let areas = Areas::new();
    let block = Block {
        count: cpu_count,
        ..plan.block
    };
    areas
        .init(block, own(), true, || {
            build_copies(&plan);
            // What the CPUs share is no CPU's.
            make_all(plan.areas().take(cpu_count));
        })
        .map_err(refusal)?;
    let common = block.register + cpu_count * block.stride;
    Ok(Home::of(Box::leak(Box::new(Machine { areas, common }))))
}

/// Allocates zeroed memory for the areas of `cpu_count` CPUs. It is never freed.
#[cfg(process)]
pub(crate) fn on_heap(cpu_count: usize) -> Result<*mut u8, InitError> {
    if cpu_count == 0 {
        return Err(InitError::NoCpus);
    }
    let layout = linked_template()
        .geometry()?
        .layout(cpu_count)
        .ok_or(InitError::TooManyCpus { cpu_count })?;
    // SAFETY: rule 9, the layout is not empty, because a stride never is, and the memory is never freed.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    if memory.is_null() {
        std::alloc::handle_alloc_error(layout);
    }
    Ok(memory)
}

/// Returns the number of CPUs that have an area. Before init, returns the number of areas that the linker
/// script reserves.
pub fn percpu_area_num() -> usize {
    match count() {
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
    use crate::arch::store_at;
    use crate::area::state::Areas;
    use crate::sync::AtomicUsize;

    const TEMPLATE: Template = Template::SAMPLE;

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

    #[cfg_attr(miri, ignore = "Miri has no linker, hence no template")]
    #[test]
    fn used_memory_leaves_no_cpu_online() {
        let template = loaded_template().unwrap();
        let geometry = template.geometry().unwrap();
        let layout = geometry.layout(2).unwrap();
        // SAFETY: rule 9, the layout is not empty.
        let memory = unsafe { std::alloc::alloc(layout) };
        let base = memory.expose_provenance();
        for word in (base..base + layout.size()).step_by(size_of::<usize>()) {
            // SAFETY: rule 9, inside the allocation, which nothing else uses. Of an owner record, 2 means online.
            unsafe { store_at(word, 2_usize) };
        }
        build(&Plan::new(&template, base, 2).unwrap());
        for area in [base, base + geometry.stride()] {
            // SAFETY: rule 3, an area.
            let owner = unsafe { header::owner_at(area) };
            assert!(!owner.is_online());
            assert!(owner.come(true), "it is offline, and not just going");
        }
        // SAFETY: rule 9, allocated above with this layout, and not used any more.
        unsafe { std::alloc::dealloc(memory, layout) };
    }

    fn block(base: usize, count: usize) -> Block {
        Plan::new(&TEMPLATE, base, count).unwrap().block
    }

    #[test]
    fn defect_14_nothing_is_seen_before_the_areas_are_built() {
        let areas = Areas::new();
        let block = block(0x20_0000, 3);
        let count = areas.init(block, own(), true, || {
            assert_eq!((areas.count(), areas.register(0)), (0, None));
        });
        assert_eq!(count, Ok(3));
        let base = areas
            .register(2)
            .map(|register| register.wrapping_add(bias()));
        assert_eq!(base, Some(0x20_0000 + 2 * 0xc0));
        assert_eq!(areas.register(3), None);
    }

    #[test]
    fn defect_15_a_refused_init_leaves_the_next_one_free() {
        let areas = Areas::new();
        assert_eq!(
            Plan::new(&TEMPLATE, 8, 1).map(|plan| areas.init(plan.block, own(), true, || ())),
            Err(InitError::UnalignedBase)
        );
        assert_eq!(areas.init(block(0x20_0000, 1), own(), true, || ()), Ok(1));
    }

    #[test]
    fn defect_16_the_loser_waits_and_gets_the_winners_result() {
        let areas = Areas::new();
        let (losers_start, started) = mpsc::channel();
        thread::scope(|scope| {
            let mut losers = Vec::new();
            let count = areas.init(block(0x20_0000, 2), own(), true, || {
                for base in [0x20_0000, 0x20_0000, 0x30_0000] {
                    let (areas, losers_start) = (&areas, losers_start.clone());
                    losers.push(scope.spawn(move || {
                        losers_start.send(()).unwrap();
                        areas.init(block(base, 2), own(), true, || panic!("built twice"))
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
        assert_eq!(areas.init(block(0x20_0000, 2), own(), true, || ()), Ok(2));
        for base in [0x20_0000, 0x30_0000] {
            assert_eq!(
                areas.init(block(base, 2), own(), true, || panic!("built twice")),
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
                        let result = areas.init(block, own(), true, || {
                            built.fetch_add(1, Ordering::Relaxed);
                        });
                        assert!(result == Ok(2) || result == Err(2));
                        assert_eq!(areas.register(1), Some(second));
                    });
                }
            });
            assert_eq!(built.into_inner(), 1);
        }
    }
}
