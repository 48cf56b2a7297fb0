#!/usr/bin/env bash
# Sets up and runs the tests; the last line counts them.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

# Stages in the order in which they begin; stage_NAME below is what each does. The others run by name only.
readonly stages=(lint unit sound compat links codegen qemu guest dropin docs package)
readonly other_stages=(quick stress)

readonly aarch64=aarch64-unknown-none-softfloat
# One row per set of features of percpu-hv; each is a mode of its own in a process. There are no exception levels, so to
# leave out the default `arm-el2` is a mode on bare metal alone.
readonly feature_sets=(
    "--features arm-el2"
    "--features non-zero-vma,preempt,compat"
    "--no-default-features --features sp-naive"
)

usage() {
    cat <<E2
usage: scripts/test.sh [--boots N] [--bless] [STAGE...]

Installs what is missing (scripts/setup.sh --tests) and runs the stages, two at a time, by default:
${stages[*]}.
Each check prints a line; its output is in target/test-logs, the consoles of QEMU in target/qemu-logs.
One that does not end within half an hour is ended, and fails.
The last line counts the checks; the status is not 0 if one failed.

  lint     formatting, clippy with warnings as errors for the host and bare metal, the minimum Rust, shell scripts, the
           rooms of CONTRIBUTING.md, and what is a dependency; a table of features and lengths at the end
  unit     unit, property and hosted tests, on this machine and as an AArch64 process, and packages that depend on percpu-hv
  sound    attempts to break memory safety in safe code: the ui tests, programs that must not compile or must end in
           a certain way, these under Valgrind and ThreadSanitizer, loom and Miri
  compat   the crates called percpu, each by itself and all in one image
  links    the linker fragment with two linkers, and images that prove it
  codegen  the instructions of every operation, against tests/golden/code and the tables of the documents; --bless
           writes these texts and tables instead
  qemu     hv-boot and its selftest on every architecture, on 1 to 8 CPUs, debug and release; a table at the end
  guest    the hypervisor of examples/hv-boot with Linux as its guest on 1, 4 and 9 CPUs, debug and release, and what it
           refuses
  dropin   published crates with percpu-hv in percpu's place: they build, boot, and pass their own tests
  docs     documentation and its examples
  package  a publication dry run
  quick    not by default: after each edit, in less than five minutes: formatting, clippy, unit and ui tests, the rooms
           of CONTRIBUTING.md, and a boot of hv-boot on each architecture
  stress   not by default: boots of hv-boot on 4 CPUs, --boots on AArch64 (200) and a quarter of it on each other
E2
}

passed=0 failed=0 skipped=0
logs=$root/target/test-logs
consoles=$root/target/qemu-logs

# How many seconds a check may take: more than the slowest one needs where other stages run beside it.
readonly usual_limit=1800

