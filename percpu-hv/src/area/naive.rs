//! Areas with `sp-naive`: one CPU whose variables are plain globals, and no areas. Replaces mod.rs.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ops::Range;

use context::own;
use lock::Lock;

use crate::arch;
use crate::error::InitError;

mod context;
#[cfg(data_cache)]
#[allow(dead_code, reason = "there is one range, and it is empty")]
mod geometry;
#[allow(dead_code, reason = "no area is built")]
pub(crate) mod header;
#[allow(dead_code, reason = "the lock has no value")]
mod lock;
pub mod maintenance;
#[allow(dead_code, reason = "no area is built")]
pub(crate) mod owner;
pub(crate) mod records;
#[allow(dead_code, reason = "no area is added")]
mod reserve;
#[allow(dead_code, reason = "no table is filled")]
mod slot;
mod storage;

pub use reserve::DynError;
pub(crate) use reserve::Space;
pub use slot::AreaSlot;
pub use storage::{CacheLine, Page};

/// Returns 0: there are no areas.
pub fn percpu_area_size() -> usize {
    0
}

/// Returns an empty layout, aligned to a cache line.
pub fn percpu_area_layout_expected(_cpu_count: usize) -> Layout {
    const NOTHING: Layout = match Layout::from_size_align(0, align_of::<CacheLine<()>>()) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    };
    NOTHING
}

/// Returns the number of CPUs: 1.
pub fn percpu_area_num() -> usize {
    1
}

/// Returns 0: an offset is an address.
pub fn percpu_area_base(_cpu_id: usize) -> usize {
    0
}

/// Returns an empty range: there are no areas.
pub fn percpu_area_gap(_cpu_id: usize) -> Range<usize> {
    0..0
}

/// Makes the values, once.
///
/// # Errors
///
/// `Busy` if a function that makes a value, or a handler, calls this. Another thread waits.
fn set_up() -> Result<usize, InitError> {
    static MAKING: Lock<()> = Lock::new(());

    if !arch::is_made() {
        // Without a process there is one CPU, and with its MMU off no exclusive access.
        let own = if cfg!(process) { own() } else { 1 };
        let _making = MAKING.take(own, cfg!(process)).ok_or(InitError::Busy)?;
        if !arch::is_made() {
            // SAFETY: rules 3 and 17, the one CPU uses no such variable yet: an access would panic. Nothing else makes
            // values now.
            unsafe { records::make_values(0, 0) };
            arch::set_made();
        }
    }
    Ok(1)
}

/// Makes the values of variables with the option `init`, and returns 1.
pub fn init_in_place() -> Result<usize, InitError> {
    set_up()
}

/// Makes the values of variables with the option `init`, and returns 1. The memory is not used.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
pub unsafe fn init(_base: *mut u8, _cpu_count: usize) -> Result<usize, InitError> {
    set_up()
}

/// Makes the values of variables with the option `init`, and returns 1. The memory is not used.
pub fn init_from(
    _memory: &'static mut [MaybeUninit<u8>],
    _cpu_count: usize,
) -> Result<usize, InitError> {
    set_up()
}

/// Makes the values of variables with the option `init`, and returns 1. Table and memory are not used.
pub fn init_from_each(
    _table: &'static [AreaSlot],
    _memories: impl IntoIterator<Item = &'static mut [MaybeUninit<u8>]>,
) -> Result<usize, InitError> {
    set_up()
}

/// Makes the values of variables with the option `init`, and returns 1. Table and memory are not used.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
pub unsafe fn init_each(
    _table: &'static [AreaSlot],
    _bases: impl IntoIterator<Item = *mut u8>,
) -> Result<usize, InitError> {
    set_up()
}

/// Returns nothing: there are no areas.
pub fn split_areas(
    _memory: &'static mut [MaybeUninit<u8>],
) -> impl DoubleEndedIterator<Item = &'static mut [MaybeUninit<u8>]> + ExactSizeIterator {
    <&mut [&'static mut [MaybeUninit<u8>]]>::default()
        .iter_mut()
        .map(core::mem::take)
}

/// Returns an empty table.
pub const fn reserved_table() -> &'static [AreaSlot] {
    &[]
}

/// Refuses: there is one CPU.
///
/// # Errors
///
/// Always `NoTable`.
pub(crate) const fn append_from(
    _memory: &'static mut [MaybeUninit<u8>],
) -> Result<usize, InitError> {
    Err(InitError::NoTable)
}

/// Refuses: there is one CPU.
///
/// # Errors
///
/// Always `NoTable`.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
pub(crate) const unsafe fn append_at(_base: *mut u8) -> Result<usize, InitError> {
    Err(InitError::NoTable)
}

/// Makes the values of variables with the option `init`, and returns 1.
#[cfg(hosted)]
pub fn init_hosted(_cpu_count: usize) -> Result<usize, InitError> {
    set_up()
}

