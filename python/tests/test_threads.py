"""Threads share a Restorer and a Stream, and Python runs while they work."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import as_jpeg, jpegs, scene

import ddrmjpeg


def test_eight_threads_share_a_restorer(nano):
    files = [data for kind, data in jpegs().items() if kind != "cut"]
    wanted = [nano.restore(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(nano.restore, files * 8))
    for number, picture in enumerate(found):
        np.testing.assert_array_equal(picture, wanted[number % len(files)])


def test_python_runs_meanwhile():
    restorer = ddrmjpeg.Restorer("lean")
    data = as_jpeg(scene().resize((1200, 900)))
    done = threading.Event()

    def work():
        restorer.restore(data)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    turns = 0
    while not done.is_set():
        time.sleep(0.001)
        turns += 1
    thread.join()
    # It takes a second or so; a lock held all the time would allow two turns.
    assert turns > 20


def test_a_signal_ends_the_work():
    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    restorer = ddrmjpeg.Restorer("lean")
    data = as_jpeg(scene().resize((600, 450)))
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Stop):
            # 32 calls of the network, some seconds of work.
            restorer.restore(data, preset="quality")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert restorer.restore(as_jpeg(scene())).shape == (127, 201, 3)


def frames():
    """A part that moves over what stands still."""
    for step in range(4):
        image = scene()
        image.paste((200, 40, 60), (10 + 8 * step, 20, 50 + 8 * step, 60))
        yield as_jpeg(image)


def test_a_stream_is_the_frames_one_by_one(nano):
    stream = nano.stream()
    assert stream.report is None
    for data in [*frames(), *frames()]:
        np.testing.assert_array_equal(stream.restore(data), nano.restore(data))
    assert stream.report.restored
    again = list(frames())[-1]
    first = stream.restore(again)
    np.testing.assert_array_equal(stream.restore(again), first)
    carried = stream.report.carried
    assert carried["changed"] == 0 and carried["reused"] == carried["pixels"]
    stream.reset()
    np.testing.assert_array_equal(stream.restore(again), first)
    assert stream.report.carried["reused"] == 0


def test_a_stream_of_pixels_and_of_threads(nano):
    pixels = nano.restore(next(frames()), strength=0)
    alone = nano.restore(pixels, quality=30)
    stream = nano.stream()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: stream.restore(pixels, quality=30), range(16)))
    for picture in found:
        np.testing.assert_array_equal(picture, alone)


def test_a_bad_frame_leaves_a_stream_usable(nano):
    stream = nano.stream()
    data = next(frames())
    first = stream.restore(data)
    with pytest.raises(ddrmjpeg.InputError):
        stream.restore(b"no frame")
    with pytest.raises(ddrmjpeg.OptionsError):
        stream.restore(first, quality=0)
    np.testing.assert_array_equal(stream.restore(data), first)
    with pytest.raises(ddrmjpeg.OptionsError):
        nano.stream(temporal="never")
