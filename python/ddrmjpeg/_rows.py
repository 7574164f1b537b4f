"""Rows of a table, each with the bytes of a JPEG, for the engines that hand them out."""

from __future__ import annotations

from typing import Any

from ddrmjpeg import Restorer
from ddrmjpeg._errors import InputError, LimitsError, UnsupportedError
from ddrmjpeg._native import option_names  # type: ignore[import-not-found]


class Rows:
    """An opened model that restores row after row.

    Args:
        model: As of ``ddrmjpeg.Restorer``.
        **options: The options of ``ddrmjpeg.Restorer`` and those of its ``restore_png``.
    """

    def __init__(self, model: Any = None, **options: Any) -> None:
        names = {"class_" if name == "class" else name for name in option_names()[0]}
        self._restorer = Restorer(
            model, **{name: value for name, value in options.items() if name in names}
        )
        self._options = {name: value for name, value in options.items() if name not in names}

    def restore(self, jpeg: bytes | None) -> tuple[bytes | None, str | None]:
        """The PNG of one row, or why there is none.

        What is wrong with a picture is a message. All else, such as an option that does not exist
        or a device that failed, is raised: no other row would fare better, or the engine tries
        again.
        """
        if jpeg is None:
            return None, "no picture in this row"
        try:
            return self._restorer.restore_png(jpeg, **self._options), None
        except (InputError, LimitsError, UnsupportedError) as error:
            return None, str(error)
