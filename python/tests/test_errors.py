"""Each kind of error is its exception, and says what is wrong."""

import numpy as np
import pytest
from conftest import scene

import ddrmjpeg

PIXELS = np.asarray(scene())


def fails(kind, also, text, call):
    with pytest.raises(kind) as raised:
        call()
    assert isinstance(raised.value, also) and isinstance(raised.value, ddrmjpeg.Error)
    assert text in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    "source, text",
    [
        (b"", "empty"),
        (b"no JPEG", "not a JPEG"),
        (b"\xff\xd8\xff\xd9", ""),
        (np.zeros((8, 8, 4), np.uint8), "[8, 8, 4]"),
        (np.zeros((8,), np.uint8), "[8]"),
        (np.zeros((0, 8, 3), np.uint8), "0"),
        (scene().convert("RGBA"), "RGBA"),
    ],
)
def test_bad_inputs(source, text, nano):
    fails(ddrmjpeg.InputError, ValueError, text, lambda: nano.restore(source))


def test_unsupported(nano):
    kind = ddrmjpeg.UnsupportedError
    fails(kind, ValueError, "PNG", lambda: nano.restore(b"\x89PNG\r\n\x1a\n"))
    fails(kind, ValueError, "no quantisation tables", lambda: nano.restore(PIXELS))
    banded = lambda: nano.restore(PIXELS & 0xE0, degradation="quant=3bit", dtype="uint16")
    fails(kind, ValueError, "uint8", banded)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"strength": 1.5}, "strength = 1.5: must be in 0..1"),
        ({"preset": "turbo"}, "fast, quality"),
        ({"seed": -1}, "seed = -1"),
        ({"steps": 2**80}, "steps = "),
        ({"samples": 65}, "samples = 65: must be in 1..64"),
        ({"assume_quality": 101}, "1..100"),
        ({"dtype": "int8"}, "uint8, uint16 or float32"),
        ({"orient": "left"}, "apply or keep"),
        ({"quality": 0}, "quality = 0: must be in 1..100"),
        ({"quality": 10**6}, "quality = 1000000"),
    ],
)
def test_options_out_of_range(options, text, files, nano):
    fails(ddrmjpeg.OptionsError, ValueError, text, lambda: nano.restore(files["colour"], **options))


def test_options_of_a_model():
    fails(ddrmjpeg.OptionsError, ValueError, "threads", lambda: ddrmjpeg.Restorer(threads=9999))
    fails(ddrmjpeg.OptionsError, ValueError, "f32", lambda: ddrmjpeg.Restorer(precision="f8"))


def test_models(tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    bad = lambda: ddrmjpeg.Restorer(tmp_path / "bad.safetensors")
    fails(ddrmjpeg.CheckpointError, ValueError, "bad.safetensors", bad)
    none = lambda: ddrmjpeg.Restorer(tmp_path / "none.safetensors")
    error = fails(ddrmjpeg.FileMissingError, FileNotFoundError, "none.safetensors", none)
    assert isinstance(error, ddrmjpeg.FileError)


def test_limits(files, nano):
    call = lambda: nano.restore(files["colour"], max_megapixels=0)
    fails(ddrmjpeg.LimitsError, ValueError, "201 x 127", call)


def test_files(nano, tmp_path):
    error = fails(
        ddrmjpeg.FileMissingError, FileNotFoundError, "none.jpg", lambda: nano.restore("none.jpg")
    )
    assert (error.errno, error.filename) == (2, "none.jpg")
    error = fails(ddrmjpeg.FileError, OSError, "", lambda: nano.restore(tmp_path))
    assert not isinstance(error, FileNotFoundError) and error.errno


@pytest.mark.parametrize(
    "call",
    [
        lambda nano, data: nano.restore(5),
        lambda nano, data: nano.restore(None),
        lambda nano, data: nano.restore(np.zeros((8, 8, 3), np.float32)),
        lambda nano, data: nano.restore(data, quality=30),
        lambda nano, data: nano.restore(data, sharpness=1),
        lambda nano, data: nano.restore(data, strength="much"),
        lambda nano, data: nano.restore(data, degradation="quant=3bit"),
        lambda nano, data: ddrmjpeg.restore(data, sharpness=1),
        lambda nano, data: ddrmjpeg.Restorer("nano", speed=9),
    ],
)
def test_wrong_types_are_type_errors(call, files, nano):
    with pytest.raises(TypeError):
        call(nano, files["colour"])


def test_every_exception_is_an_error_and_public():
    for name in ddrmjpeg.__all__:
        thing = getattr(ddrmjpeg, name)
        if isinstance(thing, type) and issubclass(thing, BaseException):
            assert issubclass(thing, ddrmjpeg.Error) and thing.__module__ == "ddrmjpeg"
