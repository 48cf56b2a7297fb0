//! Each program of this package is an attempt to break memory safety in safe code, and says in its header how
//! it has to end:
//!
//! | header | the program |
//! |---|---|
//! | `Defect 31, rule 16: ...` | attacks this row of the list of defects, or this rule of docs/safety.md |
//! | `must not compile: ...` | (below `refused/`) does not compile: each line with `//~`, or above a `//~^`, is an error, and the errors have this sentence |
//! | `must panic: ...` | ends with a panic that has this sentence |
//! | `must print: ...` | ends well, having printed this line, or these lines |
//! | `must be found by Valgrind: ...` | has a planted fault, `unsafe`, that the tool reports |
//!
//! Programs run optimized. `SOUND_TOOL=Valgrind` runs them under Valgrind, and `SOUND_TOOL=ThreadSanitizer` runs those
//! with threads, which `SOUND_CARGO` compiles for it.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use cargo_metadata::{Message, camino::Utf8PathBuf};
use wait_timeout::ChildExt;

/// For a program that hangs: under a tool, beside other work, they take seconds.
const PATIENCE: Duration = Duration::from_secs(120);

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// How a program has to end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Refused(Vec<String>),
    Panics(Vec<String>),
    Prints(Vec<String>),
    Found { tool: String, report: String },
}

#[derive(Debug)]
struct Program {
    name: String,
    path: PathBuf,
    end: End,
    /// The lines that have to be errors, counted from 1.
    errors: Vec<usize>,
}

impl Program {
    fn new(path: PathBuf) -> Result<Self, String> {
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let header: Vec<_> = text
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .collect();
        let first = header.first().copied().unwrap_or_default();
        if !["Defect ", "Rule "]
            .iter()
            .any(|word| first.starts_with(word))
        {
            return Err("the header does not begin with the defect or the rule".into());
        }
        let end = end_of(&header)?;
        let numbered = (1..).zip(text.lines());
        let errors: Vec<_> = numbered
            .filter_map(|(number, line)| {
                let (_, mark) = line.split_once("//~")?;
                Some(number - usize::from(mark == "^"))
            })
            .collect();
        if matches!(end, End::Refused(_)) == errors.is_empty() {
            return Err("the lines that do not compile are marked, and no others".into());
        }
        if matches!(end, End::Found { .. }) == text.contains("#![forbid(unsafe_code)]") {
            return Err("a program forbids `unsafe_code`, unless its fault is planted".into());
        }
        Ok(Self {
            name: path.file_stem().unwrap().to_str().unwrap().into(),
            path,
            end,
            errors,
        })
    }

    fn has_threads(&self) -> bool {
        self.name.starts_with("threads_")
    }
}

/// The only end that the header names.
fn end_of(header: &[&str]) -> Result<End, String> {
    let mut ends = BTreeMap::<&str, Vec<String>>::new();
    for line in header {
        if let Some((how, what)) = line.strip_prefix("must ").and_then(|l| l.split_once(':')) {
            // A line that is printed may be empty.
            let what = what.strip_prefix(' ').unwrap_or(what).into();
            ends.entry(how).or_default().push(what);
        }
    }
    let (Some((how, what)), 1) = (ends.pop_first(), ends.len() + 1) else {
        return Err("the header has to name one end".into());
    };
    match (how, how.strip_prefix("be found by ")) {
        ("not compile", _) => Ok(End::Refused(what)),
        ("panic", _) => Ok(End::Panics(what)),
        ("print", _) => Ok(End::Prints(what)),
        (_, Some(tool)) => Ok(End::Found {
            tool: tool.into(),
            report: what.concat(),
        }),
        _ => Err(format!("`must {how}` is no end")),
    }
}

/// The programs of a directory, by name.
#[track_caller]
fn programs(directory: &str) -> Vec<Program> {
    let mut paths: Vec<_> = fs::read_dir(Path::new(PACKAGE).join(directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension() == Some(OsStr::new("rs")))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            Program::new(path.clone()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        })
        .collect()
}

