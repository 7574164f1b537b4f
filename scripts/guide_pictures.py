#!/usr/bin/env python3
"""Makes the photographs of README and docs/guide again, from examples/pictures.

Run it after a change of the networks or of the decoder, from the root of the repository:

    GST_PLUGIN_PATH=target/release scripts/guide_pictures.py target/release/ddrmjpeg

It needs Pillow and gst-launch-1.0, and writes docs/guide/pictures/*.webp, without loss.
"""

import io
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw, ImageFont

EXAMPLES = pathlib.Path("examples/pictures")
OUT = pathlib.Path("docs/guide/pictures")
GAP, CAPTION = 6, 20
CUP, SPOON, FACE = (168, 70, 236, 176), (150, 70, 200, 180), (307, 90, 160, 128)


def example(name):
    return Image.open(EXAMPLES / f"{name}.png").convert("RGB")


def encoded(picture, **options):
    """The bytes of a JPEG of it, in 4:2:0."""
    file = io.BytesIO()
    picture.save(file, "jpeg", subsampling=2, **options)
    return file.getvalue()


def decoded(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


class Command:
    """`ddrmjpeg`, with files in a folder that goes away."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def restore(self, data, *flags, suffix="jpg"):
        source, result = self.folder / f"in.{suffix}", self.folder / "out.png"
        source.write_bytes(data)
        subprocess.run([self.program, "restore", source, "-o", result, *flags], check=True)
        return Image.open(result).convert("RGB")

    def sample(self, picture, degradation):
        """The degraded and the restored picture of `ddrmjpeg sample`, and the one it began from."""
        pictures = self.folder / "datasets/ood/pictures"
        pictures.mkdir(parents=True)
        picture.save(pictures / "picture.png")
        flags = ["--ni", "--config", "lean.yml", "--doc", "lean", "--deg", degradation]
        subprocess.run([self.program, "sample", "--exp", self.folder, *flags], check=True)
        results = self.folder / "image_samples/images"
        return [Image.open(results / name).convert("RGB") for name in ("y0_0.png", "0_-1.png", "orig_0.png")]

    def split(self, data):
        """A frame as the decoder shows it with compare=split."""
        source, result = self.folder / "frame.jpg", self.folder / "frame.png"
        source.write_bytes(data)
        pipeline = f"filesrc location={source} ! jpegparse ! ddrmjpegdec compare=split ! video/x-raw,format=RGB"
        pipeline += f" ! pngenc ! filesink location={result}"
        subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True)
        return Image.open(result).convert("RGB")


def sheet(name, pictures, box=None, columns=None):
    """Writes pictures with their captions beside each other; `box` is left, top, width, height."""
    if box:
        left, top, width, height = box
        pictures = [(text, p.crop((left, top, left + width, top + height))) for text, p in pictures]
    width, height = pictures[0][1].size
    columns = columns or len(pictures)
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + CAPTION)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for index, (text, picture) in enumerate(pictures):
        x, y = index % columns * (width + GAP), index // columns * (height + CAPTION)
        page.paste(picture, (x, y))
        draw.text((x + width / 2, y + height + 2), text, fill="#444", font=font, anchor="ma")
    path = OUT / f"{name}.webp"
    page.save(path, lossless=True, method=6)
    print(f"{path}: {page.width} x {page.height}, {path.stat().st_size // 1024} KiB")


def before_after(command):
    data = encoded(example("coffee"), quality=20)
    sheet("before_after", [
        ("JPEG, quality 20", decoded(data)),
        ("restored", command.restore(data)),
        ("original", example("coffee")),
    ], CUP)
    split = command.split(data).crop((110, 10, 490, 230))
    split.save(OUT / "split.webp", lossless=True, method=6)


def presets(command):
    data = encoded(example("raccoon"), quality=10)
    methods = [("lean, fast", []), ("lean, quality", ["--preset", "quality"])]
    methods += [("lean, sample", ["--preset", "sample"]), ("nano, fast", ["--model", "nano"])]
    restored = [(text, command.restore(data, *flags)) for text, flags in methods]
    pictures = [("JPEG, quality 10", decoded(data)), *restored, ("original", example("raccoon"))]
    sheet("presets", pictures, FACE, columns=3)


def saved_twice(command):
    first = decoded(encoded(example("coffee"), quality=20))
    size = (first.width * 3 // 4, first.height * 3 // 4)
    data = encoded(first.resize(size, Image.Resampling.LANCZOS), quality=90)
    sheet("saved_twice", [
        ("20, scaled by 3/4, 90", decoded(data)),
        ("restored", command.restore(data)),
        ("--assume-quality 20", command.restore(data, "--assume-quality", "20")),
    ], (120, 45, 220, 180))


def cut_off(command):
    data = encoded(example("coffee"), quality=50, progressive=True)
    data = data[: len(data) // 2]
    sheet("cut_off", [
        ("half of a progressive file", command.restore(data, "--strength", "0")),
        ("restored", command.restore(data)),
        ("original", example("coffee")),
    ], SPOON)


def banded(command):
    picture = example("coffee").point(lambda value: value & 0xE0)
    file = io.BytesIO()
    picture.save(file, "png")
    flags = ["--degradation", "quant=3bit", "--preset", "quality"]
    sheet("banded", [
        ("3 bits per channel", picture),
        ("restored", command.restore(file.getvalue(), *flags, suffix="png")),
        ("original", example("coffee")),
    ], SPOON)


def published(command):
    captions = ["y0_0.png, jpeg10", "0_-1.png", "orig_0.png"]
    results = command.sample(example("raccoon"), "jpeg10")
    sheet("published", list(zip(captions, results)), (40, 20, 200, 150))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    OUT.mkdir(parents=True, exist_ok=True)
    for make in (before_after, presets, saved_twice, cut_off, banded, published):
        with tempfile.TemporaryDirectory() as folder:
            make(Command(sys.argv[1], folder))


if __name__ == "__main__":
    main()