# check NAME COMMAND...: runs one check and counts it. `check_limit=SECONDS check ...` gives it another limit.
check() {
    local name=$1 log status=0 start=$SECONDS limit=${check_limit:-$usual_limit} why
    shift
    log=$logs/${name//[^A-Za-z0-9._-]/_}.log
    # A shell of its own: timeout ends it with all that it started, and bash does not go on after an error inside the
    # check, as it would behind `||`.
    # shellcheck disable=SC2016  # that shell expands it
    timeout --kill-after=10 "$limit" bash -c 'source "$1"; shift; cd -- "$root"; "$@"' check "${BASH_SOURCE[0]}" "$@" \
        >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then
        passed=$((passed + 1))
        printf 'ok    %-72s %4d s\n' "$name" $((SECONDS - start))
    else
        failed=$((failed + 1))
        why="status $status"
        # 137: it did not even heed the signal. A check may have such a status of its own, but earlier.
        ((status != 124 && status != 137 || SECONDS - start < limit)) || why="no end within $limit s"
        printf 'FAIL  %-72s %4d s, %s\n' "$name" $((SECONDS - start)) "$why"
        tail -n 40 -- "$log" | sed 's/^/      | /'
    fi
}

# skip NAME REASON
skip() {
    skipped=$((skipped + 1))
    printf 'skip  %s: %s\n' "$1" "$2"
}

# can_build TARGET NAME: whether the check can run; a skip says why not.
can_build() {
    toolchain "$1" >/dev/null || {
        skip "$2" "no toolchain here builds for $1 (PERCPU_HV_RUST=debian does)"
        return 1
    }
}

# A row per boot of the matrix: architecture, mode, CPUs, tests, time.
matrix=()

# two_by_two FUNCTION ARGUMENT...: calls the function with each argument, two at a time, each in a shell of its own,
# and counts what they checked: while one boots, another builds. cargo lets one build at a time.
two_by_two() {
    local function=$1 argument counts
    shift
    counts=$(mktemp -d)
    for argument in "$@"; do
        while (($(jobs -pr | wc -l) >= 2)); do
            wait -n || true
        done
        # shellcheck disable=SC2030  # add_counts takes them from the file
        (
            passed=0 failed=0 skipped=0 matrix=()
            "$function" "$argument"
            printf '%s\n' "$passed $failed $skipped" "${matrix[@]}" >"$counts/$argument"
        ) &
    done
    wait
    for argument in "$@"; do
        # A shell that ended early left nothing.
        add_counts "$counts/$argument" || check "$function $argument" false
    done
    rm -r "$counts"
}

# add_counts FILE: adds the counts and rows of another shell.
add_counts() {
    local counts rows
    { read -r -a counts && mapfile -t rows; } <"$1" || return
    # shellcheck disable=SC2031
    passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
    # shellcheck disable=SC2031
    matrix+=("${rows[@]}")
}

stage_lint() {
    local features rustc row target
    # shellcheck disable=SC2046  # a list of names
    two_by_two core_of $(platform_names)
    check "lint: format" cargo fmt --all --check
    for features in "${feature_sets[@]}"; do
        # shellcheck disable=SC2086  # a row is a list of arguments
        check "lint: clippy, host, $features" \
            cargo clippy --package percpu-hv --all-targets $features -- --deny warnings
    done
    for features in "${feature_sets[@]}" --no-default-features; do
        # shellcheck disable=SC2086
        check "lint: clippy, $aarch64, $features" \
            bare_cargo "$aarch64" clippy --package percpu-hv $features -- --deny warnings
    done
    check "lint: clippy, host, linux-gs" \
        cargo clippy --package percpu-hv --features linux-gs,non-zero-vma -- --deny warnings
    # At once, so that what they have in common is checked once.
    check "lint: clippy, the other packages of this machine" cargo clippy --package percpu-hv-macros --package links \
        --package golden --package bench --package init --package structure --package dropin --package conformance \
        --package loom-tests --package sound --all-targets -- --deny warnings
    for features in percpu percpu-hv,unused; do
        VARIABLES=8 check "lint: clippy, variables, $features" \
            bare_cargo "$aarch64" clippy --package variables --features "$features" -- --deny warnings
    done
    if [[ $(uname -m) == x86_64 ]]; then
        check "lint: clippy, operations in a process" \
            cargo clippy --package process --package peers --features process/linux-gs --all-targets -- --deny warnings
    else
        skip "lint: clippy, operations in a process" "this is no x86_64"
    fi
    check "lint: clippy, operations, peers and the images that count" \
        bare_cargo "$aarch64" clippy --package operations --package peers --package el2 --package exits \
        --package mapped -- --deny warnings
    for row in "${platforms[@]}"; do
        read -r _ target _ <<<"$row"
        check "lint: clippy, $target" bare_cargo "$target" clippy --package hv-boot -- --deny warnings
        check "lint: clippy, $target, non-zero-vma" \
            bare_cargo "$target" clippy --package hv-boot --features non-zero-vma -- --deny warnings
    done
    check "lint: clippy, x86_64 linked high" \
        bare_cargo x86_64-unknown-none clippy --package hv-boot --features high-half -- --deny warnings
    check "lint: clippy, $aarch64, dump" \
        bare_cargo "$aarch64" clippy --package hv-boot --features dump,dump-section -- --deny warnings
    check "lint: clippy, images" bare_cargo "$aarch64" clippy --package images --examples -- --deny warnings
    for features in preempt preempt-kernel-guard-0-1 preempt-hook; do
        check "lint: clippy, images, $features" \
            bare_cargo "$aarch64" clippy --package images --examples --features "$features" -- --deny warnings
    done
    # There no function makes values, as in the image `made`.
    check "lint: clippy, images, custom-base" \
        bare_cargo "$aarch64" clippy --package images --example custom_base --features custom-base -- --deny warnings
    for features in preempt-hook,compat dump,dump-section; do
        check "lint: clippy, host, $features" \
            cargo clippy --package percpu-hv --all-targets --features "$features" -- --deny warnings
    done
    if rustc=$(msrv_toolchain 2>"$logs/msrv"); then
        for features in "${feature_sets[@]}"; do
            # shellcheck disable=SC2086
            check "lint: Rust $msrv, $features" env RUSTC="$rustc" \
                cargo check --target-dir target/msrv/build --package percpu-hv $features
        done
    else
        skip "lint: Rust $msrv" "$(tail -n 1 "$logs/msrv")"
    fi
    if can_build x86_64-pc-windows-msvc "lint: another host"; then
        check "lint: another host" another_host
    fi
    if can_build aarch64-unknown-uefi "lint: defect 25, no std but on Linux"; then
        check "lint: defect 25, no std but on Linux" bare_cargo aarch64-unknown-uefi check --package percpu-hv
    fi
    check "lint: defect 46, riscv32 tears no scalar" torn_scalar riscv32
    check "lint: defect 46, arm tears no scalar" torn_scalar arm
    check "lint: shell scripts" shellcheck --external-sources scripts/*.sh scripts/tests/*.sh .ci/run
    check_structure
    if cargo deny --version >"$logs/deny" 2>&1; then
        check "lint: dependencies" cargo deny check licenses bans sources
    else
        skip "lint: dependencies" "no cargo-deny (cargo install --locked cargo-deny; it compiles for minutes)"
    fi
}

# The rooms of CONTRIBUTING.md, the places of features, and the lengths of architectures.
check_structure() {
    check "structure" cargo test --package structure -- --show-output
}

# What each feature and architecture is, as the check found it.
structure_tables() {
    echo
    sed -n 's/^\(feature\|arch\) /&/p' "$logs/structure.log"
}

# core_of ARCHITECTURE: Debian's Rust compiles core for it, on one thread.
core_of() {
    local target
    read -r _ target _ <<<"$(platform "$1")"
    [[ $(toolchain "$target") != debian ]] || check "lint: core, $target" debian_rust "$target"
}

# On macOS and Windows the library builds, and a variable is one error that says what runs where. Windows stands for both:
# the library's code asks only whether a process is one of Linux, and its build script for Unix, as Linux is, or Windows.
another_host() {
    local crate=target/other-host target=x86_64-pc-windows-msvc
    mkdir -p "$crate/src"
    cat >"$crate/Cargo.toml" <<E2
[package]
name = "other-host"
edition = "2024"
[features]
variable = []
naive = ["percpu-hv/sp-naive"]
[dependencies]
percpu-hv = { path = "../../percpu-hv" }
[workspace]
E2
    echo '#[cfg(feature = "variable")] #[percpu_hv::def_percpu] static X: u32 = 1;' >"$crate/src/lib.rs"
    host_check "$crate" "$target"
    host_check "$crate" "$target" --features variable,naive
    if host_check "$crate" "$target" --features variable 2>"$crate/errors"; then
        echo "$target: a variable compiles"
        return 1
    fi
    cat "$crate/errors"
    grep -q '^error: percpu-hv runs on bare metal and, for tests, on Linux' "$crate/errors"
    [[ $(grep -c '^error' "$crate/errors") == 2 ]] # the other one counts them
}

# torn_scalar ARCHITECTURE: where 64 bits may be read in two steps, a type of 64 bits of which not all bits are a value is
# no value, no part and not made at run time, each in one error. An integer is all three, and so is a newtype of one; any
# type is exclusive by an option.
torn_scalar() {
    local crate=target/torn target item
    read -r _ target _ <<<"$(platform "$1")"
    mkdir -p "$crate/src"
    cat >"$crate/Cargo.toml" <<E2
[package]
name = "torn"
edition = "2024"
[dependencies]
percpu-hv = { path = "../../percpu-hv", default-features = false }
[workspace]
E2
    for item in \
        "#[def_percpu(exclusive)] pub static WORLD: World = World::Host;" \
        "#[def_percpu] pub static WORLD: World = World::Host;" \
        "#[def_percpu] pub static HIDDEN: Hidden = Hidden(0);" \
        "pub mod named { use super::*; type u64 = World; #[def_percpu] pub static WORLD: self::u64 = World::Host; }" \
        "#[def_percpu(elements)] pub static PARTS: [World; 2] = [World::Host; 2];
         pub fn part(i: usize) -> World { PARTS.at(i).read_current() }" \
        "#[def_percpu(elements)] pub static PARTS: [Hidden; 2] = [Hidden(0); 2];
         pub fn part(i: usize, to: Hidden) { PARTS.at(i).write_current(to); }" \
        "pub fn make() { drop(DynPerCpu::<Hidden>::new(Hidden(0))); }"; do
        cat >"$crate/src/lib.rs" <<E2
#![no_std]
use percpu_hv::{Bits, DynPerCpu, Integer, Scalar, def_percpu};
#[derive(Clone, Copy, Scalar)]
#[repr(u64)]
pub enum World { Host = 1, Guest = !1 }
#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
pub struct Hidden(u64);
#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
pub struct Public(pub u64);
#[derive(Clone, Copy, Scalar)]
#[repr(transparent)]
pub struct Ticks(u64);
unsafe impl Bits for Ticks {}
unsafe impl Integer for Ticks {}
#[def_percpu]
pub static WORD: u64 = 0;
#[def_percpu]
pub static PUBLIC: Public = Public(0);
#[def_percpu]
pub static TICKS: Ticks = Ticks(0);
#[def_percpu(elements)]
pub static OF_PUBLIC: [Public; 2] = [Public(0); 2];
#[def_percpu(elements)]
pub static OF_TICKS: [Ticks; 2] = [Ticks(0); 2];
pub fn uses(i: usize, to: Public) -> Ticks {
    OF_PUBLIC.at(i).write_current(to);
    OF_TICKS.at(i).read_current()
}
pub fn made() {
    drop(DynPerCpu::<Public>::new(Public(0)));
    drop(DynPerCpu::<Ticks>::new(Ticks(0)));
}
$item
E2
        # A build, since a part is checked where it is accessed.
        if bare_cargo "$target" build --quiet --manifest-path "$crate/Cargo.toml" 2>"$crate/errors"; then
            [[ $item == *exclusive* ]] || { echo "$target: what can be torn compiles: $item"; return 1; }
        else
            cat "$crate/errors"
            [[ $item != *exclusive* ]]
            grep -q 'this target may read 64 bits in two steps' "$crate/errors"
            [[ $(grep -c '^error' "$crate/errors") == 2 ]] # the other one counts them
        fi
    done
}

# host_check CRATE TARGET ARGUMENT...: cargo check for a host that is not this one.
host_check() {
    local crate=$1 target=$2
    shift 2
    BUILD_STD=std bare_cargo "$target" check --quiet --manifest-path "$crate/Cargo.toml" \
        --target-dir target/other-host/build "$@"
}

stage_unit() {
    local features script
    for features in "${feature_sets[@]}"; do
        # shellcheck disable=SC2086
        check "unit: host, $features" \
            cargo test --package percpu-hv --lib --test hosted --test lifecycle --test machines --test naive \
            --test anywhere --test arrival --test online --test before_init --test typed_init --test hosted_alignment \
            --test hosted_without_variables $features
    done
    check "unit: host, release" optimized
    check "unit: consumers" cargo test --package percpu-hv --test consumers
    check "unit: conformance, in a process" cargo test --package conformance
    if [[ $(uname -m) == x86_64 ]]; then
        # Optimized, so that the compiler holds values in the registers of a system call.
        check "unit: conformance, in a process with GS_BASE" \
            cargo test --package conformance --features linux-gs --test linux_gs --release
    else
        skip "unit: conformance, in a process with GS_BASE" "this is no x86_64"
    fi
    for features in dump dump,sp-naive; do
        check "unit: the list of all variables, $features" \
            cargo test --package percpu-hv --test dumps --features "$features"
    done
    check "unit: the list of all variables, in the file" \
        cargo test --package percpu-hv --test dump_section --features dump-section
    check "unit: the list of all variables, documentation" cargo test --package percpu-hv --doc --features dump dump
    check "unit: a preemption hook" cargo test --package percpu-hv --test preempt_hook --features preempt-hook,compat
    check "unit: a preemption hook, documentation" \
        cargo test --package percpu-hv --doc --features preempt-hook preempt_hook
    check "unit: macros" cargo test --package percpu-hv-macros --lib
    if can_build aarch64-unknown-linux-gnu "unit: hosted mode on AArch64"; then
        check "unit: hosted mode on AArch64" hosted_on_aarch64
    fi
    for script in "$root"/scripts/tests/*.sh; do
        check "unit: ${script##*/}" "$script"
    done
}

