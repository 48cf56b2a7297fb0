//! What a variable and a CPU add to an image.

use std::fs;

use links::{Linker, Mode, image, tools::root};
use object::{Object, ObjectSection, SectionKind, read::archive::ArchiveFile};
use serde::{Deserialize, Serialize};

use crate::{
    cargo::{AARCH64, bare_cargo, output, program},
    compile_time::CRATES,
};

/// Bytes of an object file that one more variable takes, if nothing uses it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OfVariable {
    pub(crate) name: String,
    /// In the template, of which every CPU has a copy.
    pub(crate) template: f64,
    /// In code and constants, before the linker drops what nothing uses.
    pub(crate) code: f64,
    /// In the whole file: symbols and relocations too.
    pub(crate) file: f64,
}

/// Bytes that one more CPU takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OfCpu {
    pub(crate) name: String,
    pub(crate) file: u64,
    pub(crate) memory: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) variables: Vec<OfVariable>,
    pub(crate) cpus: Vec<OfCpu>,
}

pub(crate) fn measure() -> Result<Size, String> {
    let variables = CRATES
        .map(of_variable)
        .into_iter()
        .collect::<Result<_, _>>()?;
    Ok(Size {
        variables,
        cpus: vec![with_fragment()?, with_percpus_script()?],
    })
}

fn of_variable(name: &str) -> Result<OfVariable, String> {
    let sizes = |variables: u32| {
        output(
            bare_cargo(AARCH64, "build")
                .args([
                    "--release",
                    "--quiet",
                    "--package",
                    "variables",
                    "--features",
                ])
                .arg(format!("{name},unused"))
                .env("VARIABLES", variables.to_string()),
        )?;
        let library = program(Some(AARCH64), "libvariables.rlib");
        sections(&fs::read(&library).map_err(|error| format!("{}: {error}", library.display()))?)
    };
    let (few, many) = (sizes(1000)?, sizes(2000)?);
    let [template, code, file] = [0, 1, 2].map(|i| (many[i] - few[i]) as f64 / 1000.0);
    Ok(OfVariable {
        name: name.to_owned(),
        template,
        code,
        file,
    })
}

/// Bytes of the template, of code and constants, and of the object file in an archive.
fn sections(archive: &[u8]) -> Result<[u64; 3], String> {
    let error = |error: object::Error| error.to_string();
    let mut sizes = [0; 3];
    for member in ArchiveFile::parse(archive).map_err(error)?.members() {
        let member = member.map_err(error)?;
        if !member.name().ends_with(b".o") {
            continue;
        }
        let data = member.data(archive).map_err(error)?;
        sizes[2] += data.len() as u64;
        for section in object::File::parse(data).map_err(error)?.sections() {
            if section.name().is_ok_and(|name| name.starts_with(".percpu")) {
                sizes[0] += section.size();
            } else if is_loaded(section.kind()) {
                sizes[1] += section.size();
            }
        }
    }
    Ok(sizes)
}

fn is_loaded(kind: SectionKind) -> bool {
    use SectionKind::{
        Data, ReadOnlyData, ReadOnlyDataWithRel, ReadOnlyString, Text, UninitializedData,
    };
    matches!(
        kind,
        Data | ReadOnlyData | ReadOnlyDataWithRel | ReadOnlyString | Text | UninitializedData
    )
}

fn with_fragment() -> Result<OfCpu, String> {
    let link = |cpus| {
        image(Mode::Default, "areas")
            .link(Linker::Lld)
            .cpus(cpus)
            .script("include.ld")
            .run()
    };
    let (few, many) = (link(4)?, link(5)?);
    let memory = |elf: &links::Elf| elf.symbol("_percpu_end") - elf.symbol("_percpu_start");
    Ok(OfCpu {
        name: "percpu.x of percpu-hv".to_owned(),
        file: (many.file_size() - few.file_size()) as u64,
        memory: memory(&many) - memory(&few),
    })
}

/// The script that percpu documents, where the template is the first of the areas.
fn with_percpus_script() -> Result<OfCpu, String> {
    let path = root().join("tests/links/scripts/legacy.ld");
    let script =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    // So many that the difference is not lost in the file's alignment.
    let link = |cpus: u64| {
        let path = directory.path().join(format!("{cpus}.ld"));
        let script = script.replace("CPU_NUM = 4;", &format!("CPU_NUM = {cpus};"));
        fs::write(&path, script).map_err(|error| error.to_string())?;
        let link = image(Mode::Default, "areas").link(Linker::Lld);
        link.arg("-T").arg(path).run()
    };
    let (few, many) = (link(128)?, link(256)?);
    let memory = |elf: &links::Elf| elf.symbol("_percpu_end") - elf.symbol("_percpu_start");
    Ok(OfCpu {
        name: "the script that percpu documents".to_owned(),
        file: (many.file_size() - few.file_size()) as u64 / 128,
        memory: (memory(&many) - memory(&few)) / 128,
    })
}
