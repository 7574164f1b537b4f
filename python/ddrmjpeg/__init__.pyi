import os
from typing import Any, Literal, TypedDict, final

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image
from typing_extensions import Unpack

from ddrmjpeg._errors import BackendError as BackendError
from ddrmjpeg._errors import CancelledError as CancelledError
from ddrmjpeg._errors import CheckpointError as CheckpointError
from ddrmjpeg._errors import Error as Error
from ddrmjpeg._errors import FileError as FileError
from ddrmjpeg._errors import FileMissingError as FileMissingError
from ddrmjpeg._errors import InputError as InputError
from ddrmjpeg._errors import LimitsError as LimitsError
from ddrmjpeg._errors import OptionsError as OptionsError
from ddrmjpeg._errors import UnsupportedError as UnsupportedError

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

__version__: str

_File = str | os.PathLike[str] | bytes | bytearray | memoryview
_Source = _File | NDArray[np.uint8] | Image.Image

class _ModelOptions(TypedDict, total=False):
    """What a model is opened with."""

    config: str | None  # The published config that describes the checkpoint.
    class_: int | None  # The class for a class-conditional model, 0 to 999,999.
    device: str  # "auto", "cpu", "cuda" or "cuda:N".
    precision: str  # "auto", "f32", "bf16" or "int8".
    threads: int  # CPU threads, at most 1024; 0 uses all.
    max_batch: int  # Most tiles of one size in one network call, at most 64; 0 chooses.
    max_delay_ms: float  # How long a tile waits at most for others, 0 to 1000 milliseconds.

class _RestoreOptions(TypedDict, total=False):
    """How a picture is restored."""

    degradation: str  # "jpeg", or "quant=Nbit" for pixels with only N bits per channel.
    preset: str  # "fast", "quality", "sample" or "paper".
    strength: float  # 0 gives the decoded JPEG, 1 (the default) the full restoration.
    strict: bool  # The result encodes to the file's own levels again.
    identity_gate: bool  # False also restores what restoring might harm.
    assume_quality: str | int  # "auto", "off", or how coarse an earlier save was, 1 to 100.
    seed: int  # The same seed gives the same pixels. Default: 1234.
    steps: int | None  # Denoising steps instead of the preset's, 1 to 1000.
    samples: int | None  # Draws to average instead of the preset's, 1 to 64.
    eta: float  # Of the preset "paper", 0 to 1.
    eta_b: float  # Of the preset "paper", 0 to 1.
    init_timestep: int  # Of the preset "paper", 1 to 1000.
    temporal: str  # Of a stream: "off", "reuse" (the default) or "accumulate".
    tile_size: int  # Side of a tile in pixels, 64 to 16,384; 0 chooses.
    max_megapixels: int | None  # None: as many as fit into free memory.

class _Component(TypedDict):
    id: int
    sampling: tuple[int, int]  # Factors, horizontal and vertical, 1 to 4.
    steps: NDArray[np.uint16]  # Quantisation steps [8, 8]; rows are vertical frequencies.

class _Inspection(TypedDict):
    width: int
    height: int
    model: Literal["grey", "YCbCr", "RGB", "CMYK", "YCCK"]
    subsampling: str  # Such as "4:2:0".
    progressive: bool
    quality: int | None  # If the tables are exactly libjpeg's of one quality.
    encoder: str  # The family of encoders, such as "libjpeg".
    components: list[_Component]  # Black last.
    damage: str | None
    orientation: int  # As EXIF numbers it, 1 (upright) to 8.
    exif: bytes | None
    icc: bytes | None
    xmp: bytes | None

class _How(TypedDict, total=False):
    cut: tuple[int, int]  # Column and row of its first whole block.
    scaled: float  # The width of its blocks now, in pixels.

class _Moved(TypedDict):
    how: _How
    quality: int  # That the picture was restored by.

class _Carried(TypedDict):
    pixels: int
    changed: int
    reused: int

