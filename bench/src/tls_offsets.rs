//! What variables whose symbols are thread-local would cost, and what linkers make of them.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use golden::compile;
use links::{
    Arch, Linker, disassembly,
    tools::{run, rust_lld},
};
use object::{Object, ObjectSection, ObjectSymbol};
use serde::{Deserialize, Serialize};

use crate::{
    cost::{Code, Cost},
    results,
};

/// The instructions of an operation on each architecture.
#[derive(Debug, Serialize, Deserialize)]
struct Operation {
    name: String,
    counts: Vec<Counts>,
}

/// With a variable of percpu-hv, the same with a small template, and with a variable whose symbol is thread-local.
#[derive(Debug, Serialize, Deserialize)]
struct Counts {
    architecture: String,
    today: usize,
    small: usize,
    thread_local: usize,
}

/// What becomes of a use of such a symbol: with each of [`WAYS`], on each architecture.
#[derive(Debug, Serialize, Deserialize)]
struct Use {
    name: String,
    outcomes: Vec<BTreeMap<String, String>>,
}

/// The result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TlsOffsets {
    operations: Vec<Operation>,
    uses: Vec<Use>,
}

const OPERATIONS: [&str; 7] = [
    "read_hot",
    "read",
    "read_cold",
    "write",
    "add",
    "pointer",
    "element",
];

