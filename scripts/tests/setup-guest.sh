#!/usr/bin/env bash
# Tests how setup.sh --guest fetches a kernel, and what it says without one, with a stand-in for apt.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# What is fetched is below the root.
mkdir "$work/scripts" "$work/bin"
cp "$here/../common.sh" "$here/../setup.sh" "$work/scripts"
# shellcheck source=scripts/setup.sh
source "$work/scripts/setup.sh"
failed=0

# package_with KERNEL: makes the package that the stand-in offers, with that file.
package_with() {
    local tree=$work/tree images=usr/lib/debian-installer/images/12/arm64
    rm -rf "$tree"
    mkdir -p "$tree/DEBIAN" "$tree/$images/text/debian-installer/arm64" "$tree/$images/gtk"
    printf '%s\n' 'Package: p' 'Version: 1' 'Architecture: all' 'Maintainer: m <m@example.org>' 'Description: d' \
        >"$tree/DEBIAN/control"
    cp "$1" "$tree/$images/text/debian-installer/arm64/linux"
    echo another >"$tree/$images/gtk/linux"
    dpkg-deb --build "$tree" "$work/package" >/dev/null
}

# The stand-ins: apt knows the packages in the file `known`, and fetches if there is a package.
cat >"$work/bin/apt-cache" <<E2
#!/bin/sh
cat "$work/known"
E2
cat >"$work/bin/apt-get" <<E2
#!/bin/sh
case "\$*" in
    *update) echo update >>"$work/updates" ;;
    *download\ debian-installer-13-netboot-arm64)
        cp "$work/package" fetched.deb || { echo 'E: no such file' >&2; exit 100; }
        ;;
    *) exit 99 ;;
esac
E2
chmod +x "$work/bin/"*
export PATH=$work/bin:$PATH

# The header of an arm64 Image has its magic number at 56.
head -c 56 /dev/zero >"$work/image"
printf 'ARMd' >>"$work/image"
head -c 60 /dev/zero | tr '\0' z >"$work/compressed"
printf 'debian-installer-%s\n' 9-netboot-arm64 12-netboot-amd64 13-netboot-arm64 launcher >"$work/known"

# The stand-in needs no root. fetch_kernel calls it.
# shellcheck disable=SC2317
as_root() {
    "$@"
}

# expect NAME STATUS SENTENCE: how fetching ends, and what it says.
expect() {
    local name=$1 status=0
    rm -rf "$work/target"
    mkdir -p "$work/target/guest"
    (fetch_kernel) >"$work/said" 2>&1 || status=$?
    if ((status == $2)) && grep -qF -- "$3" "$work/said"; then
        echo "ok    $name"
    else
        failed=$((failed + 1))
        printf 'fail  %s: status %s, and it said:\n%s\n' "$name" "$status" "$(<"$work/said")"
    fi
}

package_with "$work/image"
expect "the newest release is fetched" 0 "fetching debian-installer-13-netboot-arm64"
cmp "$work/image" "$guest_kernel" || failed=$((failed + 1))
package_with "$work/compressed"
expect "a compressed kernel is said" "$no_guest" "is no arm64 Image"
[[ ! -e $guest_kernel ]] || { echo "fail  and is not left there"; failed=$((failed + 1)); }
rm "$work/package"
expect "no network is said" "$no_guest" "cannot be fetched: E: no such file"
echo debian-installer-launcher >"$work/known"
: >"$work/updates"
expect "no such package is said" "$no_guest" "offer no debian-installer-*-netboot-arm64"
[[ -s $work/updates ]] || { echo "fail  after the package lists are refreshed"; failed=$((failed + 1)); }

((failed == 0))
