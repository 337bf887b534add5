#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How far is a run from the optimum of its own objective?

    tests/bench/optimum.py RUN DATA [RUN DATA ...]

Reads RUN/model.safetensors, builds the training part of DATA in float64 (IDX files or class
folders), computes J at the run's weights, and minimises J by L-BFGS from there until the gradient
is small; J* then lies at most |gradient|^2 / (2 l2) above the true minimum, which is printed too
(J is strongly convex in W).  Prints J, J*, their ratio, and test losses at both.  Needs numpy, torch and
(for folders) PIL.  Runs must have been made with --val-split 0 or have a val part of their own.
"""
import json
import sys

import torch

from sets import read_model, read_part


def normalised(images, meta):
    mean = torch.tensor(json.loads(meta["mean"]), dtype=torch.float64)
    std = torch.tensor(json.loads(meta["std"]), dtype=torch.float64)
    x = torch.from_numpy(images.copy()).to(torch.float64) / 255
    return ((x - mean) / std).reshape(len(images), -1)


def mean_loss(w, b, x, y, loss, classes):
    z = x @ w.T + b
    if loss == "softmax":
        return torch.nn.functional.cross_entropy(z, y)
    target = y.to(z.dtype)[:, None] if w.shape[0] == 1 else torch.nn.functional.one_hot(
        y, classes).to(z.dtype)
    if loss == "sigmoid":
        return torch.nn.functional.binary_cross_entropy_with_logits(
            z, target, reduction="sum") / len(y)
    return 0.5 * ((z - target) ** 2).sum() / len(y)


def minimise(w, b, x, y, loss, classes, l2):
    """Full-batch L-BFGS with a strong Wolfe line search, in float64."""
    w = w.clone().requires_grad_()
    b = b.clone().requires_grad_()
    optim = torch.optim.LBFGS([w, b], lr=1, max_iter=20000, max_eval=40000, history_size=50,
                              tolerance_grad=1e-5, tolerance_change=1e-12,
                              line_search_fn="strong_wolfe")
    def closure():
        optim.zero_grad()
        j = mean_loss(w, b, x, y, loss, classes) + l2 / 2 * (w * w).sum()
        j.backward()
        return j
    optim.step(closure)
    return w.detach(), b.detach(), float((w.grad**2).sum() + (b.grad**2).sum())


def report(run, data):
    meta, weight, bias = read_model(run)
    l2 = json.loads(meta["summary"])["l2"]
    classes, loss = len(json.loads(meta["classes"])), meta["loss"]
    images, labels = read_part(data, "train", meta)
    x, y = normalised(images, meta), torch.from_numpy(labels)
    w, b = torch.from_numpy(weight), torch.from_numpy(bias)
    def objective(w, b):
        return float(mean_loss(w, b, x, y, loss, classes) + l2 / 2 * (w * w).sum())
    best_w, best_b, squared = minimise(w, b, x, y, loss, classes, l2)
    j, best = objective(w, b), objective(best_w, best_b)
    line = {"run": run, "data": data, "loss": loss, "l2": l2, "J": j, "J_optimum": best,
            "ratio": j / best, "J_gap_bound": squared / (2 * l2) if l2 > 0 else None}
    test = read_part(data, "test", meta)
    if test:
        tx, ty = normalised(test[0], meta), torch.from_numpy(test[1])
        line["test_loss"] = float(mean_loss(w, b, tx, ty, loss, classes))
        line["test_loss_optimum"] = float(mean_loss(best_w, best_b, tx, ty, loss, classes))
    print(json.dumps(line), flush=True)


def main():
    if len(sys.argv) < 3 or len(sys.argv) % 2 == 0:
        sys.exit(__doc__)
    for run, data in zip(sys.argv[1::2], sys.argv[2::2]):
        report(run, data)


if __name__ == "__main__":
    main()
