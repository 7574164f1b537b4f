"""Daft with its local runner."""

from pathlib import Path

import daft
import pytest
from engines import check, place, snippets, wanted  # noqa: F401 (two are fixtures)

import ddrmjpeg.daft


def rows(frame, name):
    found = frame.to_pylist()
    return [(Path(row[name]).name, row["png"], row["error"]) for row in found]


def test_the_examples_of_the_guide_run(place, wanted):
    folder, parquet = snippets("daft")
    names = {}
    exec(folder, names)
    check(rows(daft.read_parquet("restored"), "path"), wanted)
    exec(parquet, names)
    check(rows(daft.read_parquet("restored_table"), "name"), wanted)


def test_a_model_in_this_process(wanted):
    restore = daft.cls(ddrmjpeg.daft.Restore)("nano", threads=1)
    data = Path("photos/03.jpg").read_bytes()
    frame = daft.from_pydict({"jpeg": [data, None]})
    done = frame.select(restore(frame["jpeg"]).alias("done")).to_pydict()["done"]
    assert done == [
        {"png": wanted["03.jpg"], "error": None},
        {"png": None, "error": "no picture in this row"},
    ]


def test_what_is_no_fault_of_a_picture_ends_the_query():
    restore = ddrmjpeg.daft.restore("nano", no_such=1)
    frame = daft.from_pydict({"jpeg": [Path("photos/03.jpg").read_bytes()]})
    with pytest.raises(Exception, match="no_such"):
        frame.select(restore(frame["jpeg"])).to_pydict()
