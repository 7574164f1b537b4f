#!/usr/bin/env python3
"""What a call from Python costs over the library's own work.

Restores one JPEG of 768x512 from its bytes, in one process and by turns, by Restorer.restore and by
the C library, which hands back the library's planes as they are. The difference is Python's share:
arguments, pixels interleaved, the array.

    scripts/python_overhead.py libddrmjpeg.so [MODEL] [ROUNDS]      with the wheel and Pillow installed
"""

import ctypes
import io
import statistics
import sys
import time
from pathlib import Path

import ddrmjpeg
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


def jpeg():
    """The bytes of the example picture at 768x512, quality 30, 4:2:0."""
    out = io.BytesIO()
    picture = Image.open(ROOT / "examples/pictures/coffee.png").convert("RGB").resize((768, 512))
    picture.save(out, "JPEG", quality=30)
    return out.getvalue()


def by_c(path, model, data):
    """A function that restores `data` by the C library."""
    library = ctypes.CDLL(path)
    pointer = ctypes.c_void_p
    library.ddrmjpeg_options_new.restype = pointer
    library.ddrmjpeg_picture_free.argtypes = [pointer]
    options = pointer(library.ddrmjpeg_options_new())
    library.ddrmjpeg_options_set(options, b"model", model.encode())
    restorer = pointer()
    if library.ddrmjpeg_restorer_open(options, ctypes.byref(restorer)) != 0:
        sys.exit("the C library does not open the model")

    def restore():
        picture = pointer()
        size = ctypes.c_size_t(len(data))
        status = library.ddrmjpeg_restore_jpeg(restorer, None, data, size, ctypes.byref(picture))
        assert status == 0, status
        return lambda: library.ddrmjpeg_picture_free(picture)

    return restore


def summary(times):
    return [("best", min(times)), ("median", statistics.median(times))]


def main():
    path, model = sys.argv[1], (sys.argv[2:] or ["identity"])[0]
    rounds = int((sys.argv[3:] or ["200"])[0])
    data = jpeg()
    restorer = ddrmjpeg.Restorer(model)
    ways = {"Python": lambda: restorer.restore(data), "C": by_c(path, model, data)}
    clocks = {"wall": time.perf_counter, "CPU": time.process_time}
    times = {(name, clock): [] for clock in clocks for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = [now() for now in clocks.values()]
            done = way()
            for (clock, now), then in zip(clocks.items(), start):
                times[name, clock].append(1000 * (now() - then))
            if name == "C":
                done()
    for clock in clocks:
        for name in ways:
            shown = ", ".join(f"{what} {value:7.2f} ms" for what, value in summary(times[name, clock]))
            print(f"{clock:4} {name:7} {shown}")
        pairs = zip(summary(times["Python", clock]), summary(times["C", clock]))
        shown = ", ".join(f"{what} {a - b:7.2f} ms" for (what, a), (_, b) in pairs)
        print(f"{clock:4} {'more':7} {shown}")


main()
