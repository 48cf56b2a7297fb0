//! What this program's file says of its variables: feature `dump-section`.
#![cfg(all(
    feature = "dump-section",
    target_os = "linux",
    not(feature = "sp-naive")
))]

use std::collections::BTreeMap;
use std::fs;

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, elf};
use percpu_hv::{PerCpuOnce, def_percpu};

#[def_percpu]
static COUNT: u64 = 7;
#[def_percpu(hot)]
static FLAG: bool = true;
#[def_percpu(init = Vec::with_capacity)]
static MADE: Vec<u8>;
#[def_percpu(cache_aligned)]
static ONCE: PerCpuOnce<Tagged<'"', '\\', { 1 + 1 }>> = PerCpuOnce::new();
#[def_percpu(elements)]
static GRID: [[u16; 2]; 3] = [[0; 2]; 3];

struct Tagged<const A: char, const B: char, const N: usize>;

mod inner {
    #[percpu_hv::def_percpu]
    pub(super) static COUNT: i8 = -1;
}

const WORD: usize = size_of::<usize>();

/// A variable: offset, size, alignment and the text of the type, without the spaces.
type Row = (usize, usize, usize, String);

/// Reads the section as `guide::dumps` describes it.
fn rows(mut bytes: &[u8], start: usize) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    while !bytes.is_empty() {
        let record = bytes;
        let mut words = [0; 3];
        for word in &mut words {
            let (first, rest) = bytes.split_first_chunk::<WORD>().unwrap();
            (*word, bytes) = (usize::from_ne_bytes(*first), rest);
        }
        let mut texts = [const { String::new() }; 3];
        for text in &mut texts {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap();
            *text = String::from_utf8(bytes[..end].to_vec()).unwrap();
            bytes = &bytes[end + 1..];
        }
        let length = (record.len() - bytes.len()).next_multiple_of(WORD);
        bytes = record.get(length..).unwrap_or_default();
        let ([address, size, align], [module, name, ty]) = (words, texts);
        let row = (
            address.wrapping_sub(start),
            size,
            align,
            ty.replace(' ', ""),
        );
        let double = rows.insert(format!("{module}::{name}"), row);
        assert_eq!(double, None);
    }
    rows
}

#[cfg_attr(miri, ignore = "Miri makes no file")]
#[test]
fn the_file_describes_every_variable() {
    let file = fs::read(std::env::current_exe().unwrap()).unwrap();
    let file = object::File::parse(&*file).unwrap();
    let section = file.section_by_name("percpu_info").unwrap();
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
        panic!("this is no ELF file");
    };
    assert_eq!(sh_flags.0 & elf::SHF_ALLOC.0, 0, "it is loaded");
    let mut symbols = file.symbols();
    let start = symbols.find(|symbol| symbol.name() == Ok("__start_percpu_hv"));
    let start = start.unwrap().address() as usize;

    let row = |offset: usize, size, align, ty: &str| (offset, size, align, ty.to_owned());
    let expected: BTreeMap<String, Row> = [
        ("COUNT", row(COUNT.offset(), 8, align_of::<u64>(), "u64")),
        ("FLAG", row(FLAG.offset(), 1, 1, "bool")),
        ("MADE", row(MADE.offset(), 3 * WORD, WORD, "Vec<u8>")),
        (
            "ONCE",
            row(
                ONCE.offset(),
                size_of::<PerCpuOnce<()>>(),
                align_of::<PerCpuOnce<()>>(),
                r#"PerCpuOnce<Tagged<'"','\\',{1+1}>>"#,
            ),
        ),
        ("GRID", row(GRID.offset(), 12, 2, "[[u16;2];3]")),
        ("inner::COUNT", row(inner::COUNT.offset(), 1, 1, "i8")),
    ]
    .map(|(name, row)| (format!("dump_section::{name}"), row))
    .into();
    assert_eq!(rows(section.data().unwrap(), start), expected);
}
