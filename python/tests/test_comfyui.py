"""The nodes of examples/comfyui, called as ComfyUI calls them. NumPy stands in for its tensors:
pictures of float32 [B, H, W, 3] in 0..1, with the few methods that nodes use."""

import importlib.util
import sys
import types

import numpy as np
import pytest
from conftest import ROOT

import ddrmjpeg


class Tensor(np.ndarray):
    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)


@pytest.fixture
def nodes(monkeypatch, tmp_path, files):
    torch = types.ModuleType("torch")
    torch.from_numpy = lambda array: array.view(Tensor)
    torch.cat = lambda parts: np.concatenate(parts).view(Tensor)
    folder_paths = types.ModuleType("folder_paths")
    folder_paths.get_input_directory = lambda: str(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "folder_paths", folder_paths)
    for name in ("colour", "grey"):
        (tmp_path / f"{name}.JPG").write_bytes(files[name])
    (tmp_path / "note.txt").write_text("no picture")
    path = ROOT / "examples/comfyui/ddrmjpeg_nodes.py"
    spec = importlib.util.spec_from_file_location("ddrmjpeg_nodes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(nodes, name, **inputs):
    """As ComfyUI does: by the name in the mapping, with the names of the inputs."""
    node = nodes.NODE_CLASS_MAPPINGS[name]
    assert set(inputs) == set(node.INPUT_TYPES()["required"])
    outputs = getattr(node(), node.FUNCTION)(**inputs)
    assert len(outputs) == len(node.RETURN_TYPES)
    return outputs[0]


def rounds_to(image, levels):
    """Up to the error of f32, in which a level was divided by 255: one just beside the middle of
    two levels may be rounded to either."""
    away = np.abs(np.asarray(image, dtype=np.float64) * 255 - levels)
    return (away <= 0.5 + 1e-4).all()


def test_a_file_is_loaded_and_restored(nodes, files):
    listed = nodes.LoadJpegRestored.INPUT_TYPES()["required"]["image"][0]
    assert listed == ["colour.JPG", "grey.JPG"]
    for name in ("colour", "grey"):
        image = call(nodes, "LoadJpegRestored", image=f"{name}.JPG", preset="fast", model="nano")
        wanted = ddrmjpeg.restore(files[name], model="nano")
        wanted = np.broadcast_to(wanted.reshape(*wanted.shape[:2], -1), (*wanted.shape[:2], 3))
        assert image.dtype == np.float32 and image.shape == (1, *wanted.shape)
        assert rounds_to(image[0], wanted)


def test_each_picture_of_a_batch_is_restored(nodes, files):
    shown = ddrmjpeg.restore(files["full chroma"], strength=0)
    batch = np.stack([shown, shown[:, ::-1]]).astype(np.float32) / 255
    for quality in (0, 30):
        image = call(
            nodes,
            "RestoreJpegPixels",
            image=batch.view(Tensor),
            quality=quality,
            preset="fast",
            model="nano",
        )
        assert image.shape == batch.shape and image.dtype == np.float32
        wanted = ddrmjpeg.restore(shown, model="nano", quality=quality or None)
        assert rounds_to(image[0], wanted)
        assert not rounds_to(image[0], shown)