/// The libraries and the executables that cargo makes.
struct Build {
    libraries: BTreeMap<String, PathBuf>,
    executables: BTreeMap<String, PathBuf>,
}

impl Build {
    /// # Panics
    ///
    /// If something does not compile, with its errors.
    #[track_caller]
    fn new(arguments: &[String]) -> Self {
        let cargo = env::var("SOUND_CARGO").unwrap_or(env!("CARGO").into());
        let output = Command::new(cargo)
            .args([
                "build",
                "--keep-going",
                "--message-format=json-render-diagnostics",
            ])
            .args(arguments)
            .current_dir(PACKAGE)
            .output()
            .unwrap();
        let mut build = Self {
            libraries: BTreeMap::new(),
            executables: BTreeMap::new(),
        };
        for message in Message::parse_stream(&output.stdout[..]) {
            if let Message::CompilerArtifact(artifact) = message.unwrap() {
                let name = artifact.target.name;
                let extension =
                    |path: &&Utf8PathBuf| matches!(path.extension(), Some("rlib" | "so"));
                if let Some(path) = artifact.executable {
                    build.executables.insert(name, path.into());
                } else if let Some(path) = artifact.filenames.iter().find(extension) {
                    build.libraries.insert(name, path.into());
                }
            }
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {arguments:?}:\n{errors}");
        build
    }
}

/// Checks all programs, as many at a time as there are CPUs.
#[track_caller]
fn check(programs: &[Program], check: impl Fn(&Program) -> Result<(), String> + Sync) {
    assert!(!programs.is_empty());
    let (queue, wrong) = (Mutex::new(programs.iter()), Mutex::new(String::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                loop {
                    let Some(program) = queue.lock().unwrap().next() else {
                        return;
                    };
                    if let Err(error) = check(program) {
                        let mut wrong = wrong.lock().unwrap();
                        *wrong += &format!("== {}: {error}\n", program.path.display());
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{wrong}");
    println!("{} programs", programs.len());
}

/// The tool that watches programs, if there is one.
fn tool() -> Option<String> {
    let tool = env::var("SOUND_TOOL").ok()?;
    assert!(["Valgrind", "ThreadSanitizer"].contains(&&*tool), "{tool}");
    Some(tool)
}

struct Finished {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// Runs an executable, behind `SOUND_RUNNER` and the tool.
fn run(name: &str, executable: &Path) -> Result<Finished, String> {
    let mut words: Vec<_> = env::var("SOUND_RUNNER")
        .iter()
        .flat_map(|runner| runner.split_whitespace())
        .map(PathBuf::from)
        .collect();
    if tool().as_deref() == Some("Valgrind") {
        words.extend(["valgrind", "--quiet", "--error-exitcode=97"].map(Into::into));
    }
    words.push(executable.into());
    // A report may be longer than a pipe.
    let file = |kind| {
        let tool = tool().unwrap_or_default();
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}{tool}.{kind}"))
    };
    let create = |kind| Stdio::from(File::create(file(kind)).unwrap());
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(create("stdout"))
        .stderr(create("stderr"))
        .spawn()
        .map_err(|error| error.to_string())?;
    let status = child.wait_timeout(PATIENCE).unwrap();
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let read = |kind| String::from_utf8_lossy(&fs::read(file(kind)).unwrap()).into_owned();
    let (stdout, stderr) = (read("stdout"), read("stderr"));
    match status {
        Some(status) => Ok(Finished {
            status,
            stdout,
            stderr,
        }),
        None => Err(format!("does not end; so far:\n{stdout}{stderr}")),
    }
}

/// Whether a program ends as its header says.
fn ends_right(program: &Program, executable: &Path) -> Result<(), String> {
    let end = run(&program.name, executable)?;
    let right = match &program.end {
        End::Prints(lines) => {
            end.status.success() && end.stdout.lines().eq(lines.iter().map(String::as_str))
        }
        End::Panics(sentences) => {
            end.status.code() == Some(101)
                && sentences
                    .iter()
                    .all(|sentence| end.stderr.contains(sentence))
        }
        End::Found { report, .. } => !end.status.success() && end.stderr.contains(report),
        End::Refused(_) => unreachable!("it compiled"),
    };
    if right {
        return Ok(());
    }
    let Finished {
        status,
        stdout,
        stderr,
    } = end;
    Err(format!(
        "it has to end like {:?}, and ends with {status} and\n{stdout}{stderr}",
        program.end
    ))
}

#[test]
fn what_compiles_ends_as_its_header_says() {
    let mut programs = programs("examples");
    assert!(programs.iter().all(|p| !matches!(p.end, End::Refused(_))));
    programs.retain(|program| match (&program.end, tool().as_deref()) {
        (End::Found { tool, .. }, with) => with == Some(tool),
        (_, Some("ThreadSanitizer")) => program.has_threads(),
        _ => true,
    });
    let mut arguments = vec!["--package=sound".to_string()];
    // ThreadSanitizer sees what the optimizer would remove.
    if tool().as_deref() != Some("ThreadSanitizer") {
        arguments.push("--release".into());
    }
    arguments.extend(
        programs
            .iter()
            .map(|program| format!("--example={}", program.name)),
    );
    let build = Build::new(&arguments);
    check(&programs, |program| {
        ends_right(program, &build.executables[&program.name])
    });
}

#[test]
fn what_must_not_compile_does_not() {
    if tool().is_some() {
        return;
    }
    let programs = programs("refused");
    let packages = ["percpu-hv", "sound-macros"].map(|name| format!("--package={name}"));
    let libraries = Build::new(&[&packages[..], &["--release".into()]].concat()).libraries;
    let library = &libraries["percpu_hv"];
    check(&programs, |program| {
        let End::Refused(sentences) = &program.end else {
            return Err("it is no program that must not compile".into());
        };
        let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.o", program.name));
        let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        // Some assertions of the library are evaluated when code is made.
        rustc.args(["--edition=2024", "--crate-type=bin", "--emit=obj"]);
        rustc.args(["-Aunused", "--diagnostic-width=200"]);
        rustc.arg("-L").arg(library.with_file_name("deps"));
        for name in ["percpu_hv", "sound_macros"] {
            let library = libraries[name].display();
            rustc.arg("--extern").arg(format!("{name}={library}"));
        }
        rustc.arg("-o").arg(&object).arg(&program.path);
        // The macro looks for the runtime's name there.
        let output = rustc.env("CARGO_MANIFEST_DIR", PACKAGE).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Err("it compiles".into());
        }
        if let Some(sentence) = sentences
            .iter()
            .find(|sentence| !errors.contains(*sentence))
        {
            return Err(format!("`{sentence}` is not in the errors:\n{errors}"));
        }
        let place = |line: &usize| format!("--> {}:{line}:", program.path.display());
        match program
            .errors
            .iter()
            .find(|line| !errors.contains(&place(line)))
        {
            Some(line) => Err(format!("line {line} is no error:\n{errors}")),
            None => Ok(()),
        }
    });
}

#[test]
fn a_header_names_one_end() {
    let end = |header: &[&str]| end_of(header).ok();
    assert_eq!(
        end(&[
            "Rule 1: x",
            "must print: 1",
            "must print:",
            "must print: a: b"
        ]),
        Some(End::Prints(vec!["1".into(), String::new(), "a: b".into()]))
    );
    assert_eq!(
        end(&["must be found by Valgrind: Invalid read"]),
        Some(End::Found {
            tool: "Valgrind".into(),
            report: "Invalid read".into()
        })
    );
    assert_eq!(end(&["Rule 1: x"]), None);
    assert_eq!(end(&["must print: 1", "must panic: x"]), None);
    assert_eq!(end(&["must sleep: 1"]), None);
}
