//! Why an object is not loaded.

use core::fmt;

use elf::ParseError;
use percpu_hv::DynError;

/// Why an object is not loaded. Nothing of it is left then.
#[derive(Debug)]
pub(super) enum Error<'a> {
    /// The boot loader has passed none.
    NoInitrd,
    /// It is no ELF file, or part of one.
    Malformed(ParseError),
    /// It is an ELF file, and no relocatable object for this architecture.
    NotAnObject,
    /// It has no such table.
    Missing(&'static str),
    /// A section that the loader has no place for.
    Section(&'a str),
    /// More sections than the loader expects.
    TooManySections,
    /// The code and the data do not fit into the memory for them.
    TooLarge { needed: usize, given: usize },
    /// There is no place for the per-CPU section.
    PerCpu(DynError),
    /// Neither the hypervisor nor percpu-hv exports the symbol.
    UndefinedSymbol(&'a str),
    /// The symbol is in a section that is not loaded.
    SymbolOutside(&'a str),
    /// The module defines no such function or variable.
    NoSuchSymbol(&'static str),
    /// The loader does not know the relocation.
    UnknownRelocation(u32),
    /// The place of a relocation is not in its section.
    OutsideOfSection { kind: u32, offset: u64 },
    /// The instruction does not reach the value, or the value is not aligned as it has to be.
    OutOfReach { kind: u32, value: u64 },
}

impl fmt::Display for Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInitrd => f.write_str(
                "no module: the device tree names no initrd; scripts/qemu-virt.sh --bin module passes one",
            ),
            Self::Malformed(error) => write!(f, "the module is no whole ELF file: {error}"),
            Self::NotAnObject => f.write_str(
                "the module is no relocatable object for this processor; link it by `rust-lld -flavor gnu -r`",
            ),
            Self::Missing(what) => write!(f, "the module has no {what}"),
            Self::Section(name) => write!(
                f,
                "the module has a section `{name}`, which the loader has no place for; hot variables, counters, and \
                 variables with the option `init` are for the image only"
            ),
            Self::TooManySections => f.write_str(
                "the module has more sections than the loader expects; link it with module.ld, which merges them",
            ),
            Self::TooLarge { needed, given } => write!(
                f,
                "the module takes {needed:#x} bytes of memory, and there are {given:#x}; raise HV_BOOT_LOADED in \
                 build.rs"
            ),
            Self::PerCpu(error) => write!(f, "{error}"),
            Self::UndefinedSymbol(name) => write!(
                f,
                "the module needs `{name}`, which the image does not export; build both at once, with one profile"
            ),
            Self::SymbolOutside(name) => write!(
                f,
                "the module needs `{name}`, which is in a section of it that is not loaded"
            ),
            Self::NoSuchSymbol(name) => write!(f, "the module defines no `{name}`"),
            Self::UnknownRelocation(kind) => write!(
                f,
                "the module has a relocation of type {kind}, which the loader does not know"
            ),
            Self::OutsideOfSection { kind, offset } => write!(
                f,
                "the module has a relocation of type {kind} at {offset:#x}, which is not in its section"
            ),
            Self::OutOfReach { kind, value } => write!(
                f,
                "a relocation of type {kind} cannot hold {value:#x}"
            ),
        }
    }
}

impl From<ParseError> for Error<'_> {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<DynError> for Error<'_> {
    fn from(error: DynError) -> Self {
        Self::PerCpu(error)
    }
}
