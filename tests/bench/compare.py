#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same work by logit and by PyTorch, scikit-learn and Pillow, on the same cores.

    tests/bench/compare.py --logit PROGRAM --scratch DIR --threads N [--parts FILE] [--images DIR]
                           [--quick]

Called by tests/bench/run.  Prints one JSON object per line: {"program", "version"} of what is
compared with; {"remark"}, what was skipped and why; and the rows {"name", "shape", "value", "unit",
"other", "note", "ratio"}: value is logit's, other theirs, a ratio over 1 says logit is faster.
What it is doing goes to standard error.  PARTS is the JSON of `logit bench IMAGES`.

The other programs run as processes of their own, since OpenBLAS takes its core type and threads
when it is loaded: each core type the processor can run, and for PyTorch one thread and all of
them.  The best counts.  Weights of both sides are judged by one computation of J, in float64.
"""
import argparse
import importlib.util
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import numpy as np

import sets

HERE = os.path.dirname(os.path.abspath(__file__))
SAME = 0.01  # losses that differ by less are the same; shuffles alone make a difference
L2 = 1e-4    # of the comparison with scikit-learn
LIMIT = 100  # its iterations, the number it takes by default
PROBE = 3    # its iterations while a core type is looked for

# What is trained in minibatches.  lr: about 1/L for pixels in [0, 1].
LOOPS = [
    {"shape": "MNIST, 784 x 10, batch 128", "set": "mnist", "outputs": 10, "batch": 128,
     "lr": 0.1, "epochs": 8},
    {"shape": "MNIST, 784 x 10, batch 1024", "set": "mnist", "outputs": 10, "batch": 1024,
     "lr": 0.1, "epochs": 8},
    {"shape": "3x100x100, 1 sigmoid, batch 256", "set": "colour", "outputs": 1, "batch": 256,
     "lr": 5e-4, "epochs": 6},
    {"shape": "1024 x 1000, batch 1024", "set": "wide", "outputs": 1000, "batch": 1024,
     "lr": 1.0, "epochs": 5},
]
# Samples of each set, and of it in a quick run.
COUNT = {"mnist": (60000, 2000), "colour": (4096, 256), "wide": (16000, 1000)}


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def emit(**line):
    print(json.dumps(line), flush=True)


def emit_row(name, shape, value, unit, other, note):
    """other None: there is nobody to compare with."""
    ratio = None if other is None else other / value if unit == "s" else value / other
    emit(name=name, shape=shape, value=value, unit=unit, other=other, note=note, ratio=ratio)


def has(module):
    """Whether it is installed; says where it is not."""
    if importlib.util.find_spec(module) is not None:
        return True
    emit(remark=f"{module}: skipped, {sys.executable} has no such module")
    return False


# ------------------------------------------------------------------------------- processes ---

def core_types():
    """OpenBLAS core types worth trying: the user's own, or its own choice and those that the
    processor can run (it may not know a new one, and fall back to old kernels)."""
    if os.environ.get("OPENBLAS_CORETYPE"):
        return [os.environ["OPENBLAS_CORETYPE"]]
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            words = set(file.read().split())
    except OSError:
        words = set()
    return [""] + [core for core, flags in (("Haswell", {"avx2", "fma"}),
                                            ("SkylakeX", {"avx512f", "avx512bw", "avx512vl"}))
                   if flags <= words]


def run_child(script, job, core, threads):
    """What tests/bench/SCRIPT makes of this job with these OpenBLAS settings; None if it failed."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    if core:
        env["OPENBLAS_CORETYPE"] = core
    done = subprocess.run([sys.executable, os.path.join(HERE, script)], input=json.dumps(job),
                          stdout=subprocess.PIPE, text=True, env=env, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)
    emit(remark=f"{script}: ended with {done.returncode}, {describe(core, threads)}")
    return None


def describe(core, threads):
    return f"{threads} thread{'s' if threads > 1 else ''}, OpenBLAS {core or 'as it chooses'}"


def run_logit(args, data, run, options):
    """Trains; (seconds of the whole command, the epoch lines of RUN/metrics.jsonl)."""
    command = [args.logit, "train", data, "-o", run, "--force", "--val-split", "0", "--device",
               "cpu", "--threads", str(args.threads), "--quiet", *options]
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - start
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return seconds, [line for line in lines if line["type"] == "epoch"]


# ------------------------------------------------------------------------------------ sets ---

