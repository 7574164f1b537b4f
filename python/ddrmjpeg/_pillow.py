"""Pillow's images, as bytes or arrays. Pillow is not needed by those who do not use it."""

import sys

import numpy

from ddrmjpeg._errors import InputError


def open_image(source):
    """The bytes of the JPEG file that ``source`` was opened from and not yet decoded, or else its
    pixels as an array; None if it is no image."""
    pillow = sys.modules.get("PIL.Image")
    if pillow is None or not isinstance(source, pillow.Image):
        return None
    if source.format in ("JPEG", "MPO") and getattr(source, "tile", None):
        return _bytes_of(source.fp)
    if source.mode not in ("L", "RGB"):
        raise InputError(
            f"bad input: a PIL image of mode {source.mode}: L or RGB is wanted, "
            'such as image.convert("RGB")'
        )
    return numpy.asarray(source)


def _bytes_of(file):
    """All of an open file, which is then where it was."""
    place = file.tell()
    file.seek(0)
    try:
        return file.read()
    finally:
        file.seek(place)
