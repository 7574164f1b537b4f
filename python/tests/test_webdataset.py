"""Shards that the command has restored, as WebDataset reads them through a pipe."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engines import BAD, by_the_command, pictures, samples_of, snippets, write_sources


def test_the_example_of_the_guide_runs(tmp_path):
    write_sources(tmp_path)
    wanted = by_the_command(tmp_path)
    # One without the bad picture, whose sample has no PNG.
    bad = list(pictures()).index(BAD) % 3
    shard = (bad + 1) % 3
    shutil.copy(tmp_path / f"shards/{shard}.tar", tmp_path / "shard-000.tar")
    (code,) = snippets("WebDataset")
    program = Path(os.environ["DDRMJPEG_COMMAND"])
    path = f"{program.parent}:{os.environ['PATH']}"
    run = {"cwd": tmp_path, "env": {**os.environ, "PATH": path}, "check": True, "text": True}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, **run)
    seen = dict(line.split() for line in done.stdout.splitlines())
    mine = [name for name in wanted if int(name[:2]) % 3 == shard]
    lean = f"{program} restore photos -o lean"
    subprocess.run(lean.split(), cwd=tmp_path, check=False, capture_output=True, timeout=300)
    size = lambda name: (tmp_path / "lean" / name).with_suffix(".png").stat().st_size
    assert {key: int(size) for key, size in seen.items()} == {name[:2]: size(name) for name in mine}


def test_shards_have_the_same_pictures_as_files(tmp_path):
    write_sources(tmp_path)
    wanted = by_the_command(tmp_path)
    line = [os.environ["DDRMJPEG_COMMAND"], "restore", "--tar", "shards", "-o", "out"]
    line += ["--model", "nano"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and f": {BAD}: bad input" in done.stderr
    samples = samples_of(tmp_path / "out")
    found = {sample["txt"].decode(): sample.get("png") for sample in samples.values()}
    assert found == {**wanted, BAD: None}
    assert samples["bad"]["jpg"] == pictures()[BAD]