class Sets:
    """Sets are made when they are first asked for: arrays(name), and data(name) for logit."""

    def __init__(self, args):
        self.folder, self.quick, self.made = args.scratch, args.quick, {}

    def arrays(self, name):
        self._make(name)
        return os.path.join(self.folder, name)

    def data(self, name):
        self._make(name)
        return self.made[name]

    def _make(self, name):
        if name in self.made:
            return
        count = COUNT[name][self.quick]
        folder = os.path.join(self.folder, f"{name}-logit")
        if name == "mnist":
            pixels, label = self._mnist(count)
        else:
            pixels, label = sets.synthetic(*{"colour": ((100, 100, 3), 2, count),
                                             "wide": ((32, 32), 1000, count)}[name])
        write = sets.write_folder if name == "wide" else sets.write_idx
        write(folder, pixels, label)  # a byte is too small for a label of 1000 classes
        sets.write_arrays(os.path.join(self.folder, name), pixels, label)
        self.made[name] = folder

    def _mnist(self, count):
        data = os.environ.get("LOGIT_TEST_DATA")
        found = sets.read_idx(os.path.join(data, "mnist"), "train") if data else None
        if found is None:
            emit(remark="MNIST: LOGIT_TEST_DATA does not lead to it, a synthetic set of its shape "
                        "stands in")
            pixels, label = sets.synthetic((28, 28), 10, count)
            return pixels // 4, label  # as dark
        return found[0][:count, :, :, 0], found[1][:count]


# ----------------------------------------------------------------------- PyTorch, minibatches ---

def train_with_logit(args, row, made, run):
    """{"rate", "loss"} of `logit train` on the row: rate as its metrics.jsonl has it."""
    _, epochs = run_logit(args, made.data(row["set"]), run, [
        "--optimizer", "sgd", "--lr", str(row["lr"]), "--normalize", "unit", "--l2", "0",
        "--batch-size", str(row["batch"]), "--epochs", str(row["epochs"])])
    _, weight, bias = sets.read_model(run)
    return {"rate": statistics.median(line["samples_per_second"] for line in epochs[1:]),
            "loss": sets.objective(made.arrays(row["set"]), weight, bias)}


def train_with_torch(args, rows, out):
    """Per row and kind of loop the quickest of all settings, {"rate", "weights", "how"}; None if
    PyTorch does not run."""
    best = None
    cores, counts = ([""], [args.threads]) if args.quick else (core_types(), {1, args.threads})
    for core, threads in itertools.product(cores, sorted(counts)):
        how = describe(core, threads)
        say(f"PyTorch: {how}")
        job = {"threads": threads, "out": os.path.join(out, f"{core}-{threads}"), "rows": rows}
        got = run_child("torch_loop.py", job, core, threads)
        if not got:
            continue
        if not best:
            emit(program="PyTorch", version=got["version"])
        new = [[dict(one, how=how) for one in row] for row in got["rows"]]
        best = [[max(pair, key=lambda one: one["rate"]) for pair in zip(*both)]
                for both in zip(best or new, new)]
    return best


def compare_losses(epochs, mine, theirs):
    text = f"loss after {epochs} epochs {mine:.5f}, theirs {theirs:.5f}"
    apart = abs(mine - theirs) / theirs
    return text if apart <= SAME else f"{text}: NOT THE SAME, {100 * apart:.1f} % apart"


def compare_torch(args, made, scratch):
    loops = [dict(row, epochs=2) for row in LOOPS] if args.quick else LOOPS
    mine = []
    for i, row in enumerate(loops):
        say(f"logit train: {row['shape']}")
        mine.append(train_with_logit(args, row, made, os.path.join(scratch, f"run-{i}")))
    rows = [dict(row, set=made.arrays(row["set"])) for row in loops]
    theirs = train_with_torch(args, rows, os.path.join(scratch, "torch")) if has("torch") else None
    if not theirs:
        for row, logit in zip(rows, mine):
            emit_row("logit train", row["shape"], logit["rate"], "samples/s", None,
                     f"loss after {row['epochs']} epochs {logit['loss']:.5f}")
        return
    for row, logit, kinds in zip(rows, mine, theirs):
        for name, other in zip(("PyTorch loop", "PyTorch, no autograd"), kinds):
            weights = np.load(other["weights"])
            loss = sets.objective(row["set"], weights["weight"], weights["bias"])
            emit_row(name, row["shape"], logit["rate"], "samples/s", other["rate"],
                     f"{compare_losses(row['epochs'], logit['loss'], loss)}; {other['how']}")


# ---------------------------------------------------------------------- scikit-learn, L-BFGS ---

