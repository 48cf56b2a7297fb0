#!/usr/bin/env bash
# Every rule of docs/safety.md has tests that exist, and every SAFETY comment of the library cites a rule.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

failures=0
fail() {
    echo "$*"
    failures=$((failures + 1))
}

# exists NAME: whether there is a test of this name, as docs/safety.md writes it.
exists() {
    local name=${1##*: } file
    case $1 in
        ui/fail/*) [[ -s percpu-hv/tests/$1.rs && -s percpu-hv/tests/$1.stderr ]] ;;
        ui/pass/*) [[ -s percpu-hv/tests/$1.rs ]] ;;
        selftest:*) grep -rqF -- "(\"${1#*: }\"," tests/conformance/src ;;
        selftest-interrupts:* | selftest-guests:*) grep -rqwF -- "$name" examples/hv-boot/src/selftest ;;
        test.sh:*) grep -qE -- "check \"[^\"]*, $name\"" scripts/test.sh ;;
        *::*)
            case $1 in
                hosted/*) file=percpu-hv/tests/${1%::*}.rs ;;
                anywhere::* | lifecycle::* | machines::* | hosted_alignment::* | preempt_hook::* | consumers::* | \
                    before_init::* | arrival::* | dumps::* | online::* | typed_init::*)
                    file=percpu-hv/tests/${1%%::*}.rs
                    ;;
                loom::*) file=tests/loom/src/lib.rs ;;
                links/* | conformance/* | golden/* | structure/*) file=${1%::*} file=tests/${file%/*}/tests/${file#*/}.rs ;;
                macros/*) file=${1%::*} file=percpu-hv-macros/src/${file#*/}.rs ;;
                *) file=percpu-hv/src/${1%::*}.rs ;;
            esac
            # The attribute, perhaps another one, and the function; or one in proptest!.
            grep -B 2 -E "^ *fn ${1##*::}\(" "$file" | grep -q '#\[test\]'
            ;;
        *) false ;;
    esac
}

# The rules as lines: number, then the names of its tests.
rules=$(awk '
    /^## / { if (inside) exit; inside = /^## Rules/; next }
    !inside { next }
    /^[0-9]+\. \*\*/ { if (rule) print rule, tests; rule = $0; sub(/\..*/, "", rule); tests = ""; listing = 0 }
    /^ +Tests: / { listing = 1 }
    /^$/ { listing = 0 }
    listing { tests = tests $0 }
    END { print rule, tests }
' docs/safety.md)

highest=0 tests=0
while read -r number names; do
    ((number == highest + 1)) || fail "rule $number follows rule $highest"
    highest=$number
    [[ $names == *'`'* ]] || fail "rule $number has no test"
    # Between the first and the second backtick, and so on.
    while [[ $names == *'`'*'`'* ]]; do
        names=${names#*'`'}
        name=${names%%'`'*}
        names=${names#*'`'}
        tests=$((tests + 1))
        exists "$name" || fail "rule $number: there is no test $name"
    done
done <<<"$rules"
((highest >= 20)) || fail "only $highest rules are left"

# Users read the assumptions in the crate's documentation, maintainers in the contract.
assumptions() { sed -n '/^| what | the rule/,/^$/p' "$1"; }
[[ -n $(assumptions docs/safety.md) ]] || fail "docs/safety.md has no table of assumptions"
diff <(assumptions docs/safety.md) <(assumptions percpu-hv/guide/assumptions.md; echo) ||
    fail "the assumptions in percpu-hv/guide are others than those in docs/safety.md"

# A test that is not there must be missed.
for missing in ui/fail/none "selftest: none" test.sh:none "test.sh: none" loom::none hosted/guards::none; do
    ! exists "$missing" 2>/dev/null || fail "$missing is found"
done

# The comments of the library; those of its unit tests are about their own memory.
comments=0
while IFS=: read -r file line text; do
    comments=$((comments + 1))
    if [[ $text =~ rules?\ [0-9] ]]; then
        while read -r number; do
            ((number >= 1 && number <= highest)) || fail "$file:$line: there is no rule $number"
        done < <(grep -oE 'rules? [0-9]+((, [0-9]+)* and [0-9]+)?' <<<"$text" | grep -oE '[0-9]+')
    elif [[ ! $text =~ SAFETY:\ as ]]; then
        fail "$file:$line: no rule: $text"
    fi
done < <(for file in percpu-hv/src/*.rs percpu-hv/src/*/*.rs; do
    awk -v file="$file" '/^#\[cfg\(all\(test/ { exit } /\/\/ SAFETY:/ { print file ":" NR ":" $0 }' "$file"
done)
((comments > 100)) || fail "only $comments SAFETY comments are found"

echo "$highest rules, $tests tests, $comments SAFETY comments, $failures failures"
((failures == 0))
