#!/usr/bin/env bash
# reliability_test.sh -- docs/reliability.md: every suite, test and script that it names is there,
# `make check-long` does at length all that the page says can be done at length, and every fuzz
# target has files to begin with.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit
page=docs/reliability.md found=0
complain() { found=$((found + 1)) && echo "reliability_test: $*"; }

# The lines of the table under a heading.
table() { sed -n "/^## $1/,/^## /p" "$page" | grep '^|' | tail -n +3; }

# malformed files: `suite`: test, test; `suite`: test
named=0 suite=
while read -r word; do
    case $word in
    '`'*'`:') suite=${word//[\`:]/} ;;
    *)
        word=${word%[,;]} named=$((named + 1))
        [[ $word =~ ^[a-z0-9_]+$ ]] || continue
        grep -q "^START_TEST($word)" "tests/test_$suite.c" 2>/dev/null ||
            complain "suite $suite has no test $word"
        ;;
    esac
done < <(table 'Malformed files' | awk -F'|' '{print $3}' |
    grep -oE '`[a-z0-9_]+`: [a-z0-9_]+(, [a-z0-9_]+)*' | tr ' ' '\n')
[ $named -ge 50 ] || complain "only $named tests of malformed files were found"

# the tests of each promise
tests=$(table Tests)
for suite in $(grep -E 'suites? `' <<<"$tests" | awk -F'|' '{print $3}' | grep -oE '`[a-z_]+`' | tr -d '`'); do
    [ -f "tests/test_$suite.c" ] || complain "there is no suite $suite"
done
for script in $(grep -oE 'tests/[a-z_]+\.sh' "$page" | sort -u); do
    [ -f "$script" ] || complain "there is no $script"
done

# at length
recipe=$(sed -n '/^check-long:/,/^$/p' Makefile)
lengths=$(awk -F'|' '{print $6}' <<<"$tests" | grep -oE '[A-Z_]+=[0-9]+')
for length in $lengths; do
    grep -qE "\b$length\b" <<<"$recipe" || complain "make check-long does not set $length"
done
for script in $(grep -E '[A-Z_]+=[0-9]+|make soak' <<<"$tests" | grep -oE 'tests/[a-z]+_test' | sed 's/.*\///;s/_test//'); do
    grep -qE "tests/check .*\b$script\b" <<<"$recipe" || complain "make check-long does not run $script"
done
for target in $(awk -F'|' '{print $3}' <<<"$tests" | grep -oE '`make [a-z-]+`' | tr -d '`' | sed 's/make //' | sort -u); do
    grep -qE "^$target:" Makefile || complain "there is no make $target"
    [ "$target" = soak ] || grep -qE "\b$target\b" <<<"$(tail -n +2 <<<"$recipe")" ||
        complain "make check-long does not make $target"
done
[ "$(wc -w <<<"$lengths")" -ge 8 ] || complain "only these lengths were found: $lengths"

# fuzzing
seeds=$(mktemp -d) && trap 'rm -rf -- "$seeds"' EXIT
for target in tests/fuzz_*.c; do
    name=${target#tests/fuzz_} && name=${name%.c}
    mkdir "$seeds/$name" && bash tests/fuzz/seed "$name" "$seeds/$name" || complain "seed $name fails"
    [ -n "$(find "$seeds/$name" -type f -size +0)" ] || complain "$name: nothing to begin with"
done

[ $found -eq 0 ] && echo "reliability_test: $named tests of malformed files, and what check-long does"
[ $found -eq 0 ]
