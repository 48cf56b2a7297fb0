//! Programs and libraries of a Linux process, with both linkers: what has a section of its own, and what must not.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use cargo_metadata::Message;
use links::{
    Linker,
    tools::{root, run, rust_lld},
};

const ERRORS: &str = include_str!("../../../percpu-hv/guide/errors.md");

/// The name of the symbol that a program does not find in a `dylib`.
const NOT_IN_A_DYLIB: &str = "percpu_hv_must_not_be_in_a_dylib";

/// percpu-hv as cargo compiles it for this machine, without optimization: its parts are in several objects.
fn percpu_hv() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let build = "build --package=percpu-hv --lib --message-format=json-render-diagnostics";
        let output = run(Command::new(env!("CARGO"))
            .args(build.split_whitespace())
            .current_dir(root()));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "percpu-hv:\n{errors}");
        let files = Message::parse_stream(&*output.stdout).filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) if artifact.target.name == "percpu_hv" => {
                Some(artifact.filenames)
            }
            _ => None,
        });
        // Beside the library stand the dependencies, and its name there is that of its features.
        let metadata = files
            .flatten()
            .find(|file| file.extension() == Some("rmeta"))
            .expect("cargo says where the library is");
        metadata.with_extension("rlib").into_std_path_buf()
    })
}

/// A directory in which crates are compiled and linked by one linker.
struct Place {
    linker: Linker,
    directory: tempfile::TempDir,
}

impl Place {
    fn new(linker: Linker) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // Where the C compiler looks for the linker.
        let lld = directory.path().join("ld.lld");
        let script = format!("#!/bin/sh\nexec {:?} -flavor gnu \"$@\"\n", rust_lld());
        fs::write(&lld, script).unwrap();
        fs::set_permissions(&lld, fs::Permissions::from_mode(0o755)).unwrap();
        Self { linker, directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Compiles a crate of a type, with what `options` says beside percpu-hv; gives the linker's errors if it refuses.
    fn compile(&self, kind: &str, name: &str, code: &str, options: &[&str]) -> Result<(), String> {
        let source = self.path().join(name).with_extension("rs");
        fs::write(&source, code).unwrap();
        let linker = match self.linker {
            Linker::Lld => "lld",
            Linker::Gnu => "bfd",
        };
        let output = run(Command::new("rustc")
            .args(["--edition=2024", "--crate-type", kind, "--crate-name", name])
            .arg(source)
            .arg("--extern")
            .arg(format!("percpu_hv={}", percpu_hv().display()))
            .arg(format!(
                "-Ldependency={}",
                percpu_hv().parent().unwrap().display()
            ))
            .arg("-L")
            .arg(self.path())
            .arg("--out-dir")
            .arg(self.path())
            .arg(format!("-Clink-arg=-B{}", self.path().display()))
            .arg(format!("-Clink-arg=-fuse-ld={linker}"))
            .args(options)
            .current_dir(root()));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok(());
        }
        assert!(
            errors.contains("linking with"),
            "{name} does not compile:\n{errors}"
        );
        Err(errors)
    }

