#!/usr/bin/env bash
# Installs what building and running the bare-metal images needs, and only what is missing.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<E2
usage: scripts/setup.sh [--arch NAME]... [--guest] [--tests]

Installs what building hv-boot and running it in QEMU needs, and only what is missing.

  --arch NAME   for this architecture: $(platform_names) (default aarch64)
  --guest       and also what the image \`linux\` runs: Debian's kernel for arm64, and tools for its program and initrd;
                the status is $no_guest if there is no such kernel to be had, and the last line says why
  --tests       for all of them, and also what scripts/test.sh needs: linkers, disassembler, cross compiler, linters
  --help        this text

PERCPU_HV_RUST=auto|rustup|debian chooses the Rust for bare metal: the active toolchain (rustup adds the target),
Debian's rustc-web, or (auto) the active one if it has the target or can get it, and else Debian's.
E2
}

# QEMU before 8 does not trap on unaligned accesses with the MMU off, as hardware does.
readonly qemu_major=8

qemu_is_usable() {
    local version
    version=$("$1" --version 2>/dev/null | sed -n '1s/^QEMU emulator version \([0-9.]*\).*/\1/p') || true
    version_at_least "$version" "$qemu_major"
}

# as_root COMMAND...
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo "$@"
    fi
}

# by_hand PACKAGE...: the command for a human.
by_hand() {
    echo "apt-get install --no-install-recommends $*"
}

# refresh_lists: apt-get update, once.
refresh_lists() {
    [[ -z ${lists_are_fresh:-} ]] || return 0
    lists_are_fresh=yes
    # A source of somebody else's may be down; whether Debian's are there shows when packages are fetched.
    as_root apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=30 update >/dev/null 2>&1 ||
        say "apt-get update failed in part; going on with the package lists that are here"
}

# may_install ARGUMENT...: an error, with what to do by hand, if this user or system cannot.
may_install() {
    command -v apt-get >/dev/null ||
        die "this is not Debian or a relative; install by hand what these packages hold: $*"
    ((EUID == 0)) || command -v sudo >/dev/null ||
        die "installing needs root, and there is no sudo; as root run scripts/setup.sh, or: $(by_hand "$*")"
}

# install PACKAGE...: options of apt-get may come first.
install() {
    may_install "$@"
    refresh_lists
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" >/dev/null ||
        die "apt-get cannot install $*; is the network up? by hand: $(by_hand "$*")"
}

# has_package NAME: whether apt can install it.
has_package() {
    [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]
}

codename() {
    # shellcheck source=/dev/null
    (. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
}

# mirrors CODENAME: where apt gets that release from.
mirrors() {
    # shellcheck disable=SC2016  # apt-get expands the format
    apt-get indextargets --format '$(REPO_URI)' "Codename: $1" 'Component: main'
}

# Debian 12's own QEMU is 7.2; its backports have a newer one.
add_backports() {
    local name=$1-backports mirror
    refresh_lists
    [[ -z $(mirrors "$name") ]] || return 0
    mirror=$(mirrors "$1" | head -n 1)
    [[ -n $mirror ]] || die "no Debian mirror is configured, so $name cannot be added; add it by hand"
    say "adding the package source $name: Debian's own QEMU here is too old"
    as_root tee "/etc/apt/sources.list.d/$name.sources" >/dev/null <<E2
Types: deb
URIs: $mirror
Suites: $name
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
E2
    lists_are_fresh=
    refresh_lists
}

provide_qemu() {
    local row emulator package packages=() release=()
    for row in "${wanted[@]}"; do
        read -r _ _ emulator package <<<"$row"
        if ! qemu_is_usable "$emulator"; then
            say "installing $package: there is no $emulator of version $qemu_major or newer"
            packages+=("$package")
        fi
    done
    ((${#packages[@]})) || return 0
    may_install "${packages[@]}"
    if [[ $(codename) == bookworm ]]; then
        add_backports bookworm
        # Said explicitly, for everything: without it apt would mix releases, or downgrade.
        release=(-t bookworm-backports)
    fi
    install "${release[@]}" "${packages[@]}"
    for row in "${wanted[@]}"; do
        read -r _ _ emulator package <<<"$row"
        qemu_is_usable "$emulator" ||
            die "$package is installed, but $emulator is older than version $qemu_major; install a newer QEMU by hand"
    done
}

install_debian_rust() {
    local packages=(rustc-web cargo-web rust-web-src rust-web-llvm) package linker
    may_install "${packages[@]}" lld
    refresh_lists
    for package in "${packages[@]}"; do
        has_package "$package" ||
            die "the package sources here offer no $package: add Debian's security source, or install Rust by rustup"
    done
    install "${packages[@]}"
    # rust-lld is a link to the lld of the LLVM that the compiler uses.
    linker=$(readlink /usr/bin/rust-lld) || die "rust-web-llvm brings no rust-lld here; set PERCPU_HV_RUST=rustup"
    install "${linker##*/}"
}

# provide_rust TARGET: afterwards `toolchain TARGET` succeeds.
provide_rust() {
    local target=$1 choice
    choice=$(rust_choice) || exit
    toolchain "$target" >/dev/null && return
    if [[ $choice != debian ]] && command -v rustup >/dev/null; then
        say "adding the target $target to the active toolchain: the images are built for it"
        if (cd -- "$root" && rustup target add "$target" >&2) && active_can_build "$target"; then
            return
        fi
        say "rustup does not provide $target for a Rust of at least $bare_rust"
    fi
    [[ $choice != rustup ]] ||
        die "PERCPU_HV_RUST=rustup, but the active toolchain cannot build for $target: with rustup and network, run: rustup target add $target"
    say "installing rustc-web, cargo-web, rust-web-src, rust-web-llvm and lld: the active Rust has no $target"
    install_debian_rust
    debian_can_build ||
        die "Debian's Rust is installed, but older than $bare_rust or incomplete; use rustup, and PERCPU_HV_RUST=rustup"
}

# need COMMAND PACKAGE... -- WHY: queues the packages if the command is missing.
need() {
    local command=$1 names=()
    shift
    while [[ $1 != -- ]]; do
        names+=("$1")
        shift
    done
    command -v "$command" >/dev/null && return
    say "installing ${names[*]}: $2"
    queue+=("${names[@]}")
}

provide_test_tools() {
    queue=()
    need aarch64-linux-gnu-ld binutils-aarch64-linux-gnu -- "the link tests also use GNU ld"
    need riscv64-linux-gnu-ld binutils-riscv64-linux-gnu -- "the link tests also use GNU ld"
    need x86_64-linux-gnu-ld binutils-x86-64-linux-gnu -- "the link tests also use GNU ld"
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross -- "it links the tests of the hosted mode on AArch64, and compiles Linux's C"
    need qemu-aarch64 qemu-user -- "it runs the tests of the hosted mode on AArch64"
    need valgrind valgrind -- "the package bench counts the instructions of a process with it, through gungraun"
    need shellcheck shellcheck -- "it checks these scripts"
    compgen -c llvm-objdump >/dev/null || need llvm-objdump llvm -- "the tests disassemble the images"
    compgen -c ld.lld >/dev/null || need ld.lld lld -- "the link tests also use lld"
    # The linter belongs to its compiler: bare metal may have another one than the host.
    if needs_debian_rust; then
        need /usr/bin/cargo-clippy rust-web-clippy -- "scripts/test.sh runs it on the images"
    fi
    ((${#queue[@]} == 0)) || install "${queue[@]}"
    provide_linter clippy-driver clippy rust-web-clippy
    provide_linter rustfmt rustfmt rustfmt-web
}

provide_guest() {
    queue=()
    need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross -- "it compiles the guest's program"
    need cpio cpio -- "it makes the guest's initrd"
    [[ -n $(llvm_tool objcopy) && -n $(llvm_tool nm) ]] || need llvm-objcopy llvm -- "it makes a boot image"
    ((${#queue[@]} == 0)) || install "${queue[@]}"
    [[ ! -f $guest_kernel ]] || return 0
    mkdir -p "${guest_kernel%/*}"
    # Others may want it at the same time.
    (
        flock 9
        [[ -f $guest_kernel ]] || fetch_kernel
    ) 9>"$guest_kernel.lock" || exit
}

# The package that holds Linux for arm64 and is for every architecture: that of the newest installer.
kernel_package() {
    apt-cache pkgnames debian-installer- | grep -xE 'debian-installer-[0-9]+-netboot-arm64' | sort -V | tail -n 1
}

fetch_kernel() (
    no_kernel() {
        say "no Linux for arm64 as a guest: $*"
        exit "$no_guest"
    }
    command -v apt-get >/dev/null || no_kernel "this is not Debian or a relative"
    package=$(kernel_package) || {
        refresh_lists
        package=$(kernel_package) || no_kernel "the package sources here offer no debian-installer-*-netboot-arm64"
    }
    part=$guest_kernel.part
    rm -rf -- "$part"
    mkdir -- "$part" && cd -- "$part" || exit
    say "fetching $package: it holds Linux for arm64"
    # As root apt warns that its sandbox user cannot write here; only an error matters.
    apt-get -qq download "$package" 2>errors || {
        refresh_lists
        apt-get -qq download "$package" 2>errors ||
            no_kernel "$package cannot be fetched: $(grep -m 1 '^E:' errors || head -n 1 errors)"
    }
    dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards '*/text/*/linux' ||
        no_kernel "$package cannot be unpacked, or holds no kernel for the text console"
    find . -name linux -type f -exec mv {} linux \;
    # The magic number of an Image; a newer kernel may be compressed.
    [[ $(od -An -c -j56 -N4 linux) == *A*R*M*d* ]] || no_kernel "the kernel in $package is no arm64 Image"
    # At once: nobody sees a part of it.
    mv linux "$guest_kernel" && rm -r -- "$part"
)

# Whether Debian's Rust builds any of the targets.
needs_debian_rust() {
    local row target
    for row in "${wanted[@]}"; do
        read -r _ target _ <<<"$row"
        [[ $(toolchain "$target") != debian ]] || return 0
    done
    return 1
}

# provide_linter COMMAND COMPONENT PACKAGE: for the `cargo` on PATH, which is rustup's or Debian's.
provide_linter() {
    local command=$1 component=$2 package=$3
    "$command" --version >/dev/null 2>&1 && return
    if command -v rustup >/dev/null; then
        say "adding $component to the active toolchain: scripts/test.sh runs it"
        (cd -- "$root" && rustup component add "$component" >&2) ||
            die "rustup cannot add $component; is the network up? by hand: rustup component add $component"
    else
        say "installing $package: scripts/test.sh runs it"
        install "$package"
    fi
}

main() {
    local row target guest='' tests=''
    wanted=()
    while (($#)); do
        case $1 in
            --guest) guest=yes ;;
            --tests)
                tests=yes
                wanted=("${platforms[@]}")
                ;;
            --arch)
                (($# >= 2)) || die_usage "--arch needs a value"
                row=$(platform "$2") || die_usage "--arch '$2' is none of $(platform_names)"
                wanted+=("$row")
                shift
                ;;
            --help | -h)
                usage
                exit
                ;;
            *) die_usage "unknown option '$1'" ;;
        esac
        shift
    done
    ((${#wanted[@]})) || wanted=("$(platform aarch64)")
    rust_choice >/dev/null
    provide_qemu
    for row in "${wanted[@]}"; do
        read -r _ target _ <<<"$row"
        provide_rust "$target"
    done
    [[ -z $tests ]] || provide_test_tools
    [[ -z $guest ]] || provide_guest
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
