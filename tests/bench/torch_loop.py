# SPDX-License-Identifier: MIT
"""torch_loop.py -- the minibatch loop of a PyTorch user, on a set in memory.

Reads one job as JSON from standard input, writes its result as JSON to standard output:

    {"threads": 1, "out": DIR,
     "rows": [{"set": DIR, "outputs": K, "batch": B, "lr": A, "epochs": E}, ..]}
    {"version": of PyTorch, "rows": [[{"rate": samples per second, "weights": FILE.npz}, ..], ..]}

Each row of the result has one entry for each of LOOPS.

A process of its own, because OpenBLAS takes its core type and threads when it is loaded.  X is
float32 in [0, 1], made before the clock starts.  Each epoch draws a permutation; each step gathers
its rows.  The rate is that of the median epoch after the first.
"""
import json
import os
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from sets import log_prior, read_arrays


def autograd(w, b, lr):
    """Loss, backward and torch.optim.SGD."""
    w.requires_grad_()
    b.requires_grad_()
    optimizer = torch.optim.SGD([w, b], lr=lr)

    def step(x, y):
        z = F.linear(x, w, b)
        if len(w) == 1:
            loss = F.binary_cross_entropy_with_logits(z[:, 0], y)
        else:
            loss = F.cross_entropy(z, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def by_hand(w, b, lr):
    """The same step without autograd: two products and updates in place."""

    @torch.no_grad()
    def step(x, y):
        z = torch.addmm(b, x, w.t())
        if len(w) == 1:
            z.sigmoid_().sub_(y[:, None])
        else:
            z = torch.softmax(z, 1)
            z.scatter_add_(1, y[:, None], z.new_full((len(y), 1), -1.0))
        w.addmm_(z.t(), x, alpha=-lr / len(x))
        b.add_(z.sum(0), alpha=-lr / len(x))

    return step


LOOPS = {"autograd": autograd, "by hand": by_hand}


def run_epoch(step, x, y, batch):
    order = torch.randperm(len(x))
    for i in range(0, len(x), batch):
        rows = order[i : i + batch]
        step(x.index_select(0, rows), y.index_select(0, rows))  # quicker than x[rows]


def measure(loop, x, y, bias, row):
    """Trains from zero weights; (samples per second, W, b)."""
    torch.manual_seed(0)
    w, b = torch.zeros(row["outputs"], x.shape[1]), bias.clone()
    step, seconds = loop(w, b, row["lr"]), []
    for _ in range(row["epochs"]):
        start = time.perf_counter()
        run_epoch(step, x, y, row["batch"])
        seconds.append(time.perf_counter() - start)
    return len(x) / statistics.median(seconds[1:]), w.detach().numpy(), b.detach().numpy()


def measure_row(row, out, number):
    pixels, label = read_arrays(row["set"])
    outputs = row["outputs"]
    bias = torch.tensor(log_prior(label, max(outputs, 2), outputs), dtype=torch.float32)
    x = torch.from_numpy(pixels).to(torch.float32).div_(255)
    y = torch.from_numpy(label)
    if outputs == 1:
        y = y.to(torch.float32)
    results = []
    for name, loop in LOOPS.items():
        rate, w, b = measure(loop, x, y, bias, row)
        path = os.path.join(out, f"{number}-{name}.npz")
        np.savez(path, weight=w, bias=b)
        results.append({"rate": rate, "weights": path})
    return results


def main():
    job = json.load(sys.stdin)
    torch.set_num_threads(job["threads"])
    os.makedirs(job["out"], exist_ok=True)
    rows = [measure_row(row, job["out"], i) for i, row in enumerate(job["rows"])]
    json.dump({"version": torch.__version__, "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
