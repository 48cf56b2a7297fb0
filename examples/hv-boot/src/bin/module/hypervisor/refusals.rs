//! A test: objects that are no modules, made of one that is. The loader says why, and nothing of them is left.

use core::{alloc::Layout, mem::MaybeUninit, ptr};

use elf::{ElfBytes, abi, endian::LittleEndian, section::SectionHeader};
use hv_boot::{LoadedCode, Machine, println};
use percpu_hv::{DynError, ModuleSection, percpu_area_size};

use super::{error::Error, loader::Module};

/// Where fields are in the structures of a 64-bit ELF file.
const E_TYPE: usize = 0x10;
const SH_TYPE: usize = 0x04;
const SH_SIZE: usize = 0x20;
const R_TYPE: usize = 0x08;
const R_ADDEND: usize = 0x10;
const SECTION_SIZE: usize = 0x40;

/// A copy of the object that can be altered.
struct Copy<'a> {
    original: &'a [u8],
    bytes: &'a mut [u8],
    memory: &'a mut LoadedCode,
}

impl Copy<'_> {
    /// Checks that an altered object is refused with a reason that `is_it`. `alter` gets the bytes.
    fn refuses(
        &mut self,
        what: &str,
        alter: impl FnOnce(&mut [u8]),
        is_it: fn(&Error<'_>) -> bool,
    ) {
        self.bytes.copy_from_slice(self.original);
        alter(self.bytes);
        match Module::load(self.bytes, self.memory) {
            Ok(_) => panic!("{what} is loaded"),
            Err(error) if is_it(&error) => println!("refused, {what}: {error}"),
            Err(error) => panic!("{what}: {error}"),
        }
    }

    /// The header of a section, and where in the file it is.
    fn section(&self, name: &str) -> (SectionHeader, usize) {
        let file = ElfBytes::<LittleEndian>::minimal_parse(self.original).expect("a whole object");
        let (sections, names) = file.section_headers_with_strtab().expect("names");
        let (sections, names) = (sections.expect("sections"), names.expect("names"));
        let is_it =
            |section: &SectionHeader| names.get(section.sh_name as usize).ok() == Some(name);
        let index = sections
            .iter()
            .position(|section| is_it(&section))
            .expect("the section");
        let at = file.ehdr.e_shoff as usize + index * SECTION_SIZE;
        (sections.get(index).expect("the section"), at)
    }

    /// Where the first relocation of this type is in the file.
    fn relocation(&self, kind: u32) -> usize {
        let file = ElfBytes::<LittleEndian>::minimal_parse(self.original).expect("a whole object");
        let (section, _) = self.section(".rela.text");
        let mut entries = file.section_data_as_relas(&section).expect("relocations");
        let index = entries
            .position(|entry| entry.r_type == kind)
            .expect("a relocation");
        section.sh_offset as usize + index * section.sh_entsize as usize
    }

    /// Where a text is in the file.
    fn text(&self, text: &[u8]) -> usize {
        let mut windows = self.original.windows(text.len());
        windows.position(|window| window == text).expect("the text")
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Checks that what is no module is refused.
pub(super) fn check(machine: &Machine, original: &[u8], memory: &mut LoadedCode) {
    let layout = Layout::array::<u8>(original.len()).expect("an object's size");
    let bytes = machine.take_memory(layout).expect("memory for a copy");
    bytes.fill(MaybeUninit::new(0));
    let mut copy = Copy {
        original,
        // SAFETY: rule 9: the bytes are initialized.
        bytes: unsafe { &mut *(ptr::from_mut(bytes) as *mut [u8]) },
        memory,
    };
    refused_by_reason(&mut copy);
    out_of_reach(&mut copy);
    any_other(&mut copy);
}

fn refused_by_reason(copy: &mut Copy<'_>) {
    copy.refuses(
        "a program",
        |bytes| put(bytes, E_TYPE, &abi::ET_EXEC.to_le_bytes()),
        |error| matches!(error, Error::NotAnObject),
    );
    let percpu = copy.section(".percpu").1;
    copy.refuses(
        "a per-CPU section larger than the reserve",
        |bytes| {
            put(bytes, percpu + SH_TYPE, &abi::SHT_NOBITS.to_le_bytes());
            put(bytes, percpu + SH_SIZE, &0x2_0001_u64.to_le_bytes());
        },
        |error| matches!(error, Error::PerCpu(DynError::OutOfSpace { .. })),
    );
    let data = copy.section(".bss").1;
    copy.refuses(
        "more data than memory",
        |bytes| put(bytes, data + SH_SIZE, &0x10_0000_u64.to_le_bytes()),
        |error| matches!(error, Error::TooLarge { .. }),
    );
    let name = copy.text(b".rodata\0");
    copy.refuses(
        "a section of another name",
        |bytes| put(bytes, name, b".secret"),
        |error| matches!(error, Error::Section(".secret")),
    );
    let symbol = copy.text(b"hypervisor_print\0");
    copy.refuses(
        "a symbol that nothing exports",
        |bytes| put(bytes, symbol, b"hypervisor_paint"),
        |error| matches!(error, Error::UndefinedSymbol("hypervisor_paint")),
    );
    let relocation = copy.relocation(abi::R_AARCH64_CALL26);
    copy.refuses(
        "an unknown relocation",
        |bytes| {
            put(
                bytes,
                relocation + R_TYPE,
                &abi::R_AARCH64_TSTBR14.to_le_bytes(),
            )
        },
        |error| matches!(error, Error::UnknownRelocation(abi::R_AARCH64_TSTBR14)),
    );
    copy.refuses(
        "a relocation outside of its section",
        |bytes| put(bytes, relocation, &u64::MAX.to_le_bytes()),
        |error| matches!(error, Error::OutsideOfSection { .. }),
    );
    let call = copy.relocation(abi::R_AARCH64_CALL26);
    copy.refuses(
        "a call that is too far",
        |bytes| put(bytes, call + R_ADDEND, &(1_u64 << 40).to_le_bytes()),
        |error| matches!(error, Error::OutOfReach { .. }),
    );
}

/// The offset of an access has 16 bits, or 12 with a small template. With other variables in the part of an area that it
/// reaches, it does not reach the section.
fn out_of_reach(copy: &mut Copy<'_>) {
    let reach = if cfg!(feature = "small-template") {
        4 << 10
    } else {
        64 << 10
    };
    let free = reach - percpu_area_size().next_multiple_of(64);
    let layout = Layout::from_size_align(free, 16).expect("a layout");
    let others = ModuleSection::new(layout).expect("a reserve of 128 KiB");
    let what = "a per-CPU section out of reach";
    if cfg!(all(
        feature = "non-zero-vma",
        not(feature = "small-template")
    )) {
        drop(Module::load(copy.original, copy.memory).expect("any address"));
    } else {
        let is_it = |error: &Error<'_>| matches!(error, Error::PerCpu(DynError::OutOfReach { .. }));
        copy.refuses(what, |_| (), is_it);
    }
    drop(others);
}

/// A part of the object is refused, and no byte makes the loader fail in another way.
fn any_other(copy: &mut Copy<'_>) {
    let size = copy.original.len();
    for length in 0..size {
        let part = Module::load(&copy.original[..length], copy.memory);
        assert!(part.is_err(), "{length} of {size} bytes are loaded");
    }
    let part = Module::load(&copy.original[..size - 1], copy.memory).err();
    println!("refused, a part: {}", part.expect("an error"));
    let mut refused = 0;
    copy.bytes.copy_from_slice(copy.original);
    // Without optimization it takes a minute to try all of them.
    let step = if cfg!(debug_assertions) { 13 } else { 1 };
    for at in (0..size).step_by(step) {
        copy.bytes[at] ^= 0xff;
        refused += usize::from(Module::load(copy.bytes, copy.memory).is_err());
        copy.bytes[at] ^= 0xff;
    }
    let tried = size.div_ceil(step);
    println!("refused, {refused} of {tried} objects with another byte");
    drop(Module::load(copy.original, copy.memory).expect("nothing is left of the others"));
}
