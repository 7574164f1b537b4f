"""Restores the pictures of a Daft data frame: a class for ``daft.cls``, and the usual use of it.

A worker opens the model once. An expression of JPEG files becomes one of structures with the fields
``png``, the bytes that ``ddrmjpeg restore --strip`` writes, and ``error``::

    import daft
    from ddrmjpeg.daft import restore

    frame = daft.from_glob_path("photos/*.jpg")
    frame = frame.with_column("jpeg", daft.functions.download(frame["path"]))
    restored = frame.with_column("restored", restore("nano", workers=4)(frame["jpeg"]))
    restored.select("path", restored["restored"]["png"]).write_parquet("restored/")

``pip install "ddrmjpeg[daft]"`` brings Daft.
"""

from __future__ import annotations

from typing import Any, Optional

try:
    import daft
except ImportError as _missing:
    raise ImportError(
        f'ddrmjpeg.daft needs Daft ({_missing}): pip install "ddrmjpeg[daft]"'
    ) from _missing

from ddrmjpeg._rows import Rows

__all__ = ["Restore", "restore"]

_RESULT = daft.DataType.struct({"png": daft.DataType.binary(), "error": daft.DataType.string()})


class Restore:
    """Restores batches in a worker; ``daft.cls(Restore)`` makes a function of expressions of it.

    A picture that cannot be restored has null in ``png`` and the reason in ``error``, and the query
    goes on; so does a row without a picture. An error that is not of one picture ends the query.

    Args:
        model: "lean" (the default), "nano", or the path of a checkpoint on every node.
        **options: The options of ``ddrmjpeg.Restorer`` and of its ``restore_png``, such as
            ``threads``, ``preset`` or ``strength``.
    """

    def __init__(self, model: Optional[str] = None, **options: Any) -> None:
        self._rows = Rows(model, **options)

    @daft.method.batch(return_dtype=_RESULT, batch_size=16)
    def __call__(self, jpeg: daft.Series) -> Any:
        """Structures of ``png`` and ``error``, one for each JPEG file."""
        done = [self._rows.restore(data) for data in jpeg.to_pylist()]
        return [{"png": png, "error": why} for png, why in done]


def restore(
    model: Optional[str] = None,
    *,
    workers: Optional[int] = None,
    cpus: Optional[float] = None,
    **options: Any,
) -> Any:
    """A function of expressions: ``restore("nano", workers=4)(frame["jpeg"])``.

    Args:
        model: As of ``Restore``.
        workers: Processes that restore, each with a model of its own. None: Daft chooses.
        cpus: CPUs of each, by which Daft places them.
        **options: As of ``Restore``. With ``workers``, ``threads`` is ``cpus`` by default, or 1.
    """
    if workers is not None:
        options = {"threads": max(1, int(cpus or 1)), **options}
    use_process = None if workers is None else True
    made = daft.cls(Restore, cpus=cpus, max_concurrency=workers, use_process=use_process)
    return made(model, **options)
