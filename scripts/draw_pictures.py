#!/usr/bin/env python3
"""Draws training squares of what is drawn, not photographed: text, charts, maps, clip art.

usage: draw_pictures.py OUT [--count N] [--seed N] [--clipart FOLDER]

Writes OUT/0000.webp and so on, lossless, 512 x 512 pixels, and OUT/manifest.tsv: file, kind,
seed, licence. The kinds, in the shares of KINDS below:

  clipart   several vector drawings on plain, shaded or patterned grounds
  big       a part of one such drawing that is larger than the square
  plot      charts by matplotlib in its many styles
  map       street maps
  page      pages of text; some with the coloured edges of sub-pixel smoothing
  code      windows of editors with source code
  window    windows with buttons, fields, sliders and lists
  table     spreadsheets and tables
  cel       flat shapes inside dark lines, as in drawn films
  pixel     small pictures of few colours, enlarged without smoothing

The vector drawings are those of the Debian package openclipart-svg (public domain), which is
fetched with apt-get and unpacked for the time of the run, or lies unpacked in --clipart. The rest
is made here. Fonts are used and not passed on; these packages have to be installed: librsvg2-bin
fonts-dejavu fonts-liberation fonts-noto-core fonts-hack fonts-lato fonts-roboto fonts-ebgaramond
fonts-linuxlibertine fonts-comic-neue. Python: Pillow, numpy, matplotlib.

The same seed draws the same squares with the same releases of these packages.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from drawings import basics, cartoons, charts, clipart, pages, pixels, screens, streets

SEED = 20
TRIES = 20
LEAST_DEVIATION = 8  # of the luma; below it a square holds next to nothing

# Kind: squares in a set of 160, what draws it, whether that uses the vector drawings.
KINDS = {
    "clipart": (40, clipart.scattered, True),
    "big": (12, clipart.enlarged, True),
    "plot": (24, charts.charts, False),
    "map": (10, streets.street_map, False),
    "page": (22, pages.page, False),
    "code": (12, screens.editor, False),
    "window": (10, screens.windows, False),
    "table": (10, pages.table, False),
    "cel": (12, cartoons.cartoon, False),
    "pixel": (8, pixels.pixel_art, True),
}


def check_packages():
    missing = basics.missing_packages()
    if shutil.which("rsvg-convert") is None:
        missing.append("librsvg2-bin")
    if missing:
        sys.exit("to be installed first: " + " ".join(missing))


def open_collection(folder, scratch):
    """The vector drawings in the folder, else those of the package, unpacked in `scratch`."""
    try:
        return clipart.Collection(folder or clipart.unpack(scratch))
    except (OSError, subprocess.CalledProcessError) as fault:
        sys.exit(str(fault))


def order(seed, count):
    """The kinds of so many squares, mixed; over and over again beyond 160."""
    kinds = [kind for kind, (share, _, _) in KINDS.items() for _ in range(share)]
    random.Random(seed).shuffle(kinds)
    return islice(cycle(kinds), count)


def draw(kind, seed, index, collection):
    """The square and the seed that made it; drawn again when it came out empty."""
    _, maker, uses_collection = KINDS[kind]
    maker = partial(maker, collection) if uses_collection else maker
    for again in range(TRIES):
        own_seed = f"{seed}-{index}-{again}"
        square = maker(random.Random(own_seed)).convert("RGB")
        if np.asarray(square.convert("L"), np.float32).std() > LEAST_DEVIATION:
            break
    return square, own_seed


def licence(kind):
    return "public domain (openclipart)" if KINDS[kind][2] else "made here"


def draw_all(out, seed, count, collection):
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "manifest.tsv", "w", encoding="utf-8") as manifest:
        print("file", "kind", "seed", "licence", sep="\t", file=manifest)
        for index, kind in enumerate(order(seed, count)):
            square, own_seed = draw(kind, seed, index, collection)
            name = f"{index:04d}.webp"
            square.save(out / name, "WEBP", lossless=True, quality=20, method=2)
            print(name, kind, own_seed, licence(kind), sep="\t", file=manifest, flush=True)
    print(f"{count} squares in {out}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=sum(share for share, _, _ in KINDS.values()))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--clipart", help="openclipart-svg, unpacked with dpkg -x")
    arguments = parser.parse_args()
    check_packages()
    with tempfile.TemporaryDirectory() as scratch:
        collection = open_collection(arguments.clipart, scratch)
        draw_all(arguments.out, arguments.seed, arguments.count, collection)


if __name__ == "__main__":
    main()
