"""What the tests of Ray and Daft share: pictures in a folder, in shards and in a Parquet file, and
what the command makes of them."""

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from conftest import ROOT, as_jpeg, scene

COUNT = 24
BAD = "bad.jpg"


def pictures():
    """Bytes of small JPEG files by their names, one of them no JPEG."""
    image = scene()
    found = {}
    for number in range(COUNT):
        x, y = 5 * number, 3 * number
        found[f"{number:02}.jpg"] = as_jpeg(image.crop((x, y, x + 32, y + 32)))
    found[BAD] = b"this is no picture"
    return found


def write_sources(folder):
    """Writes the pictures to ``photos/``, ``shards/`` and ``pictures.parquet`` in ``folder``."""
    files = pictures()
    (folder / "photos").mkdir()
    (folder / "shards").mkdir()
    for name, data in files.items():
        (folder / "photos" / name).write_bytes(data)
    names = list(files)
    for shard in range(3):
        with tarfile.open(folder / f"shards/{shard}.tar", "w") as tar:
            for name in names[shard::3]:
                add(tar, name, files[name])
                add(tar, name.replace(".jpg", ".txt"), name.encode())
    table = pa.table({"name": names, "bytes": pa.array(list(files.values()), pa.binary())})
    pa.parquet.write_table(table, folder / "pictures.parquet", row_group_size=5)


def add(tar, name, data):
    about = tarfile.TarInfo(name)
    about.size = len(data)
    tar.addfile(about, io.BytesIO(data))


def samples_of(folder):
    """The members of all archives in ``folder`` by keys and extensions, each there once."""
    samples = {}
    for path in folder.glob("*.tar"):
        with tarfile.open(path) as tar:
            for member in tar:
                key, _, extension = member.name.partition(".")
                assert extension not in samples.setdefault(key, {}), member.name
                samples[key][extension] = tar.extractfile(member).read()
    return samples


def by_the_command(folder):
    """What the command makes of ``photos/``: the bytes of PNG files by the names of the inputs."""
    program = os.environ["DDRMJPEG_COMMAND"]
    line = [program, "restore", folder / "photos", "-o", folder / "by_command", "--model", "nano"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and f"{BAD}: bad input" in done.stderr
    results = (folder / "by_command").iterdir()
    return {path.with_suffix(".jpg").name: path.read_bytes() for path in results}


def check(rows, wanted, errors="error"):
    """Every picture is there once, with the command's bytes; the bad one has its reason."""
    rows = sorted(rows)
    assert [name for name, *_ in rows] == sorted([*wanted, BAD])
    for name, png, error in rows:
        if name == BAD:
            assert png is None and "not a JPEG" in error
        else:
            assert error is None and png == wanted[name], name


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the pictures, in which the tests of a module run."""
    folder = tmp_path_factory.mktemp("place")
    write_sources(folder)
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def wanted(place):
    """What the command makes of the pictures."""
    return by_the_command(place)


def snippets(engine):
    """The examples of the guide that use ``engine``, in their order."""
    text = (ROOT / "docs/guide/fleet.md").read_text()
    found = re.findall(r"```python\n(.*?)```", text, re.S)
    word = engine if engine == "WebDataset" else f"ddrmjpeg.{engine}"
    return [code for code in found if word in code]
