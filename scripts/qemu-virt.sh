#!/usr/bin/env bash
# Builds hv-boot and runs it in QEMU; ends with the guest's status.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

readonly package=$root/examples/hv-boot

usage() {
    cat <<E2
usage: scripts/qemu-virt.sh [OPTION...]

Installs what is missing (scripts/setup.sh), builds hv-boot, runs it on QEMU's virt machine (x86_64: q35), and
ends with the guest's status: 0 is success, 124 is no end within the time limit.

  --arch NAME       $(platform_names | sed 's/ /, /g') (default aarch64)
  --level NAME      aarch64: el2 (the default) or el1; arm: svc (the default) or hyp
  --smp N           number of CPUs, 1 to 512 and as the machine allows (default 4)
  --cpu NAME        CPU model of QEMU (aarch64: cortex-a72)
  --debug           build without optimization
  --release         build with optimization (the default)
  --bin NAME        hv-boot (the default), hv-boot-given-memory (areas in memory that the firmware names),
                    selftest, selftest-given-memory, or another image of examples/hv-boot/Cargo.toml
  --image FILE      run this image, for the architecture that it says, instead of building one
  --features LIST   cargo features of hv-boot, separated by commas: non-zero-vma, sp-naive (with --smp 1);
                    for x86_64 also high-half or top-2-gib, which link the image there
  --gdb             wait for a debugger before the first instruction, without a time limit
  --timeout S       time limit in seconds (default 60, and one more for each CPU)
  --one-insn-per-tb interrupts come between any two instructions (for selftest-interrupts), and QEMU is slow
  --help            this text
E2
}

arch='' level='' smp=4 cpu='' profile=release bin=hv-boot image='' features='' accel=tcg gdb='' limit=''

# is_number TEXT MOST: a decimal number from 1 to MOST.
is_number() {
    [[ $1 =~ ^[1-9][0-9]{0,5}$ ]] && (($1 <= $2))
}

while (($#)); do
    case $1 in
        --arch | --level | --smp | --cpu | --bin | --image | --features | --timeout)
            (($# >= 2)) || die_usage "$1 needs a value"
            value=$2
            ;;
    esac
    case $1 in
        --arch)
            platform "$value" >/dev/null || die_usage "--arch '$value' is none of $(platform_names)"
            arch=$value
            ;;
        --level) level=$value ;;
        --smp)
            is_number "$value" 512 || die_usage "--smp '$value' is not a number from 1 to 512"
            smp=$value
            ;;
        --cpu)
            [[ $value =~ ^[A-Za-z0-9][A-Za-z0-9._,=-]*$ ]] || die_usage "--cpu '$value' is not a CPU model"
            cpu=$value
            ;;
        --bin)
            grep -qxF -- "name = \"$value\"" "$package/Cargo.toml" ||
                die_usage "--bin '$value' is no image of examples/hv-boot/Cargo.toml"
            bin=$value
            ;;
        --image)
            [[ -f $value ]] || die_usage "--image '$value' is no file"
            image=$value
            ;;
        --features)
            [[ $value =~ ^[a-z0-9-]+(,[a-z0-9-]+)*$ ]] || die_usage "--features '$value' is not a list of features"
            features=$value
            ;;
        --timeout)
            is_number "$value" 999999 || die_usage "--timeout '$value' is not a number of seconds from 1 to 999999"
            limit=$value
            ;;
        --debug) profile=debug ;;
        --release) profile=release ;;
        --one-insn-per-tb) accel=tcg,one-insn-per-tb=on ;;
        --gdb) gdb=yes ;;
        --help | -h)
            usage
            exit
            ;;
        *) die_usage "unknown option '$1'" ;;
    esac
    case $1 in
        --arch | --level | --smp | --cpu | --bin | --image | --features | --timeout) shift 2 ;;
        *) shift ;;
    esac
done

if [[ -z $arch && -n $image ]]; then
    arch=$(architecture_of "$image") || die_usage "--image '$image' is for none of $(platform_names)"
fi
arch=${arch:-aarch64}
read -r _ target emulator _ <<<"$(platform "$arch")"
build=(build --quiet --package hv-boot --bin "$bin")
[[ $profile == debug ]] || build+=(--release)

# The machine: what the platform in examples/hv-boot/src/platform is written for.
case $arch-${level:-default} in
    aarch64-default | aarch64-el2)
        machine=(-M "virt,virtualization=on,gic-version=3" -cpu "${cpu:-cortex-a72}" -m 256M -semihosting)
        ;;
    aarch64-el1)
        machine=(-M "virt,gic-version=3" -cpu "${cpu:-cortex-a72}" -m 256M -semihosting)
        build+=(--no-default-features)
        ;;
    arm-default | arm-svc)
        machine=(-M virt -cpu "${cpu:-cortex-a15}" -m 256M -semihosting)
        ;;
    arm-hyp)
        machine=(-M "virt,virtualization=on" -cpu "${cpu:-cortex-a15}" -m 256M -semihosting)
        features=${features:+$features,}arm-hyp
        ;;
    loongarch64-default)
        machine=(-M virt -cpu "${cpu:-la464}" -m 1G -device pvpanic-pci -action panic=exit-failure)
        ;;
    riscv32-default | riscv64-default)
        machine=(-M virt -cpu "${cpu:-rv${arch#riscv}}" -m 256M -bios default)
        ;;
    x86_64-default)
        # A failing status s arrives as s << 1 | 1.
        machine=(-M q35 -cpu "${cpu:-qemu64}" -m 256M -vga none -device "isa-debug-exit,iobase=0xf4,iosize=4")
        ;;
    *) die_usage "--level '$level' is none of $arch's" ;;
esac
[[ -z $features ]] || build+=(--features "$features")

"$root/scripts/setup.sh" --arch "$arch"
[[ -z $cpu ]] || "$emulator" -M "${machine[1]%%,*}" -cpu help | grep -qwF -- "${cpu%%,*}" ||
    die_usage "--cpu '$cpu' is not a CPU model that QEMU knows: $emulator -M ${machine[1]%%,*} -cpu help"
if [[ -z $image ]]; then
    image=$(target_directory)/$target/$profile/$bin
    (cd -- "$root" && bare_cargo "$target" "${build[@]}") || die "hv-boot does not build"
fi

# Without -nic none a missing network ROM can stop QEMU.
qemu=("$emulator" "${machine[@]}" -accel "$accel" -smp "$smp" -nographic -nic none -kernel "$image")

if [[ -n $gdb ]]; then
    say "QEMU waits for a debugger; connect with: gdb-multiarch $image -ex 'target remote :1234'"
    exec "${qemu[@]}" -s -S
fi

# QEMU's console is the terminal, if there is one, and nobody else's input.
[[ -t 0 ]] || exec </dev/null
limit=${limit:-$((60 + smp))}
status=0
timeout --foreground --kill-after=5 "$limit" "${qemu[@]}" || status=$?
case $status in
    0) ;;
    # 137: QEMU did not even heed the signal.
    124 | 137)
        say "no end within $limit s: the guest hangs, or needs a larger --timeout"
        exit 124
        ;;
    *)
        say "the guest ended with status $status"
        exit "$status"
        ;;
esac
