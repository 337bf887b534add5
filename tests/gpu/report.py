# SPDX-License-Identifier: MIT
"""report.py -- the parts that tests/gpu/run left in a folder, as one page.

    report.py FOLDER > RESULTS.md

Reads machine.txt, check.md, sanitize.md, compare.md, bench.md, torch.md, NAME.failed,
bench-PRECISION.json (`logit bench --format json`, whole or cut off after any line) and torch.json
(torch_step.py).  What is not there is said.  Needs no GPU and nothing but Python.
"""
import json
import math
import sys
from pathlib import Path

MNIST = "MNIST, 784 x 10, batch 128"
CIFAR = "CIFAR, 3072 x 10, batch 1024"
PETS = "3x100x100, 1 sigmoid, batch 256"
LOOPS = ("eager", "compiled", "graphed")

# What is asked for: text, precision, line and shape of the bench, the target in the line's unit,
# the job of PyTorch's that does the same, and of its figures which.
TARGETS = [
    ("MNIST, batch 128, resident: epoch", "f32", "epoch, resident", MNIST, 4.0, MNIST, "epoch_ms"),
    ("CIFAR-10 shape, batch 1024, resident: epoch", "f32", "epoch, resident", CIFAR, 0.5, CIFAR,
     "epoch_ms"),
    ("3 x 100 x 100, batch 256, 25k images, resident: epoch", "f32", "epoch, resident", PETS, 1.0,
     PETS, "epoch_ms"),
    ("loss and gradient, 8192 x 8192 float32", "f32", "loss kernel", "8192 x 8192", None,
     "8192 x 8192", "step_us"),
    ("loss and gradient, 1M x 10 float32", "f32", "loss kernel", "1000000 x 10", 25.0,
     "1000000 x 10", "step_us"),
    ("step, D 1024, K 1000, batch 4096", "bf16", "step, burst of 64", "1024 x 1000, batch 4096",
     45.0, "1024 x 1000, batch 4096", "step_us"),
    ("step, D 1024, K 21841, batch 4096", "bf16", "step, burst of 64", "1024 x 21841, batch 4096",
     600.0, "1024 x 21841, batch 4096", "step_us"),
]
LOSS_SHARE = 0.85  # of the copy rate
STREAM_SHARE = 0.9  # of the page-locked copy rate
STREAMED = {MNIST: 60000 * 784, CIFAR: 50000 * 3072, PETS: 25000 * 30000}  # bytes an epoch
GRID_TIMES = 2.0  # of one setting's time


def number(value):
    """Four digits; - where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def table(head, rows):
    right = [i > 0 and all(c in "-" or c[:1].isdigit() for c in column)
             for i, column in enumerate(zip(*rows))] if rows else [False] * len(head)
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join("--:" if r else "---" for r in right) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def objects(path):
    """The objects of a file, one a line; lines that are none, or cut off, are passed over."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            value = json.loads(line.strip().rstrip(","))
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


class Results:
    def __init__(self, folder):
        self.folder = folder
        self.bench = {}
        for path in sorted(folder.glob("bench-*.json")):
            self.bench[path.stem.split("-", 1)[1]] = objects(path)
        torch = objects(folder / "torch.json")
        self.torch_head = next((row for row in torch if "version" in row), None)
        self.torch = [row for row in torch if "loop" in row]

    def text(self, name):
        path = self.folder / name
        return path.read_text().strip() if path.exists() else None

    def line(self, precision, name, shape):
        for row in self.bench.get(precision, []):
            if row["name"] == name and row["shape"] == shape and row["value"] is not None:
                return row
        return None

    def value(self, precision, name, shape):
        row = self.line(precision, name, shape)
        return row["value"] if row else None

    def pytorch(self, shape, precision, figure):
        """What the three loops took, - where one is not there."""
        return [next((row.get(figure) for row in self.torch if row["shape"] == shape
                      and row["loop"] == loop and row["precision"] == precision), None)
                for loop in LOOPS]

    def best(self, name, precision="f32"):
        values = [row["value"] for row in self.bench.get(precision, [])
                  if row["name"] == name and row["value"] is not None]
        return max(values) if values else None


def judged(measured, target):
    if measured is None or target is None:
        return "-"
    return "reached" if measured <= target else "missed"


