#!/usr/bin/env bash
# completion_test.sh -- the completion scripts at work: bash by its function, zsh on a terminal of
# its own (skipped in one line where zsh is not installed).
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. tests/shell_rig.sh # changes into a folder of its own

"$logit" help --completion bash >bash.sh || complain "help --completion bash: exit $?"
"$logit" help --completion zsh >_logit || complain "help --completion zsh: exit $?"
mkdir -p runs && touch runs/a.png runs/b.png

# bash_offers WORDS WANT..: what is offered for the last of the words holds all of these
bash_offers() {
    local line=$1 got
    shift
    got=$(bash -c 'source ./bash.sh; read -ra COMP_WORDS <<<"$1"
        [[ $1 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _logit; printf "%s\n" "${COMPREPLY[@]}"' - "$line" 2>&1)
    for want in "$@"; do
        grep -qxF -e "$want" <<<"$got" || complain "bash: \"$line\" does not offer $want: $got"
    done
}

bash_offers "logit tr" train
bash_offers "logit help ex" explain export
bash_offers "logit train --opt" --optimizer
bash_offers "logit train --optimizer " adam lbfgs
bash_offers "logit train --features " square cross rff sigmoid step patch
bash_offers "logit compare --features pa" patch
bash_offers "logit export --format " onnx c
bash_offers "logit predict runs/" runs/a.png runs/b.png

if ! command -v zsh >/dev/null; then
    [ $failures -eq 0 ] && echo "$test_name: no zsh (apt-get install zsh), its half is skipped"
    conclude "the bash script offers what it should"
    exit 0
fi

zsh -n _logit || complain "zsh -n: the script is not zsh"

# zsh_makes HOW WORDS WANT: TAB after the words makes a line, or a list, that holds this.  HOW the
# script is loaded: autoload, as a function found by its name, or source.
cat >terminal.zsh <<'END'
zmodload zsh/zpty
zpty shell "zsh -f -i"
zpty -w shell "PS1='READY'; unsetopt zle_bracketed_paste beep; fpath=($PWD \$fpath)"
zpty -w shell "autoload -U compinit; compinit -u -D; zstyle ':completion:*' menu no"
[[ $1 = source ]] && zpty -w shell "source $PWD/_logit"
zpty -w shell "LISTMAX=1000; COLUMNS=200; stty columns 200 rows 500; cd $PWD; echo SET''TLED"
zpty -r -m shell text '*SETTLED*READY*'
zpty -w -n shell "$2"$'\t'
sleep 0.5
zpty -w -n shell $'\t'
sleep 0.3
while zpty -r -t shell part; do print -rn -- $part; done
zpty -d shell
END
zsh_makes() {
    local how=$1 got
    got=$(TERM=xterm timeout 30 zsh -f terminal.zsh "$how" "$2" </dev/null 2>&1)
    grep -qF -e "$3" <<<"$got" || complain "zsh ($how): \"$2\" does not make \"$3\": $got"
}

zsh_makes source "logit tra" "logit train"
zsh_makes source "logit train --optimizer=" "lbfgs"
zsh_makes source "logit train --features=pa" "--features=patch"
zsh_makes autoload "logit tra" "logit train"
zsh_makes autoload "logit train --optim" "--optimizer"
zsh_makes autoload "logit export --format " "onnx"
zsh_makes autoload "logit export runs/1 -o runs/" "b.png"
zsh_makes autoload "logit exp" "write a model for other programs"
zsh_makes autoload "logit help ver" "logit help verify"

conclude "bash and zsh offer verbs, options, choices and files"
