#!/usr/bin/env bash
# install_test.sh -- make install into a folder of its own: everything is there, a program finds the
# library by pkg-config and runs, and make uninstall leaves nothing.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit
root=$PWD
. tests/shell_rig.sh # changes into a folder of its own

# The build that is tested, as it is: nothing of another kind is built.
build=$(dirname "$logit")
mode=$(basename "$build")
cuda=0
[ ! -e "$build/liblogit-cuda.so" ] || cuda=1
makes() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$root" MODE="$mode" CUDA=$cuda "$@" >log 2>&1; }

stage=$work/stage
makes install DESTDIR="$stage" || complain "make install: exit $?: $(tail -3 log)"
prefix=$stage/usr/local
for file in bin/logit include/logit.h lib/liblogit.a lib/pkgconfig/logit.pc share/man/man1/logit.1 \
    share/bash-completion/completions/logit share/zsh/site-functions/_logit \
    share/doc/logit/README.md share/doc/logit/LICENSE share/doc/logit/docs/model-file.md; do
    [ -s "$prefix/$file" ] || complain "$file is not installed"
done
[ $cuda = 0 ] || [ -s "$prefix/lib/logit/liblogit-cuda.so" ] || complain "the plug-in is not installed"
ends "logit" 0 "$prefix/bin/logit" info
cmp -s "$prefix/share/man/man1/logit.1" "$root/tests/golden/logit.1" || complain "another man page"
bash -n "$prefix/share/bash-completion/completions/logit" || complain "bash completion"

# Every link of the README that leads into docs/ leads somewhere there, too.
for link in $(grep -oE '\(docs/[^)#]+' "$root/README.md" | tr -d '('); do
    [ -e "$root/$link" ] && [ ! -d "$root/$link" ] || continue
    [ -e "$prefix/share/doc/logit/$link" ] || complain "README.md: $link is not installed"
done

cat >user.c <<'END'
#include <logit.h>
#include <stdio.h>

int main(void)
{
    logit_machine machine;
    logit_error error;
    if (logit_machine_describe(&machine, &error) != LOGIT_OK) return 1;
    printf("%s %s %s\n", LOGIT_VERSION, machine.version, logit_export_name(0));
    return 0;
}
END
flags=()
case $mode in asan) flags=(-fsanitize=address,undefined) ;; tsan) flags=(-fsanitize=thread) ;; coverage) flags=(--coverage) ;; esac
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage
read -ra cflags <<<"$(pkg-config --cflags logit)"
read -ra libs <<<"$(pkg-config --libs logit)"
version=$(pkg-config --modversion logit)
ends "a program in C" 0 cc "${flags[@]}" -std=c99 -pedantic -Wall -Wextra -Werror user.c -o user "${cflags[@]}" "${libs[@]}"
ends "a program in C++" 0 c++ "${flags[@]}" -x c++ -Wall -Werror user.c -o user++ "${cflags[@]}" -x none "${libs[@]}"
for program in user user++; do
    ends "$program" 0 "./$program"
    says "$program" "$version $version onnx"
done
[ -n "$version" ] && [ "$("$prefix/bin/logit" --version)" = "logit $version" ] || complain "version $version"

grep -qx "prefix=/usr/local" "$prefix/lib/pkgconfig/logit.pc" || complain "prefix of logit.pc"

makes uninstall DESTDIR="$stage" || complain "make uninstall: exit $?: $(tail -3 log)"
left=$(find "$stage" -type f)
[ -z "$left" ] || complain "make uninstall leaves $left"

conclude "installed, found by pkg-config from C and C++, and removed"
