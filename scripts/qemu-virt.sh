#!/usr/bin/env bash
# Builds hv-boot and runs it in QEMU; ends with the guest's status.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

readonly aarch64=aarch64-unknown-none-softfloat
readonly package=$root/examples/hv-boot

usage() {
    cat <<'E2'
usage: scripts/qemu-virt.sh [OPTION...]

Installs what is missing (scripts/setup.sh), builds hv-boot, runs it on QEMU's virt machine at EL2,
and ends with the guest's status: 0 is success, 124 is no end within the time limit.

  --smp N           number of CPUs, 1 to 512 (default 4)
  --cpu NAME        CPU model of QEMU (default cortex-a72)
  --debug           build without optimization
  --release         build with optimization (the default)
  --bin NAME        hv-boot (the default), or hv-boot-given-memory: areas in memory from the device tree
  --features LIST   cargo features of hv-boot, separated by commas: non-zero-vma
  --gdb             wait for a debugger before the first instruction, without a time limit
  --timeout S       time limit in seconds (default 60, and one more for each CPU)
  --help            this text
E2
}

smp=4 cpu=cortex-a72 profile=release bin=hv-boot features='' gdb='' limit=''

# is_number TEXT MOST: a decimal number from 1 to MOST.
is_number() {
    [[ $1 =~ ^[1-9][0-9]{0,5}$ ]] && (($1 <= $2))
}

while (($#)); do
    case $1 in
        --smp | --cpu | --bin | --features | --timeout)
            (($# >= 2)) || die_usage "$1 needs a value"
            value=$2
            ;;
    esac
    case $1 in
        --smp)
            is_number "$value" 512 || die_usage "--smp '$value' is not a number from 1 to 512"
            smp=$value
            ;;
        --cpu)
            [[ $value =~ ^[A-Za-z0-9][A-Za-z0-9._,=-]*$ ]] || die_usage "--cpu '$value' is not a CPU model"
            cpu=$value
            ;;
        --bin)
            [[ $value =~ ^[a-z-]+$ && -e $package/src/bin/$value.rs ]] ||
                die_usage "--bin '$value' is neither hv-boot nor hv-boot-given-memory"
            bin=$value
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
        --gdb) gdb=yes ;;
        --help | -h)
            usage
            exit
            ;;
        *) die_usage "unknown option '$1'" ;;
    esac
    case $1 in
        --smp | --cpu | --bin | --features | --timeout) shift 2 ;;
        *) shift ;;
    esac
done

"$root/scripts/setup.sh"
qemu-system-aarch64 -M virt -cpu help | grep -qwF -- "${cpu%%,*}" ||
    die_usage "--cpu '$cpu' is not a CPU model that QEMU knows: qemu-system-aarch64 -M virt -cpu help"

build=(build --quiet --package hv-boot --bin "$bin")
[[ $profile == debug ]] || build+=(--release)
[[ -z $features ]] || build+=(--features "$features")
(cd -- "$root" && bare_cargo "$aarch64" "${build[@]}") || die "hv-boot does not build"
image=$(target_directory)/$aarch64/$profile/$bin

# Without -nic none a missing network ROM can stop QEMU.
qemu=(
    qemu-system-aarch64 -M "virt,virtualization=on,gic-version=3" -cpu "$cpu" -smp "$smp" -m 256M
    -nographic -nic none -semihosting -kernel "$image"
)

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
