# SPDX-License-Identifier: MIT
"""sklearn_fit.py -- scikit-learn's LogisticRegression (L-BFGS) on a set in memory.

Reads one job as JSON from standard input, writes its result as JSON to standard output:

    {"set": DIR, "mean": [..], "std": [..], "l2": A, "iterations": I, "weights": FILE.npz}
    {"version": of scikit-learn, "seconds": of fit() alone, "iterations": done,
     "converged": whether its tolerance was reached}

Its objective is |W|^2/2 + C sum_i l_i: J of logit times C N, with C = 1/(l2 N); the intercept is
free in both.  X is float32, which it works in, and faster than float64.
"""
import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

from sets import read_arrays


def main():
    job = json.load(sys.stdin)
    pixels, label = read_arrays(job["set"])
    mean, std = np.float32(job["mean"]), np.float32(job["std"])
    x = (pixels.reshape(-1, len(mean)) / np.float32(255) - mean) / std
    x = x.reshape(len(label), -1)
    model = LogisticRegression(C=1 / (job["l2"] * len(x)), max_iter=job["iterations"])
    warnings.simplefilter("ignore")  # that it has not converged is said in the result
    start = time.perf_counter()
    model.fit(x, label)
    seconds = time.perf_counter() - start
    np.savez(job["weights"], weight=model.coef_, bias=model.intercept_)
    done = int(model.n_iter_.max())
    json.dump({"version": sklearn.__version__, "seconds": seconds, "iterations": done,
               "converged": done < job["iterations"]}, sys.stdout)


if __name__ == "__main__":
    main()
