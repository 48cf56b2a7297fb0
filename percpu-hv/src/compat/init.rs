//! The init functions as `percpu` defines them: a second call is not an error.

use crate::arch;
pub(crate) use crate::area::checked_register as register_of;
use crate::area::context::own;
#[cfg(not(process))]
use crate::area::init::init_reserved;
use crate::area::init::{Plan, build, init_at, plan_in_place};
#[cfg(process)]
use crate::area::init::{on_heap, set_up};
#[cfg(process)]
use crate::area::layout::linked_template;
use crate::area::layout::loaded_template;
#[cfg(not(process))]
use crate::area::percpu_area_layout_expected;
use crate::area::registry::areas;
#[cfg(not(process))]
use crate::area::template::block;
pub use crate::area::{percpu_area_base, percpu_area_num};
use crate::cpu::write_percpu_reg;
use crate::error::InitError;

/// `init` of 0.3 and 0.4: as [`crate::init`](fn@crate::init), but callable again at any time, also for other
/// memory. It is safe there, so nothing ensures that the memory is the caller's.
///
/// Each call rebuilds every area from the template. (With a script for `percpu`, the template is area 0 of
/// the image, with the values that it has then.) No other CPU may use a variable during the call, and each
/// one calls `init_percpu_reg` afterwards.
pub fn init(base: *mut u8, cpu_count: usize) -> Result<usize, InitError> {
    let plan = Plan::new(&loaded_template()?, base.expose_provenance(), cpu_count)?;
    rebuild(&plan)
}

/// `init_in_place` of 0.3 and 0.4: as [`crate::init_in_place`], but callable again. Areas that are already
/// there stay as they are. Areas elsewhere are abandoned, as by [`init`].
pub fn init_in_place() -> Result<usize, InitError> {
    let plan = plan_in_place()?;
    if areas().are_live(plan.block) {
        return Ok(plan.block.count);
    }
    rebuild(&plan)
}

fn rebuild(plan: &Plan) -> Result<usize, InitError> {
    let normal = arch::memory_is_normal();
    if areas().rebuild(plan.block, own(), normal, || build(plan)) {
        Ok(plan.block.count)
    } else {
        Err(InitError::Busy)
    }
}

/// `init` of 0.2. Returns the number of areas, or 0 if they were there already (their number in a process
/// with `custom-base`).
///
/// # Panics
///
/// If the areas cannot be made, with the reason.
#[track_caller]
pub fn init_once() -> usize {
    #[cfg(process)]
    let result = init_process(process_cpus());
    #[cfg(not(process))]
    let result = init_reserved();
    match result {
        Ok(count) => count,
        Err(InitError::AlreadyInitialized { cpu_count }) if cfg!(feature = "custom-base") => {
            cpu_count
        }
        Err(InitError::AlreadyInitialized { .. }) => 0,
        Err(error) => panic!("percpu::init: {error}"),
    }
}

/// `init` of 0.1: areas for at least `max_cpu_num` CPUs.
///
/// # Panics
///
/// If the areas cannot be made, with the reason.
#[track_caller]
pub fn init_for(max_cpu_num: usize) {
    #[cfg(process)]
    let result = init_process(max_cpu_num);
    #[cfg(not(process))]
    let result = init_reserved_for(max_cpu_num);
    match result {
        Ok(_) => {}
        Err(InitError::AlreadyInitialized { cpu_count }) if cpu_count >= max_cpu_num => {}
        Err(error) => panic!("percpu::init({max_cpu_num}): {error}"),
    }
}

/// Initializes the areas of the linker script, whose end a script for 0.1 need not define.
#[cfg(not(process))]
fn init_reserved_for(cpu_count: usize) -> Result<usize, InitError> {
    let (base, given) = block();
    let needed = percpu_area_layout_expected(cpu_count).size();
    if given != 0 && given < needed {
        return Err(InitError::TooSmall { needed, given });
    }
    init_at(base, cpu_count)
}

/// Initializes areas on the heap, as `percpu` does. If its linker script loses the initial values
/// (`(NOLOAD)`), they are zeros.
#[cfg(process)]
fn init_process(cpu_count: usize) -> Result<usize, InitError> {
    let live = areas().count();
    if live != 0 {
        return Err(InitError::AlreadyInitialized { cpu_count: live });
    }
    let memory = on_heap(cpu_count)?;
    match loaded_template() {
        Err(InitError::TemplateNotLoaded) => {
            let base = memory.expose_provenance();
            let mut template = linked_template();
            template.image = base;
            set_up(&Plan::new(&template, base, cpu_count)?)
        }
        _ => init_at(memory.expose_provenance(), cpu_count),
    }
}

/// Returns the number of areas that the linker script reserves. Without a script, returns the number that
/// `percpu` uses in its own tests.
#[cfg(process)]
fn process_cpus() -> usize {
    match percpu_area_num() {
        0 => 4,
        count => count,
    }
}

/// `percpu_area_base` of 0.1 and 0.2: before init, it returns the address in the areas of the linker script.
#[track_caller]
pub fn percpu_area_base_early(cpu_id: usize) -> usize {
    #[cfg(not(process))]
    if areas().count() == 0 {
        let stride = percpu_area_layout_expected(1).size();
        return block().0 + cpu_id * stride;
    }
    percpu_area_base(cpu_id)
}

/// `init_percpu_reg` of 0.3 and 0.4: neither the owner of the id nor the exception level is checked.
#[track_caller]
pub fn init_percpu_reg(cpu_id: usize) {
    arch::assert_register_accessible();
    // SAFETY: rule 2, an area's base; the id is the caller's duty.
    unsafe { write_percpu_reg(percpu_area_base(cpu_id)) }
}

/// `init_percpu_reg` of 0.1 and 0.2: the same, but callable before init.
#[track_caller]
pub fn init_percpu_reg_early(cpu_id: usize) {
    arch::assert_register_accessible();
    // SAFETY: rule 2, an area's base; the id is the caller's duty.
    unsafe { write_percpu_reg(percpu_area_base_early(cpu_id)) }
}

/// The function that `percpu` defines in a process: its own areas are the platform's.
#[cfg(all(process, feature = "custom-base"))]
#[unsafe(no_mangle)]
extern "C" fn _percpu_base_ptr(cpu_id: usize) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(percpu_area_base(cpu_id))
}
