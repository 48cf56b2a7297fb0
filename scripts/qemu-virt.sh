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
  --memory MIB      size of RAM (default: as much as the image needs)
  --bin NAME        hv-boot (the default), hv-boot-given-memory (areas in memory that the firmware names), linux (a
                    hypervisor with Linux as its guest, aarch64), module (loads examples/hv-module, aarch64), selftest,
                    selftest-given-memory, or another image of examples/hv-boot/Cargo.toml
  --image FILE      run this image, for the architecture that it says, instead of building one; a file called
                    linux is one with a guest, and one called module gets a module
  --features LIST   cargo features of hv-boot, separated by commas: non-zero-vma, sp-naive (with --smp 1);
                    for aarch64 also vhe (EL2 with host extensions: --cpu max), for x86_64 high-half or top-2-gib,
                    which link the image there
  --no-small-template
                    build without the feature small-template, which hv-boot has by default; without it every module is
                    loaded, and every image for EL1
  --gdb             wait for a debugger before the first instruction, without a time limit
  --timeout S       time limit in seconds (default 60, and one more for each CPU)
  --one-insn-per-tb interrupts come between any two instructions (for selftest-interrupts), and QEMU is slow
  --help            this text

With --bin linux, Debian's Linux for arm64 is fetched and runs one program, examples/hv-boot/guest/init.c. The status
is $no_guest where there is no such package. The program has a CPU leave and come back, and writes where it may not.

  --kernel FILE     another kernel, an arm64 Image
  --initrd FILE     another initrd; none: without one
  --dtb FILE        another device tree than QEMU's own

With --bin module, the initrd is the module; --initrd FILE passes another object, or none.
E2
}

el2=yes small=yes guest='' module='' kernel='' initrd='' dtb='' memory=''
arch='' level='' smp=4 cpu='' profile=release bin=hv-boot image='' features='' accel=tcg gdb='' limit=''

# is_number TEXT MOST: a decimal number from 1 to MOST.
is_number() {
    [[ $1 =~ ^[1-9][0-9]{0,5}$ ]] && (($1 <= $2))
}

while (($#)); do
    case $1 in
        --arch | --level | --smp | --cpu | --memory | --bin | --image | --features | --timeout | --kernel | \
            --initrd | --dtb)
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
        --memory)
            is_number "$value" 65536 || die_usage "--memory '$value' is not a number of MiB from 1 to 65536"
            memory=$value
            ;;
        --kernel | --initrd | --dtb)
            [[ -f $value || "$1 $value" == "--initrd none" ]] || die_usage "$1 '$value' is no file"
            declare "${1#--}=$value"
            ;;
        --bin)
            grep -qxF -- "name = \"$value\"" "$package/Cargo.toml" ||
                die_usage "--bin '$value' is no image of examples/hv-boot/Cargo.toml"
            bin=$value
            ;;
        --image)
            [[ -f $value ]] || die_usage "--image '$value' is no file"
            image=$value
            [[ ${image##*/} != linux ]] || bin=linux
            [[ ${image##*/} != module ]] || bin=module
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
        --no-small-template) small='' ;;
        --gdb) gdb=yes ;;
        --help | -h)
            usage
            exit
            ;;
        *) die_usage "unknown option '$1'" ;;
    esac
    case $1 in
        --arch | --level | --smp | --cpu | --memory | --bin | --image | --features | --timeout | --kernel | \
            --initrd | --dtb)
            shift 2
            ;;
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

if [[ $bin == linux && $arch == aarch64 ]]; then
    guest=yes
    memory=${memory:-512}
elif [[ $bin == module && $arch == aarch64 && -z $kernel ]]; then
    module=yes small=''
    # Both at once, so that they have the same percpu-hv.
    build+=(--package hv-module --lib)
elif [[ -n $kernel$initrd ]]; then
    die_usage "--kernel and --initrd are for --bin linux on aarch64, and --initrd for --bin module"
fi

# The machine: what the platform in examples/hv-boot/src/platform is written for.
case $arch-${level:-default} in
    aarch64-default | aarch64-el2)
        machine=(-M "virt,virtualization=on,gic-version=3" -cpu "${cpu:-cortex-a72}" -m "${memory:-256}" -semihosting)
        ;;
    aarch64-el1)
        machine=(-M "virt,gic-version=3" -cpu "${cpu:-cortex-a72}" -m "${memory:-256}" -semihosting)
        el2='' small=''
        ;;
    arm-default | arm-svc)
        machine=(-M virt -cpu "${cpu:-cortex-a15}" -m "${memory:-256}" -semihosting)
        ;;
    arm-hyp)
        machine=(-M "virt,virtualization=on" -cpu "${cpu:-cortex-a15}" -m "${memory:-256}" -semihosting)
        features=${features:+$features,}arm-hyp
        ;;
    loongarch64-default)
        machine=(-M virt -cpu "${cpu:-la464}" -m "${memory:-1024}" -device pvpanic-pci -action panic=exit-failure)
        ;;
    riscv32-default | riscv64-default)
        machine=(-M virt -cpu "${cpu:-rv${arch#riscv}}" -m "${memory:-256}" -bios default)
        ;;
    x86_64-default)
        # A failing status s arrives as s << 1 | 1.
        machine=(-M q35 -cpu "${cpu:-qemu64}" -m "${memory:-256}" -vga none)
        machine+=(-device "isa-debug-exit,iobase=0xf4,iosize=4")
        ;;
    *) die_usage "--level '$level' is none of $arch's" ;;