def fit_with_sklearn(args, job):
    """The result of fit() with the core type that is quickest in a few iterations, and which."""
    cores, times = core_types(), {}
    for core in cores if len(cores) > 1 and not args.quick else []:
        say(f"scikit-learn: {describe(core, args.threads)}, {PROBE} iterations")
        got = run_child("sklearn_fit.py", dict(job, iterations=PROBE), core, args.threads)
        if got:
            times[core] = got["seconds"]
    core = min(times, key=times.get) if times else cores[0]
    say(f"scikit-learn: {describe(core, args.threads)}")
    return run_child("sklearn_fit.py", job, core, args.threads), describe(core, args.threads)


# What logit minimises beside scikit-learn's L-BFGS: as it comes, and to the same optimum.
FITS = [{"name": "as it comes", "l2": L2, "iterations": LIMIT, "options": []},
        {"name": "lbfgs, unit", "l2": 1e-3, "iterations": 1000,
         "options": ["--optimizer", "lbfgs", "--normalize", "unit"]}]


def compare_objectives(mine, theirs):
    apart = (mine - theirs) / theirs
    side = "LARGER" if apart > 0 else "smaller"
    return f"J {mine:.6f}, theirs {theirs:.6f}: logit's J is {side} by {abs(apart):.1e} of it"


def compare_fit(args, made, fit, scratch):
    folder, run = made.arrays("mnist"), os.path.join(scratch, "run-l2")
    say(f"logit train: MNIST, l2 {fit['l2']:g}, {fit['name']}")
    seconds, epochs = run_logit(args, made.data("mnist"), run,
                                ["--l2", str(fit["l2"]), *fit["options"]])
    meta, weight, bias = sets.read_model(run)
    mean, std = json.loads(meta["mean"]), json.loads(meta["std"])
    mine = sets.objective(folder, weight, bias, mean, std, fit["l2"])

    path = os.path.join(scratch, "sklearn.npz")
    got, how = fit_with_sklearn(args, {"set": folder, "mean": mean, "std": std, "l2": fit["l2"],
                                       "iterations": 10 if args.quick else fit["iterations"],
                                       "weights": path})
    if not got:
        return
    emit(program="scikit-learn", version=got["version"])
    weights = np.load(path)
    theirs = sets.objective(folder, weights["weight"], weights["bias"], mean, std, fit["l2"])
    ended = "converged" if got["converged"] else "not converged"
    emit_row("scikit-learn, L-BFGS", f"MNIST, l2 {fit['l2']:g}, {fit['name']}", seconds, "s",
             got["seconds"],
             f"{compare_objectives(mine, theirs)}; logit: the whole command, {len(epochs)} epochs; "
             f"theirs: fit() alone, {got['iterations']} iterations, {ended}, {how}")


def compare_sklearn(args, made, scratch):
    for fit in FITS if has("sklearn") else []:
        compare_fit(args, made, fit, scratch)


# ---------------------------------------------------------------------------- Pillow, decoding ---

def compare_pillow(args):
    if not args.images or not args.parts:
        emit(remark="decoding beside Pillow: skipped, there are no images")
        return
    if not has("PIL"):
        return
    with open(args.parts, encoding="utf-8") as file:
        lines = json.load(file)
    mine = [line for line in lines
            if line["name"] == "decode, stb" and line["unit"] == "images/s"][0]
    height, width, channels = re.search(r"(\d+)x(\d+)x(\d+)", mine["shape"]).groups()
    say("Pillow: decoding")
    got = run_child("pil_decode.py", {"data": args.images, "height": int(height),
                                      "width": int(width), "channels": int(channels),
                                      "seconds": 0.1 if args.quick else 5.0}, "", 1)
    if not got:
        return
    emit(program="Pillow", version=got["version"])
    emit_row("Pillow, decode and resize", mine["shape"], mine["value"], "images/s", got["rate"],
             f"{got['files']} files; logit's rate is that of the line above")


def main():
    parser = argparse.ArgumentParser(description="see the top of this file")
    for option in ("--logit", "--scratch", "--threads"):
        parser.add_argument(option, required=True, type=int if option == "--threads" else str)
    parser.add_argument("--parts")
    parser.add_argument("--images")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    emit(program="python", version=platform.python_version())
    emit(program="numpy", version=np.__version__)
    made = Sets(args)
    compare_torch(args, made, args.scratch)
    compare_sklearn(args, made, args.scratch)
    compare_pillow(args)


if __name__ == "__main__":
    main()
