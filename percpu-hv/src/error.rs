use core::fmt;

/// The reason why an init failed. A failed init publishes nothing: correct the cause and call it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InitError {
    /// The base is null, or the areas would wrap around the address space or overlap the template.
    InvalidBase,
    /// The base does not have the alignment that `percpu_area_layout_expected` states.
    UnalignedBase,
    /// The number of CPUs is 0.
    NoCpus,
    /// The areas of this many CPUs exceed the address space.
    TooManyCpus {
        /// The requested number of CPUs.
        cpu_count: usize,
    },
    /// The memory handed to `init_from` is too small.
    TooSmall {
        /// The bytes that the areas take.
        needed: usize,
        /// The bytes of the memory.
        given: usize,
    },
    /// The memory for the area of one CPU is refused.
    Area {
        /// The id of the CPU.
        cpu_id: usize,
        /// What is wrong with it.
        fault: AreaFault,
    },
    /// There are more CPUs than slots in the table of the areas.
    TableTooSmall {
        /// The slots of the table.
        slots: usize,
    },
    /// An area can only be added to a table, and the areas are in one block.
    NoTable,
    /// The areas are in a table, so they have no common base that `rebase_areas` could change.
    AreasInTable,
    /// The image reserves no areas for `init_in_place`.
    NoAreas,
    /// The areas exist already, for this many CPUs; their live values are not overwritten.
    AlreadyInitialized {
        /// The number of CPUs with an area.
        cpu_count: usize,
    },
    /// An area cannot be added while a [`DynPerCpu`](crate::DynPerCpu) lives, which has no value there.
    VariablesLive,
    /// This CPU is building areas, or making or dropping a variable at run time, and what it called or was interrupted
    /// by asks for areas too.
    Busy,
    /// No init has succeeded yet.
    NotInitialized,
    /// There is no area of this CPU where `rebase_areas` was told that it is.
    NoAreaAt {
        /// The address at which the area was looked for.
        address: usize,
        /// The id of the CPU.
        cpu_id: usize,
    },
    /// There is no area for this CPU id.
    NoSuchCpu {
        /// The requested CPU id.
        cpu_id: usize,
        /// The number of CPUs with an area.
        cpu_count: usize,
    },
    /// Another CPU has this id, or had it and its area has not been rebuilt since.
    CpuTaken {
        /// The requested CPU id.
        cpu_id: usize,
    },
    /// The current CPU already has another id.
    HasOtherId {
        /// The requested CPU id.
        cpu_id: usize,
        /// The id that the CPU has.
        own_id: usize,
    },
    /// An area cannot be rebuilt, because the template is itself a live area: with a linker script written
    /// for `percpu`, or with `sp-naive`.
    TemplateInUse,
    /// The template is larger than the offsets of this architecture and mode reach.
    TemplateTooLarge {
        /// The size of the template in bytes.
        size: usize,
        /// The bytes within reach.
        limit: usize,
    },
    /// The template is larger than short accesses reach, which the feature `small-template` gives every variable that is
    /// not `cold`; and the linker script is not the percpu.x of this build, which puts the cold ones last.
    TemplateNotSmall {
        /// The size of the template in bytes.
        size: usize,
        /// The bytes within reach.
        limit: usize,
    },
    /// The template does not start at a multiple of the alignment that the offsets require.
    TemplateMisaligned {
        /// The address at which the template starts.
        address: usize,
        /// The required alignment.
        align: usize,
    },
    /// The template is at addresses that the offsets of this mode cannot express.
    TemplateOutOfReach {
        /// The address at which the template starts.
        start: usize,
        /// The size of the template in bytes.
        size: usize,
    },
    /// The areas belong to the platform, and only the platform can make them.
    PlatformAreas,
    /// Accesses do not reach the hot variables. The linker script does not know their section and leaves it
    /// outside of the template (GNU ld keeps even hot variables that nothing uses), or it places the template
    /// elsewhere than at address 0, which RISC-V and LoongArch64 need for hot variables and for the feature
    /// `small-template`.
    HotOutOfReach,
    /// The template in memory does not hold what was linked: its section is `(NOLOAD)`, the loader skipped
    /// it, or boot code cleared it.
    TemplateNotLoaded,
}

/// What is wrong with the memory for the area of one CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AreaFault {
    /// The base is null.
    Null,
    /// The base is not aligned.
    Unaligned {
        /// The base.
        address: usize,
        /// The alignment that `percpu_area_layout_expected` states.
        align: usize,
    },
    /// From its first aligned address on, the memory is too small.
    TooSmall {
        /// The bytes that an area takes.
        needed: usize,
        /// The bytes from the first aligned address on.
        given: usize,
    },
    /// The area would wrap around the address space.
    Wraps {
        /// The base.
        address: usize,
    },
    /// The area would overlap the template.
    OverTemplate {
        /// The base.
        address: usize,
    },
    /// The area would overlap the area of another CPU.
    Overlaps {
        /// The id of the other CPU.
        other_id: usize,
    },
}

impl fmt::Display for AreaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("its address is null"),
            Self::Unaligned { address, align } => write!(
                f,
                "{address:#x} is not a multiple of {align:#x}; align it as `percpu_area_layout_expected(1)` states"
            ),
            Self::TooSmall { needed, given } => write!(
                f,
                "an area takes {needed} bytes, but from the first aligned address on there are {given}; size and align \
                 the memory as `percpu_area_layout_expected(1)` states"
            ),
            Self::Wraps { address } => {
                write!(f, "at {address:#x} it would wrap around the address space")
            }
            Self::OverTemplate { address } => {
                write!(f, "at {address:#x} it would overlap the template")
            }
            Self::Overlaps { other_id } => write!(
                f,
                "it would overlap the area of CPU id {other_id}; give each CPU memory of its own"
            ),
        }
    }
}