esac
# The features that hv-boot has by default, but the suite, which compiles long, only for the images that run it.
case $bin in
    selftest | selftest-given-memory | selftest-interrupts) features+=,selftest ;;
esac
build+=(--no-default-features --features "$features${el2:+,arm-el2}${small:+,small-template}")

"$root/scripts/setup.sh" --arch "$arch" ${guest:+--guest} || {
    status=$?
    [[ $status == "$no_guest" && -n $kernel ]] || exit "$status"
}
[[ -z $cpu ]] || "$emulator" -M "${machine[1]%%,*}" -cpu help | grep -qwF -- "${cpu%%,*}" ||
    die_usage "--cpu '$cpu' is not a CPU model that QEMU knows: $emulator -M ${machine[1]%%,*} -cpu help"
if [[ -z $image ]]; then
    image=$(target_directory)/$target/$profile/$bin
    (cd -- "$root" && bare_cargo "$target" "${build[@]}") || die "hv-boot does not build"
fi

# With a thread for each CPU, QEMU's WFE does nothing, so that hundreds of CPUs that wait take the host from the few
# that work. With one thread for all, a CPU that waits lets the next one run.
[[ $arch != aarch64 ]] || ((smp <= 64)) || accel+=,thread=single

# Without -nic none a missing network ROM can stop QEMU.
qemu=("$emulator" "${machine[@]}" -accel "$accel" -smp "$smp" -nographic -nic none)
[[ -z $dtb ]] || qemu+=(-dtb "$dtb")

# symbol NAME: the address in the image of the symbol that is called so, or ends so if Rust has mangled it.
symbol() {
    "$(llvm_tool nm)" "$image" | sed -n "s/^\([0-9a-f]*\) . \(_R.*[0-9]\)\?$1\$/0x\1/p"
}

# An image with an initrd is a flat binary, so that QEMU passes the device tree and the initrd.
if [[ -n $guest$module ]]; then
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    "$(llvm_tool objcopy)" -O binary "$image" "$work/image"
    qemu+=(-kernel "$work/image")
else
    qemu+=(-kernel "$image")
fi
if [[ -n $guest ]]; then
    console=$work/console
    mkdir "$work/root"
    aarch64-linux-gnu-gcc -static -pthread -O2 -Wall -Wextra -Werror -o "$work/root/init" "$package/guest/init.c"
    (cd "$work/root" && echo init | cpio --quiet -o -H newc) >"$work/initrd"
    # Where the guest's program writes in vain: in the area of CPU 0, to what the hypervisor looks at on each exit. The
    # devices are QEMU's fw_cfg, and the ITS of its GIC.
    area=$(($(symbol _percpu_start) + $(symbol ___PERCPU_MPIDR) - $(symbol _percpu_load_start)))
    targets="HYPERVISOR=$(symbol __image_start) AREA=$area DEVICE=0x9020000 ITS=0x8080000"
    qemu+=(
        -append "console=ttyAMA0 panic=-1 $targets"
        # Where src/bin/linux expects it.
        -device "loader,file=${kernel:-$guest_kernel},addr=0x50000000,force-raw=on"
    )
elif [[ -n $module ]]; then
    # One object, whose sections are merged: what the loader takes.
    "$(rust_lld "$target")" -flavor gnu -r --gc-sections --whole-archive "${image%/*}/libhv_module.rlib" \
        -T "$root/examples/hv-module/module.ld" -o "$work/initrd" || die "the module does not link"
fi
[[ -z $guest$module || $initrd == none ]] || qemu+=(-initrd "${initrd:-$work/initrd}")

# linux_was_a_guest: whether the hypervisor has the last word, and Linux found EL1 on all cores. Without the
# hypervisor's traps it also starts and ends, but some cores are at EL2, and the firmware switches the machine off.
linux_was_a_guest() {
    grep -q '^hv-boot: Linux ran on .*, ok' "$console" && grep -q 'CPU(s) started at EL1' "$console" &&
        ! grep -q 'inconsistent modes' "$console"
}

if [[ -n $gdb ]]; then
    say "QEMU waits for a debugger; connect with: gdb-multiarch $image -ex 'target remote :1234'"
    "${qemu[@]}" -s -S
    exit
fi

# QEMU's console is the terminal, if there is one, and nobody else's input.
[[ -t 0 ]] || exec </dev/null
limit=${limit:-$((60 + smp))}
status=0
run=(timeout --foreground --kill-after=5 "$limit" "${qemu[@]}")
if [[ -n $guest ]]; then
    "${run[@]}" | tee "$console" || status=$?
else
    "${run[@]}" || status=$?
fi
case $status in
    0)
        [[ -z $guest ]] || linux_was_a_guest || die "Linux was not a guest on all of its CPUs"
        ;;
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
