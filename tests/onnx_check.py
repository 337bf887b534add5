#!/usr/bin/python3
"""onnx_check.py MODEL.onnx X.npy ANSWERS.csv -- an exported graph before the onnx package.

ANSWERS.csv is `logit predict MODEL X.npy --device ref --top K --format csv`.  The package's checker
must accept the file, and the graph, worked out in float32, must give those answers: always by the
operators below, and by onnx's reference evaluator and onnxruntime where they are installed.
"""
import csv
import sys

import numpy as np
import onnx
from onnx import numpy_helper


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def flatten(x, axis=1):
    return x.reshape(int(np.prod(x.shape[:axis], dtype=np.int64)), -1)


def gemm(a, b, c, transB=0):
    return a @ (b.T if transB else b) + c


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def argmax(z, axis=0, keepdims=1):
    return np.argmax(z, axis=axis, keepdims=bool(keepdims))


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def conv(x, kernel, strides):
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows[:, :, ::strides[0], ::strides[1]], kernel)


def reshape(x, shape):
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(shape)])


def cast(x, to):
    assert to == onnx.TensorProto.FLOAT
    return x.astype(np.float32)


OPERATORS = {
    "Mul": np.multiply, "Add": np.add, "Div": np.divide, "Neg": np.negative, "Flatten": flatten,
    "Gemm": gemm, "Softmax": softmax, "Sigmoid": sigmoid, "ArgMax": argmax,
    "Concat": lambda *x, axis: np.concatenate(x, axis=axis),
    "Gather": lambda x, index, axis: np.take(x, index, axis=axis),
    "Transpose": lambda x, perm: np.transpose(x, perm), "Reshape": reshape, "Cast": cast,
    "Conv": conv, "MatMul": np.matmul, "Sub": np.subtract, "Sqrt": np.sqrt, "Cos": np.cos,
    "Greater": np.greater, "Relu": lambda x: np.maximum(x, 0),
    "ReduceMean": lambda x, axes: x.mean(axis=tuple(axes), keepdims=True),
}


def walk(model, x):
    """Every node in turn, whatever the graph is, in the numbers that x has."""
    graph = model.graph
    value = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    value = {n: v.astype(x.dtype) if v.dtype == np.float32 else v for n, v in value.items()}
    value[graph.input[0].name] = x
    for node in graph.node:
        out = OPERATORS[node.op_type](*(value[i] for i in node.input), **attributes(node))
        value[node.output[0]] = out
    return [value[o.name] for o in graph.output], value


U = 2.0**-24


def moved(node, out, v, e):
    """How far float32 may take a node's output, given its operands v and how far they are off, e.

    Sums of n terms are taken to be off by 8 sqrt(n) U of their terms' sizes (DESIGN.md section 6);
    only the first operand of a sum is anything but a constant."""
    op, kind = OPERATORS[node.op_type], attributes(node)
    size = [np.abs(i) for i in v]
    if node.op_type in ("Flatten", "Gather", "Reshape", "Transpose"):
        return op(e[0], *v[1:], **kind)
    if node.op_type in ("Neg", "Relu", "Cast"):
        return e[0]
    if node.op_type == "Concat":
        return op(*e, **kind)
    if node.op_type in ("Add", "Sub"):
        return e[0] + e[1] + U * np.abs(out)
    if node.op_type == "Mul":
        return size[0] * e[1] + size[1] * e[0] + e[0] * e[1] + U * np.abs(out)
    if node.op_type == "Div":
        return (e[0] + np.abs(out) * e[1]) / (size[1] - e[1]) + U * np.abs(out)
    if node.op_type == "Sqrt":
        return e[0] / (2 * np.sqrt(v[0] - e[0])) + U * out
    if node.op_type in ("Cos", "Sigmoid"):
        return e[0] + 4 * U
    if node.op_type == "Greater":
        return (size[0] <= e[0]).astype(np.float64)
    if node.op_type == "ReduceMean":
        return op(e[0], **kind) + 8 * np.sqrt(v[0].shape[1]) * U * op(size[0], **kind)
    axes = {"Gemm": 1, "MatMul": 0, "Conv": (1, 2, 3)}[node.op_type]
    terms = np.count_nonzero(v[1], axis=axes).max()
    return op(e[0], size[1], *np.zeros(len(v) - 2), **kind) + 8 * np.sqrt(terms) * U * op(*size, **kind)


