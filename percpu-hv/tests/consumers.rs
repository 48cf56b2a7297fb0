//! Packages that depend on percpu-hv in other ways than its own tests do: `fixtures/`, built and run
//! by cargo as a user's own would be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

#[test]
fn defect_10_renamed_dependency_is_found() {
    passes("renamed", &["variable_works"]);
}

#[test]
fn dependency_called_percpu_is_found() {
    passes("as-percpu", &["variable_works"]);
}

#[test]
fn defect_55_a_type_of_one_context_is_told() {
    fails(
        "as-percpu",
        &["--features=not-send"],
        &[
            "error[E0277]: a per-CPU variable of kind `percpu_hv::kind::Exclusive` and type `Option<Rc<u32>>` gives safe \
             code no `&mut Option<Rc<u32>>`",
            "`with_current_unchecked` is `unsafe`",
            "1 previous error",
        ],
    );
}

#[test]
fn defect_55_with_current_of_what_is_changed_by_reference_is_told() {
    fails(
        "as-percpu",
        &["--features=by-reference"],
        &[
            "error[E0277]: a per-CPU variable of kind `percpu_hv::kind::Shared` and type `AtomicUsize` gives safe code no \
             `&mut AtomicUsize`",
            "is reached by `get(&pin)`, `get_local(&irq)` or `on(cpu)`",
            "and type `RefCell<Vec<u32>>` gives safe code no `&mut RefCell<Vec<u32>>`",
            "2 previous errors",
        ],
    );
}

#[test]
fn defect_22_no_mangle_exports_one_symbol() {
    // A second symbol per variable would collide with one that the fixture exports: it would not
    // compile.
    passes(
        "edition-2021",
        &["no_mangle_exports_the_storage", "variable_works"],
    );
}

#[test]
fn used_keeps_the_storage() {
    passes("optimized", &["used_variables_are_kept"]);
}

#[test]
fn tests_run_at_the_same_time() {
    passes(
        "parallel-tests",
        &[
            "tests::on_eight",
            "tests::an_id_is_free_in_each_test",
            "tests::an_id_is_free_in_this_test_too",
            "tests::a_test_may_panic - should panic",
            "tests::a_test_may_return_an_error",
        ],
    );
}

#[test]
fn one_cpu_is_no_tests_own() {
    let reason = "with the feature `sp-naive` there is one CPU, whose variables are plain globals";
    fails("parallel-tests", &["--features=one-cpu"], &[reason]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_register_of_the_processor_is_no_threads_own() {
    let reason = "need CPUs that are threads, which the feature `linux-gs`";
    fails("parallel-tests", &["--features=gs"], &[reason]);
}

#[test]
fn a_missing_preempt_hook_is_told_by_the_linker() {
    fails("preempt-hook", &[], &["_percpu_hv_preempt_hook_disable"]);
}

#[test]
fn two_ways_to_disable_preemption_are_an_error() {
    fails(
        "preempt-hook",
        &["--features=kernel-guard"],
        &["the features `preempt` and `preempt-hook` exclude each other; keep `preempt` if"],
    );
}

#[test]
fn defect_47_a_hook_without_unsafe_is_one_error() {
    let errors = fails(
        "preempt-hook",
        &["--features=without-unsafe"],
        &[
            "error: write `percpu_hv::preempt_hook! { unsafe { disable = f, enable = g } }`: every safe",
        ],
    );
    assert!(errors.contains("due to 1 previous error"), "{errors}");
}

/// Nothing but the fences of the hook keeps the optimizer from adding 1 and -1 at once, nor from moving
/// accesses to a variable into the section or out of it.
#[test]
fn defect_47_a_section_without_preemption_keeps_its_accesses() {
    let options = [
        "--release",
        "--features=counted",
        "--",
        "--emit=llvm-ir=counted.ll",
        "-Ccodegen-units=1",
    ];
    let output = cargo("rustc", "preempt-hook", &options);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the fixture fails:\n{errors}");
    let code = copy_of("preempt-hook", &options).join("counted.ll");
    let code = fs::read_to_string(code).unwrap();
    let (_, function) = code.split_once("@section()").unwrap();
    let (function, _) = function.split_once("\n}").unwrap();
    let accesses: Vec<_> = function
        .lines()
        .filter_map(|line| {
            let number = line.contains("DISABLED");
            let variable = line.contains("__PERCPU_EXITS");
            if line.contains(" store ") && (number || variable) {
                Some(if number { "number" } else { "write" })
            } else {
                (line.contains(" load ") && variable).then_some("read")
            }
        })
        .collect();
    assert_eq!(
        accesses,
        ["read", "number", "read", "write", "number", "write"],
        "{function}"
    );
}

/// A fixture's tests succeed.
#[track_caller]
fn passes(fixture: &str, tests: &[&str]) {
    let output = cargo("test", fixture, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{fixture} fails:\n{text}\n{errors}"
    );
    for test in tests {
        let line = format!("test {test} ... ok");
        assert!(
            text.lines().any(|l| l == line),
            "{fixture}: `{line}` is missing in:\n{text}"
        );
    }
}

/// A fixture is not built, and the errors say why, in names of the user's alone. Gives all errors.
#[track_caller]
fn fails(fixture: &str, options: &[&str], sentences: &[&str]) -> String {
    let output = cargo("test", fixture, options);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{fixture} is built");
    for sentence in sentences {
        assert!(
            errors.contains(sentence),
            "{fixture}: `{sentence}` is missing in:\n{errors}"
        );
    }
    assert!(
        !errors.contains("__priv"),
        "{fixture}: hidden names in:\n{errors}"
    );
    errors
}

/// Where the copies of fixtures, and their builds, are.
fn copies() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumers")
}

/// One copy for each test: they run at the same time.
fn copy_of(fixture: &str, options: &[&str]) -> PathBuf {
    let name = format!("{fixture}{}", options.concat());
    copies().join(name).join(fixture)
}

/// Runs `cargo test`, or `rustc`, in a copy of a fixture, where its lock file and its build may stay.
fn cargo(command: &str, fixture: &str, options: &[&str]) -> Output {
    let copy = copy_of(fixture, options);
    copy_package(fixture, &copy);
    Command::new(env::var_os("CARGO").expect("cargo sets CARGO for tests"))
        .args([command, "--lib", "--manifest-path"])
        .arg(copy.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(copies().join("target"))
        .args(options)
        .output()
        .expect("cargo starts")
}

fn copy_package(package: &str, to: &Path) {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR"));
    let from = runtime.join("tests/fixtures").join(package);
    fs::create_dir_all(to.join("src")).unwrap();
    fs::copy(from.join("src/lib.rs"), to.join("src/lib.rs")).unwrap();
    // `{:?}` escapes as TOML does.
    let manifest = fs::read_to_string(from.join("Cargo.toml"))
        .unwrap()
        .replace("\"../../..\"", &format!("{runtime:?}"));
    fs::write(to.join("Cargo.toml"), manifest).unwrap();
    // The versions of the workspace, which are here already: no network is needed.
    let lock = runtime.join("../Cargo.lock");
    if lock.exists() {
        fs::copy(lock, to.join("Cargo.lock")).unwrap();
    }
}
