#!/usr/bin/env bash
# Tests what test.sh runs where there is a Miri, with a stand-in for it.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/test.sh
source "$here/../test.sh"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
logs=$work/logs
mkdir -p "$work/bin" "$work/home" "$logs"
# Cargo finds its subcommands on PATH, and before that in its home.
export PATH=$work/bin:$PATH CARGO_HOME=$work/home
wrong=0

# stand_in STATUS: a Miri whose tests end with this status.
stand_in() {
    cat >"$work/bin/cargo-miri" <<E2
#!/usr/bin/env bash
[[ \$2 == --version ]] && exit
echo "\${MIRIFLAGS:-}: \$*" >>"$work/calls"
exit $1
E2
    chmod +x "$work/bin/cargo-miri"
    : >"$work/calls"
}

# expect NAME COUNTS LINE: what the row counts (passed, failed, skipped) and prints.
expect() {
    local name=$1 expected=$2 line=$3 found
    passed=0 failed=0 skipped=0
    sound_miri >"$work/printed"
    found="$passed $failed $skipped"
    if [[ $found == "$expected" ]] && grep -qE -- "$line" "$work/printed"; then
        echo "ok    $name"
    else
        wrong=$((wrong + 1))
        printf 'fail  %s: counted %s, or nothing like "%s" in:\n%s\n' "$name" "$found" "$line" "$(<"$work/printed")"
    fi
}

stand_in 0
expect "a Miri runs" "1 0 0" "^ok    sound: Miri "
diff - "$work/calls" <<'E2' || wrong=$((wrong + 1))
-Zmiri-permissive-provenance -Zmiri-disable-isolation: miri test --package percpu-hv --test hosted --test naive --features sp-naive
-Zmiri-permissive-provenance: miri test --package percpu-hv --lib
E2

stand_in 1
expect "what Miri finds fails the row" "0 1 0" "^FAIL  sound: Miri .* status 1"
(($(wc -l <"$work/calls") == 1)) || { echo "fail  the first error does not end the row"; wrong=$((wrong + 1)); }

rm "$work/bin/cargo-miri"
if with_miri >/dev/null; then
    echo "ok    there is a Miri here, which is never skipped"
else
    expect "no Miri is said" "0 0 1" "^skip  sound: Miri: no Miri"
fi
((wrong == 0))
