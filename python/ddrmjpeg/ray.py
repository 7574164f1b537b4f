"""Restores the pictures of a dataset of Ray Data: a class for ``Dataset.map_batches``.

A worker opens the model once. A column of JPEG files becomes a column of PNG files, the bytes that
``ddrmjpeg restore --strip`` writes::

    import ray
    from ddrmjpeg.ray import Restore

    pictures = ray.data.read_binary_files("photos/", include_paths=True)
    restored = pictures.map_batches(
        Restore,
        fn_constructor_kwargs={"model": "nano"},
        batch_size=16,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=64),
    )
    restored.drop_columns(["bytes"]).write_parquet("restored/")

``pip install "ddrmjpeg[ray]"`` brings Ray Data.
"""

from __future__ import annotations

from typing import Any

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    import ray
except ImportError as _missing:
    raise ImportError(
        f'ddrmjpeg.ray needs Ray Data ({_missing}): pip install "ddrmjpeg[ray]"'
    ) from _missing

from ddrmjpeg._rows import Rows

__all__ = ["Restore"]


class Restore:
    """Restores batches in a worker, for ``map_batches`` with the formats "numpy" and "pyarrow".

    Each batch gets two columns. A picture that cannot be restored has null in the first and the
    reason in the second, and the job goes on; so does a row without a picture. An error that is not
    of one picture ends the job, or has Ray try again.

    Args:
        model: "lean" (the default), "nano", or the path of a checkpoint on every node.
        column: The column with the bytes of JPEG files.
        into: The column for the bytes of PNG files, which may be the same.
        errors: The column for reasons.
        **options: The options of ``ddrmjpeg.Restorer`` and of its ``restore_png``, such as
            ``preset`` or ``strength``. ``threads`` is by default the number of CPUs that Ray has
            given the worker, at least 1; outside a worker all are used.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        column: str = "bytes",
        into: str = "restored",
        errors: str = "error",
        **options: Any,
    ) -> None:
        self._column, self._into, self._errors = column, into, errors
        self._rows = Rows(model, **{"threads": _cpus(), **options})

    def __call__(self, batch: Any) -> Any:
        """The batch, a dictionary of arrays or a table of Arrow, with its two new columns."""
        is_table = isinstance(batch, pa.Table)
        jpegs = batch[self._column].to_pylist() if is_table else list(batch[self._column])
        done = [self._rows.restore(jpeg) for jpeg in jpegs]
        # With their types said, columns of nothing but nulls are of the same type as the others.
        new = {
            self._into: pa.array([png for png, _ in done], pa.large_binary()),
            self._errors: pa.array([why for _, why in done], pa.string()),
        }
        if not is_table:
            return {**batch, **new}
        kept = [name for name in batch.column_names if name not in new]
        table = batch.select(kept)
        for name, values in new.items():
            table = table.append_column(name, values)
        return table


def _cpus() -> int:
    """The CPUs of this worker; 0, which stands for all, outside of one."""
    context = ray.get_runtime_context()
    if context.get_actor_id() is None:
        return 0
    return max(1, int(context.get_assigned_resources().get("CPU", 1)))
