#!/usr/bin/env bash
# Tests that core is compiled once per target for Debian's Rust, with a stand-in for compiling.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# What is made is below the root.
mkdir "$work/scripts"
cp "$here/../common.sh" "$work/scripts"
# shellcheck source=scripts/common.sh
source "$work/scripts/common.sh"

readonly bare=riscv64gc-unknown-none-elf
failed=0

if [[ ! -x /usr/bin/rustc ]] || has_libraries /usr/bin/rustc "$bare"; then
    echo "skip: Debian's Rust is not here, or comes with core for $bare"
    exit
fi

# compile_libraries TARGET DIRECTORY: as in common.sh; it fails while there is a file `broken`.
compile_libraries() {
    local deps=$2/$1/release/deps library
    echo "$1" >>"$work/compiled"
    sleep 0.2
    mkdir -p "$deps"
    for library in core alloc compiler_builtins none; do
        : >"$deps/lib$library-0123456789.rlib"
    done
    [[ ! -e $work/broken ]]
}

# expect NAME COMMAND...
expect() {
    local name=$1
    shift
    if "$@"; then
        echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "fail  $name"
    fi
}

compiled() {
    [[ $(wc -l <"$work/compiled") == "$1" ]]
}

fails() {
    ! "$@"
}

has_core() {
    has_libraries "$rust/bin/rustc" "$bare"
}

: >"$work/broken"
expect "what does not compile is an error" fails debian_rust "$bare"
expect "and leaves nothing that looks complete" fails debian_rust "$bare"
rm "$work/broken" "$work/compiled"

for run in 1 2 3; do
    debian_rust "$bare" >"$work/$run" &
done
wait
rust=$(<"$work/1")
expect "several at once get the same" cmp "$work/1" "$work/3"
expect "and compile once" compiled 1
expect "the compiler has core" has_core
expect "and is Debian's" test "$(rustc_version "$rust/bin/rustc")" = "$(rustc_version /usr/bin/rustc)"
debian_rust "$bare" >/dev/null
expect "it stays" compiled 1
expect "a target that is no platform has Debian's" test "$(debian_rust aarch64-unknown-uefi)" = /usr

# Another compiler.
stat() {
    echo 1
}
expect "another compiler has others" test "$(debian_rust "$bare")" != "$rust"
expect "which are compiled for it" compiled 2

if ((failed)); then
    echo "$failed failed"
    exit 1
fi
