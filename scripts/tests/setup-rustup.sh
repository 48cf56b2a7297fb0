#!/usr/bin/env bash
# Tests which Rust setup.sh and common.sh choose, with a stand-in for rustup's tools and none for Debian's packages.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
source "$here/../setup.sh"

readonly bare=aarch64-unknown-none-softfloat
failed=0

# expect NAME STATUS PATTERN COMMAND...: the status of COMMAND, and an extended regular expression in what it prints.
expect() {
    local name=$1 status=$2 pattern=$3 printed found=0
    shift 3
    # A file, not $(...): in a condition bash would ignore errors inside.
    (set -e; "$@") >"$work/printed" 2>&1 || found=$?
    printed=$(<"$work/printed")
    if ((found == status)) && grep -qE -- "$pattern" <<<"$printed"; then
        echo "ok    $name"
    else
        failed=$((failed + 1))
        printf 'fail  %s: status %d, not %d, or nothing like "%s" in:\n%s\n' "$name" "$found" "$status" "$pattern" "$printed"
    fi
}

# stand_in NAME: a command on PATH, its text from standard input; $work is the directory of the test.
stand_in() {
    {
        echo '#!/usr/bin/env bash'
        echo "work='$work'"
        cat
    } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# fresh VERSION: a machine with rustup, and an active toolchain of VERSION without the target.
fresh() {
    rm -rf -- "${work:?}"/{bin,lib,calls}
    mkdir -p "$work/bin" "$work/lib"
    : >"$work/calls"
    stand_in rustc <<<"case \$1 in
        --version) echo 'rustc $1 (0123456789 2026-01-01)' ;;
        --print) [[ \$2 == target-libdir && \$3 == --target ]] && echo \"\$work/lib/\$4\" ;;
    esac"
    # shellcheck disable=SC2016  # the stand-in expands it
    stand_in cargo <<<'echo "active cargo: $*"'
    # shellcheck disable=SC2016
    stand_in rustup <<<'echo "rustup $*" >>"$work/calls"
        [[ $1 == target && $2 == add ]] || exit 1
        mkdir -p "$work/lib/$3" && : >"$work/lib/$3/libcore-0123456789.rlib"'
}

# without_network: rustup finds nothing.
without_network() {
    # shellcheck disable=SC2016
    stand_in rustup <<<'echo "rustup $*" >>"$work/calls"; echo "error: could not download" >&2; exit 1'
}

calls() {
    cat "$work/calls"
}

# choose CHOICE COMMAND...
choose() {
    local PERCPU_HV_RUST=$1
    shift
    "$@"
}

provide_and_build() {
    provide_rust "$bare"
    bare_cargo "$bare" build --bin hv-boot
}

# Debian's side: whether its toolchain is there, and what installing it would do.
debian_is_there=
debian_can_build() {
    [[ -n $debian_is_there ]]
}
install_debian_rust() {
    echo "Debian's packages are installed"
    debian_is_there=yes
}

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
PATH=$work/bin:$PATH

fresh 1.95.0
expect "rustup adds the target, and the active cargo builds" 0 \
    "^active cargo: build --target $bare --bin hv-boot\$" choose rustup provide_and_build
expect "rustup was asked for that target only" 0 "^rustup target add $bare\$" calls
expect "a target that is there is not added again" 0 "^active\$" choose rustup toolchain "$bare"
: >"$work/calls"
expect "setting up again changes nothing" 0 "^active cargo" choose auto provide_and_build
expect "and asks rustup nothing" 1 "" grep . "$work/calls"

fresh 1.95.0
expect "auto prefers rustup over an installation" 0 "^active cargo: build --target $bare" choose auto provide_and_build
expect "auto with rustup installs no package" 0 "^rustup target add" calls

fresh 1.95.0
without_network
expect "rustup without network is an error that names the command" 1 \
    "rustup target add $bare" choose rustup provide_rust "$bare"
expect "auto without network takes Debian's packages" 0 "Debian's packages are installed" choose auto provide_rust "$bare"

fresh 1.80.0
expect "an active toolchain that is too old is refused" 1 "rustup does not provide" choose rustup provide_rust "$bare"
expect "auto then takes Debian's packages" 0 "Debian's packages are installed" choose auto provide_rust "$bare"

fresh 1.95.0
debian_is_there=yes
expect "auto takes Debian's toolchain if it is there already" 0 "^debian\$" choose auto toolchain "$bare"
expect "and asks rustup nothing" 1 "" grep . "$work/calls"
mkdir -p "$work/lib/$bare" && : >"$work/lib/$bare/libcore-0.rlib"
expect "auto prefers an active toolchain that has the target" 0 "^active\$" choose auto toolchain "$bare"
expect "debian ignores the active toolchain" 0 "^debian\$" choose debian toolchain "$bare"
debian_is_there=

fresh 1.95.0
expect "debian installs Debian's packages" 0 "Debian's packages are installed" choose debian provide_rust "$bare"
expect "debian asks rustup nothing" 1 "" grep . "$work/calls"
rm "$work/bin/rustup"
expect "no toolchain is an error that names setup.sh" 1 "scripts/setup.sh provides one" choose rustup bare_cargo "$bare" build
expect "an unknown choice is an error" 1 "PERCPU_HV_RUST is 'gcc', but must be auto, rustup or debian" \
    choose gcc provide_rust "$bare"
expect "an unknown choice is an error of the build, too" 1 "must be auto, rustup or debian" \
    choose gcc bare_cargo "$bare" build

if ((failed)); then
    echo "$failed failed"
    exit 1
fi
