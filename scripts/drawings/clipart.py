"""Vector drawings of the Open Clip Art Library (public domain), drawn by librsvg."""

import glob
import io
import math
import os
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from .basics import SIDE_PX, ground

PACKAGE = "openclipart-svg"
INSIDE = "usr/share/openclipart/svg"
SIZE_BYTES = range(2001, 400000)  # smaller ones are nearly empty, larger ones slow
RENDER_S = 60


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def unpack(folder):
    """Fetches the package into `folder` and unpacks it there; nothing is installed."""
    run("apt-get", "download", PACKAGE, cwd=folder)
    archive = next(Path(folder).glob(f"{PACKAGE}_*.deb"))
    run("dpkg", "-x", str(archive), str(folder), cwd=folder)
    return folder


def render(path, side_px):
    """The drawing as RGBA within a square, its longer side as long; None where librsvg fails."""
    side = str(side_px)
    command = ["rsvg-convert", "-w", side, "-h", side, "-a", path]
    try:
        png = subprocess.run(command, capture_output=True, timeout=RENDER_S).stdout
        return Image.open(io.BytesIO(png)).convert("RGBA")
    except (subprocess.TimeoutExpired, OSError, ValueError, SyntaxError):
        return None


class Collection:
    """The drawings of the package, unpacked in a folder."""

    def __init__(self, folder):
        every = glob.glob(f"{folder}/{INSIDE}/**/*.svg", recursive=True)
        self.files = sorted(file for file in every if os.path.getsize(file) in SIZE_BYTES)
        if not self.files:
            raise FileNotFoundError(f"{folder}/{INSIDE}: no drawings")

    def drawing(self, rng, side_px):
        """One of the drawings, without its empty rim; not a thin, empty or plain one."""
        while True:
            picture = render(rng.choice(self.files), side_px)
            box = picture and picture.getchannel("A").getbbox()
            if not box:
                continue
            picture = picture.crop(box)
            if min(picture.size) < side_px * 0.2 or np.asarray(picture.convert("RGB")).std() < 12:
                continue
            return picture


def scattered(collection, rng):
    """One to fourteen drawings, the smaller the more."""
    picture = ground(rng).convert("RGBA")
    count = rng.choice([1, 2, 3, 4, 6, 9, 14])
    for _ in range(count):
        side = int(rng.uniform(0.6, 1.2) * SIDE_PX / math.sqrt(count))
        drawing = collection.drawing(rng, side)
        place = [max(0, rng.randint(-20, max(1, SIDE_PX - edge))) for edge in drawing.size]
        picture.alpha_composite(drawing, tuple(place))
    return picture.convert("RGB")


def enlarged(collection, rng):
    """A part of one drawing that is larger than the square."""
    picture = ground(rng).convert("RGBA")
    drawing = collection.drawing(rng, rng.randint(700, 1400))
    x, y = (rng.randint(0, max(0, edge - SIDE_PX)) for edge in drawing.size)
    picture.alpha_composite(drawing.crop((x, y, x + SIDE_PX, y + SIDE_PX)))
    return picture.convert("RGB")
