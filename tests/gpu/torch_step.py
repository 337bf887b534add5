# SPDX-License-Identifier: MIT
"""torch_step.py -- the training step of a PyTorch user on a GPU: eager, compiled and graphed.

    torch_step.py [--device cuda|cpu] [--quick] < jobs.json > results.json

Jobs: {"rows": [{"shape": TEXT, "features": D, "outputs": K, "batch": B, "samples": N,
"pixels": FILE or null, "labels": FILE or null}, ..]}; the files hold N D bytes and N bytes, and
without them both are drawn at random.  Result: {"version", "device", "rows": [{"shape", "loop",
"rate", "epoch_ms", "loss"} or {"shape", "loop", "skipped": why}, ..]}.

The set lies on the device as bytes, as logit keeps it.  An epoch draws a permutation on the
device; a step gathers its rows, normalises them, and does softmax or sigmoid regression by plain
SGD: forward, cross entropy, backward, optimizer.step.

    eager     as it is written
    compiled  the step under torch.compile
    graphed   one CUDA graph that holds many steps, gather included; replayed until the epoch ends

The rate is that of the median epoch, timed from synchronize to synchronize; TF32 is off.
"""
import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

STEPS_PER_GRAPH = 64


class Training:
    """A set on the device and one linear layer; step(rows) trains on those rows."""

    def __init__(self, row, device):
        torch.manual_seed(0)
        n, d, k = row["samples"], row["features"], row["outputs"]
        self.batch, self.samples = row["batch"], n
        self.x = read_bytes(row.get("pixels"), n * d, 256).view(n, d).to(device)
        self.y = read_bytes(row.get("labels"), n, max(k, 2)).to(torch.int64).to(device)
        self.w = torch.zeros(k, d, device=device, requires_grad=True)
        self.b = torch.zeros(k, device=device, requires_grad=True)
        self.optimizer = torch.optim.SGD([self.w, self.b], lr=row.get("lr", 1e-3))
        self.total = torch.zeros((), device=device)
        self.device = device

    def loss(self, rows):
        x = self.x.index_select(0, rows).to(torch.float32) * (1 / 127.5) - 1.0
        y = self.y.index_select(0, rows)
        z = F.linear(x, self.w, self.b)
        if self.w.shape[0] == 1:
            return F.binary_cross_entropy_with_logits(z[:, 0], y.to(torch.float32))
        return F.cross_entropy(z, y)

    def step(self, rows):
        loss = self.loss(rows)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()

    def order(self):
        return torch.randperm(self.samples, device=self.device)

    def full_batches(self):
        return self.samples // self.batch


def read_bytes(path, count, below):
    if path is None:
        return torch.randint(0, below, (count,), dtype=torch.uint8)
    data = torch.from_file(path, shared=False, size=count, dtype=torch.uint8)
    return data.clone()


def eager(training):
    def epoch():
        order = training.order()
        for i in range(training.full_batches()):
            training.step(order[i * training.batch : (i + 1) * training.batch])

    return epoch


def compiled(training):
    loss = torch.compile(training.loss)

    def epoch():
        order = training.order()
        for i in range(training.full_batches()):
            value = loss(order[i * training.batch : (i + 1) * training.batch])
            training.optimizer.zero_grad(set_to_none=True)
            value.backward()
            training.optimizer.step()
            training.total += value.detach()

    return epoch


def graphed(training):
    """Steps of a graph read their rows from one buffer, which is filled before each replay."""
    if training.device.type != "cuda":
        raise RuntimeError("needs a GPU")
    steps = min(STEPS_PER_GRAPH, training.full_batches())
    rows = torch.arange(steps * training.batch, device=training.device)
    warm = torch.cuda.Stream()
    warm.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warm):
        for _ in range(3):
            training.step(rows[: training.batch])
    torch.cuda.current_stream().wait_stream(warm)
    training.optimizer.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for i in range(steps):
            training.step(rows[i * training.batch : (i + 1) * training.batch])

    def epoch():
        order = training.order()
        at = 0
        while at + len(rows) <= training.full_batches() * training.batch:
            rows.copy_(order[at : at + len(rows)])
            graph.replay()
            at += len(rows)
        while at + training.batch <= training.samples:
            training.step(order[at : at + training.batch])
            at += training.batch

    return epoch


LOOPS = {"eager": eager, "compiled": compiled, "graphed": graphed}


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def time_epochs(epoch, device, quick):
    """Seconds of the median epoch: two to warm up, then at least five and half a second."""
    seconds = []
    for _ in range(1 if quick else 2):
        epoch()
    synchronize(device)
    while len(seconds) < (2 if quick else 5) or (sum(seconds) < 0.5 and not quick):
        start = time.perf_counter()
        epoch()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure(row, name, device, quick):
    training = Training(row, device)
    try:
        epoch = LOOPS[name](training)
        seconds = time_epochs(epoch, device, quick)
    except Exception as error:  # whatever PyTorch cannot do here is reported, not hidden
        return {"shape": row["shape"], "loop": name, "skipped": str(error).split("\n")[0][:200]}
    done = training.full_batches() * training.batch
    with torch.no_grad():
        loss = float(training.loss(torch.arange(min(training.samples, 4096), device=device)))
    return {"shape": row["shape"], "loop": name, "rate": done / seconds,
            "epoch_ms": seconds * 1e3, "loss": loss}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    torch.backends.cuda.matmul.allow_tf32 = False
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    rows = [measure(row, loop, device, arguments.quick)
            for row in json.load(sys.stdin)["rows"] for loop in LOOPS]
    json.dump({"version": torch.__version__, "device": name, "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