/// A linker, and the kind of the image.
type Way = (Linker, &'static str);

const WAYS: [Way; 4] = [
    (Linker::Lld, "-static"),
    (Linker::Lld, "-pie"),
    (Linker::Gnu, "-static"),
    (Linker::Gnu, "-pie"),
];

/// The template, as a script would have to collect it.
const TEMPLATE: &str = ".percpu : { *(.tdata.percpu.*) *(.percpu .percpu.*) }";

/// The template in the script that percpu documents.
const PERCPUS: &str =
    ".percpu 0 : AT(_percpu_start) { *(.percpu .percpu.*) } . = _percpu_start + SIZEOF(.percpu);";

/// A use of such a symbol.
struct Case {
    name: &'static str,
    /// What a script has in front of `SECTIONS`, and behind its first section.
    head: [&'static str; 2],
    /// Between the constants and the data.
    before: &'static str,
    /// Between the data and `.bss`.
    behind: String,
    /// What the image has.
    roots: &'static [&'static str],
    look: Look,
}

#[derive(Clone, Copy)]
enum Look {
    /// At the distance from the thread pointer to the template's start, by which an access is linked.
    Offset,
    /// At what a pointer in data holds.
    Pointer,
    /// At the section that the variable is in.
    Section,
    /// At whether the linker makes an image.
    Image,
}

impl Case {
    fn new(name: &'static str, look: Look) -> Self {
        Self {
            name,
            head: [""; 2],
            before: "",
            behind: TEMPLATE.to_owned(),
            roots: &["tls.read"],
            look,
        }
    }

    fn all() -> [Self; 10] {
        const OWN: &str = ".tdata : { *(.tdata.own) }";
        let percpus = || format!("_percpu_start = .; {PERCPUS}");
        [
            Self::new("thread pointer to template", Look::Offset),
            Self {
                roots: &["tls.read", "thread_local_page"],
                ..Self::new("the same, if a variable starts at a page", Look::Offset)
            },
            Self {
                roots: &["tls.read", "thread_local_own"],
                behind: format!("{OWN} {TEMPLATE}"),
                ..Self::new(
                    "the same, with a thread-local of the image in front",
                    Look::Offset,
                )
            },
            Self {
                roots: &["tls.read", "thread_local_own"],
                before: OWN,
                ..Self::new("a thread-local of the image elsewhere", Look::Image)
            },
            Self {
                roots: &["thread_local_address"],
                ..Self::new("a pointer in data", Look::Pointer)
            },
            Self {
                roots: &["tls.address"],
                ..Self::new("a pointer in code", Look::Image)
            },
            Self {
                behind: percpus(),
                ..Self::new("`percpu`'s script", Look::Section)
            },
            Self {
                before: ".tdata : { *(.tdata .tdata.*) }",
                behind: percpus(),
                ..Self::new("the same with a `.tdata`", Look::Section)
            },
            Self {
                head: ["PHDRS { all PT_LOAD; }", ":all"],
                ..Self::new("a script with its own `PHDRS`", Look::Image)
            },
            Self {
                roots: &["tls.read", "thread_local_address"],
                before: ".data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) }",
                ..Self::new(
                    "`.data.rel.ro` before `.data`, and the template behind it",
                    Look::Image,
                )
            },
        ]
    }

    fn script(&self) -> String {
        let Self {
            head: [head, segment],
            before,
            behind,
            ..
        } = self;
        format!(
            "{head} SECTIONS {{ . = 0x40200000; .text : {{ *(.text .text.*) }} {segment} .rodata : {{ *(.rodata .rodata.*) }} \
             {before} .data : {{ *(.data .data.*) }} {behind} .bss : {{ *(.bss .bss.*) }} \
             /DISCARD/ : {{ *(.eh_frame .ARM.exidx*) }} }}"
        )
    }

    /// Links the image, and looks at it.
    fn outcome(&self, library: &Library, (linker, kind): Way) -> Result<String, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let [script, image] = ["script.ld", "image"].map(|name| directory.path().join(name));
        fs::write(&script, self.script()).map_err(|error| error.to_string())?;
        let mut command = match linker {
            Linker::Lld => Command::new(rust_lld()),
            Linker::Gnu => Command::new(format!("{}-linux-gnu-ld", library.arch.name())),
        };
        if linker == Linker::Lld {
            command.args(["-flavor", "gnu"]);
        }
        let usual = "--no-dynamic-linker --gc-sections --unresolved-symbols=ignore-all --undefined=thread_local_first \
                     --undefined=thread_local_data";
        let roots = self.roots.iter().map(|root| format!("--undefined={root}"));
        let output = run(command
            .args(usual.split(' '))
            .args(roots)
            .args([kind, "-T"])
            .args([&script, &library.path])
            .arg("-o")
            .arg(&image));
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let refused = REFUSALS.iter().any(|refusal| errors.contains(refusal));
            // A signal ended it.
            return match output.status.code() {
                None => Ok("crashed".to_owned()),
                Some(_) if refused => Ok("refused".to_owned()),
                Some(_) => Err(format!("{command:?}:\n{errors}")),
            };
        }
        let bytes = fs::read(&image).map_err(|error| error.to_string())?;
        let file = object::File::parse(&*bytes).map_err(|error| error.to_string())?;
        match self.look {
            Look::Offset => {
                let code = disassembly(&image).remove("tls.read");
                let added = added(library.arch, &code.ok_or("there is no tls.read")?);
                let distance =
                    symbol(&file, "thread_local_word")? - symbol(&file, "thread_local_first")?;
                Ok((added - distance).to_string())
            }
            Look::Pointer => {
                let distance =
                    symbol(&file, "thread_local_word")? - symbol(&file, "thread_local_first")?;
                let template = file
                    .section_by_name(".percpu")
                    .ok_or("there is no template")?;
                match pointer(&file, symbol(&file, "thread_local_address")?)? {
                    offset if offset == distance => Ok("the offset".to_owned()),
                    address if address == template.address() as i64 + distance => {
                        Ok("the address".to_owned())
                    }
                    other => Err(format!("a pointer in data is {other:#x}")),
                }
            }
            Look::Section => {
                let word = file
                    .symbol_by_name("thread_local_word")
                    .ok_or("there is no word")?;
                let section = word
                    .section_index()
                    .and_then(|index| file.section_by_index(index).ok());
                let name = section.as_ref().and_then(|section| section.name().ok());
                Ok(format!("`{}`", name.ok_or("the word is in no section")?))
            }
            Look::Image => Ok("linked".to_owned()),
        }
    }
}

/// What linkers say where they refuse a use.
const REFUSALS: [&str; 4] = [
    "cannot refer to absolute symbol",
    "doesn't have a PT_TLS segment",
    "is not contiguous with other relro sections",
    "TLS sections are not adjacent",
];

/// The value of a symbol. That of a thread-local is its distance from the start of the thread-locals.
fn symbol(file: &object::File<'_>, name: &str) -> Result<i64, String> {
    let found = file.symbols().find(|symbol| symbol.name() == Ok(name));
    found
        .map(|symbol| symbol.address() as i64)
        .ok_or_else(|| format!("there is no {name}"))
}

