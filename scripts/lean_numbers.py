#!/usr/bin/env python3
"""Computes the numbers that pin the forward pass of the lean network, in numpy.

usage: lean_numbers.py WEIGHTS.safetensors NUMBERS.safetensors [OUT.safetensors]

Takes x, sigma, y and qvec from NUMBERS, runs WEIGHTS on them in f64, prints how far the x0 there
is from that (relative L2, case by case), and writes OUT with the new x0. It shares no code with
the library: a test holds the library to OUT. Needs numpy and safetensors.
"""

import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

SIGMA_DATA = 0.5


def silu(x):
    return x / (1 + np.exp(-x))


def unshuffle(x, by):
    c, h, w = x.shape
    cut = x.reshape(c, h // by, by, w // by, by)
    return cut.transpose(0, 2, 4, 1, 3).reshape(c * by * by, h // by, w // by)


def shuffle(x, by):
    c, h, w = x.shape
    cut = x.reshape(c // by**2, by, by, h, w)
    return cut.transpose(0, 3, 1, 4, 2).reshape(c // by**2, h * by, w * by)


class Lean:
    def __init__(self, path):
        self.w = {name: t.astype(np.float64) for name, t in load_file(path).items()}
        with safe_open(path, "numpy") as file:
            blocks = file.metadata()["blocks"].strip("[]").split(",")
        self.blocks = [int(n) for n in blocks]

    def linear(self, key, x):
        return self.w[f"{key}.weight"] @ x + self.w[f"{key}.bias"]

    def conv(self, key, x):
        """3x3 with zero padding, or 2x2 with stride 2."""
        weight, bias = self.w[f"{key}.weight"], self.w[f"{key}.bias"]
        if weight.shape[3] == 2:
            parts = unshuffle(x, 2)  # channel 4c + 2i + j
            flat = weight.reshape(len(weight), -1)
            return np.einsum("oc,chw->ohw", flat, parts) + bias[:, None, None]
        height, width = x.shape[1:]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        out = np.zeros((len(weight), height, width)) + bias[:, None, None]
        for i in range(3):
            for j in range(3):
                part = padded[:, i : i + height, j : j + width]
                out += np.einsum("oc,chw->ohw", weight[:, :, i, j], part)
        return out

    def grow(self, key, x):
        """Transposed 2x2 with stride 2."""
        weight, bias = self.w[f"{key}.weight"], self.w[f"{key}.bias"]
        parts = np.einsum("coij,chw->oijhw", weight, x)
        out = shuffle(parts.reshape(-1, *x.shape[1:]), 2)
        return out + bias[:, None, None]

    def row(self, key, count, x, e):
        for n in range(count):
            film = self.linear(f"{key}.{n}.film", e)
            s, b = np.split(film[:, None, None], 2)
            h = np.maximum(self.conv(f"{key}.{n}.c1", x) * (1 + s) + b, 0)
            x = x + self.conv(f"{key}.{n}.c2", h)
        return x

    def f(self, x, sigma, y, qvec):
        n1, n2, n3 = self.blocks
        frequencies = np.exp(np.linspace(np.log(0.25), np.log(8), 32))
        u = np.log(sigma) / 2 * frequencies
        e = silu(self.linear("emb.0", np.concatenate([np.sin(u), np.cos(u)])))
        e = silu(self.linear("emb.2", e)) + self.linear("qe", qvec)
        a = self.conv("head", unshuffle(x, 2)) + self.conv("headc", unshuffle(y, 2))
        a = self.row("d1", n1, a, e)
        h = self.row("d2", n2, self.conv("dn1", a), e)
        m = self.row("mid", n3, self.conv("dn2", h), e)
        h = self.row("u2", n2, h + self.grow("up2", m), e)
        a = self.row("u1", n1, a + self.grow("up1", h), e)
        return shuffle(self.conv("tail", a), 2)

    def x0(self, x, sigma, y, qvec):
        v = sigma**2 + SIGMA_DATA**2
        sees = float(sigma < 20)
        skip = sees * SIGMA_DATA**2 / v
        base = skip * x + qvec[0] * (1 - skip) * y
        scale = SIGMA_DATA * sigma / np.sqrt(v)
        return base + scale * self.f(sees * x / np.sqrt(v), sigma, y, qvec)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    lean, numbers = Lean(sys.argv[1]), load_file(sys.argv[2])
    found = []
    for case, there in enumerate(numbers["x0"]):
        given = (numbers[name][case].astype(np.float64) for name in ("x", "sigma", "y", "qvec"))
        found.append(lean.x0(*given))
        distance = np.linalg.norm(found[-1] - there) / np.linalg.norm(there)
        print(f"case {case}: {distance:.2e} from the x0 that is there")
    if len(sys.argv) == 4:
        numbers["x0"] = np.stack(found).astype(np.float32)
        save_file(numbers, sys.argv[3])


if __name__ == "__main__":
    main()
