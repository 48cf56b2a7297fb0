#!/usr/bin/env bash
# Tests that a check of test.sh which does not end is ended, with what it started, and says so.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/test.sh
source "$here/../test.sh"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
logs=$work
wrong=0

# expect NAME COUNTS LINE: what was counted (passed, failed) and printed since the last time.
expect() {
    if [[ "$passed $failed" == "$2" ]] && grep -qE -- "$3" "$work/printed"; then
        echo "ok    $1"
    else
        wrong=$((wrong + 1))
        printf 'fail  %s: counted %s, or nothing like "%s" in:\n%s\n' "$1" "$passed $failed" "$3" "$(<"$work/printed")"
    fi
    passed=0 failed=0
}

# goes_on PID: whether the process runs; one that nobody has waited for yet does not.
goes_on() {
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return
    [[ $state != Z ]]
}

# A stand-in for a build or a boot that goes on in the background.
cat >"$work/hang" <<'E2'
#!/usr/bin/env bash
sleep 60 &
echo $! >"$1"
echo "what it said before"
wait
E2
chmod +x "$work/hang"

check_limit=2 check "hangs" "$work/hang" "$work/pid" >"$work/printed"
expect "a check that does not end fails by its name" "0 1" '^FAIL  hangs .* 2 s, no end within 2 s$'
grep -q 'what it said before$' "$work/printed" || { echo "fail  its output is not shown"; wrong=$((wrong + 1)); }
if goes_on "$(<"$work/pid")"; then
    echo "fail  what it started goes on"
    wrong=$((wrong + 1))
fi

check "fails" bash -c 'exit 124' >"$work/printed"
expect "a status of its own is said as such" "0 1" '^FAIL  fails .* s, status 124$'

check "ends" platform aarch64 >"$work/printed"
expect "a function of test.sh is a check" "1 0" '^ok    ends '
((wrong == 0))