/// What a pointer in data holds once the image runs where it is linked.
fn pointer(file: &object::File<'_>, address: i64) -> Result<i64, String> {
    let address = address as u64;
    let relocated = file
        .dynamic_relocations()
        .into_iter()
        .flatten()
        .find(|(place, _)| *place == address);
    if let Some((_, relocation)) = relocated
        && !relocation.has_implicit_addend()
    {
        return Ok(relocation.addend());
    }
    let size = if file.is_64() { 8 } else { 4 };
    let data = file
        .sections()
        .find_map(|section| section.data_range(address, size).ok().flatten());
    let mut bytes = [0; 8];
    bytes[..size as usize].copy_from_slice(data.ok_or("the pointer is in no section")?);
    Ok(i64::from_le_bytes(bytes))
}

/// What a read adds to the thread pointer.
fn added(arch: Arch, code: &[String]) -> i64 {
    let parts = code.iter().map(|instruction| {
        let words = || instruction.split([' ', ',', '[', ']', '(', ')', ':', '#']);
        let numbers: Vec<_> = words().filter_map(number).collect();
        match (arch, words().next()) {
            (Arch::Aarch64, Some("add")) | (_, Some("lui" | "lu12i.w")) => {
                numbers.first().map(|high| high << 12)
            }
            (Arch::Arm, _) if !instruction.contains(".word") => None,
            _ => numbers.last().copied(),
        }
    });
    parts.flatten().sum()
}

fn number(word: &str) -> Option<i64> {
    let (sign, digits) = word
        .strip_prefix('-')
        .map_or((1, word), |digits| (-1, digits));
    let number = match digits.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    Some(sign * number.ok()?)
}

/// The operations on one architecture.
struct Library {
    arch: Arch,
    path: PathBuf,
    today: BTreeMap<String, Cost>,
    small: BTreeMap<String, Cost>,
    thread_local: BTreeMap<String, Cost>,
}

impl Library {
    fn new(arch: Arch) -> Self {
        let compile = |features| {
            compile(
                "tls",
                arch.target(),
                &[features],
                &["-Crelocation-model=pie"],
            )
        };
        let own = ["libpercpu"];
        let small = compile("--features=any-address,small-template");
        let small = Code::of(arch.target(), &small, &own).operations("today");
        let usual = compile("--features=any-address");
        let code = Code::of(arch.target(), &usual, &own);
        Self {
            arch,
            today: code.operations("today"),
            small,
            thread_local: code.operations("tls"),
            path: usual.library,
        }
    }

    /// The instructions of an operation on a thread-local. One that is cold takes no more, and on some architectures one
    /// that is hot no fewer.
    fn thread_local(&self, operation: &str) -> usize {
        let usual = operation.trim_end_matches("_hot").trim_end_matches("_cold");
        let cost = self.thread_local.get(operation);
        cost.unwrap_or_else(|| &self.thread_local[usual])
            .instructions
    }
}

pub(crate) fn measure() -> Result<TlsOffsets, String> {
    let libraries = Arch::ALL.map(Library::new);
    let operation = |name: &str| Operation {
        name: name.replace('_', " "),
        counts: libraries
            .iter()
            .map(|library| Counts {
                architecture: library.arch.name().to_owned(),
                today: library.today[name].instructions,
                small: library.small[name].instructions,
                thread_local: library.thread_local(name),
            })
            .collect(),
    };
    let mut uses = Vec::new();
    for case in Case::all() {
        let mut outcomes = Vec::new();
        for way in WAYS {
            let known = libraries
                .iter()
                .filter(|library| Linker::all_for(library.arch).contains(&way.0));
            let one = |library: &Library| {
                Ok((library.arch.name().to_owned(), case.outcome(library, way)?))
            };
            outcomes.push(known.map(one).collect::<Result<_, String>>()?);
        }
        uses.push(Use {
            name: case.name.to_owned(),
            outcomes,
        });
    }
    Ok(TlsOffsets {
        operations: OPERATIONS.map(operation).into(),
        uses,
    })
}

impl TlsOffsets {
    /// What was measured.
    pub(crate) fn from_results() -> Result<Self, String> {
        results::read("tls-offsets")
    }

