"""Files that the tests restore, and the command whose results they compare with."""

import io
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ddrmjpeg

ROOT = Path(__file__).resolve().parents[2]


def as_jpeg(image, **options):
    """The bytes of a Pillow image as a JPEG of quality 30."""
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 30, **options})
    return out.getvalue()


def scene():
    """A part of the example picture, of odd sides."""
    return Image.open(ROOT / "examples/pictures/coffee.png").convert("RGB").crop((40, 60, 241, 187))


def turned():
    """A JPEG whose EXIF says that it is to be turned by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return as_jpeg(scene(), exif=exif.tobytes())


def jpegs():
    """Bytes of JPEG files by a name for each kind."""
    image = scene()
    return {
        "colour": as_jpeg(image),
        "full chroma": as_jpeg(image, subsampling=0),
        "progressive": as_jpeg(image, progressive=True),
        "grey": as_jpeg(image.convert("L")),
        "cmyk": as_jpeg(image.convert("CMYK")),
        "turned": turned(),
        "fine": as_jpeg(image, quality=90),
        "cut": as_jpeg(image)[:1500],
        "arithmetic": (ROOT / "tests/data/arithmetic.jpg").read_bytes(),
    }


@pytest.fixture(scope="session")
def files():
    return jpegs()


@pytest.fixture(scope="session")
def nano():
    return ddrmjpeg.Restorer("nano")


def read_pnm(data):
    """The pixels of a PPM or PGM as the command writes it."""
    kind, width, height, top, samples = data.split(maxsplit=4)
    assert top == b"255"
    shape = {b"P5": (int(height), int(width)), b"P6": (int(height), int(width), 3)}[kind]
    return np.frombuffer(data[-int(np.prod(shape)) :], np.uint8).reshape(shape)


@pytest.fixture(scope="session")
def command():
    """Runs ``ddrmjpeg restore`` on bytes and returns the pixels."""
    program = os.environ["DDRMJPEG_COMMAND"]

    def run(data, folder, *flags):
        (folder / "in.jpg").write_bytes(data)
        into = folder / "out.pnm"
        arguments = [program, "restore", folder / "in.jpg", "-o", into, *flags]
        subprocess.run(arguments, check=True, capture_output=True, timeout=300)
        return read_pnm(into.read_bytes())

    return run