impl core::error::Error for AreaFault {}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidBase => f.write_str(
                "the per-CPU base is null, or the areas would wrap around or overlap the template",
            ),
            Self::UnalignedBase => f.write_str(
                "the per-CPU base is not aligned as `percpu_area_layout_expected` states",
            ),
            Self::NoCpus => f.write_str("per-CPU areas for 0 CPUs; ask for at least 1"),
            Self::TooManyCpus { cpu_count } => write!(
                f,
                "the per-CPU areas of {cpu_count} CPUs exceed the address space"
            ),
            Self::TooSmall { needed, given } => write!(
                f,
                "the per-CPU areas take {needed} bytes, but {given} were given; size the memory \
                 by `percpu_area_layout_expected`"
            ),
            Self::Area { cpu_id, fault } => {
                write!(f, "no per-CPU area for CPU id {cpu_id}: {fault}")
            }
            Self::TableTooSmall { slots } => write!(
                f,
                "there are more CPUs than the {slots} slots in the table of the per-CPU areas; give it one slot for \
                 each CPU that may ever come"
            ),
            Self::NoTable => f.write_str(
                "the per-CPU areas are in one block, to which none can be added; initialize by `init_from_each` or \
                 `init_each`, with a table",
            ),
            Self::AreasInTable => f.write_str(
                "the per-CPU areas have no common base, because a table says where each of them is; initialize them \
                 after the image has moved to its last address",
            ),
            Self::VariablesLive => f.write_str(
                "no per-CPU area is added while variables that were made at run time live, since they have no value in \
                 it; add the area first, or drop them",
            ),
            Self::Busy => f.write_str(
                "this CPU is building per-CPU areas already, or making or dropping a variable at run time; what it calls \
                 meanwhile (a function of the option `init`), or is interrupted by, makes no areas: make them before, \
                 or later",
            ),
            Self::NotInitialized => f.write_str(
                "there are no per-CPU areas yet; call `init_in_place` or `init_from` first \
                 (in tests on a host `init_hosted`; a thread that starts inside of `with_cpus` gets a `CpuId`)",
            ),
            Self::NoSuchCpu { cpu_id, cpu_count } => write!(
                f,
                "there is no per-CPU area for CPU id {cpu_id}: there are areas for {cpu_count} \
                 CPUs; CPU ids are dense indices from 0, not MPIDRs or APIC ids"
            ),
            Self::NoAreaAt { address, cpu_id } => write!(
                f,
                "the per-CPU area of CPU id {cpu_id} is not at {address:#x}; tell `rebase_areas` at which address \
                 area 0, which stays where it is in memory, is seen from now on"
            ),
            Self::CpuTaken { cpu_id } => write!(
                f,
                "the per-CPU area of CPU id {cpu_id} belongs to another CPU already; give each CPU an \
                 id of its own"
            ),
            Self::HasOtherId { cpu_id, own_id } => write!(
                f,
                "this CPU has CPU id {own_id} already and cannot take CPU id {cpu_id} too; a CPU keeps \
                 its id until `reinit_percpu_area` builds its area anew"
            ),
            Self::TemplateInUse => f.write_str(
                "the per-CPU template is a live area and not pristine; link with percpu.x of \
                 percpu-hv to build areas anew",
            ),
            Self::NoAreas => f.write_str(
                "this image reserves no per-CPU areas; set PERCPU_CPU_NUM in the linker script, \
                 or hand memory to `init_from`, `init_from_each` or `init` (`init_hosted` in tests on a host)",
            ),
            Self::AlreadyInitialized { cpu_count } => write!(
                f,
                "the per-CPU areas are live already, for {cpu_count} CPUs; initialize once"
            ),
            Self::TemplateTooLarge { size, limit } => write!(
                f,
                "the per-CPU variables take {size} bytes, but this mode's offsets reach {limit}; \
                 make them smaller or enable the feature `non-zero-vma`"
            ),
            Self::TemplateNotSmall { size, limit } => write!(
                f,
                "the per-CPU variables take {size} bytes, but the feature `small-template` reaches {limit} with this \
                 linker script; make large variables `cold` and link with percpu.x of percpu-hv, or drop the feature"
            ),
            Self::TemplateMisaligned { address, align } => {
                let otherwise = if cfg!(paged) {
                    "drop the feature `small-template`"
                } else {
                    "enable the feature `non-zero-vma`"
                };
                write!(
                    f,
                    "the per-CPU template starts at {address:#x}, which is not a multiple of \
                     {align:#x}; link with percpu.x, or {otherwise}"
                )
            }
            Self::TemplateOutOfReach { start, size } => write!(
                f,
                "the per-CPU template, {size} bytes at {start:#x}, is not at addresses of 32 \
                 signed bits; link it at address 0 with percpu.x, or enable the feature \
                 `non-zero-vma`"
            ),
            Self::PlatformAreas => f.write_str(
                "the per-CPU areas belong to the platform, which makes them itself; call only \
                 `init_percpu_reg`",
            ),
            Self::HotOutOfReach => f.write_str(
                "the linker script does not put hot per-CPU variables where their accesses reach; link with \
                 percpu.x of percpu-hv, put `*(percpu_hot)` first into `.percpu` (at address 0 on \
                 RISC-V and LoongArch64), or drop `hot` and \
                 the feature `small-template`",
            ),
            Self::TemplateNotLoaded => f.write_str(
                "the per-CPU template lost its initial values; in the linker script drop `(NOLOAD)` \
                 from `.percpu` and keep only one, and keep the boot code from clearing it",
            ),
        }
    }
}

impl core::error::Error for InitError {}
