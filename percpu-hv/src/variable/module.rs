//! The per-CPU variables of a module: code that is loaded while the image runs, and finds them by the same instructions
//! as the image its own.

use core::alloc::Layout;
use core::fmt;
use core::ptr;

use crate::arch;
use crate::area::{DynError, Home, Space, bias, start};
use crate::cpu::CpuId;

/// The per-CPU section of a module that is loaded at run time: space at one offset in all areas.
///
/// A loader makes it, resolves the symbols of the module's variables to [`address`](Self::address) plus their offsets
/// in the section, and [writes](Self::write) their initial values. Then every operation of a variable in the module
/// reaches this CPU's copy, by the instructions that it was compiled to. [The guide](crate::guide::dynamic) has the
/// steps.
///
/// The space is given back when this value is dropped, and the values are forgotten.
///
/// Nothing that safe code does with it breaks memory safety. It is `unsafe` to run the module's code, and whoever does
/// promises what rule 23 of docs/safety.md says: the section lives, and is not written, while the code can run.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::alloc::Layout;
/// use percpu_hv::{CpuId, ModuleSection};
///
/// percpu_hv::init_hosted(4).unwrap();
/// let mut section = ModuleSection::new(Layout::from_size_align(24, 8).unwrap())?;
/// section.write(8, &1000_u64.to_ne_bytes());
/// for cpu in CpuId::all() {
///     // SAFETY: rule 23, no module uses the section.
///     let values = unsafe { section.remote_ptr(cpu).cast::<[u64; 3]>().read() };
///     assert_eq!(values, [0, 1000, 0]);
/// }
/// # }
/// # Ok::<(), percpu_hv::DynError>(())
/// ```
pub struct ModuleSection {
    space: Space,
    layout: Layout,
    home: Home,
}

impl ModuleSection {
    /// Makes a section that is zero on every CPU that has an area, whether it runs or not.
    ///
    /// # Errors
    ///
    /// Any [`DynError`]. `OutOfReach` comes in the modes whose instructions hold an offset of limited size.
    pub fn new(layout: Layout) -> Result<Self, DynError> {
        let space = Space::take(layout)?;
        let end = space.offset() + layout.size();
        // The accesses of a module are as short as those of its build.
        let is_short = arch::SMALL_TEMPLATE && arch::HOT_REACH.is_some_and(|reach| end > reach);
        if is_short || arch::check_template(start(), end).is_err() {
            return Err(DynError::OutOfReach { end });
        }
        let home = Home::current();
        let section = Self {
            space,
            layout,
            home,
        };
        for register in section.registers() {
            // SAFETY: rule 23, the space is this section's, which nothing else knows yet.
            unsafe { section.copy(register).write_bytes(0, layout.size()) };
        }
        Ok(section)
    }

    /// Returns the address that the section has for relocations: where the linker would have put it. Nothing is there.
    /// It is the same in every mode: the symbol of a variable is this address plus its offset in the section.
    ///
    /// With `non-zero-vma` the instructions hold the distance from the module's code to this address, so the code has
    /// to be as near to the template as that of the image.
    pub fn address(&self) -> usize {
        start().wrapping_add(self.space.offset())
    }

    /// Returns the size and the alignment of the section.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Writes bytes at `offset` into the section of every CPU: initial values, after their own relocations. A CPU that
    /// runs the module's code later sees them, if what makes it run is ordered after the call.
    ///
    /// # Panics
    ///
    /// If the bytes are not inside of the section.
    #[track_caller]
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.assert_inside(offset, bytes.len());
        for register in self.registers() {
            // SAFETY: rule 23, inside of the section, which no code of the module uses.
            unsafe { self.write_copy(register, offset, bytes) };
        }
    }

    /// Writes bytes at `offset` into the section of one CPU. Whoever [rebuilds the area](crate::reinit_percpu_area) of
    /// a CPU writes the initial values again: a rebuild leaves the section as it was.
    ///
    /// # Panics
    ///
    /// If the bytes are not inside of the section.
    ///
    /// # Safety
    ///
    /// Nothing uses these bytes of that CPU during the call, and no reference to them is live. The variables there have
    /// valid values afterwards (rules 6 and 23 of docs/safety.md).
    #[track_caller]
    pub unsafe fn write_remote(&self, cpu: CpuId, offset: usize, bytes: &[u8]) {
        self.assert_inside(offset, bytes.len());
        self.home.assert_has(cpu.register());
        // SAFETY: rules 3 and 4, the id is valid, and the bytes are inside; rules 6 and 23 are the caller's.
        unsafe { self.write_copy(cpu.register(), offset, bytes) };
    }

    /// Returns a pointer to the section of a CPU. It is valid until this value is dropped. What the module's code on
    /// that CPU does meanwhile, and whether it is atomic, is between the module and the caller.
    pub fn remote_ptr(&self, cpu: CpuId) -> *mut u8 {
        self.home.assert_has(cpu.register());
        self.copy(cpu.register())
    }

    /// Returns the value of the per-CPU register of each CPU.
    fn registers(&self) -> impl Iterator<Item = usize> + use<> {
        let home = self.home;
        (0..home.count()).filter_map(move |cpu| home.register(cpu))
    }

    /// Returns where the section of a CPU is, by the value of its per-CPU register.
    fn copy(&self, register: usize) -> *mut u8 {
        let displacement = self.space.offset().wrapping_add(bias());
        ptr::with_exposed_provenance_mut(register.wrapping_add(displacement))
    }

    /// # Safety
    ///
    /// The bytes are inside of the section, and nothing else uses them (rules 3 and 23 of docs/safety.md).
    unsafe fn write_copy(&self, register: usize, offset: usize, bytes: &[u8]) {
        // SAFETY: rules 3 and 23 are the caller's.
        unsafe {
            self.copy(register)
                .add(offset)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    #[track_caller]
    fn assert_inside(&self, offset: usize, count: usize) {
        let size = self.layout.size();
        assert!(
            offset <= size && count <= size - offset,
            "{count} bytes at {offset} are not inside of a per-CPU section of {size} bytes; make the section as large \
             as the module's"
        );
    }
}

impl fmt::Debug for ModuleSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleSection")
            .field("address", &format_args!("{:#x}", self.address()))
            .field("layout", &self.layout)
            .finish()
    }
}
