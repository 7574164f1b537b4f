"""Ray Data: a cluster of two nodes on the loopback, a worker of which is killed at its work."""

import os
import signal
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import ray
import ray.data
from engines import check, place, samples_of, snippets, wanted  # noqa: F401 (two are fixtures)
from ray.cluster_utils import Cluster

from ddrmjpeg.ray import Restore


@pytest.fixture(scope="module")
def cluster(place):
    """Two nodes, each with room for one worker that restores."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    node = {"num_cpus": 2, "resources": {"seat": 1}, "object_store_memory": 1 << 30}
    cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **node})
    cluster.add_node(**node)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.wait_for_min_actors_s = 300
    assert len([node for node in ray.nodes() if node["Alive"]]) == 2
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def rows(found, name):
    return [(Path(row[name]).name, row["restored"], row["error"]) for row in found]


def test_a_worker_that_is_killed_loses_nothing(place, cluster, wanted):
    class Fragile(Restore):
        """Notes where it works. At the 6th picture its process is killed, once."""

        def __init__(self, folder, **options):
            super().__init__(**options)
            self.folder = Path(folder)

        def __call__(self, batch):
            node = ray.get_runtime_context().get_node_id()
            (self.folder / f"worker-{node}-{os.getpid()}").touch()
            done = super().__call__(batch)
            # So long that the other worker gets the next block.
            time.sleep(0.2)
            mark = self.folder / "killed"
            if any("06.jpg" in path for path in batch["path"]) and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return done

    few_tasks = {"override_num_blocks": 6, "concurrency": 1}
    pictures = ray.data.read_binary_files("photos", include_paths=True, **few_tasks)
    restored = pictures.map_batches(
        Fragile,
        fn_constructor_kwargs={"folder": str(place), "model": "nano"},
        batch_size=2,
        num_cpus=1,
        resources={"seat": 1},
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    check(rows(restored.take_all(), "path"), wanted)
    assert (place / "killed").exists()
    workers = [path.name.split("-")[1:] for path in place.glob("worker-*")]
    assert len({node for node, _ in workers}) == 2, "both nodes worked"
    assert len(workers) == 3, "and one of them was started again"


def test_the_examples_of_the_guide_run(place, cluster, wanted):
    # Each worker is a process that takes seconds to start.
    few = [code.replace("max_size=64", "max_size=1") for code in snippets("ray")]
    folder, shards, parquet = few
    names = {}
    exec(folder, names)
    check(rows(pq.read_table("restored").to_pylist(), "path"), wanted)
    exec(shards, names)
    samples = samples_of(place / "restored_shards")
    found = [(s["txt"].decode(), s.get("png"), s.get("error")) for s in samples.values()]
    check([(name, png, error and error.decode()) for name, png, error in found], wanted)
    exec(parquet, names)
    check(rows(pq.read_table("restored_table").to_pylist(), "name"), wanted)


def test_batches_of_numpy_and_options_that_are_wrong(wanted):
    restore = Restore("nano", column="jpeg", into="jpeg")
    data = Path("photos/03.jpg").read_bytes()
    done = restore({"jpeg": [data, None], "n": [1, 2]})
    assert done["jpeg"].to_pylist() == [wanted["03.jpg"], None]
    assert done["error"].to_pylist() == [None, "no picture in this row"]
    assert done["n"] == [1, 2]
    with pytest.raises(TypeError, match="no_such"):
        Restore("nano", no_such=1)({"bytes": [data]})
