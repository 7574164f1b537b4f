"""JPEG and MJPEG restoration by diffusion, held to what the file really says.

``restore`` takes a path, the bytes of a JPEG, an array or a Pillow image, and returns an array.
``Restorer`` is a model that stays open, for many pictures and many threads; ``Stream`` is for frame
after frame; ``inspect`` tells what a file says. All errors are ``ddrmjpeg.Error``.
"""

from functools import lru_cache

from ddrmjpeg._errors import (
    BackendError,
    CancelledError,
    CheckpointError,
    Error,
    FileError,
    FileMissingError,
    InputError,
    LimitsError,
    OptionsError,
    UnsupportedError,
)
from ddrmjpeg._native import Report, Restorer, Stream, __version__, inspect

__all__ = [
    "BackendError",
    "CancelledError",
    "CheckpointError",
    "Error",
    "FileError",
    "FileMissingError",
    "InputError",
    "LimitsError",
    "OptionsError",
    "Report",
    "Restorer",
    "Stream",
    "UnsupportedError",
    "__version__",
    "inspect",
    "restore",
]


@lru_cache(maxsize=4)
def _opened(model):
    return Restorer(model)


def restore(source, *, model=None, quality=None, dtype=None, orient="apply", **options):
    """Restores one picture and returns its pixels.

    Models stay open, so that the next call with the same one does not open it again.

    Args:
        source: The path of a JPEG file, its bytes, or pixels: a uint8 array of shape [H, W, 3] (RGB)
            or [H, W] (grey), or a Pillow image of mode "RGB" or "L". Of a Pillow image that was
            opened from a JPEG file and is not decoded yet the file is used. Other pixels must have
            been a JPEG once; they may have been cropped, turned or mirrored since, but not scaled.
        model: "lean" (the default), "nano", the path of a checkpoint or of a published config.
        quality: For pixels, the IJG quality that they were saved with, 1 to 100. None: it is found
            from the pixels.
        dtype: "uint8" (0 to 255, the default), "uint16" (0 to 65,535) or "float32" (0 to 1).
        orient: "apply" turns a file's picture upright as its EXIF says, as the command does by
            default; "keep" leaves the pixels as they lie in the file.
        **options: ``preset``, ``strength``, ``strict`` and the command's other options, with
            underscores. ``ddrmjpeg/__init__.pyi`` lists them.

    Returns:
        An array of shape [H, W, 3], or [H, W] if the source is grey. CMYK comes out as RGB.

    Raises:
        InputError: The bytes are no JPEG, or the array has another shape.
        UnsupportedError: A JPEG of a kind that is not handled, or pixels that show no tables.
        OptionsError: An option is out of its range.
        CheckpointError: The model file is damaged, or does not fit.
        LimitsError: The picture is larger than the limits in force.
        FileError: The file cannot be read; FileMissingError if there is none.
        TypeError: An argument of a wrong type, or an option that does not exist.
    """
    restorer = _opened(model)
    return restorer.restore(source, quality=quality, dtype=dtype, orient=orient, **options)
