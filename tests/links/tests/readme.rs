//! The texts of README.md and of the guide, in a kernel of somebody's own: it links for bare metal, and its tests run on
//! the host.

use std::{env, fs, path::PathBuf, process::Command};

use links::tools::{root, run, target_directory};

const README: &str = include_str!("../../../README.md");
const LINKING: &str = include_str!("../../../percpu-hv/guide/linking.md");

const PACKAGE: &str = r#"
[package]
name = "NAME"
version = "0.0.0"
edition = "2024"

[workspace]
"#;

const MAIN: &str = r#"
#![cfg_attr(target_os = "none", no_std, no_main)]

#[percpu_hv::def_percpu]
static EXITS: u64 = 0;

fn count() -> u64 {
    EXITS.inc_current();
    EXITS.read_current()
}

#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    start_first_cpu();
    assert!(count() == 1);
    loop {}
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(target_os = "none"))]
fn main() {
    panic!("a kernel");
}

#[test]
fn exits_are_counted() {
    percpu_hv::init_hosted(1).unwrap();
    start_cpu(0);
    assert_eq!(count(), 1);
}
"#;

/// The block of code in a page that has `text` in it.
fn block<'page>(page: &'page str, text: &str) -> &'page str {
    let blocks = page.split("```").skip(1).step_by(2);
    let mut with_text = blocks.filter(|block| block.contains(text));
    let block = with_text.next().expect("the page shows it");
    assert_eq!(with_text.next(), None, "the page shows `{text}` once");
    // The first line is the language.
    block.split_once('\n').unwrap().1
}

fn without_lines(text: &str, with: [&str; 2]) -> String {
    let [number, include] = with.map(|part| text.matches(part).count());
    assert_eq!((number, include), (1, 1), "each of {with:?} is one line");
    let lines = text.lines();
    lines
        .filter(|line| !with.iter().any(|part| line.contains(part)))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// A package of its own.
struct Kernel {
    directory: PathBuf,
}

impl Kernel {
    fn new(name: &str, build_script: &str, linker_script: &str) -> Self {
        let directory = target_directory().join("readme").join(name);
        let write = |file: &str, text: &str| {
            let path = directory.join(file);
            fs::create_dir_all(path.parent().unwrap())
                .and_then(|()| fs::write(&path, text))
                .expect("the target directory is writable");
        };
        // The version that README.md names, but from here. `{:?}` escapes as TOML does.
        let version = r#"version = "0.1""#;
        let percpu_hv = format!("{version}, path = {:?}", root().join("percpu-hv"));
        let dependencies = block(README, "[dependencies]");
        assert_eq!(dependencies.matches(version).count(), 1);
        let dependencies = dependencies.replace(version, &percpu_hv);
        // The kernels share what they build, so they have different names.
        let package = PACKAGE.replace("NAME", name);
        write("Cargo.toml", &(package + &dependencies));
        let boot = block(README, "fn start_first_cpu()");
        write("src/main.rs", &format!("{MAIN}\n{boot}"));
        write("build.rs", build_script);
        write("kernel.ld", linker_script);
        // The versions of the workspace, which are here already.
        let lock = fs::read_to_string(root().join("Cargo.lock"));
        write("Cargo.lock", &lock.expect("the workspace is built"));
        Self { directory }
    }

    /// Links it for AArch64.
    fn link(&self) {
        let script = r#"source "$1" && shift && bare_cargo "$@""#;
        let mut bash = Command::new("bash");
        bash.args(["-c", script, "links"])
            .arg(root().join("scripts/common.sh"))
            .args(["aarch64-unknown-none-softfloat", "build"])
            // These are libraries of the tests' compiler, which may be another one than the kernel's.
            .env_remove("LD_LIBRARY_PATH");
        self.succeeds(&mut bash);
    }

    fn test(&self) {
        let cargo = env::var_os("CARGO").expect("cargo sets CARGO for tests");
        let output = self.succeeds(Command::new(cargo).arg("test"));
        let line = "test exits_are_counted ... ok";
        assert!(output.lines().any(|said| said == line), "{output}");
    }

    fn succeeds(&self, command: &mut Command) -> String {
        let command = command.current_dir(&self.directory);
        let output = run(command.env("CARGO_TARGET_DIR", target_directory().join("readme/target")));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).expect("cargo and tests print UTF-8")
    }
}

/// The build script that the guide shows, with its way to insert the fragment or without.
fn build_script(inserts: bool) -> String {
    let text = block(LINKING, "// build.rs");
    if inserts {
        return text.to_owned();
    }
    without_lines(text, ["--defsym=PERCPU_CPU_NUM=8", "-Tpercpu-insert.x"])
}

/// The script of README.md as it was before percpu-hv came.
fn script_without_fragment() -> String {
    let script = block(README, "INCLUDE percpu.x");
    without_lines(script, ["PERCPU_CPU_NUM = 8;", "INCLUDE percpu.x"])
}

#[test]
fn defect_56_the_build_script_leaves_tests_on_the_host_alone() {
    let kernel = Kernel::new("inserts", &build_script(true), &script_without_fragment());
    kernel.link();
    kernel.test();
}

#[test]
fn the_linker_scripts_link() {
    for (name, page, fragment) in [
        ("readme", README, "percpu.x"),
        ("with-percpu", LINKING, "percpu.x"),
        ("with-percpu-regions", LINKING, "percpu-regions.x"),
    ] {
        let script = block(page, &format!("INCLUDE {fragment}\n"));
        Kernel::new(name, &build_script(false), script).link();
    }
}

/// The fragment is found by cargo's search path: a kernel without it does not link.
#[test]
#[should_panic(expected = "_percpu_load_start")]
fn a_linker_script_without_the_fragment_does_not_link() {
    let script = script_without_fragment();
    Kernel::new("without", &build_script(false), &script).link();
}
