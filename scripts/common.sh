# shellcheck shell=bash
# What the other scripts share: messages, and which Rust builds what. To be sourced.
#
# PERCPU_HV_RUST chooses the toolchain for bare metal:
#   rustup  the active toolchain (`cargo` on PATH), which gets the target by `rustup target add`
#   debian  Debian's rustc-web, which builds core itself
#   auto    the first if it has the target, or else the second (the default)

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly root

# One row per architecture: its name, Rust target, QEMU emulator, and that one's Debian package.
readonly platforms=(
    "aarch64 aarch64-unknown-none-softfloat qemu-system-aarch64 qemu-system-arm"
    "arm armv7a-none-eabi qemu-system-arm qemu-system-arm"
    "loongarch64 loongarch64-unknown-none-softfloat qemu-system-loongarch64 qemu-system-misc"
    "riscv32 riscv32imac-unknown-none-elf qemu-system-riscv32 qemu-system-riscv"
    "riscv64 riscv64gc-unknown-none-elf qemu-system-riscv64 qemu-system-riscv"
    "x86_64 x86_64-unknown-none qemu-system-x86_64 qemu-system-x86"
)

# platform ARCHITECTURE: prints its row; fails if there is none.
platform() {
    local row
    for row in "${platforms[@]}"; do
        if [[ ${row%% *} == "$1" ]]; then
            printf '%s\n' "$row"
            return
        fi
    done
    return 1
}

# platform_names: all of them, on one line.
platform_names() {
    echo "${platforms[@]%% *}"
}

# architecture_of IMAGE: prints the architecture of an ELF file; fails if it is none of the platforms'.
architecture_of() {
    local class machine
    # EI_CLASS, and the low byte of e_machine, which tells these architectures apart.
    class=$(od -An -tu1 -j4 -N1 -- "$1") && machine=$(od -An -tu1 -j18 -N1 -- "$1") || return
    case $((class))-$((machine)) in
        2-183) echo aarch64 ;;
        1-40) echo arm ;;
        2-2) echo loongarch64 ;;
        1-243) echo riscv32 ;;
        2-243) echo riscv64 ;;
        2-62) echo x86_64 ;;
        *) return 1 ;;
    esac
}

# The first Rust that the bare-metal examples compile with.
readonly bare_rust=1.88
# The Rust that the two library crates promise to compile with.
readonly msrv=1.85

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# For a mistake on the command line.
die_usage() {
    say "$* (--help shows the options)"
    exit 2
}

