"""The package: its names, its stubs, its README."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, as_jpeg, scene

import ddrmjpeg
from ddrmjpeg import _native

STUB = Path(ddrmjpeg.__file__).with_name("__init__.pyi").read_text()


def test_the_version_is_that_of_the_library():
    manifest = (ROOT / "Cargo.toml").read_text()
    assert ddrmjpeg.__version__ == re.search(r'^version = "(.*)"$', manifest, re.M).group(1)


def keys(name):
    """The keys of a TypedDict of the stub."""
    body = re.search(rf"^class {name}\(.*?\):\n(.*?)^class ", STUB, re.M | re.S).group(1)
    return re.findall(r"^    (\w+):", body, re.M)


def test_every_option_of_the_library_is_in_the_stub():
    model, picture = _native.option_names()
    assert ["model", *keys("_ModelOptions")] == [
        {"class": "class_"}.get(name, name) for name in model
    ]
    assert keys("_RestoreOptions") == [*picture, "max_megapixels"]


def test_every_option_of_the_stub_can_be_given(files, nano):
    values = {
        "degradation": "jpeg",
        "preset": "fast",
        "strength": 0.5,
        "strict": False,
        "identity_gate": False,
        "assume_quality": 20,
        "seed": 3,
        "steps": None,
        "samples": None,
        "eta": 0.5,
        "eta_b": 0.5,
        "init_timestep": 9,
        "temporal": "off",
        "tile_size": 64,
        "max_megapixels": 1,
    }
    assert list(values) == keys("_RestoreOptions")
    assert nano.restore(files["colour"], **values).shape == (127, 201, 3)
    ddrmjpeg.Restorer(
        "nano", config=None, class_=None, device="cpu", precision="f32", threads=1, max_batch=1,
        max_delay_ms=1,
    )


def test_the_stubs_are_those_of_the_module(tmp_path):
    # The engines are large, and their types are not ours.
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n[mypy-ray.*,daft.*,pyarrow.*]\nfollow_imports = skip\n")
    check = [sys.executable, "-m", "mypy.stubtest", "ddrmjpeg", "--ignore-missing-stub"]
    check += ["--mypy-config-file", str(config)]
    done = subprocess.run(check, capture_output=True, text=True, cwd=ROOT / "python/tests")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("engine", ["ray", "daft"])
def test_an_engine_that_is_not_installed_is_named(engine):
    code = f"import sys; sys.modules['{engine}'] = None; import ddrmjpeg.{engine}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"ImportError: ddrmjpeg.{engine} needs" in done.stderr
    assert f'pip install "ddrmjpeg[{engine}]"' in done.stderr


def test_everything_public_has_a_docstring():
    for name in ddrmjpeg.__all__:
        thing = getattr(ddrmjpeg, name)
        assert name == "__version__" or thing.__doc__, name
        for method, member in vars(thing).items() if isinstance(thing, type) else []:
            assert method.startswith("_") or member.__doc__, f"{name}.{method}"


def test_the_readme_runs(tmp_path):
    text = (ROOT / "python/README.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.S)
    (tmp_path / "photo.jpg").write_bytes(as_jpeg(scene()))
    done = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" 30\n")


def test_nothing_of_python_or_libtorch_is_linked():
    """And oneDNN is the one in the wheel."""
    readelf = shutil.which("readelf")
    assert readelf, "binutils are needed"
    needed = subprocess.run(
        [readelf, "-d", _native.__file__], capture_output=True, text=True, check=True
    ).stdout
    assert "libpython" not in needed and "libtorch" not in needed and "libdnnl-" in needed
    libraries = Path(ddrmjpeg.__file__).parent.with_name("ddrmjpeg.libs")
    assert list(libraries.glob("libdnnl-*"))


def test_results_need_no_copy():
    picture = ddrmjpeg.restore(as_jpeg(scene()), model="nano")
    assert isinstance(picture, np.ndarray) and picture.base is not None