    /// Both tables, and what follows from them.
    pub(crate) fn full(&self) -> String {
        let mut text = String::from(
            "\n## Thread-local relocations\n\n\
             `#[link_section = \".tdata.percpu.NAME\"]` makes the symbol of a static thread-local, and the local-exec forms of \
             its offset link into position-independent images. That is an alternative to the form of `non-zero-vma`. Each cell: \
             instructions with `non-zero-vma`, with `small-template` too, and with thread-local symbols.\n\n",
        );
        let architectures = self
            .operations
            .first()
            .map_or(&[][..], |first| &first.counts);
        let names = architectures.iter().map(|counts| &*counts.architecture);
        text += &row("", names.map(str::to_owned));
        text += &row("---", architectures.iter().map(|_| "---".to_owned()));
        for Operation { name, counts } in &self.operations {
            text += &row(
                name,
                counts.iter().map(|counts| {
                    let Counts {
                        today,
                        small,
                        thread_local,
                        ..
                    } = counts;
                    format!("{today} / {small} / **{thread_local}**")
                }),
            );
        }
        text += "\nWhat linkers make of such symbols; GNU ld on aarch64, riscv64 and x86_64. Numbers are the bytes from the thread \
                 pointer, which the per-CPU register would hold, to the start of the template.\n\n\
                 | | lld | GNU ld |\n|---|---|---|\n";
        for Use { name, outcomes } in &self.uses {
            text += &row(name, outcomes.chunks(2).map(both_kinds));
        }
        text + "\nSo it is not built: images that link today would break, most of them silently. A script that was written for \
                `percpu` leaves the variables outside of the template, and lld asks other scripts for a segment, or for another \
                place of the template. Offsets count what thread-locals the image has itself. A variable that starts at a page \
                takes the hot ones on aarch64 out of the reach of 12 bits, and no relocation that both linkers have checks that. \
                The name of a variable, in the compiler's code and in debug information, is its address with one linker and its \
                offset with the other. A small template on aarch64 and loongarch64 needs none of this: it starts at a page, and the low \
                bits of an address are the offset.\n"
    }
}

fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.collect();
    format!("| {name} | {} |\n", cells.join(" | "))
}

/// The outcomes of a linker, without and with `-pie`.
fn both_kinds(outcomes: &[BTreeMap<String, String>]) -> String {
    let texts: Vec<_> = outcomes.iter().map(of_architectures).collect();
    match &*texts {
        [usual, pie] if usual != pie => format!("{usual}; with `-pie` {pie}"),
        _ => texts.first().cloned().unwrap_or_default(),
    }
}

/// The outcome, or each one with the architectures that have it.
fn of_architectures(outcomes: &BTreeMap<String, String>) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (architecture, outcome) in outcomes {
        match groups.iter_mut().find(|(known, _)| known == outcome) {
            Some((_, architectures)) => architectures.push(architecture),
            None => groups.push((outcome, vec![architecture])),
        }
    }
    if let [(outcome, _)] = &*groups {
        return (*outcome).to_owned();
    }
    let groups = groups
        .iter()
        .map(|(outcome, architectures)| format!("{outcome} ({})", architectures.join(", ")));
    groups.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_the_sum_of_its_parts() {
        let sum = |arch, code: &[&str]| {
            added(
                arch,
                &code.iter().map(|&line| line.to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            sum(
                Arch::Aarch64,
                &[
                    "mrs x0, tpidr_el2",
                    "add x0, x0, #0x1, lsl #12",
                    "ldr x0, [x0, #0x30]",
                    "ret"
                ]
            ),
            0x1030
        );
        assert_eq!(
            sum(
                Arch::RiscV64,
                &["lui a0, 0x1", "add a0, a0, gp", "ld a0, -0x8(a0)", "ret"]
            ),
            0xff8
        );
        assert_eq!(sum(Arch::X86_64, &["movq %gs:-0x8, %rax", "retq"]), -8);
        assert_eq!(
            sum(
                Arch::Arm,
                &[
                    "ldr r0, [pc, #0x8] @ 0x18",
                    "ldr r0, [r1, r0]",
                    "18 00 00 00 .word 0x00000018"
                ]
            ),
            24
        );
    }

    #[test]
    fn outcomes_that_are_alike_are_one() {
        let outcomes = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|&(a, b)| (a.to_owned(), b.to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let same = outcomes(&[("a", "linked"), ("b", "linked")]);
        let other = outcomes(&[("a", "8"), ("b", "0"), ("c", "8")]);
        assert_eq!(both_kinds(&[same.clone(), same.clone()]), "linked");
        assert_eq!(
            both_kinds(&[same, other]),
            "linked; with `-pie` 8 (a, c), 0 (b)"
        );
    }
}
