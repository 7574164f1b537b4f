#!/usr/bin/env python3
"""Measures what 16 bits of output know of smooth gradients that 8 bits do not.

usage: gradients.py DDRMJPEG [QUALITY]...

Makes four pictures of 16 bits (a sky, a vignette, a dim slope, soft blobs; 512x384), rounds them to 8
bits, saves them as JPEG by Pillow in 4:2:0, restores them with the command DDRMJPEG, and prints the
PSNR to the pictures of 16 bits: mean in dB, by quality. Needs numpy and pillow.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

QUALITIES = [50, 75, 90, 95, 99]
WIDTH, HEIGHT = 512, 384


def pictures():
    """RGB in 0..1."""
    y, x = np.mgrid[0:1:HEIGHT * 1j, 0:1:WIDTH * 1j]
    mix = lambda t, a, b: (1 - t)[..., None] * np.array(a) + t[..., None] * np.array(b)
    radius = np.hypot(x - 0.45, 0.75 * (y - 0.5))
    blobs = sum(
        np.exp(-((x - u) ** 2 + (y - v) ** 2) / 0.06) for u, v in [(0.2, 0.3), (0.7, 0.25), (0.5, 0.8)]
    )
    yield "sky", mix(y**0.8, (0.25, 0.45, 0.80), (0.75, 0.85, 0.95))
    yield "vignette", mix(radius**2, (0.60, 0.55, 0.50), (0.30, 0.27, 0.24))
    yield "slope", mix(0.7 * x + 0.3 * y, (0.10, 0.11, 0.14), (0.16, 0.17, 0.19))
    yield "blobs", mix(np.clip(blobs, 0, 1), (0.45, 0.30, 0.25), (0.85, 0.68, 0.58))


def samples(path):
    """The samples of a PPM, in 0..1."""
    data = path.read_bytes()
    magic, width, height, white = data.split(maxsplit=4)[:4]
    assert magic == b"P6"
    kind = ">u2" if white == b"65535" else "u1"
    count = 3 * int(width) * int(height)
    tail = np.frombuffer(data[-count * np.dtype(kind).itemsize :], kind)
    return tail.reshape(int(height), int(width), 3) / float(white)


def psnr(found, wanted):
    return -10 * np.log10(np.mean((found - wanted) ** 2))


def measure(command, folder, clean, quality):
    """PSNR as decoded and restored, each in 8 and in 16 bits."""
    source, result = folder / "in.jpg", folder / "out.ppm"
    rounded = np.uint8(np.round(255 * clean))
    Image.fromarray(rounded).save(source, quality=quality, subsampling="4:2:0")
    row = []
    for strength in ["0", "1"]:
        for depth in ["8", "16"]:
            flags = ["--depth", depth, "--strength", strength, "--precision", "f32"]
            subprocess.run([command, "restore", source, "-o", result, *flags], check=True)
            row.append(psnr(samples(result), clean))
    return row


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    qualities = [int(word) for word in sys.argv[2:]] or QUALITIES
    print("| quality | decoded, 8 bits | decoded, 16 bits | restored, 8 bits | restored, 16 bits |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for quality in qualities:
            # What was stored, not what was meant: the picture of 16 bits.
            rows = [
                measure(sys.argv[1], Path(folder), np.round(65535 * clean) / 65535, quality)
                for _, clean in pictures()
            ]
            means = " | ".join(f"{mean:.2f}" for mean in np.mean(rows, axis=0))
            print(f"| {quality} | {means} |", flush=True)


if __name__ == "__main__":
    main()
