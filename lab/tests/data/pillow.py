"""Writes pillow.safetensors: what Pillow makes of synthetic pictures.

Run with Pillow 13: python3 lab/tests/data/pillow.py. lab/tests/pillow.rs compares to it.
"""
import io
import json
import math
import random
import struct
from pathlib import Path

from PIL import Image

random.seed(7)


def synthetic(width, height):
    """Waves, an edge and noise, so that every weight of a filter matters."""
    def channel(x, y, c):
        wave = 60 * math.sin(x / (3 + c)) + 50 * math.cos(y / (4 + c))
        edge = 70 if x + 2 * y > width else -30
        return int(max(0, min(255, 128 + wave + edge + random.uniform(-25, 25))))
    data = [tuple(channel(x, y, c) for c in range(3)) for y in range(height) for x in range(width)]
    picture = Image.new("RGB", (width, height))
    picture.putdata(data)
    return picture


def adm(picture, side):
    while min(picture.size) >= 2 * side:
        picture = picture.resize((picture.width // 2, picture.height // 2), Image.BOX)
    scale = side / min(picture.size)
    picture = picture.resize(tuple(round(n * scale) for n in picture.size), Image.BICUBIC)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def centre(picture, side):
    left = int(round((picture.width - side) / 2.0))
    top = int(round((picture.height - side) / 2.0))
    return picture.crop((left, top, left + side, top + side))


def resize_then_crop(picture, side):
    short = min(picture.size)
    size = tuple(int(side * n / short) for n in picture.size)
    return centre(picture.resize(size, Image.BILINEAR), side)


tensors = {}


def keep(name, picture):
    tensors[name] = ([picture.height, picture.width, 3], picture.tobytes())


def keep_bytes(name, data):
    tensors[name] = ([len(data)], data)


FILTERS = {"box": Image.BOX, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
for name, filter in FILTERS.items():
    for number, (source, target) in enumerate(
        [((61, 47), (30, 23)), ((40, 30), (53, 71)), ((64, 33), (17, 33))]
    ):
        picture = synthetic(*source)
        keep(f"resize.{name}.{number}.in", picture)
        keep(f"resize.{name}.{number}.out", picture.resize(target, filter))

RECIPES = {
    "adm": adm,
    "square": lambda p, side: centre(p, min(p.size)).resize((side, side), Image.BILINEAR),
    "crop": resize_then_crop,
    "squash": lambda p, side: p.resize((side, side), Image.BILINEAR),
}
for number, size in enumerate([(150, 101), (37, 41), (32, 45)]):
    picture = synthetic(*size)
    keep(f"recipe.{number}.in", picture)
    for name, recipe in RECIPES.items():
        keep(f"recipe.{number}.{name}", recipe(picture, 32))

for name, options in {
    "420": {"quality": 75, "subsampling": 2},
    "422": {"quality": 90, "subsampling": 1},
    "444": {"quality": 30, "subsampling": 0},
    "progressive": {"quality": 85, "progressive": True},
}.items():
    data = io.BytesIO()
    synthetic(43, 37).save(data, "JPEG", **options)
    keep_bytes(f"jpeg.{name}.bytes", data.getvalue())
    keep(f"jpeg.{name}.rgb", Image.open(io.BytesIO(data.getvalue())).convert("RGB"))
grey = io.BytesIO()
synthetic(43, 37).convert("L").save(grey, "JPEG", quality=80)
keep_bytes("jpeg.grey.bytes", grey.getvalue())
keep("jpeg.grey.rgb", Image.open(io.BytesIO(grey.getvalue())).convert("RGB"))

header, body = {}, b""
for name, (shape, data) in tensors.items():
    header[name] = {"dtype": "U8", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
    body += data
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
Path(__file__).with_suffix(".safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
