//! Looking into a linked image.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use object::{
    Object, ObjectSection, ObjectSymbol, RelocationFlags,
    elf::{PT_LOAD, R_AARCH64_NONE, R_AARCH64_RELATIVE},
    read::elf::{ElfFile64, ProgramHeader},
};

/// A linked image, which is deleted with this value.
#[derive(Debug)]
pub struct Elf {
    _directory: tempfile::TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Elf {
    pub(crate) fn new(directory: tempfile::TempDir, path: PathBuf) -> Self {
        let bytes = fs::read(&path).expect("the linker wrote the image");
        Self {
            _directory: directory,
            path,
            bytes,
        }
    }

    fn parse(&self) -> ElfFile64<'_> {
        ElfFile64::parse(&*self.bytes).expect("the linker writes ELF files")
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of the file.
    pub fn file_size(&self) -> usize {
        self.bytes.len()
    }

    /// The address of a symbol.
    ///
    /// # Panics
    ///
    /// If the image does not define it.
    pub fn symbol(&self, name: &str) -> u64 {
        let file = self.parse();
        let symbol = file
            .symbols()
            .find(|symbol| symbol.name() == Ok(name) && !symbol.is_undefined());
        symbol
            .unwrap_or_else(|| panic!("the image does not define {name}"))
            .address()
    }

    /// The names of all defined symbols that contain `part`, as the image has them.
    pub fn symbols_with(&self, part: &str) -> Vec<String> {
        let file = self.parse();
        let defined = file.symbols().filter(|symbol| !symbol.is_undefined());
        let names = defined.filter_map(|symbol| symbol.name().ok().map(String::from));
        names.filter(|name| name.contains(part)).collect()
    }

    /// The addresses of a section.
    ///
    /// # Panics
    ///
    /// If there is none of that name.
    pub fn section(&self, name: &str) -> Range<u64> {
        let file = self.parse();
        let section = file
            .section_by_name(name)
            .unwrap_or_else(|| panic!("the image has no section {name}"));
        section.address()..section.address() + section.size()
    }

    /// The 32-bit instructions of `.text` that have `bits` under `mask`, by their addresses.
    pub fn instructions(&self, mask: u32, bits: u32) -> Vec<(u64, u32)> {
        let file = self.parse();
        let text = file.section_by_name(".text").expect("the image has code");
        let code = text.data().expect("it is in the file");
        // RISC-V aligns them to 2 bytes.
        let words = code.windows(4).zip(text.address()..).step_by(2);
        words
            .map(|(bytes, address)| {
                let bytes = bytes.try_into().expect("4 bytes");
                (address, u32::from_le_bytes(bytes))
            })
            .filter(|(_, word)| word & mask == bits)
            .collect()
    }

    /// Where a loader puts what has this virtual address: by the segment that holds it.
    ///
    /// # Panics
    ///
    /// If no segment does.
    pub fn load_address(&self, address: u64) -> u64 {
        let file = self.parse();
        let endian = file.endian();
        file.elf_program_headers()
            .iter()
            .filter(|header| header.p_type(endian) == PT_LOAD)
            .find_map(|header| {
                let start = header.p_vaddr(endian);
                (start..start + header.p_memsz(endian))
                    .contains(&address)
                    .then(|| address - start + header.p_paddr(endian))
            })
            .unwrap_or_else(|| panic!("no segment holds {address:#x}"))
    }

    /// What memory holds from the start of `flash` on once boot code has copied `.data` from there: of the rest, what
    /// is in `flash`, and nothing else. In a file that lives as long as this value.
    ///
    /// # Panics
    ///
    /// If `.data` is not loaded in `flash`, or starts before it.
    pub fn booted_from(&self, flash: Range<u64>) -> PathBuf {
        let file = self.parse();
        let endian = file.endian();
        let mut memory = Vec::new();
        let mut put = |address: u64, content: &[u8]| {
            let start = (address - flash.start) as usize;
            memory.resize(memory.len().max(start + content.len()), 0);
            memory[start..][..content.len()].copy_from_slice(content);
        };
        for header in file.elf_program_headers() {
            let address = header.p_paddr(endian);
            if header.p_type(endian) == PT_LOAD && flash.contains(&address) {
                let content = header.data(endian, &*self.bytes);
                put(address, content.expect("the segment is in the file"));
            }
        }
        let data = file.section_by_name(".data").expect("the image has data");
        let loaded = self.load_address(data.address());
        assert!(flash.contains(&loaded), ".data is loaded at {loaded:#x}");
        put(data.address(), data.data().expect("it is in the file"));
        let path = self.path.with_extension("bin");
        fs::write(&path, memory).expect("the directory is writable");
        path
    }

    /// The image as a loader would put it to `base`, relocated, in a file that lives as long as this value.
    /// For an image that is linked to address 0.
    ///
    /// # Panics
    ///
    /// If the image has a relocation in its code, or one that depends on more than `base`, or none at all.
    pub fn loaded_at(&self, base: u64) -> PathBuf {
        let file = self.parse();
        let endian = file.endian();
        let mut memory = Vec::new();
        for header in file.elf_program_headers() {
            let content = header
                .data(endian, &*self.bytes)
                .expect("the segment is in the file");
            if header.p_type(endian) == PT_LOAD && !content.is_empty() {
                let start = header.p_vaddr(endian) as usize;
                memory.resize(memory.len().max(start + content.len()), 0);
                memory[start..][..content.len()].copy_from_slice(content);
            }
        }
        let relocations = file.dynamic_relocations().expect("the image is dynamic");
        let code = self.section(".text");
        let mut count = 0;
        for (place, relocation) in relocations {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                unreachable!("the image is an ELF file");
            };
            // GNU ld leaves some behind where it reserved more than it needed.
            if r_type == R_AARCH64_NONE {
                continue;
            }
            assert_eq!(r_type, R_AARCH64_RELATIVE, "{relocation:x?} at {place:#x}");
            assert!(!code.contains(&place), "{relocation:x?} at {place:#x}");
            let value = base.wrapping_add_signed(relocation.addend());
            memory[place as usize..][..8].copy_from_slice(&value.to_le_bytes());
            count += 1;
        }
        assert_ne!(count, 0, "the image has no relocation");
        let path = self.path.with_extension("bin");
        fs::write(&path, memory).expect("the directory is writable");
        path
    }
}
