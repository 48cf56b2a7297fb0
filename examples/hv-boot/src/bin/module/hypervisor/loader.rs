//! From an object to code that runs.
//!
//! The memory for loaded code gets the module's code first, and from the next page on its data. Behind the data is the
//! image of its per-CPU section, which is relocated there and copied into the reserve of every CPU's area.

use core::{alloc::Layout, ops::Range};

use elf::{
    ElfBytes, abi,
    endian::LittleEndian,
    section::{SectionHeader, SectionHeaderTable},
    string_table::StringTable,
    symbol::{Symbol, SymbolTable},
};
use hv_boot::LoadedCode;
use percpu_hv::{CpuId, ModuleSection};

use super::{error::Error, exports, relocation};

/// How many sections an object may have.
const SECTIONS: usize = 64;

/// The section of the per-CPU variables.
const PERCPU: &str = ".percpu";

type Result<'a, T> = core::result::Result<T, Error<'a>>;

/// A module that is loaded. Its memory is free again when this value is dropped.
pub(super) struct Module<'a, 'm> {
    object: Object<'a>,
    places: Places,
    percpu: ModuleSection,
    memory: &'m mut LoadedCode,
}

/// The tables of an object.
struct Object<'a> {
    file: ElfBytes<'a, LittleEndian>,
    sections: SectionHeaderTable<'a, LittleEndian>,
    section_names: StringTable<'a>,
    symbols: SymbolTable<'a, LittleEndian>,
    symbol_names: StringTable<'a>,
}

/// Where the sections of a module are.
struct Places {
    /// Of each section, where it is in the memory for loaded code, counted from the start of that.
    in_memory: [Option<Range<usize>>; SECTIONS],
    /// How many bytes at the start are code.
    code: usize,
    /// How many bytes are in use.
    end: usize,
    /// The index of the per-CPU section, and its layout.
    percpu: Option<usize>,
    percpu_layout: Layout,
}

impl<'a> Object<'a> {
    fn parse(bytes: &'a [u8]) -> Result<'a, Self> {
        let file = ElfBytes::<LittleEndian>::minimal_parse(bytes)?;
        let header = &file.ehdr;
        if (header.e_type, header.e_machine) != (abi::ET_REL, abi::EM_AARCH64) {
            return Err(Error::NotAnObject);
        }
        let (sections, names) = file.section_headers_with_strtab()?;
        let symbols = file.symbol_table()?;
        let (symbols, symbol_names) = symbols.ok_or(Error::Missing("symbol table"))?;
        Ok(Self {
            file,
            sections: sections.ok_or(Error::Missing("section"))?,
            section_names: names.ok_or(Error::Missing("names of sections"))?,
            symbols,
            symbol_names,
        })
    }

    fn section_name(&self, section: &SectionHeader) -> Result<'a, &'a str> {
        Ok(self.section_names.get(section.sh_name as usize)?)
    }

    fn symbol_name(&self, symbol: &Symbol) -> Result<'a, &'a str> {
        Ok(self.symbol_names.get(symbol.st_name as usize)?)
    }

    /// The sections that are in memory while the module is loaded.
    fn loaded(&self) -> impl Iterator<Item = (usize, SectionHeader)> + use<'a> {
        let is_loaded = |(_, section): &(usize, SectionHeader)| {
            section.sh_flags & u64::from(abi::SHF_ALLOC) != 0 && section.sh_size != 0
        };
        self.sections.iter().enumerate().filter(is_loaded)
    }
}

impl Places {
    /// Gives each section a place in memory of `room` bytes, which starts at a page.
    fn of<'a>(object: &Object<'a>, room: usize) -> Result<'a, Self> {
        if object.sections.len() > SECTIONS {
            return Err(Error::TooManySections);
        }
        let mut places = Self {
            in_memory: [const { None }; SECTIONS],
            code: 0,
            end: 0,
            percpu: None,
            percpu_layout: Layout::new::<()>(),
        };
        let is_code =
            |section: &SectionHeader| section.sh_flags & u64::from(abi::SHF_EXECINSTR) != 0;
        for (index, section) in object.loaded().filter(|(_, section)| is_code(section)) {
            places.add(object, index, &section, room)?;
        }
        places.code = places.end;
        places.end = places.end.next_multiple_of(LoadedCode::PAGE);
        for (index, section) in object.loaded().filter(|(_, section)| !is_code(section)) {
            places.add(object, index, &section, room)?;
        }
        Ok(places)
    }

    fn add<'a>(
        &mut self,
        object: &Object<'a>,
        index: usize,
        section: &SectionHeader,
        room: usize,
    ) -> Result<'a, ()> {
        let name = object.section_name(section)?;
        let known = [".text", ".rodata", ".data", ".bss", PERCPU].contains(&name);
        let holds_bytes = matches!(section.sh_type, abi::SHT_PROGBITS | abi::SHT_NOBITS);
        let align = section.sh_addralign.max(1);
        if !known || !holds_bytes || !align.is_power_of_two() || align > LoadedCode::PAGE as u64 {
            return Err(Error::Section(name));
        }
        let (size, align) = (section.sh_size as usize, align as usize);
        let start = self.end.next_multiple_of(align);
        let needed = start.saturating_add(size);
        if needed > room {
            let given = room;
            return Err(Error::TooLarge { needed, given });
        }
        self.end = needed;
        self.in_memory[index] = Some(start..needed);
        if name == PERCPU {
            self.percpu = Some(index);
            let layout = Layout::from_size_align(size, align);
            self.percpu_layout = layout.map_err(|_| Error::Section(name))?;
        }
        Ok(())
    }
}