    /// Runs a program, and gives what it prints.
    fn run(&self, program: &str) -> String {
        let output =
            run(Command::new(self.path().join(program)).env("LD_LIBRARY_PATH", self.path()));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{program}, {:?}:\n{errors}",
            self.linker
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

/// lld drops a section that nothing but its bounds names, and a linker leaves out the object of the header.
#[test]
fn a_program_without_variables() {
    for linker in Linker::ALL {
        let place = Place::new(linker);
        for (name, code, prints) in [
            (
                "register",
                "println!(\"{}\", percpu_hv::read_percpu_reg())",
                "0\n",
            ),
            (
                "claim",
                "println!(\"{:?}\", percpu_hv::claim_percpu_reg(0))",
                "Err(NotInitialized)\n",
            ),
            (
                "init",
                "println!(\"{:?}\", percpu_hv::init_hosted(2))",
                "Ok(2)\n",
            ),
            (
                "call",
                "if std::env::args().count() > 1 { percpu_hv::init_percpu_reg(0) }",
                "",
            ),
        ] {
            let code = format!("fn main() {{ {code} }}");
            place.compile("bin", name, &code, &[]).unwrap();
            assert_eq!(place.run(name), prints, "{name}, {linker:?}");
        }
    }
}

/// The header has one name in both, and the dynamic linker must not take one for the other.
#[test]
fn a_cdylib_and_a_program_with_areas_of_their_own() {
    let library = "#[percpu_hv::def_percpu] static OWN: u64 = 33;
        #[unsafe(no_mangle)] extern \"C\" fn count() -> u64 {
            percpu_hv::init_hosted(2).unwrap();
            percpu_hv::init_percpu_reg(1);
            OWN.inc_current();
            OWN.read_current()
        }";
    let program = "#[link(name = \"own\")] unsafe extern \"C\" { safe fn count() -> u64; }
        #[percpu_hv::def_percpu] static OWN: u64 = 44;
        fn main() {
            percpu_hv::init_hosted(4).unwrap();
            percpu_hv::init_percpu_reg(3);
            println!(\"{} {} {}\", count(), OWN.read_current(), percpu_hv::current_cpu());
        }";
    for linker in Linker::ALL {
        for optimized in ["-Copt-level=0", "-Copt-level=3"] {
            let place = Place::new(linker);
            let library = place.compile("cdylib", "own", library, &[optimized]);
            library.unwrap();
            let program = place.compile("bin", "program", program, &[optimized]);
            program.unwrap();
            assert_eq!(place.run("program"), "34 44 3\n", "{linker:?}");
        }
    }
}

/// In a `dylib` each function of percpu-hv may be replaced by another one, and a distance to it is none. That is refused
/// because of `module_symbols`.
#[test]
fn a_dylib_is_refused() {
    for (linker, texts) in [
        (
            Linker::Lld,
            ["cannot be used against symbol 'percpu_hv::"; 2],
        ),
        (
            Linker::Gnu,
            [
                "against symbol `",
                "can not be used when making a shared object",
            ],
        ),
    ] {
        let library = "pub use percpu_hv;";
        let error = Place::new(linker).compile("dylib", "shared", library, &[]);
        let error = error.unwrap_err();
        for text in texts {
            assert!(error.contains(text), "`{text}` is missing:\n{error}");
        }
        assert!(error.contains("__percpu_hv_symbols"), "{error}");
    }
}

/// With `-Bsymbolic` nothing is replaced. The areas would be copies of the section of the library, and the variables of
/// the program are in another one.
#[test]
fn a_program_beside_a_dylib_is_refused() {
    let library = "pub use percpu_hv;
        #[percpu_hv::def_percpu] pub static SHARED: u64 = 11;";
    let definition = "#[percpu_hv::def_percpu] static OWN: u64 = 22;
        fn main() { println!(\"{}\", OWN.read_current()) }";
    let use_alone = "fn main() { println!(\"{}\", shared::SHARED.read_current()) }";
    for linker in Linker::ALL {
        let place = Place::new(linker);
        let options = ["-Cprefer-dynamic", "-Clink-arg=-Wl,-Bsymbolic"];
        place.compile("dylib", "shared", library, &options).unwrap();
        for optimized in ["-Copt-level=0", "-Copt-level=3"] {
            for program in [definition, use_alone] {
                let program = format!("extern crate shared;\n{program}");
                let options = ["-Cprefer-dynamic", optimized];
                let error = place.compile("bin", "program", &program, &options);
                let error = error.unwrap_err();
                let text = match linker {
                    Linker::Lld => format!("undefined symbol: {NOT_IN_A_DYLIB}"),
                    Linker::Gnu => format!("undefined reference to `{NOT_IN_A_DYLIB}'"),
                };
                assert!(error.contains(&text), "`{text}` is missing:\n{error}");
                let (_, table) = ERRORS.split_once("# Of the linker").unwrap();
                assert!(table.contains(&text), "the guide does not list `{text}`");
            }
        }
    }
}
