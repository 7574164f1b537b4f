"""Results are those of the command, whatever the source comes as."""

import io
import os
import subprocess

import numpy as np
import pytest
from conftest import ROOT, as_jpeg, jpegs, scene
from PIL import Image

import ddrmjpeg


@pytest.mark.parametrize("kind", jpegs())
@pytest.mark.parametrize("options", [{}, {"strength": 0.5, "strict": True}, {"preset": "quality"}])
def test_files_are_the_bytes_of_the_command(kind, options, files, nano, command, tmp_path):
    flags = []
    for name, value in options.items():
        flags += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    wanted = command(files[kind], tmp_path, "--model", "nano", *flags)
    found = nano.restore(files[kind], **options)
    assert found.dtype == np.uint8 and found.flags.c_contiguous and found.flags.writeable
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(nano.restore(tmp_path / "in.jpg", **options), wanted)


def test_the_default_model_is_the_command_s(files, command, tmp_path):
    wanted = command(files["colour"], tmp_path)
    np.testing.assert_array_equal(ddrmjpeg.restore(str(tmp_path / "in.jpg")), wanted)
    assert not np.array_equal(ddrmjpeg.restore(files["colour"], model="nano"), wanted)


def test_kept_orientation_is_the_command_s(files, nano, command, tmp_path):
    wanted = command(files["turned"], tmp_path, "--model", "nano", "--orient", "keep")
    kept = nano.restore(files["turned"], orient="keep")
    np.testing.assert_array_equal(kept, wanted)
    np.testing.assert_array_equal(nano.restore(files["turned"]), np.rot90(kept, -1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_does(orientation, nano):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = as_jpeg(scene(), exif=exif.tobytes())
    upright = nano.restore(data)
    kept = Image.fromarray(nano.restore(data, orient="keep"))
    kept.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(upright, np.asarray(ImageOps.exif_transpose(kept)))
    floats = nano.restore(data, dtype="float32")
    assert np.abs(floats * 255 - upright).max() <= 0.5 + 1e-4


def test_shapes_of_grey_and_cmyk(files, nano):
    assert nano.restore(files["grey"]).shape == (127, 201)
    assert nano.restore(files["cmyk"]).shape == (127, 201, 3)
    assert nano.restore(files["turned"]).shape == (201, 127, 3)


@pytest.mark.parametrize("kind", ["colour", "grey", "cmyk", "turned"])
def test_other_types_round_to_bytes(kind, files, nano):
    exact = nano.restore(files[kind])
    fine = nano.restore(files[kind], dtype=np.uint16)
    floats = nano.restore(files[kind], dtype=np.dtype("float32"))
    assert (fine.dtype, floats.dtype) == (np.uint16, np.float32)
    assert fine.shape == floats.shape == exact.shape
    assert 0 <= floats.min() and floats.max() <= 1
    # Half a step of 16 bits away from the middle between two bytes, either may be.
    assert np.abs(fine / 257 - exact).max() <= 0.5 + 1 / 257
    assert np.abs(floats * 255 - exact).max() <= 0.5 + 1e-4
    assert len(np.unique(fine % 257)) > 100, "there is something between the bytes"


@pytest.mark.parametrize("kind", ["colour", "grey", "cmyk", "turned", "cut"])
@pytest.mark.parametrize("depth", [8, 16])
def test_png_files_are_the_command_s(kind, depth, files, nano, tmp_path):
    (tmp_path / "in.jpg").write_bytes(files[kind])
    flags = ["--model", "nano", "--strip", "--depth", str(depth)]
    line = [os.environ["DDRMJPEG_COMMAND"], "restore", "in.jpg", "-o", "out.png", *flags]
    subprocess.run(line, check=True, capture_output=True, cwd=tmp_path, timeout=300)
    png = nano.restore_png(files[kind], dtype=f"uint{depth}")
    assert png == (tmp_path / "out.png").read_bytes()
    with pytest.raises(ddrmjpeg.OptionsError, match="uint8 or uint16"):
        nano.restore_png(files[kind], dtype="float32")


def test_bytes_of_any_kind_are_the_same(files, nano):
    data = files["colour"]
    wanted = nano.restore(data)
    for same in [bytearray(data), memoryview(data), memoryview(b"x" + data)[1:]]:
        np.testing.assert_array_equal(nano.restore(same), wanted)


def decoded(data):
    return np.array(Image.open(io.BytesIO(data)))


def gain(data, restored):
    """In dB of PSNR over what Pillow decodes."""
    truth = np.asarray(scene(), np.float64)
    error = lambda picture: np.mean((picture.astype(np.float64) - truth) ** 2)
    return 10 * np.log10(error(decoded(data)) / error(restored))


def test_pixels_are_restored_by_their_quality_or_without(files, nano):
    for kind in ["colour", "full chroma"]:
        pixels = decoded(files[kind])
        before = pixels.copy()
        by_quality, report = nano.restore_with_report(pixels, quality=30)
        assert (report.quality, report.tables_from) == (30, "caller")
        alone, found = nano.restore_with_report(pixels)
        assert found.quality == 30
        np.testing.assert_array_equal(pixels, before)
        # The file's own levels give 1.2 dB; pixels have lost a part of them by rounding.
        assert gain(files[kind], by_quality) > 0.8 and gain(files[kind], alone) > 0.8


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_pixels_that_are_not_rounded(dtype, files, nano):
    top = {"uint16": 65535, "float32": 1}[dtype]
    for pixels in [decoded(files["colour"]), decoded(files["grey"])]:
        for quality in [30, None]:
            exact = nano.restore(pixels, quality=quality)
            fine = nano.restore(pixels, quality=quality, dtype=dtype)
            assert np.abs(fine * (255 / top) - exact).max() <= 0.5 + 1 / 257


def test_any_layout_of_an_array(files, nano):
    pixels = decoded(files["full chroma"])
    wanted = nano.restore(pixels, quality=30)
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    wide = np.zeros((127, 300, 4), np.uint8)
    wide[:, 50:251, :3] = pixels
    frozen = pixels.copy()
    frozen.flags.writeable = False
    same = {
        "planes": planes.transpose(1, 2, 0),
        "a part of RGBA": wide[:, 50:251, :3],
        "BGR": np.ascontiguousarray(pixels[..., ::-1])[..., ::-1],
        "rows upwards": np.ascontiguousarray(pixels[::-1])[::-1],
        "Fortran's order": np.asfortranarray(pixels),
        "read only": frozen,
    }
    for name, array in same.items():
        np.testing.assert_array_equal(nano.restore(array, quality=30), wanted, name)


def test_levels_of_few_bits():
    banded = np.asarray(scene()) & 0xE0
    restored = ddrmjpeg.restore(banded, degradation="quant=3bit")
    np.testing.assert_array_equal(restored & 0xE0, banded)
    assert not np.array_equal(restored, banded)


def test_pillow_in_and_out(files, nano):
    wanted = nano.restore(files["colour"])
    fresh = Image.open(io.BytesIO(files["colour"]))
    np.testing.assert_array_equal(nano.restore(fresh), wanted)
    # The image is as usable as before, and once it is decoded its pixels count.
    fresh.load()
    pixels = nano.restore(np.array(fresh))
    np.testing.assert_array_equal(nano.restore(fresh), pixels)
    back = Image.fromarray(wanted)
    assert (back.mode, back.size) == ("RGB", (201, 127))
    assert Image.fromarray(nano.restore(files["grey"])).mode == "L"


def test_reports(files, nano):
    _, report = nano.restore_with_report(files["cut"])
    assert report.restored and report.network_calls == 1 and "rows" in report.notes[0]
    assert (report.family, report.gate, report.consistency) == ("libjpeg", "open", None)
    assert "restored=True" in repr(report)
    _, report = nano.restore_with_report(files["colour"], strict=True)
    assert report.consistency[0] > 0.99


def test_an_earlier_save_on_another_grid_is_reported(files, nano):
    picture = Image.open(ROOT / "examples/pictures/coffee.png").convert("RGB")
    once = Image.open(io.BytesIO(as_jpeg(picture, quality=20)))
    cut = once.crop((3, 6, *once.size))
    _, report = nano.restore_with_report(as_jpeg(cut, quality=90))
    assert report.moved["how"] == {"cut": (5, 2)} and 1 <= report.moved["quality"] <= 60
    width, height = once.size
    scaled = once.resize((width * 3 // 4, height * 3 // 4))
    _, report = nano.restore_with_report(as_jpeg(scaled, quality=90))
    assert report.released and report.moved["how"]["scaled"] == pytest.approx(6, abs=0.1)
    _, report = nano.restore_with_report(files["colour"])
    assert report.moved is None


def test_inspect(files, tmp_path):
    (tmp_path / "a.jpg").write_bytes(files["turned"])
    found = ddrmjpeg.inspect(tmp_path / "a.jpg")
    assert (found["width"], found["height"], found["model"]) == (201, 127, "YCbCr")
    assert (found["subsampling"], found["quality"], found["orientation"]) == ("4:2:0", 30, 6)
    assert found["exif"] and found["icc"] is None and found["damage"] is None
    tables = Image.open(tmp_path / "a.jpg").quantization
    for component, number in zip(found["components"], [0, 1, 1], strict=True):
        assert component["steps"].shape == (8, 8)
        np.testing.assert_array_equal(component["steps"].ravel(), tables[number])
    cmyk = ddrmjpeg.inspect(files["cmyk"])
    assert (cmyk["model"], len(cmyk["components"])) == ("CMYK", 4)
    assert ddrmjpeg.inspect(files["cut"])["damage"]