# version_at_least FOUND WANTED
version_at_least() {
    [[ -n $1 && $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

rust_choice() {
    case ${PERCPU_HV_RUST:-auto} in
        auto | rustup | debian) printf '%s\n' "${PERCPU_HV_RUST:-auto}" ;;
        *) die "PERCPU_HV_RUST is '$PERCPU_HV_RUST', but must be auto, rustup or debian" ;;
    esac
}

# rustc_version RUSTC: "1.88.0", or nothing.
rustc_version() {
    "$1" --version 2>/dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p'
}

# active_can_build TARGET: whether `cargo` on PATH has the target's core library.
active_can_build() (
    cd -- "$root" || return
    command -v cargo >/dev/null && command -v rustc >/dev/null || return
    version_at_least "$(rustc_version rustc)" "$bare_rust" || return
    has_libraries rustc "$1"
)

# has_libraries RUSTC TARGET: whether the compiler comes with the target's core library.
has_libraries() {
    local libraries
    libraries=$("$1" --print target-libdir --target "$2" 2>/dev/null) || return
    compgen -G "$libraries/libcore-*.rlib" >/dev/null
}

# Whether Debian's toolchain is complete: compiler, library source, linker.
debian_can_build() {
    [[ -x /usr/bin/cargo && -x /usr/bin/rust-lld ]] || return
    version_at_least "$(rustc_version /usr/bin/rustc)" "$bare_rust" || return
    [[ -e $(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/core/src/lib.rs ]]
}

# toolchain TARGET: prints which one builds for TARGET, `active` or `debian`; fails if none is there.
toolchain() {
    local choice
    choice=$(rust_choice) || exit
    if [[ $choice != debian ]] && active_can_build "$1"; then
        echo active
    elif [[ $choice != rustup ]] && debian_can_build; then
        echo debian
    else
        return 1
    fi
}

# debian_rust TARGET: prints a directory with Debian's compiler, bin/rustc. For a platform it has core and alloc, as
# rustup ships them: compiled once, optimized, for checks and builds of every kind. For others it may have none.
debian_rust() {
    local target=$1 rust
    if [[ " ${platforms[*]} " != *" $target "* ]] || has_libraries /usr/bin/rustc "$target"; then
        echo /usr
        return
    fi
    # Another compiler cannot read them; Debian may also build the same version again.
    rust=$root/target/debian-rust/$(rustc_version /usr/bin/rustc)-$(stat --format %Y /usr/bin/rustc)/$target
    if [[ ! -d $rust ]]; then
        mkdir -p "${rust%/*}"
        # Others may want them at the same time.
        (
            flock 9
            [[ -d $rust ]] || make_debian_rust "$target" "$rust"
        ) 9>"$rust.lock" >&2 || return
    fi
    printf '%s\n' "$rust"
}

# make_debian_rust TARGET DIRECTORY
make_debian_rust() {
    local target=$1 rust=$2 part=$2.part program
    rm -rf -- "$part"
    mkdir -p "$part"/{bin,build,lib/rustlib/"$target"/lib}
    compile_libraries "$target" "$part/build" || return
    mv "$part/build/$target"/release/deps/lib{core,alloc,compiler_builtins}-*.rlib "$part/lib/rustlib/$target/lib" ||
        return
    rm -r "$part/build"
    # The host's libraries are for procedural macros.
    ln -s "$(/usr/bin/rustc --print sysroot)"/lib/rustlib/*-linux-gnu* "$part/lib/rustlib"
    for program in rustc rustdoc; do
        printf '#!/bin/sh\nexec /usr/bin/%s --sysroot "%s" "$@"\n' "$program" "$rust" >"$part/bin/$program"
        chmod +x "$part/bin/$program"
    done
    # At once: nobody sees a part of it.
    mv "$part" "$rust"
}

# compile_libraries TARGET DIRECTORY: cargo leaves them below the directory.
compile_libraries() {
    printf '[package]\nname = "none"\n[lib]\npath = "none.rs"\n[workspace]\n' >"$2/Cargo.toml"
    echo '#![no_std]' >"$2/none.rs"
    # The user's flags are for what is built with the libraries.
    CARGO_ENCODED_RUSTFLAGS='' debian_cargo /usr build --quiet --release -Zbuild-std=core,alloc --target "$1" \
        --manifest-path "$2/Cargo.toml" --target-dir "$2"
}

# debian_cargo DIRECTORY ARGUMENT...: Debian's cargo with the compiler of that directory, as clippy too.
debian_cargo() {
    local rust=$1
    shift
    # PATH is for cargo's subcommands, such as clippy, which takes its libraries from SYSROOT.
    PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 RUSTC=$rust/bin/rustc RUSTDOC=$rust/bin/rustdoc SYSROOT=$rust \
        /usr/bin/cargo "$@"
}

# bare_cargo TARGET SUBCOMMAND ARGUMENT...: cargo for another target, with the toolchain that setup.sh provided.
# For a target that is no platform and has no libraries cargo builds them: core and alloc, or what BUILD_STD names.
bare_cargo() {
    local target=$1 command=$2 kind rust libraries=()
    shift 2
    kind=$(toolchain "$target") ||
        die "no Rust toolchain here builds for $target: scripts/setup.sh provides one"
    case $kind in
        active) cargo "$command" --target "$target" "$@" ;;
        debian)
            rust=$(debian_rust "$target") || die "core and alloc do not compile for $target"
            [[ $rust != /usr ]] || has_libraries /usr/bin/rustc "$target" ||
                libraries=(-Zbuild-std="${BUILD_STD:-core,alloc}")
            debian_cargo "$rust" "$command" "${libraries[@]}" --target "$target" "$@"
            ;;
    esac
}

# bare_rustc_version TARGET: the version of the compiler that bare_cargo takes, "1.88.0".
bare_rustc_version() {
    case $(toolchain "$1") in
        active) rustc_version rustc ;;
        debian) rustc_version /usr/bin/rustc ;;
    esac
}

# rust_lld TARGET: prints the linker of the toolchain that bare_cargo takes.
rust_lld() {
    case $(toolchain "$1") in
        active) printf '%s\n' "$(rustc --print target-libdir)/../bin/rust-lld" ;;
        debian) echo /usr/bin/rust-lld ;;
    esac
}

# target_directory: where cargo leaves what it builds.
target_directory() {
    printf '%s\n' "${CARGO_TARGET_DIR:-$root/target}"
}

# llvm_tool NAME: prints the newest of LLVM's tools of that name, which Debian installs with its version in the name.
llvm_tool() {
    compgen -c "llvm-$1" | grep -xE "llvm-$1(-[0-9]+)?" | sort -V | tail -n 1
}

# shellcheck disable=SC2034  # other scripts use them
{
    # The kernel that the image `linux` runs, once scripts/setup.sh --guest has fetched it.
    readonly guest_kernel=$root/target/guest/linux
    # The status of scripts/setup.sh --guest if there is none to fetch.
    readonly no_guest=77
}

# msrv_toolchain: prints the path of a rustc of the MSRV; fails, with the reason on standard error, where none
# can be had. It takes rustup's if that is installed, or unpacks Debian's below target/msrv, installing nothing.
msrv_toolchain() {
    local rustc
    if rustc=$(rustup which --toolchain "$msrv" rustc 2>/dev/null) && is_msrv "$rustc"; then
        printf '%s\n' "$rustc"
        return
    fi
    rustc=$root/target/msrv/usr/bin/rustc
    if ! is_msrv "$rustc"; then
        unpack_msrv "$root/target/msrv" || return
        is_msrv "$rustc" || { say "skipped: the unpacked rustc $msrv does not run"; return 1; }
    fi
    printf '%s\n' "$rustc"
}

is_msrv() {
    [[ $(rustc_version "$1") == "$msrv".* ]]
}

# unpack_msrv DIRECTORY: fetches Debian's packages of the compiler with what it links to, and unpacks them.
unpack_msrv() (
    skip() {
        say "skipped: $*"
        exit 1
    }
    command -v apt-get >/dev/null ||
        skip "no rustc $msrv: neither rustup has it (rustup toolchain install $msrv) nor is this Debian"
    version=$(apt-cache madison rustc-web | awk -v msrv="$msrv." 'index($3, msrv) == 1 { print $3; exit }')
    [[ -n $version ]] || skip "this Debian offers no rustc-web $msrv (apt-get update may help)"
    std=libstd-rust-web-$msrv
    llvm=$(apt-cache show "$std=$version" | sed -n 's/^Depends:.*\(libllvm[0-9]*\).*/\1/p')
    rm -rf -- "$1"
    mkdir -p -- "$1/packages"
    cd -- "$1/packages" || exit
    # As root apt warns that its sandbox user cannot write here; only an error matters.
    apt-get -qq download "rustc-web=$version" "libstd-rust-web-dev=$version" "$std=$version" \
        ${llvm:+"$llvm"} 2>errors ||
        skip "the packages of rustc-web $version cannot be fetched: $(grep -m 1 '^E:' errors || head -n 1 errors)"
    for package in *.deb; do
        dpkg-deb -x "$package" .. || skip "$package cannot be unpacked"
    done
    rm -- *.deb
    # The compiler looks for its libraries beside the system's; a wrapper names the place.
    cd ../usr/bin || exit
    mv rustc rustc-unpacked
    cat >rustc <<'WRAPPER'
#!/bin/sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for libraries in "$here"/../lib/*-linux-gnu*; do
    LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "$here/rustc-unpacked" "$@"
WRAPPER
    chmod +x rustc
)