@final
class Report:
    """What was done to a picture."""

    @property
    def restored(self) -> bool:
        """False if the pixels were passed through; ``notes`` says why."""
    @property
    def network_calls(self) -> int:
        """Calls of the network, tiles counted apart."""
    @property
    def quality(self) -> int | None:
        """The IJG quality given or found, for pixels."""
    @property
    def tables_from(self) -> str | None:
        """Where the tables of pixels were known from: "file", "caller" or "pixels"."""
    @property
    def gate(self) -> str:
        """ "closed" if everything is handed on as decoded; else "open"."""
    @property
    def released(self) -> bool:
        """Whether the picture was not held to its levels, since a quality was assumed."""
    @property
    def family(self) -> str | None:
        """The encoder's family, for files."""
    @property
    def resaved(self) -> bool:
        """Whether the file shows an earlier, coarser save, to which the picture was held."""
    @property
    def moved(self) -> _Moved | None:
        """Where the grid of an earlier save lies, if it is not the file's own."""
    @property
    def consistency(self) -> tuple[float, float] | None:
        """With ``strict``: the shares of coefficients that encode to the file's levels again, of
        the picture as computed and rounded to 8 bits."""
    @property
    def carried(self) -> _Carried | None:
        """Of a stream's frame: its pixels, those that changed, those not computed again."""
    @property
    def notes(self) -> list[str]:
        """What the user should know."""

@final
class Restorer:
    """An opened model. Restores any number of pictures, from any number of threads."""

    def __new__(
        cls, model: str | os.PathLike[str] | None = None, **options: Unpack[_ModelOptions]
    ) -> Restorer: ...
    def restore(
        self,
        source: _Source,
        *,
        quality: int | None = None,
        dtype: DTypeLike | None = None,
        orient: str = "apply",
        **options: Unpack[_RestoreOptions],
    ) -> NDArray[Any]:
        """Restores one picture: [H, W, 3] RGB or [H, W] grey. ``ddrmjpeg.restore`` has the details."""
    def restore_with_report(
        self,
        source: _Source,
        *,
        quality: int | None = None,
        dtype: DTypeLike | None = None,
        orient: str = "apply",
        **options: Unpack[_RestoreOptions],
    ) -> tuple[NDArray[Any], Report]:
        """As ``restore``, with a ``Report`` of what was done."""
    def restore_png(
        self,
        source: _Source,
        *,
        quality: int | None = None,
        dtype: DTypeLike | None = None,
        orient: str = "apply",
        **options: Unpack[_RestoreOptions],
    ) -> bytes:
        """As ``restore``, but returns the bytes of a PNG without metadata, of 8 bits or, with the
        dtype "uint16", 16: those that ``ddrmjpeg restore --strip -o out.png`` writes."""
    def stream(self, **options: Unpack[_RestoreOptions]) -> Stream:
        """A stream that this model restores, with the options of ``restore``."""
    @property
    def precision(self) -> str | None:
        """The arithmetic inside the network, such as "bf16", if the machine decides on it."""
    @property
    def caution(self) -> str | None:
        """What the user of the model should know once."""

@final
class Stream:
    """Restores the frames of one stream, one after another. ``Restorer.stream`` makes one.

    Threads may share it; they take turns."""

    def restore(self, frame: _Source, *, quality: int | None = None) -> NDArray[np.uint8]:
        """Restores the next frame: uint8 [H, W, 3] RGB or [H, W] grey.

        A JPEG is restored from its coefficients; pixels by ``quality``, or by what they show."""
    def reset(self) -> None:
        """Forgets every frame: what follows has nothing to do with what was before."""
    @property
    def report(self) -> Report | None:
        """What was done to the last frame; None before the first."""

def inspect(source: _File) -> _Inspection:
    """What a JPEG says: size, sampling, tables, encoder, damage, metadata."""

def restore(
    source: _Source,
    *,
    model: str | os.PathLike[str] | None = None,
    quality: int | None = None,
    dtype: DTypeLike | None = None,
    orient: str = "apply",
    **options: Unpack[_RestoreOptions],
) -> NDArray[Any]:
    """Restores one picture and returns its pixels: [H, W, 3] RGB or [H, W] grey."""
