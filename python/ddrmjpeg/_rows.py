"""Rows of a table, each with the bytes of a JPEG, for the engines that hand them out."""

from __future__ import annotations

from typing import Any

from ddrmjpeg._errors import InputError, LimitsError, UnsupportedError
from ddrmjpeg._native import Restorer, option_names


class Rows:
    """An opened model that restores row after row.

    Args:
        model: As of ``ddrmjpeg.Restorer``.
        **options: The options of ``ddrmjpeg.Restorer`` and those of its ``restore_png``.
    """

    def __init__(self, model: Any = None, **options: Any) -> None:
        of_model = {"class_" if name == "class" else name for name in option_names()[0]}
        self._options = {name: options[name] for name in options if name not in of_model}
        of_model = {name: options[name] for name in options if name in of_model}
        self._restorer = Restorer(model, **of_model)

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
