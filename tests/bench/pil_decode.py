# SPDX-License-Identifier: MIT
"""pil_decode.py -- how fast Pillow decodes and resizes the images of class folders, on one core.

Reads one job as JSON from standard input, writes its result as JSON to standard output:

    {"data": FOLDER, "height": H, "width": W, "channels": C, "seconds": S}
    {"version": of Pillow, "rate": images per second, "files": their number}

As logit does it: the file is decoded in full, scaled with a triangle filter until it just covers
H x W, and cut at the centre.  All files in each pass; the best pass counts.
"""
import json
import os
import sys
import time

import numpy as np
import PIL
from PIL import Image

MOST_FILES = 2000


def list_files(data):
    files = []
    for name in sorted(os.listdir(data)):
        where = os.path.join(data, name)
        if os.path.isdir(where):
            files += [os.path.join(where, file) for file in sorted(os.listdir(where))
                      if not file.startswith(".")]
    return files[:MOST_FILES]


def decode(path, height, width, mode):
    with Image.open(path) as file:
        image = file.convert(mode)
    scale = min(image.width / width, image.height / height)
    left = max(0.0, (image.width - width * scale) / 2)  # rounding could lead out of the image
    top = max(0.0, (image.height - height * scale) / 2)
    box = (left, top, min(image.width, left + width * scale),
           min(image.height, top + height * scale))
    return np.asarray(image.resize((width, height), Image.BILINEAR, box))


def main():
    job = json.load(sys.stdin)
    files, best = list_files(job["data"]), 0.0
    mode = "RGB" if job["channels"] == 3 else "L"
    end = time.perf_counter() + job["seconds"]
    while best == 0.0 or time.perf_counter() < end:
        start = time.perf_counter()
        for path in files:
            decode(path, job["height"], job["width"], mode)
        best = max(best, len(files) / (time.perf_counter() - start))
    json.dump({"version": PIL.__version__, "rate": best, "files": len(files)}, sys.stdout)


if __name__ == "__main__":
    main()
