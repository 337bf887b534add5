# SPDX-License-Identifier: MIT
"""sets.py -- what the Python side of the benchmark shares: models, sets, and J in float64.

Reading: a run's model.safetensors, IDX files, class folders.  Writing: synthetic sets, in a form
that `logit train` reads.  A set for the other programs is a folder with pixels.npy, uint8 [N][D],
and label.npy, int64 [N].  Needs numpy; Pillow for read_folder alone.
"""
import gzip
import json
import os
import struct

import numpy as np

ROWS = 8192  # rows of X in float64 at a time


def read_model(run):
    """(metadata, weight [K][D], bias [K]) of a run folder, in float64."""
    with open(os.path.join(run, "model.safetensors"), "rb") as file:
        blob = file.read()
    size = struct.unpack("<Q", blob[:8])[0]
    header = json.loads(blob[8 : 8 + size])

    def tensor(name):
        begin, end = header[name]["data_offsets"]
        data = np.frombuffer(blob[8 + size + begin : 8 + size + end], "<f4")
        return data.reshape(header[name]["shape"]).astype(np.float64)

    return header["__metadata__"], tensor("weight"), tensor("bias")


def read_idx(folder, stem):
    """(images [N][H][W][1], labels [N]) of STEM-images-idx3-ubyte[.gz], or None."""

    def load(name):
        for suffix in ("", ".gz"):
            path = os.path.join(folder, name + suffix)
            if os.path.exists(path):
                with (gzip.open if suffix else open)(path, "rb") as file:
                    blob = file.read()
                dims = blob[3]
                shape = struct.unpack(f">{dims}I", blob[4 : 4 + 4 * dims])
                return np.frombuffer(blob, np.uint8, offset=4 + 4 * dims).reshape(shape)
        return None

    images = load(f"{stem}-images-idx3-ubyte")
    if images is None:
        return None
    return images[..., None], load(f"{stem}-labels-idx1-ubyte").astype(np.int64)


def read_folder(folder, classes, channels):
    """(images [N][H][W][C], labels [N]) of class folders whose images are of one size."""
    from PIL import Image

    pixels, labels = [], []
    for c, name in enumerate(classes):
        where = os.path.join(folder, name)
        for file in sorted(os.listdir(where)):
            image = Image.open(os.path.join(where, file))
            image = np.asarray(image.convert("RGB" if channels == 3 else "L"))
            pixels.append(image.reshape(image.shape[0], image.shape[1], channels))
            labels.append(c)
    return np.stack(pixels), np.array(labels)


def read_part(data, part, meta):
    """The part "train" or "test" of a set, as the model with this metadata saw it."""
    if os.path.isdir(os.path.join(data, part)):
        return read_folder(os.path.join(data, part), json.loads(meta["classes"]),
                           int(meta["channels"]))
    return read_idx(data, {"train": "train", "test": "t10k"}[part])


def write_arrays(folder, pixels, label):
    os.makedirs(folder, exist_ok=True)
    np.save(os.path.join(folder, "pixels.npy"), pixels.reshape(len(pixels), -1))
    np.save(os.path.join(folder, "label.npy"), label.astype(np.int64))


def read_arrays(folder):
    return (np.load(os.path.join(folder, "pixels.npy")),
            np.load(os.path.join(folder, "label.npy")))


def synthetic(shape, classes, count):
    """Noise over a faint picture per class, a fifth with another class's: (pixels [count][shape..],
    label [count], rising)."""
    random = np.random.default_rng(0)
    label = np.arange(count) * classes // count
    drawn = np.where(random.random(count) < 0.2, random.integers(0, classes, count), label)
    pixels = random.integers(0, 192, (count, *shape), dtype=np.uint8)
    picture = random.integers(0, 64, (classes, *shape), dtype=np.uint8)
    for c in range(classes):
        pixels[drawn == c] += picture[c]
    return pixels, label


def write_idx(folder, pixels, label):
    """Images [N][H][W] or [N][H][W][C] and up to 256 classes, as the train part of an IDX set."""
    os.makedirs(folder, exist_ok=True)
    for name, array in (("images", pixels), ("labels", label.astype(np.uint8))):
        path = os.path.join(folder, f"train-{name}-idx{array.ndim}-ubyte")
        with open(path, "wb") as file:
            file.write(struct.pack(f">I{array.ndim}I", 0x800 | array.ndim, *array.shape))
            file.write(np.ascontiguousarray(array).data)


def write_folder(folder, pixels, label):
    """Grey images [N][H][W], labels in rising order, as a folder of PGM files per class."""
    head = b"P5 %d %d 255\n" % (pixels.shape[2], pixels.shape[1])
    for i, c in enumerate(label):
        where = os.path.join(folder, f"{c:04d}")
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, f"{i:06d}.pgm"), "wb") as file:
            file.write(head + pixels[i].tobytes())


def log_prior(label, classes, outputs):
    """The bias training begins with: log((n_c + 1)/(N + K)); one output: the two's difference."""
    prior = np.log((np.bincount(label, minlength=classes) + 1) / (len(label) + classes))
    return prior if outputs > 1 else prior[1:] - prior[:1]


def row_losses(z, label):
    """Cross entropy of each row of logits: softmax, or one sigmoid where there is one output."""
    if z.shape[1] == 1:
        return np.logaddexp(0.0, np.where(label == 1, -z[:, 0], z[:, 0]))
    top = z.max(axis=1, keepdims=True)
    total = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
    return total - z[np.arange(len(z)), label]


def objective(folder, weight, bias, mean=(0.0,), std=(1.0,), l2=0.0):
    """J of these weights over a set, in float64; x = (u/255 - mean)/std per channel."""
    pixels, label = read_arrays(folder)
    w, b = weight.astype(np.float64), bias.astype(np.float64)
    total = 0.0
    for i in range(0, len(pixels), ROWS):
        x = (pixels[i : i + ROWS].reshape(-1, len(mean)) / 255.0 - mean) / std
        z = x.reshape(-1, w.shape[1]) @ w.T + b
        total += row_losses(z, label[i : i + ROWS]).sum()
    return total / len(pixels) + l2 / 2 * (w * w).sum()