# What the tests need stays unoptimized, to build soon.
optimized() {
    cargo test --release --config 'profile.release.package."*".opt-level=0' --package percpu-hv \
        --test hosted --test hosted_alignment "$@"
}

hosted_on_aarch64() {
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    BUILD_STD=std bare_cargo aarch64-unknown-linux-gnu test --package percpu-hv --lib --test hosted
}

stage_sound() {
    # Those that must not compile are no targets of cargo.
    check "sound: format" rustfmt --check --edition 2024 tests/sound/refused/*.rs
    check "sound: the macro" cargo test --package percpu-hv --test ui
    check "sound: programs" cargo test --package sound --test programs
    if command -v valgrind >"$logs/valgrind"; then
        check "sound: programs, Valgrind" env SOUND_TOOL=Valgrind cargo test --package sound --test programs
    else
        skip "sound: programs, Valgrind" "no Valgrind"
    fi
    check "sound: loom" cargo test --package loom-tests
    sound_thread_sanitizer
    sound_miri
}

sound_thread_sanitizer() {
    local cargo
    if cargo=$(thread_sanitizer 2>"$logs/thread-sanitizer"); then
        check "sound: hosted, ThreadSanitizer" "$cargo" test --package percpu-hv --test hosted \
            --test lifecycle --test machines --test online
        check "sound: programs, ThreadSanitizer" \
            env SOUND_TOOL=ThreadSanitizer SOUND_CARGO="$cargo" SOUND_RUNNER="$(fixed_addresses)" \
            cargo test --package sound --test programs
    else
        skip "sound: ThreadSanitizer" "$(tail -n 1 "$logs/thread-sanitizer")"
    fi
}

# thread_sanitizer: writes a cargo that compiles for ThreadSanitizer, and prints its path; fails, with the reason on
# standard error, where there is none. The standard library is compiled too: ThreadSanitizer does not see that a
# mutex or the end of a thread orders what it was not compiled for, and reports races that are none.
thread_sanitizer() {
    local place=$root/target/thread-sanitizer host flags=-Zsanitizer=thread tsan compiler
    mkdir -p "$place"
    host=$(rustc -vV | sed -n 's/^host: //p')
    if [[ -e $(rustc --print sysroot)/lib/rustlib/src/rust/library/std/src/lib.rs ]] &&
        compgen -G "$(rustc --print target-libdir)/librustc-*_rt.tsan.a" >/dev/null; then
        # shellcheck disable=SC2016  # for the script below
        compiler='exec cargo "$@"'
    elif [[ $(rust_choice) != rustup ]] && debian_can_build; then
        # This compiler comes without the runtime, which gcc has.
        tsan=$(cc -print-file-name=libtsan.so)
        if [[ ! -e $tsan ]]; then
            echo "Debian's Rust needs the libtsan of gcc (apt-get install libgcc-$(cc -dumpversion)-dev)" >&2
            return 1
        fi
        cc -O2 -fPIC -fno-builtin -c -o "$place/memory.o" "$root/tests/sound/tsan-memory.c" || return
        # Before libc, in which it looks for what it intercepts.
        for tsan in "$place/memory.o" -Wl,--push-state,--no-as-needed -ltsan -Wl,--pop-state; do
            flags+=" -Zpre-link-arg=$tsan"
        done
        flags+=" -Zexternal-clangrt"
        # shellcheck disable=SC2016  # for the script below
        compiler='PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc
export PATH RUSTC RUSTDOC
exec /usr/bin/cargo "$@"'
    else
        echo "no Rust here has the library's source and ThreadSanitizer (rustup component add rust-src)" >&2
        return 1
    fi
    cat >"$place/cargo" <<E2
#!/bin/sh
# The libraries of the compiler that calls this one.
unset LD_LIBRARY_PATH
export RUSTC_BOOTSTRAP=1 RUSTFLAGS='$flags' CARGO_UNSTABLE_BUILD_STD=std,panic_unwind CARGO_BUILD_TARGET=$host
export CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUNNER='$(fixed_addresses)'
$compiler
E2
    chmod +x "$place/cargo"
    printf '%s\n' "$place/cargo"
}

# fixed_addresses: prints what runs a program that ThreadSanitizer watches: a kernel may place memory where the runtime
# does not expect it, and a container may forbid to change that.
fixed_addresses() {
    local command
    command="setarch $(uname -m) --addr-no-randomize"
    # shellcheck disable=SC2086  # a command and its options
    ! $command true 2>/dev/null || echo "$command"
}

# with_miri: prints the cargo that has Miri; fails if none has.
with_miri() {
    if cargo miri --version >/dev/null 2>&1; then
        echo cargo
    elif rustup toolchain list 2>/dev/null | grep -q '^nightly' && cargo +nightly miri --version >/dev/null 2>&1; then
        echo cargo +nightly
    else
        return 1
    fi
}

sound_miri() {
    local cargo
    if cargo=$(with_miri); then
        # shellcheck disable=SC2086  # a command and its toolchain
        check "sound: Miri" under_miri $cargo
    else
        skip "sound: Miri" "no Miri"
    fi
}

# under_miri CARGO...: Miri has no linker, hence no section: variables are plain globals there.
under_miri() {
    MIRIFLAGS="-Zmiri-permissive-provenance -Zmiri-disable-isolation" \
        "$@" miri test --package percpu-hv --test hosted --test naive --features sp-naive
    MIRIFLAGS="-Zmiri-permissive-provenance" "$@" miri test --package percpu-hv --lib
}

# One row per line of percpu: the sets of features that its crate is tested with. With `non-zero-vma` a process is
# a kernel that needs a linker script: the consumer has one.
readonly compat_lines=(
    "0.1 none preempt,arm-el2 sp-naive,preempt"
    "0.2 none preempt,arm-el2 sp-naive,preempt custom-base custom-base,preempt custom-base,sp-naive"
    "0.3 none preempt,arm-el2 sp-naive,preempt"
    "0.4 none preempt,arm-el2 sp-naive,preempt custom-base custom-base,preempt custom-base,sp-naive"
)

stage_compat() {
    local row line features
    for row in "${compat_lines[@]}"; do
        line=${row%% *}
        for features in ${row#* }; do
            check "compat: percpu $line, $features" compat_crate "percpu-$line" "${features#none}"
        done
    done
    for features in none preempt sp-naive; do
        check "compat: all lines in one image, $features" compat_crate consumer "${features#none}"
    done
    if [[ $(uname -m) == x86_64 ]]; then
        check "compat: all lines in one image, non-zero-vma" consumer_like_a_kernel
    else
        skip "compat: all lines in one image, non-zero-vma" "this is no x86_64"
    fi
}

# compat_crate DIRECTORY FEATURES: format, clippy for the host and bare metal, and tests of one of the crates.
compat_crate() {
    local target
    target=$(target_directory)
    cd "compat/$1"
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features "$2" --target-dir "$target" -- --deny warnings
    if [[ $1 != consumer ]]; then
        bare_cargo "$aarch64" clippy --features "$2" --target-dir "$target" -- --deny warnings
    fi
    cargo test --workspace --features "$2" --target-dir "$target"
}

consumer_like_a_kernel() {
    local target
    target=$(target_directory)
    cd compat/consumer
    cargo clippy --all-targets --features non-zero-vma --target-dir "$target" -- --deny warnings
    cargo test --tests --features non-zero-vma --target-dir "$target"
    # Optimized, and with the guard of both versions of kernel_guard.
    cargo test --tests --release --features non-zero-vma,preempt --target-dir "$target"
}

stage_links() {
    check "links" cargo test --package links
}

stage_codegen() {
    # What QEMU executes at EL2 is the same each time. What OSTD is compiled to takes minutes, and changes with its version
    # and the compiler alone.
    local what=(check executed exits) blessed found
    [[ -z ${GOLDEN_BLESS:-} ]] || what=(measure executed exits ostd)
    # Another compiler may choose other instructions.
    blessed=$(<"$root/tests/golden/code/compiler")
    found=$(bare_rustc_version "$aarch64")
    if [[ ${what[0]} == check && ${found%.*} != "$blessed" ]]; then
        skip "codegen" "the texts are those of Rust $blessed, and bare metal has Rust ${found:-of no version} here"
        return
    fi
    check "codegen: the instructions of every operation" cargo test --package golden --package bench
    check "codegen: the tables of README.md and bench/results.md, and the targets" \
        cargo run --quiet --package bench -- "${what[@]}"
}

# boot ARCHITECTURE MODE CPUS SENTENCES ARGUMENT...: a boot that ends well and says the sentences, one a line.
boot() {
    local arch=$1 mode=$2 smp=$3 sentences=$4 name=$1-$2-$3 start=$SECONDS before=$failed tests
    shift 4
    name=${name//[^A-Za-z0-9._-]/_}
    # Other stages run beside it.
    check "qemu: $arch, $mode, $smp CPUs" \
        boot_and_find "$consoles/$name.log" "$sentences" --arch "$arch" --smp "$smp" --timeout 180 "$@"
    tests=$(sed -n 's/\r$//; s/^\([0-9]* passed, [0-9]* failed\)$/\1/p' "$consoles/$name.log")
    ((failed == before)) || tests=FAILED
    matrix+=("$(printf '%-12s %-48s %4d  %-20s %4d s' "$arch" "$mode" "$smp" "${tests:-boots}" $((SECONDS - start)))")
}

boot_and_find() {
    local console=$1 sentences=$2 sentence
    shift 2
    scripts/qemu-virt.sh "$@" 2>&1 | tee "$console" || return
    while read -r sentence; do
        grep -qF -- "$sentence" "$console" || return
    done <<<"$sentences"
}

# refused ARCHITECTURE BIN SENTENCES ARGUMENT...: a boot that ends with a failing status, and says the sentences, one a line.
refused() {
    local console=$consoles/$1-$2.log sentence status=0
    scripts/qemu-virt.sh --arch "$1" --bin "$2" "${@:4}" 2>&1 | tee "$console" || status=$?
    ((status != 0 && status != 124)) || return
    while read -r sentence; do
        grep -F -- "$sentence" "$console" || return
    done <<<"$3"
}

# What a suite says if nothing failed.
readonly none=', 0 failed'

stage_qemu() {
    local arch smp interrupts=(--bin selftest-interrupts --one-insn-per-tb)
    # shellcheck disable=SC2046  # a list of names
    two_by_two boots_of $(platform_names)
    # Optimized: with one instruction per block, debug builds take half a minute.
    for arch in $(platform_names); do
        boot "$arch" "interrupts" 4 "$none" "${interrupts[@]}"
    done
    # From here on the suites have two CPUs: on four they take several times as long, and show of a mode nothing more.
    boot aarch64 "interrupts, EL1" 2 "$none" "${interrupts[@]}" --level el1
    check "qemu: aarch64, an overflow out of an area" refused aarch64 faults-on-overflow \
        "4 CPUs write where they may: ok"$'\n'"data abort in the gap behind the area of CPU 1"
    # EL2 with host extensions.
    boot aarch64 "interrupts, E2H=1" 2 "$none" "${interrupts[@]}" --cpu max --features vhe
    boot arm "interrupts, Hyp" 2 "$none" "${interrupts[@]}" --level hyp
    # x2APIC instead of xAPIC.
    boot x86_64 "interrupts, max" 2 "$none" "${interrupts[@]}" --cpu max
    # boots_of has four CPUs.
    for smp in 1 2 8; do
        boot aarch64 "hv-boot, cortex-a72" "$smp" "hv-boot: $smp CPUs at EL2, ok"
    done
    boot aarch64 "hv-boot, max" 4 "hv-boot: 4 CPUs at EL2, ok" --cpu max
    # Host extensions, and non-maskable interrupts.
    boot aarch64 "selftest, max" 2 "$none"$'\n'"(EL2, E2H=1, TGE=1: "$'\n'"(an NMI: " --bin selftest --cpu max
    boot aarch64 "selftest, EL1" 2 "$none" --bin selftest --level el1
    boot aarch64 "selftest, EL1, non-zero-vma" 2 "$none" --bin selftest --level el1 --features non-zero-vma
    boot arm "selftest, Hyp" 2 "$none"$'\n'"(Hyp mode: " --bin selftest --level hyp
    boot arm "selftest, Hyp, non-zero-vma" 2 "$none" --bin selftest --level hyp --features non-zero-vma
    # wrgsbase instead of wrmsr.
    boot x86_64 "selftest, max" 2 "$none" --bin selftest --cpu max
    linked_high "$none"
    boot aarch64 "selftest, E2H=1" 2 "$none" --bin selftest --cpu max --features vhe
    boot aarch64 "hv-boot, dump" 4 "image::EXITS: usize: value, 8 bytes at"$'\n'"cpu 3: <exclusive>" --features dump
    boot aarch64 "hv-boot" 64 "hv-boot: 64 CPUs at EL2, ok"
    boot aarch64 "hv-boot" 256 "hv-boot: 256 CPUs at EL2, ok"
    for profile in debug release; do
        boot aarch64 "a core that comes and goes, $profile" 4 "hv-boot: a core came and went 1000 times" \
            --bin selftest-hotplug "--$profile"
    done
    boot aarch64 "hv-boot, given memory" 512 "hv-boot: 512 CPUs at EL2, ok" --bin hv-boot-given-memory
    modules
    check "qemu: cargo run" cargo_run
    check "qemu: aarch64, the wrong exception level is refused" wrong_level
    check "qemu: aarch64, an image for EL1 at EL2" el1_image_at_el2
}

# A module with per-CPU variables, which is loaded at run time; and files that are no modules. The module itself is
# optimized in each profile, so the other profile and the other mode boot at once.
modules() {
    local said="a module with per-CPU variables ran on 4 CPUs, twice, ok"
    check "qemu: aarch64, a module that is loaded twice" \
        boot_and_find "$consoles/aarch64-module.log" "$said" --bin module
    boot aarch64 "a module, debug, non-zero-vma" 4 "$said" --bin module --debug --timeout 300 --features non-zero-vma
    # The module is within the short reach, or refused.
    boot aarch64 "a module, a small template" 4 "$said" --bin module --features small-template
    boot aarch64 "a module, a small template, non-zero-vma" 4 "$said" --bin module --features small-template,non-zero-vma
    boot aarch64 "a module, EL1" 4 "$said" --bin module --level el1
    boot aarch64 "a module, E2H=1" 4 "$said" --bin module --cpu max --features vhe
    check "qemu: aarch64, no module" refused aarch64 module "no module: the device tree names no initrd" --initrd none
    check "qemu: aarch64, a file that is no module" \
        refused aarch64 module "the module is no whole ELF file" --initrd README.md
    check "qemu: aarch64, a program instead of a module" \
        refused aarch64 module "the module is no relocatable object" \
        --initrd "$(target_directory)/$aarch64/release/module"
}

# guests_of ARCHITECTURE: what the selftest says of guests there.
guests_of() {
    case $1 in
        aarch64) echo "(EL2, E2H=0: " ;;
        riscv*) echo "(HS-mode: " ;;
        x86_64) echo "(SVM: " ;;
        *) echo "no guests here" ;;
    esac
}

# selftest ARCHITECTURE BIN PROFILE FEATURES CPUS SENTENCES: one of these suites. FEATURES may be `default`, which is a
# small template, and begin with `no-small-template`.
selftest() {
    local features=() list=$4
    if [[ $list == no-small-template* ]]; then
        features=(--no-small-template)
        list=${list#no-small-template}
        list=${list#,}
    fi
    [[ ${list:-default} == default ]] || features+=(--features "$list")
    boot "$1" "$2, $3, $4" "$5" "$6" --bin "$2" "--$3" "${features[@]}"
}

# boots_of ARCHITECTURE: the rows that every architecture has. Defect 26: none of percpu's tests runs on one.
#
# The mode decides which instructions an operation has, and the profile what the compiler makes of the code around
# them: so each profile boots in each mode. The number of CPUs changes neither, it only says how many meet: so each
# number boots once, and eight in optimized code, where they meet most often. The list of all variables is in a row of
# a mode where symbols are no addresses; it adds tests and removes none. The short forms of a small template boot in both
# modes in optimized code, and in debug builds with `hv-boot`. Memory of the firmware boots once in each profile: in a
# debug image that is there already, and in optimized code without short forms, on the four CPUs with which the suite
# makes the most variables.
boots_of() {
    local arch=$1 row profile features smp said
    for row in "debug no-small-template,dump,dump-section 2" "debug no-small-template,non-zero-vma 4" "release default 8" \
        "release non-zero-vma 1"; do
        read -r profile features smp <<<"$row"
        said=$none$'\n'$(guests_of "$arch")
        [[ $features != *dump* ]] || said+=$'\n'"test the copies of all CPUs are printed ... ok"
        selftest "$arch" selftest "$profile" "$features" "$smp" "$said"
    done
    for row in "debug no-small-template,non-zero-vma" "release no-small-template"; do
        read -r profile features <<<"$row"
        selftest "$arch" selftest-given-memory "$profile" "$features" 4 "$none"
    done
    # With one CPU the variables are plain globals, which the optimizer sees through.
    selftest "$arch" selftest release sp-naive 1 "$none"$'\n'"$(guests_of "$arch")"
    for profile in debug release; do
        boot "$arch" "hv-boot, $profile" 4 "hv-boot: 4 CPUs at" "--$profile"
    done
    boot "$arch" "hv-boot, given memory, release" 4 "hv-boot: 4 CPUs at" --bin hv-boot-given-memory
    check "qemu: $arch, access before init" \
        refused "$arch" panics-before-init "there are no per-CPU areas yet"
    check "qemu: $arch, a guard before the register" \
        refused "$arch" panics-without-register \
        "which is no area; call \`percpu_hv::init_percpu_reg"$'\n'"examples/hv-boot/src/bin/panics/without-register.rs" --debug
    check "qemu: $arch, a nested borrow" \
        refused "$arch" panics-on-nested-borrow "the per-CPU variable \`EXITS\` is borrowed on this CPU already" --debug
    check "qemu: $arch, an area overwritten" \
        refused "$arch" panics-on-overwritten-area "is overwritten: it holds the id of CPU" --debug
    check "qemu: $arch, the area of another CPU" \
        refused "$arch" panics-on-anothers-area "belongs to another CPU already; give each CPU an id of its own"
    check "qemu: $arch, one id for all CPUs" \
        refused "$arch" panics-on-one-id-for-all "belongs to another CPU already; give each CPU an id of its own"
    check "qemu: $arch, a CPU id out of range" refused "$arch" panics-on-wrong-id "is out of range"
}

# linked_high SENTENCE: x86_64 kernels that are linked where kernels have an address space to themselves. Each place
# boots in each mode and each profile, and each mode in each profile.
linked_high() {
    local row profile features address
    for row in "debug high-half 0xffff8000" "release high-half,non-zero-vma 0xffff8000" \
        "release top-2-gib 0xffffffff8" "debug top-2-gib,non-zero-vma 0xffffffff8"; do
        read -r profile features address <<<"$row"
        selftest x86_64 selftest "$profile" "$features" 2 "$1"$'\n'"code at $address"
    done
}

# `cargo run` in examples/hv-boot: its runner boots the image that was built, and passes arguments on.
cargo_run() {
    cd examples/hv-boot
    runs_there "$aarch64" "hv-boot: 2 CPUs at EL2, ok" run -- --smp 2
    runs_there x86_64-unknown-none "$none" run --release --target x86_64-unknown-none --bin selftest
}

# runs_there TARGET SENTENCE ARGUMENT...: what cargo runs, with the toolchain for that target, says the sentence.
runs_there() {
    local target=$1 sentence=$2 cargo=(cargo)
    shift 2
    [[ $(toolchain "$target") == active ]] || cargo=(debian_cargo "$(debian_rust "$target")")
    "${cargo[@]}" "$@" 2>&1 | tee "$consoles/cargo-run-$target.log"
    grep -qF -- "$sentence" "$consoles/cargo-run-$target.log"
}

# An image for EL2 on a machine that starts at EL1.
wrong_level() {
    local status=0
    scripts/qemu-virt.sh --bin hv-boot --smp 1
    timeout 60 qemu-system-aarch64 -M virt,gic-version=3 -cpu cortex-a72 -m 256M -nographic -nic none -semihosting \
        -kernel "$(target_directory)/$aarch64/release/hv-boot" 2>&1 | tee "$consoles/wrong_level.log" || status=$?
    ((status != 0 && status != 124))
    grep -F EL1 "$consoles/wrong_level.log"
}

# An image for EL1, which percpu-hv stops where a guest would own its register. That it runs at EL1 is shown first.
el1_image_at_el2() {
    local image
    image=$(target_directory)/$aarch64/release/hv-boot
    scripts/qemu-virt.sh --bin hv-boot --level el1 --smp 1
    refused aarch64 hv-boot "percpu-hv is built for EL1 but runs at EL2, where a guest owns TPIDR_EL1" \
        --image "$image" --smp 1
}

stage_guest() {
    local smp status=0 linux="hv-boot: Linux ran on"
    scripts/setup.sh --guest 2>&1 | tee "$logs/guest" || status=$?
    if ((status == no_guest)); then
        skip "guest" "$(tail -n 1 "$logs/guest")"
        return
    fi
    # Each CPU model boots once, and each profile: what the selftest shows of these two together is the same with a guest.
    boot aarch64 "Linux on cortex-a72, release" 4 "$linux 4 CPUs at EL1" --bin linux
    boot aarch64 "Linux on max, E2H=0, debug" 4 "E2H=0"$'\n'"$linux 4 CPUs at EL1" --bin linux --debug --cpu max
    boot aarch64 "Linux on max, E2H=1, debug" 4 "E2H=1"$'\n'"$linux 4 CPUs at EL1" \
        --bin linux --debug --cpu max --features vhe
    boot aarch64 "Linux, non-zero-vma" 4 "$linux 4 CPUs at EL1" --bin linux --features non-zero-vma
    for smp in 1 9; do
        boot aarch64 "Linux" "$smp" "$linux $smp CPUs at EL1" --bin linux
    done
    check "guest: what Linux may not touch" refusals
    check "guest: no arm64 Image" refused aarch64 linux "no kernel: there is no arm64 Image" --kernel README.md
    check "guest: too little memory" refused aarch64 linux "too little memory: it ends at 0x50000000" --memory 256
    check "guest: no initrd" refused aarch64 linux "no initrd: the device tree names none" --initrd none
    check "guest: Linux ends otherwise" refused aarch64 linux "hv-boot: Linux asked for a reset" --initrd README.md
    check "guest: an image for EL1" \
        refused aarch64 linux "a guest needs EL2 below it, and this image runs at EL1" --level el1
    check "guest: an image for EL2 at EL1" guest_at_el1
    check "guest: a device tree with fewer CPUs" fewer_cpus
    check "guest: no host extensions" \
        refused aarch64 linux "this image runs at EL2 of a CPU with host extensions" --features vhe
}

# What the hypervisor says about each place that the guest's program writes to.
refusals() {
    local console=$consoles/aarch64-Linux_on_cortex-a72__release-4.log place
    for place in "the hypervisor's memory" "the per-CPU area of cpu 0" "a device that it was not given"; do
        grep -E "^hv-boot: cpu [0-3]: Linux may not write to 0x[0-9a-f]+: $place" "$console" || return
    done
}

# An image for EL2 on a machine that starts at EL1.
guest_at_el1() {
    scripts/qemu-virt.sh --bin linux --smp 1
    refused aarch64 linux "started at EL1, but this image runs at EL2" --level el1 \
        --image "$(target_directory)/$aarch64/release/linux"
}

# The device tree of a machine with 4 CPUs for one with 9.
fewer_cpus() {
    local tree=$logs/4-cpus.dtb
    qemu-system-aarch64 -M "virt,virtualization=on,gic-version=3,dumpdtb=$tree" -cpu cortex-a72 -smp 4 -m 512 -nic none \
        -display none
    refused aarch64 linux "the machine has 9 cores, but the device tree names 4" --smp 9 --dtb "$tree"
}

stage_quick() {
    local row target
    # shellcheck disable=SC2046  # a list of names
    two_by_two core_of $(platform_names)
    check "quick: format" cargo fmt --all --check
    check_structure
    check "quick: clippy, host" \
        cargo clippy --package percpu-hv --package percpu-hv-macros --all-targets -- --deny warnings
    for row in "${platforms[@]}"; do
        read -r _ target _ <<<"$row"
        check "quick: clippy, $target" bare_cargo "$target" clippy --package hv-boot -- --deny warnings
    done
    check "quick: unit" cargo test --package percpu-hv --lib --test hosted --test lifecycle --test machines \
        --test anywhere --test arrival --test online
    check "quick: unit, macros" cargo test --package percpu-hv-macros --lib
    check "quick: ui" cargo test --package percpu-hv --test ui
    # shellcheck disable=SC2046
    two_by_two quick_boot $(platform_names)
}

quick_boot() {
    boot "$1" "hv-boot" 4 "hv-boot: 4 CPUs at"
}

stage_stress() {
    local arch count
    for arch in $(platform_names); do
        count=$boots
        [[ $arch == aarch64 ]] || count=$(((boots + 3) / 4))
        # A boot ends within a minute, or is ended.
        check_limit=$((usual_limit + 70 * count)) check "stress: $arch, $count boots on 4 CPUs" stress "$arch" "$count"
        tail -n 1 "$logs/stress__${arch}__${count}_boots_on_4_CPUs.log"
    done
}

stress() {
    local arch=$1 count=$2 good=0 boot
    for ((boot = 0; boot < count; boot++)); do
        if boot_and_find "$consoles/stress-$arch.log" "hv-boot: 4 CPUs at" --arch "$arch" --smp 4; then
            good=$((good + 1))
        else
            cp "$consoles/stress-$arch.log" "$consoles/stress-$arch-$boot.log"
        fi
    done
    echo "$arch: $good of $count boots passed"
    ((good == count))
}

stage_dropin() {
    local tests reason
    # The packages that the workspace does not see.
    check "dropin: format" find tests/dropin/packages tests/dropin/guide -name '*.rs' \
        -exec rustfmt --check --edition 2024 {} +
    for tests in swap builds runs upstream migration; do
        check "dropin: $tests" cargo test --package dropin --test "$tests" -- --nocapture
        while IFS= read -r reason; do
            skip "dropin" "$reason"
        done < <(sed -n 's/^.*skip: //p' "$logs/dropin__$tests.log" | sort -u)
    done
    check "dropin: the guide's code" cargo test --doc --package dropin
}

stage_docs() {
    check "docs: host" env RUSTDOCFLAGS="--deny warnings" cargo doc --no-deps --package percpu-hv --package percpu-hv-macros
    check "docs: $aarch64" bare_docs
    check "docs: examples" cargo test --doc --package percpu-hv --package percpu-hv-macros
}

bare_docs() {
    RUSTDOCFLAGS="--deny warnings" bare_cargo "$aarch64" doc --no-deps --package percpu-hv
}

stage_package() {
    # --allow-dirty: what is tested is what is here.
    check "package: dry run" cargo publish --dry-run --allow-dirty --no-verify \
        --package percpu-hv-macros --package percpu-hv
    check "package: contents" packaged_files
}

packaged_files() {
    local file files
    files=$(cargo package --list --allow-dirty --package percpu-hv)
    for file in LICENSE README.md build.rs percpu.x guide/overview.md src/arch/aarch64.rs; do
        grep -qxF -- "$file" <<<"$files" || { echo "$file is not in the package"; return 1; }
    done
}

run_stage() {
    "stage_$1"
}

main() {
    local known=" ${stages[*]} ${other_stages[*]} " chosen=()
    boots=200
    while (($#)); do
        case $1 in
            --help | -h)
                usage
                return
                ;;
            --bless) export GOLDEN_BLESS=yes ;;
            --boots)
                [[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || die_usage "--boots needs a number"
                boots=$2
                shift
                ;;
            *)
                [[ $known == *" $1 "* ]] ||
                    die_usage "unknown stage '$1'; the stages are: ${stages[*]} ${other_stages[*]}"
                chosen+=("$1")
                ;;
        esac
        shift
    done
    ((${#chosen[@]})) || chosen=("${stages[@]}")

    "$root/scripts/setup.sh" --tests
    mkdir -p "$logs" "$consoles"
    # What is built here is not edited, and nobody debugs it.
    export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
    two_by_two run_stage "${chosen[@]}"
    if ((${#matrix[@]})); then
        printf '\n%-12s %-48s %4s  %-20s %6s\n' architecture mode CPUs tests time
        printf '%s\n' "${matrix[@]}"
    fi
    [[ ! " ${chosen[*]} " =~ \ (lint|quick)\  ]] || structure_tables
    echo
    if ((skipped)); then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    ((failed == 0))
}

# Not where a test sources it.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
