# bash completion of logit; made by: logit help --completion bash
_logit() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local verb=${COMP_WORDS[1]} words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$verb" = help ] && [ "${current:0:1}" != - ]; }; then
        words="train eval verify predict explain loss data compare pack export report info bench help"
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        return
    fi
    case "$verb $before" in
        "train --pick") words="best 1se" ;;
        "train --channels") words="auto 1 3" ;;
        "train --normalize") words="standard unit" ;;
        "train --features") words="square cross rff sigmoid step patch" ;;
        "train --shuffle") words="auto full block none" ;;
        "train --sampling") words="all balanced" ;;
        "train --labels") words="auto coarse fine" ;;
        "train --decoder") words="auto stb turbo" ;;
        "train --on-bad") words="fail skip" ;;
        "train --loss") words="auto softmax sigmoid mse" ;;
        "train --init") words="prior zero" ;;
        "train --optimizer") words="gd sgd adam lbfgs" ;;
        "train --schedule") words="auto const cosine step" ;;
        "train --metric") words="loss accuracy" ;;
        "train --device") words="auto cpu cuda ref" ;;
        "train --precision") words="f32 tf32 bf16" ;;
        "train --format") words="text json" ;;
        "train --progress") words="auto plain none" ;;
        "train --val-split" | "train --folds" | "train --size" | "train --shift" | "train --classes" | "train --max-bad" | "train --l2" | "train --l1" | "train --path" | "train --label-smoothing" | "train --class-weight" | "train --lr" | "train --momentum" | "train --weight-decay" | "train --tolerance" | "train --step-every" | "train --step-factor" | "train --warmup" | "train --epochs" | "train --patience" | "train --batch-size" | "train --seed" | "train --threads" | "train --memory" | "train --device-memory" | "train --checkpoint-every" | "train --log-every") return ;;
        "eval --labels") words="auto coarse fine" ;;
        "eval --decoder") words="auto stb turbo" ;;
        "eval --on-bad") words="fail skip" ;;
        "eval --device") words="auto cpu cuda ref" ;;
        "eval --part") words="train val test" ;;
        "eval --format") words="text json" ;;
        "eval --progress") words="auto plain none" ;;
        "eval --max-bad" | "eval --threads" | "eval --memory" | "eval --device-memory" | "eval --top" | "eval --wrong") return ;;
        "verify --labels") words="auto coarse fine" ;;
        "verify --decoder") words="auto stb turbo" ;;
        "verify --on-bad") words="fail skip" ;;
        "verify --format") words="text json" ;;
        "verify --progress") words="auto plain none" ;;
        "verify --max-bad" | "verify --threads" | "verify --memory" | "verify --tolerance") return ;;
        "predict --decoder") words="auto stb turbo" ;;
        "predict --on-bad") words="fail skip" ;;
        "predict --device") words="auto cpu cuda ref" ;;
        "predict --input") words="names csv jsonl" ;;
        "predict --format") words="text json jsonl csv" ;;
        "predict --top" | "predict --prior" | "predict --temperature") return ;;
        "explain --decoder") words="auto stb turbo" ;;
        "explain --on-bad") words="fail skip" ;;
        "explain --format") words="text json" ;;
        "explain --progress") words="auto plain none" ;;
        "explain --val-split" | "explain --max-bad" | "explain --class-weight" | "explain --seed" | "explain --threads" | "explain --memory" | "explain --class" | "explain --versus" | "explain --top" | "explain --terms") return ;;
        "loss --decoder") words="auto stb turbo" ;;
        "loss --on-bad") words="fail skip" ;;
        "loss --device") words="auto cpu cuda ref" ;;
        "loss --part") words="train val test" ;;
        "loss --format") words="text json" ;;
        "loss --progress") words="auto plain none" ;;
        "loss --max-bad" | "loss --threads" | "loss --memory" | "loss --device-memory" | "loss --logits" | "loss --label" | "loss --smoothing" | "loss --reference") return ;;
        "data --labels") words="auto coarse fine" ;;
        "data --decoder") words="auto stb turbo" ;;
        "data --format") words="text json" ;;
        "data --progress") words="auto plain none" ;;
        "data --classes" | "data --threads") return ;;
        "compare --channels") words="auto 1 3" ;;
        "compare --normalize") words="standard unit" ;;
        "compare --features") words="square cross rff sigmoid step patch" ;;
        "compare --shuffle") words="auto full block none" ;;
        "compare --sampling") words="all balanced" ;;
        "compare --labels") words="auto coarse fine" ;;
        "compare --decoder") words="auto stb turbo" ;;
        "compare --on-bad") words="fail skip" ;;
        "compare --loss") words="auto softmax sigmoid mse" ;;
        "compare --init") words="prior zero" ;;
        "compare --optimizer") words="gd sgd adam lbfgs" ;;
        "compare --schedule") words="auto const cosine step" ;;
        "compare --precision") words="f32 tf32 bf16" ;;
        "compare --mode") words="lockstep free" ;;
        "compare --part") words="train val test" ;;
        "compare --format") words="text json" ;;
        "compare --progress") words="auto plain none" ;;
        "compare --val-split" | "compare --size" | "compare --shift" | "compare --classes" | "compare --max-bad" | "compare --l2" | "compare --label-smoothing" | "compare --class-weight" | "compare --lr" | "compare --momentum" | "compare --weight-decay" | "compare --step-every" | "compare --step-factor" | "compare --warmup" | "compare --epochs" | "compare --batch-size" | "compare --seed" | "compare --threads" | "compare --memory" | "compare --devices" | "compare --steps" | "compare --tolerance") return ;;
        "pack --channels") words="auto 1 3" ;;
        "pack --labels") words="auto coarse fine" ;;
        "pack --decoder") words="auto stb turbo" ;;
        "pack --on-bad") words="fail skip" ;;
        "pack --order") words="random index" ;;
        "pack --format") words="text json" ;;
        "pack --progress") words="auto plain none" ;;
        "pack --size" | "pack --classes" | "pack --max-bad" | "pack --threads" | "pack --memory") return ;;
        "export --format") words="auto onnx c" ;;
        "export --prior" | "export --temperature") return ;;
        "report --versus") return ;;
        "info --format") words="text json" ;;
        "bench --device") words="auto cpu cuda ref" ;;
        "bench --precision") words="f32 tf32 bf16" ;;
        "bench --format") words="text json" ;;
        "bench --threads" | "bench --seconds" | "bench --only") return ;;
        "help --completion") words="bash zsh" ;;
    esac
    if [ -z "$words" ] && [ "${current:0:1}" = - ]; then
        case "$verb" in
        train) words="--val --val-split --folds --pick --test --size --channels --normalize --features --shuffle --sampling --flip --shift --classes --labels --decoder --untrusted --on-bad --cache --max-bad --loss --l2 --l1 --path --label-smoothing --calibrate --class-weight --init --from --optimizer --lr --momentum --nesterov --weight-decay --tolerance --schedule --step-every --step-factor --warmup --epochs --patience --metric --batch-size --seed --device --precision --threads --memory --device-memory --out --force --resume --checkpoint-every --log-every --format --config --print-config --progress --quiet --verbose --help" ;;
        eval) words="--labels --decoder --untrusted --on-bad --cache --max-bad --device --threads --memory --device-memory --part --top --wrong --format --config --print-config --progress --quiet --verbose --help" ;;
        verify) words="--labels --decoder --untrusted --on-bad --cache --max-bad --threads --memory --tolerance --format --config --print-config --progress --quiet --verbose --help" ;;
        predict) words="--decoder --untrusted --on-bad --device --top --prior --temperature --input --null --format --config --print-config --quiet --verbose --help" ;;
        explain) words="--val --val-split --decoder --untrusted --on-bad --max-bad --class-weight --seed --threads --memory --class --versus --top --terms --data --out --format --config --print-config --progress --quiet --verbose --help" ;;
        loss) words="--decoder --untrusted --on-bad --cache --max-bad --device --threads --memory --device-memory --part --logits --label --smoothing --reference --format --config --print-config --progress --quiet --verbose --help" ;;
        data) words="--classes --labels --decoder --untrusted --threads --format --config --print-config --progress --quiet --verbose --help" ;;
        compare) words="--val --val-split --test --size --channels --normalize --features --shuffle --sampling --flip --shift --classes --labels --decoder --untrusted --on-bad --cache --max-bad --loss --l2 --label-smoothing --class-weight --init --from --optimizer --lr --momentum --nesterov --weight-decay --schedule --step-every --step-factor --warmup --epochs --batch-size --seed --precision --threads --memory --devices --mode --steps --tolerance --record --against --replay --stress --self-test --out --part --format --config --print-config --progress --quiet --verbose --help" ;;
        pack) words="--size --channels --classes --labels --decoder --untrusted --on-bad --max-bad --threads --memory --out --order --force --format --config --print-config --progress --quiet --verbose --help" ;;
        export) words="--out --force --prior --temperature --format --config --print-config --quiet --verbose --help" ;;
        report) words="--out --versus --quiet --verbose --help" ;;
        info) words="--format --quiet --verbose --help" ;;
        bench) words="--device --precision --threads --seconds --only --format --config --print-config --quiet --verbose --help" ;;
        help) words="--man --completion --help" ;;
        esac
    fi
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        compopt -o filenames 2>/dev/null
        local IFS=$'\n'
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -F _logit logit
