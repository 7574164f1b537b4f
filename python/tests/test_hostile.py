"""A thousand broken files through one process: each is restored or raises an Error."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, jpegs

import ddrmjpeg


def broken(seed):
    """One file of tests/data or of the other tests, with bytes changed, cut out or cut off."""
    dice = random.Random(seed)
    small = [path.read_bytes() for path in sorted((ROOT / "tests/data").glob("*.jpg"))]
    data = bytearray(dice.choice(small * 4 + list(jpegs().values())))
    for _ in range(dice.choice([0, 1, 3, 20])):
        data[dice.randrange(2, len(data))] = dice.randrange(256)
    if dice.random() < 0.3:
        start = dice.randrange(2, len(data))
        del data[start : start + dice.randrange(1, 40)]
    if dice.random() < 0.3:
        del data[dice.randrange(2, len(data) + 1) :]
    return bytes(data)


def restored(restorer, data):
    """Whether it is; a picture of two megapixels or more is not worth the time."""
    try:
        picture = restorer.restore(data, max_megapixels=2)
    except ddrmjpeg.Error as error:
        assert str(error)
        return False
    assert picture.dtype == np.uint8 and picture.size > 0
    return True


def test_a_thousand_broken_files():
    restorer = ddrmjpeg.Restorer("identity")
    fates = [restored(restorer, broken(seed)) for seed in range(1000)]
    # Most damage leaves something to restore, and some does not: both were seen.
    assert 100 < sum(fates) < 950, sum(fates)


@pytest.mark.skipif("DDRMJPEG_CORPUS" not in os.environ, reason="DDRMJPEG_CORPUS names the folder")
def test_corpus():
    files = [path for path in sorted(Path(os.environ["DDRMJPEG_CORPUS"]).rglob("*")) if path.is_file()]
    assert len(files) > 50
    restorer = ddrmjpeg.Restorer("identity")
    fates = [restored(restorer, path.read_bytes()) for path in files]
    assert any(fates) and not all(fates)