/// Does nothing: there are no areas.
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
pub unsafe fn rebase_areas(_base: *mut u8) -> Result<(), InitError> {
    Ok(())
}

/// The ranges, which are all empty: variables are plain globals.
mod ranges {
    use core::ops::Range;

    /// Returns an empty range.
    pub fn template() -> Range<usize> {
        0..0
    }

    /// Returns no range.
    pub fn areas() -> impl Iterator<Item = Range<usize>> {
        core::iter::empty()
    }

    /// Returns an empty range.
    pub fn table() -> Range<usize> {
        0..0
    }

    /// Returns an empty range.
    pub fn area(_cpu_id: usize) -> Range<usize> {
        0..0
    }

    /// Returns the addresses of what is known of the reserve, from which variables are made at run time.
    pub fn reserve() -> Range<usize> {
        super::reserve::state()
    }

    /// Returns an empty range.
    pub fn registry() -> Range<usize> {
        0..0
    }
}

/// Returns the addresses of the space for variables that are made at run time, a static of 64 KiB: an offset is an
/// address, so any memory is an area. The linker drops the static where none is made.
pub(crate) fn reserve() -> (Range<usize>, usize) {
    const SIZE: usize = 64 << 10;
    static mut SPACE: Page<MaybeUninit<[u8; SIZE]>> = Page(MaybeUninit::uninit());
    let start = (&raw mut SPACE).expose_provenance();
    (start..start + SIZE, align_of::<Page<u8>>())
}

/// Returns 0: an offset is an address.
#[inline(always)]
pub(crate) const fn bias() -> usize {
    0
}

/// Returns 0: there is no template.
pub(crate) const fn start() -> usize {
    0
}

/// Returns the number of CPUs: 1.
pub(crate) const fn count() -> usize {
    1
}

/// The only set of areas: the one CPU.
#[derive(Clone, Copy)]
pub(crate) struct Home;

impl Home {
    /// Returns the only set.
    pub(crate) const fn current() -> Self {
        Self
    }

    /// Returns the only set: as in the other modes, this one is entered, and the one before is returned.
    #[cfg(hosted)]
    pub(crate) const fn enter(self) -> Self {
        self
    }

    /// Does nothing: there is one set.
    #[inline(always)]
    pub(crate) const fn assert_current(self) {}

    /// Does nothing: there is one set.
    #[inline(always)]
    pub(crate) const fn assert_has(self, _register: usize) {}

    /// Returns the number of CPUs: 1.
    pub(crate) const fn count(self) -> usize {
        1
    }

    /// Returns 0 for CPU 0, and `None` for any other id.
    pub(crate) const fn register(self, cpu_id: usize) -> Option<usize> {
        if cpu_id == 0 { Some(0) } else { None }
    }

    /// Returns the number of CPUs, which is 1, and how their per-CPU registers are found.
    pub(crate) const fn all(self) -> (usize, Registers) {
        (1, Registers)
    }

    /// Returns `None`: the words that all CPUs share are statics.
    #[cfg(target_has_atomic = "64")]
    pub(crate) const fn common(self) -> Option<usize> {
        None
    }
}

/// Refuses: variables are plain globals, which no test can have for itself.
///
/// # Errors
///
/// Always `TemplateInUse`.
#[cfg(hosted)]
pub(crate) const fn home_for(_cpu_count: usize) -> Result<Home, InitError> {
    Err(InitError::TemplateInUse)
}

/// How the per-CPU registers of all CPUs are found: there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registers;

impl Registers {
    /// Returns 0.
    ///
    /// # Safety
    ///
    /// Always safe; `unsafe` for the same signature as in the other modes.
    pub(crate) const unsafe fn of(self, _cpu_id: usize) -> usize {
        0
    }
}

/// Returns 0.
pub(crate) const fn checked_register(_cpu_id: usize) -> usize {
    0
}

/// Returns the only CPU.
pub(crate) const fn cpu_at(_base: usize) -> Option<usize> {
    Some(0)
}

/// Refuses: there is no template to build from.
///
/// # Errors
///
/// Always `TemplateInUse`.
///
/// # Safety
///
/// Always safe; `unsafe` for the same signature as in the other modes.
pub(crate) unsafe fn rebuild(
    _home: Home,
    _cpu: usize,
    _keep: impl FnOnce(),
) -> Result<(), InitError> {
    Err(InitError::TemplateInUse)
}

/// Refuses: the only copy is the template.
///
/// # Errors
///
/// Always `TemplateInUse`.
///
/// # Safety
///
/// As [`rebuild`].
pub(crate) unsafe fn poison(
    _home: Home,
    _cpu: usize,
    _keep: impl FnOnce(),
) -> Result<(), InitError> {
    Err(InitError::TemplateInUse)
}
