#!/usr/bin/env bash
# theory_test.sh -- docs/theory.md and its Korean twin: every file, function, test and option that
# they name is there, and every command on them runs.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit
root=$PWD
. tests/shell_rig.sh # changes into a folder of its own

# The references of a page: FILE NAME, one per line.
references() { grep -oE '`(src|tests|cuda)/[A-Za-z0-9_/.]+: [A-Za-z0-9_]+`' "$1" | tr -d '`:'; }
# Its options, and its commands.
options() { grep -E '^- ' "$1" | grep -oE -- '--[a-z0-9-]+' | sort -u; }
# Its formulas: what is bold and has a sign of one in it.
formulas() { grep -oE '\*\*[^*]([^*]|\*[^*])*\*\*' "$1" | grep -E '[=+/]|<-'; }
commands() { sed -n '/^```sh$/,/^```$/p' "$1" | grep -v '^```'; }

# defined FILE NAME: a function's definition (its name begins a parameter list at a line that does
# not end the statement), or a test
defined() {
    if [[ $1 == tests/* ]]; then
        grep -qE "^START_TEST\($2\)" "$root/$1"
    else
        grep -qE "^[A-Za-z].*[ *]$2\(" "$root/$1"
    fi
}

"$logit" help --man | tr -d '\\' >manual
for page in theory.md theory.ko.md; do
    path=$root/docs/$page count=0
    while read -r file name; do
        count=$((count + 1))
        [ -f "$root/$file" ] || complain "$page: there is no $file"
        defined "$file" "$name" 2>/dev/null || complain "$page: $file defines no $name"
    done < <(references "$path")
    [ $count -ge 28 ] || complain "$page: only $count references were found"
    for option in $(options "$path"); do
        grep -qF -e "fB$option" manual || complain "$page: no option $option"
    done
done

[ "$(references "$root/docs/theory.md")" = "$(references "$root/docs/theory.ko.md")" ] ||
    complain "the pages name different places"
[ "$(options "$root/docs/theory.md")" = "$(options "$root/docs/theory.ko.md")" ] ||
    complain "the pages name different options"
[ "$(formulas "$root/docs/theory.md")" = "$(formulas "$root/docs/theory.ko.md")" ] ||
    complain "the pages hold different formulas: $(diff <(formulas "$root/docs/theory.md") <(formulas "$root/docs/theory.ko.md") | head -4)"
# Each loss, optimiser and penalty that training has is on the page.
for term in 'max(z, 0)' 'log1p(r)' '(1/2) |z - onehot(y)|^2' '|W|_1' '(l2/2) |W|^2' 'log((n_c + 1)' \
    '(1 - lr a) w' 'log(t_j / p_j)' '|g|^2 / (2 l2)' 'e/K' 'R^2 = 1'; do
    grep -qF -e "$term" "$root/docs/theory.md" || complain "theory.md: no $term"
done
[ "$(commands "$root/docs/theory.md")" = "$(commands "$root/docs/theory.ko.md")" ] ||
    complain "the pages show different commands"
[ "$(grep -c '^## ' "$root/docs/theory.md")" = "$(grep -c '^## ' "$root/docs/theory.ko.md")" ] ||
    complain "the pages have different sections"

logit() { "$logit" "$@"; }
draw() { "$draw" "$@"; }
ran=0
while read -r line; do
    ran=$((ran + 1))
    eval "$line" >log 2>&1 </dev/null || complain "\"$line\" fails: $(tail -1 log)"
done < <(commands "$root/docs/theory.md")
[ $ran -ge 20 ] || complain "only $ran commands were found"

conclude "the names of both pages are there, and $ran commands run"