def map_error(model, x):
    """How far the feature map may be off in float32, [samples][features]; 0 where there is none."""
    if "feature_scale" not in (t.name for t in model.graph.initializer):
        return 0.0
    value = walk(model, x.astype(np.float64))[1]
    error = {n: np.zeros(np.shape(v)) for n, v in value.items()}
    for node in model.graph.node:
        out = node.output[0]
        error[out] = moved(node, value[out], [value[i] for i in node.input],
                           [error[i] for i in node.input])
        if out == "x":
            return error[out]


def evaluators(model, path, x):
    yield "walk", walk(model, x)[0]
    try:
        from onnx.reference import ReferenceEvaluator
        yield "reference", ReferenceEvaluator(model).run(None, {model.graph.input[0].name: x})
    except ImportError:
        pass
    try:
        import onnxruntime
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        yield "onnxruntime", session.run(None, {model.graph.input[0].name: x})
    except ImportError:
        pass


def read_answers(path, classes, count):
    """Score and probability [count][classes], and the class named first of each sample."""
    score = np.full((count, max(len(classes), 1)), np.nan)
    probability, label = score.copy(), np.full(count, -1)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            i = int(row["file"].rsplit("[", 1)[1].rstrip("]"))
            k = classes.index(row["class"]) if classes else 0
            score[i, k] = float(row["score"])
            probability[i, k] = float(row["probability"] or "nan")
            label[i] = k if label[i] < 0 else label[i]
    assert not np.isnan(score).any(), "an answer is missing"
    return score, probability, label


def score_bound(model, x):
    """8 sqrt(D) u sum |w x| (DESIGN.md section 6) and what the map's errors make of W, through
    temperature, and u of what is added."""
    value = walk(model, x)[1]
    gemm_node = next(n for n in model.graph.node if "weight" in n.input)
    inner, weight, bias = (np.abs(value[i]).astype(np.float64) for i in gemm_node.input)
    bound = 8 * np.sqrt(weight.shape[1]) * U * (inner @ weight.T + bias)
    bound = bound + np.broadcast_to(map_error(model, x), inner.shape) @ weight.T
    bound = bound / float(value["temperature"]) if "temperature" in value else bound
    return bound + 2.0**-22 * np.abs(value[model.graph.output[0].name])


def main(path, samples, answers):
    import json
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    classes = json.loads({p.key: p.value for p in model.metadata_props}["classes"])
    x = np.load(samples).astype(np.float32)
    score, probability, label = read_answers(answers, classes, len(x))
    bound, names = score_bound(model, x), [o.name for o in model.graph.output]
    for who, outputs in evaluators(model, path, x):
        got = dict(zip(names, outputs))
        far = np.abs(got[names[0]] - score) / bound
        assert (far <= 1).all(), f"{who}: a score is {far.max():.3g} times its bound away"
        if "probabilities" in got:
            apart = np.abs(got["probabilities"] - probability)
            assert (apart <= bound.max(axis=1, keepdims=True) + 2.0**-22).all(), f"{who}: {apart.max()}"
        if "label" in got:
            best = np.take_along_axis(score, label[:, None], 1)[:, 0]
            said = np.take_along_axis(score, got["label"][:, None], 1)[:, 0]
            assert (best - said <= 2 * bound.max(axis=1)).all(), f"{who}: another class"
            assert (got["label"] == label).mean() > 0.9, f"{who}: other classes"
        print(f"{path}: {who}: largest error {far.max():.2g} of its bound")


if __name__ == "__main__":
    main(*sys.argv[1:])