impl<'a, 'm> Module<'a, 'm> {
    /// Loads an object into memory that is all writable. A module that runs does so on each core after
    /// [`LoadedCode::synchronize`].
    pub(super) fn load(bytes: &'a [u8], memory: &'m mut LoadedCode) -> Result<'a, Self> {
        let object = Object::parse(bytes)?;
        let places = Places::of(&object, memory.addresses().len())?;
        let percpu = ModuleSection::new(places.percpu_layout)?;
        let mut module = Self {
            object,
            places,
            percpu,
            memory,
        };
        module.copy()?;
        module.relocate()?;
        if let Some(initial) = module.initial_values() {
            module.percpu.write(0, &module.memory.writable()[initial]);
        }
        module.memory.make_executable(module.places.code);
        Ok(module)
    }

    /// Copies the sections to their places.
    fn copy(&mut self) -> Result<'a, ()> {
        for (index, section) in self.object.loaded() {
            let Some(place) = self.places.in_memory[index].clone() else {
                continue;
            };
            let (bytes, _) = self.object.file.section_data(&section)?;
            let place = &mut self.memory.writable()[place];
            let (filled, rest) = place.split_at_mut(bytes.len().min(place.len()));
            filled.copy_from_slice(&bytes[..filled.len()]);
            rest.fill(0);
        }
        Ok(())
    }

    /// Applies the relocations of the sections that are loaded.
    fn relocate(&mut self) -> Result<'a, ()> {
        let start = self.memory.addresses().start;
        for relocations in self.object.sections {
            let target = self.places.in_memory.get(relocations.sh_info as usize);
            let Some(Some(place)) = target.cloned() else {
                continue;
            };
            match relocations.sh_type {
                abi::SHT_RELA => {}
                abi::SHT_REL => return Err(Error::Section(".rel")),
                _ => continue,
            }
            for entry in self.object.file.section_data_as_relas(&relocations)? {
                let value = match entry.r_sym {
                    0 => 0,
                    symbol => self.value(&self.object.symbols.get(symbol as usize)?)?,
                };
                let value = value.wrapping_add_signed(entry.r_addend);
                let address = (start + place.start) as u64;
                let address = address.wrapping_add(entry.r_offset);
                let section = &mut self.memory.writable()[place.clone()];
                relocation::apply(entry.r_type, section, entry.r_offset, address, value)?;
            }
        }
        Ok(())
    }

    /// Returns the value of a symbol: S in the ABI's formulas.
    fn value(&self, symbol: &Symbol) -> Result<'a, u64> {
        let name = || self.object.symbol_name(symbol);
        match symbol.st_shndx {
            abi::SHN_ABS => Ok(symbol.st_value),
            abi::SHN_UNDEF => match exports::find(name()?) {
                Some(address) => Ok(address as u64),
                None => Err(Error::UndefinedSymbol(name()?)),
            },
            index => match self.section_address(index.into()) {
                Some(address) => Ok((address as u64).wrapping_add(symbol.st_value)),
                None => Err(Error::SymbolOutside(name()?)),
            },
        }
    }

    /// Returns the address that the symbols of a section count from. For the per-CPU section that is where the linker
    /// would have put it, and not where a copy is.
    fn section_address(&self, index: usize) -> Option<usize> {
        if self.places.percpu == Some(index) {
            return Some(self.percpu.address());
        }
        let place = self.places.in_memory.get(index)?.as_ref()?;
        Some(self.memory.addresses().start + place.start)
    }

    /// Returns where the relocated initial values of the per-CPU variables are in memory.
    fn initial_values(&self) -> Option<Range<usize>> {
        self.places.in_memory[self.places.percpu?].clone()
    }

    /// Returns the address of a function of the module.
    pub(super) fn function(&self, name: &'static str) -> Result<'a, usize> {
        let (symbol, _) = self.defined(|symbol| symbol == name, name)?;
        Ok(self.value(&symbol)? as usize)
    }

    /// Returns a pointer to a CPU's copy of a per-CPU variable of the module, and its size. The symbol of a variable
    /// ends in its name.
    pub(super) fn variable(&self, name: &'static str, cpu: CpuId) -> Result<'a, (*mut u8, u64)> {
        let is_storage = |symbol: &str| {
            let rest = symbol.strip_suffix(name);
            rest.is_some_and(|rest| rest.ends_with("__PERCPU_") && !rest.contains("__PerCpu_"))
        };
        let (symbol, section) = self.defined(is_storage, name)?;
        if Some(section) != self.places.percpu {
            return Err(Error::NoSuchSymbol(name));
        }
        let offset = symbol.st_value as usize;
        Ok((
            self.percpu.remote_ptr(cpu).wrapping_add(offset),
            symbol.st_size,
        ))
    }

    /// Returns the symbol that the module defines by a name, and its section.
    fn defined(
        &self,
        is_it: impl Fn(&str) -> bool,
        name: &'static str,
    ) -> Result<'a, (Symbol, usize)> {
        for symbol in self.object.symbols.iter() {
            if !symbol.is_undefined() && is_it(self.object.symbol_name(&symbol)?) {
                let section = symbol.st_shndx.into();
                return Ok((symbol, section));
            }
        }
        Err(Error::NoSuchSymbol(name))
    }

    /// Returns the address that the per-CPU section has for relocations.
    pub(super) fn percpu_address(&self) -> usize {
        self.percpu.address()
    }
}

impl Drop for Module<'_, '_> {
    fn drop(&mut self) {
        self.memory.make_executable(0);
    }
}
