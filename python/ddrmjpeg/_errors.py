"""The exceptions, sorted by whose fault it is. Each is also what a Python user would expect."""


class Error(Exception):
    """What goes wrong in ddrmjpeg."""

    __module__ = "ddrmjpeg"


class InputError(Error, ValueError):
    """The bytes or pixels handed in are broken."""

    __module__ = "ddrmjpeg"


class UnsupportedError(Error, ValueError):
    """The input is sound, but of a kind that is not handled."""

    __module__ = "ddrmjpeg"


class OptionsError(Error, ValueError):
    """An option is out of its range, or two options contradict each other."""

    __module__ = "ddrmjpeg"


class CheckpointError(Error, ValueError):
    """A model file is not one, is damaged, or does not fit its network."""

    __module__ = "ddrmjpeg"


class LimitsError(Error, ValueError):
    """The input is larger than the limits in force."""

    __module__ = "ddrmjpeg"


class BackendError(Error, RuntimeError):
    """The device failed, or the process that computes elsewhere."""

    __module__ = "ddrmjpeg"


class CancelledError(Error, RuntimeError):
    """The work was stopped."""

    __module__ = "ddrmjpeg"


class FileError(Error, OSError):
    """A file cannot be read; ``errno`` and ``filename`` say why and which."""

    __module__ = "ddrmjpeg"


class FileMissingError(FileError, FileNotFoundError):
    """There is no such file."""

    __module__ = "ddrmjpeg"