def target_rows(results):
    copy = results.best("ceiling: device copy")  # GB/s
    for text, precision, name, shape, target, job, figure in TARGETS:
        row = results.line(precision, name, shape)
        measured = row["value"] if row else None
        if target is None and copy:  # 85 % of the copy rate, 4 bytes in and 4 out
            target = 8 * 8192 * 8192 / (LOSS_SHARE * copy * 1e9) * 1e6
        torch = results.pytorch(job, precision, figure)
        theirs = min((t for t in torch if t is not None), default=None)
        yield [text + ("" if precision == "f32" else ", " + precision),
               "ms" if figure == "epoch_ms" else "us", number(target), number(measured),
               judged(measured, target), number(row["floor"] if row else None),
               (row or {}).get("bound") or "-", *map(number, torch),
               number(theirs / measured if theirs and measured else None)]


def share_rows(results):
    """Targets that are a share of another figure of the run."""
    pinned = next((row["value"] for row in results.bench.get("f32", [])
                   if row["name"] == "ceiling: host copy" and "page-locked" in row["shape"]), None)
    for shape, size in STREAMED.items():
        took = results.value("f32", "epoch, streamed", shape)
        rate = size / took / 1e6 if took else None
        least = STREAM_SHARE * pinned if pinned else None
        yield [f"streamed epoch, {shape}", f"at least {number(least)} GB/s (90 % of page-locked)",
               number(rate) + " GB/s",
               "-" if not rate or not least else "reached" if rate >= least else "missed"]
    one = results.value("f32", "epoch, resident", MNIST)
    grid = results.value("f32", "epoch, grid of 64", MNIST)
    most = GRID_TIMES * one if one else None
    yield ["grid of 64, MNIST", f"at most {number(most)} ms (twice one setting)",
           number(grid) + " ms", judged(grid, most)]


def write_targets(results):
    head = ["work", "unit", "target", "measured", "", "floor", "bound by",
            *("PyTorch " + loop for loop in LOOPS), "best of PyTorch's over ours"]
    return ["## Target, measured, floor, PyTorch", "",
            "Epochs and steps as `logit bench` and tests/gpu/torch_step.py take them: the same "
            "shapes, random bytes on the device, the best of several.", "",
            *table(head, list(target_rows(results))),
            *table(["work", "target", "measured", ""], list(share_rows(results)))]


def write_bench(precision, rows):
    cells = [[row["name"], row["shape"], number(row["value"]), number(row["floor"]),
              f"{row['ratio']:.2f}" if row.get("ratio") is not None else "-", row["unit"],
              row["bound"] or "-"] for row in rows]
    return [f"## logit bench --precision {precision}", "",
            *table(["what", "shape", "measured", "floor", "ratio", "unit", "bound by"], cells)]


def write_torch(results):
    if not results.torch_head:
        return ["## PyTorch", "", "There is no torch.json.", ""]
    cells = [[row["shape"], row["precision"], row["loop"], number(row.get("step_us")),
              number(row.get("epoch_ms")), number(row.get("loss")), row.get("skipped", "")]
             for row in results.torch]
    return ["## PyTorch {version} on {device}".format(**results.torch_head), "",
            *table(["shape", "precision", "loop", "us a step", "ms an epoch", "loss", "skipped"],
                   cells)]


def write_page(results):
    machine = results.text("machine.txt")
    is_stand_in = machine is not None and "\ndevice: simt" in "\n" + machine
    page = ["# Tried on the stand-in: no GPU result" if is_stand_in else "# Measured on a GPU", ""]
    page += [f"- {line}" for line in machine.splitlines()] if machine else ["No machine.txt."]
    page += [""] + write_targets(results)
    failed = 0
    for name in ("check", "sanitize", "compare", "bench", "torch"):
        part, count = results.text(name + ".md"), results.text(name + ".failed")
        failed += int(count or 0)
        page += [part if part else f"## Stage {name}\n\nIt was not run.", ""]
    for precision, rows in results.bench.items():
        page += write_bench(precision, rows)
    page += write_torch(results)
    return page + [f"{failed} checks failed."]


def main():
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: report.py FOLDER > RESULTS.md")
    print("\n".join(write_page(Results(Path(sys.argv[1])))))


if __name__ == "__main__":
    main()
