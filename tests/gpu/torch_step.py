# SPDX-License-Identifier: MIT
"""torch_step.py -- the training step of a PyTorch user on a GPU: eager, compiled and graphed.

    torch_step.py [--device cuda|cpu] [--quick] < jobs.json > results.json

Jobs: {"rows": [JOB, ..]}.  A job is a training, {"shape": TEXT, "features": D, "outputs": K,
"batch": B, "samples": N}, or a loss by itself, {"shape": TEXT, "loss": true, "outputs": K,
"batch": B}; "precision" is "f32" (the default), "tf32" or "bf16" (autocast).  Results: a line
{"version", "device"}, then a line for each job and loop, {"shape", "loop", "precision", "step_us",
"epoch_ms" (trainings), "loss"} or {"shape", "loop", "precision", "skipped": why}.

A training's set lies on the device as random bytes, as logit keeps it.  An epoch draws a
permutation on the device; a step gathers its rows, normalises them, and does softmax or sigmoid
regression by plain SGD: forward, cross entropy, backward, optimizer.step.  A loss is cross entropy
of float32 logits, forward and backward.

    eager     as it is written
    compiled  under torch.compile
    graphed   one CUDA graph that holds many steps, gather included; replayed until the epoch ends

Times are those of the best epoch of several, from synchronize to synchronize.
"""
import argparse
import contextlib
import json
import sys
import time

import torch
import torch.nn.functional as F

STEPS_PER_GRAPH = 64
LOSSES_PER_EPOCH = 16


class Training:
    """A set on the device and one linear layer; step(rows) trains on those rows."""

    def __init__(self, job, device):
        torch.manual_seed(0)
        n, d, k = job["samples"], job["features"], job["outputs"]
        self.batch, self.samples, self.device = job["batch"], n, device
        self.half = job.get("precision") == "bf16"
        self.x = torch.randint(0, 256, (n, d), dtype=torch.uint8, device=device)
        self.y = torch.randint(0, max(k, 2), (n,), device=device)
        self.w = torch.zeros(k, d, device=device, requires_grad=True)
        self.b = torch.zeros(k, device=device, requires_grad=True)
        self.optimizer = torch.optim.SGD([self.w, self.b], lr=1e-3)
        self.total = torch.zeros((), device=device)

    def loss(self, rows):
        x = self.x.index_select(0, rows).to(torch.float32) * (1 / 127.5) - 1.0
        y = self.y.index_select(0, rows)
        with torch.autocast(self.device.type, torch.bfloat16) if self.half else contextlib.nullcontext():
            z = F.linear(x, self.w, self.b)
        z = z.to(torch.float32)
        if self.w.shape[0] == 1:
            return F.binary_cross_entropy_with_logits(z[:, 0], y.to(torch.float32))
        return F.cross_entropy(z, y)

    def step(self, rows, loss=None):
        value = (loss or self.loss)(rows)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        self.optimizer.step()
        self.total += value.detach()

    def order(self):
        return torch.randperm(self.samples, device=self.device)

    def steps(self):
        return self.samples // self.batch

    def value(self):
        with torch.no_grad():
            return float(self.loss(torch.arange(min(self.samples, 4096), device=self.device)))


class Loss:
    """Logits on the device; step() gives their gradient.  rows is not looked at."""

    def __init__(self, job, device):
        torch.manual_seed(0)
        n, k = job["batch"], job["outputs"]
        self.batch, self.device = n, device
        self.z = (torch.rand(n, k, device=device) * 2 - 1).requires_grad_()
        self.y = torch.randint(0, k, (n,), device=device)

    def loss(self, rows):
        return F.cross_entropy(self.z, self.y)

    def step(self, rows, loss=None):
        self.z.grad = None
        (loss or self.loss)(rows).backward()

    def order(self):
        return torch.zeros(self.steps() * self.batch, dtype=torch.int64, device=self.device)

    def steps(self):
        return LOSSES_PER_EPOCH

    def value(self):
        with torch.no_grad():
            return float(self.loss(None))


def run_steps(work, order, first, loss=None):
    for i in range(first, work.steps()):
        work.step(order[i * work.batch : (i + 1) * work.batch], loss)


def eager(work):
    return lambda: run_steps(work, work.order(), 0)


def compiled(work):
    loss = torch.compile(work.loss)
    return lambda: run_steps(work, work.order(), 0, loss)


def graphed(work):
    """Steps of a graph read their rows from one buffer, which is filled before each replay."""
    if work.device.type != "cuda":
        raise RuntimeError("needs a GPU")
    steps = min(STEPS_PER_GRAPH, work.steps())
    rows = work.order()[: steps * work.batch].clone()
    warm = torch.cuda.Stream()
    warm.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warm):
        for _ in range(3):
            work.step(rows[: work.batch])
    torch.cuda.current_stream().wait_stream(warm)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for i in range(steps):
            work.step(rows[i * work.batch : (i + 1) * work.batch])

    def epoch():
        order = work.order()
        bursts = work.steps() // steps
        for i in range(bursts):
            rows.copy_(order[i * len(rows) : (i + 1) * len(rows)])
            graph.replay()
        run_steps(work, order, bursts * steps)

    return epoch


LOOPS = {"eager": eager, "compiled": compiled, "graphed": graphed}


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def time_epochs(epoch, device, quick):
    """Seconds of the best epoch: two to warm up, then at least five and half a second."""
    seconds = []
    for _ in range(1 if quick else 2):
        epoch()
    synchronize(device)
    while len(seconds) < (2 if quick else 5) or (sum(seconds) < 0.5 and not quick):
        start = time.perf_counter()
        epoch()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(job, name, device, quick):
    row = {"shape": job["shape"], "loop": name, "precision": job.get("precision", "f32")}
    torch.backends.cuda.matmul.allow_tf32 = row["precision"] == "tf32"
    try:
        work = (Loss if job.get("loss") else Training)(job, device)
        seconds = time_epochs(LOOPS[name](work), device, quick)
        row.update(step_us=seconds / work.steps() * 1e6, loss=work.value())
    except Exception as error:  # whatever PyTorch cannot do here is reported, not hidden
        row["skipped"] = str(error).split("\n")[0][:200]
        return row
    if not job.get("loss"):
        row["epoch_ms"] = seconds * 1e3
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    print(json.dumps({"version": torch.__version__, "device": name}), flush=True)
    for job in json.load(sys.stdin)["rows"]:
        for loop in LOOPS:
            print(json.dumps(measure(job, loop, device, arguments.quick)), flush=True)
            if device.type == "cuda":
                torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
