#!/usr/bin/env python3
"""Compares ONNX files with numbers that they must give, by ONNX Runtime on the CPU.

usage: check_onnx.py [--packages DIR] CASES.json

CASES.json is a list of objects: "model" is the path of an ONNX file, "inputs" maps the names of its
inputs to arrays, "restored" is the array that must come out within 1e-4. An array is an object of
"shape" and "data", f32. Every file is also checked by onnx itself, and run once more with all inputs
twice, as a batch of two.

With --packages, onnx and ONNX Runtime are installed into that folder from PyPI the first time (15
seconds), and used from there. Without it they must be importable.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ["onnx==1.23.2", "onnxruntime==1.32.0", "numpy>=2"]
MOST = 1e-4


def use(folder):
    """Imports from `folder`, filled first if need be. Python's own folders stay as they are."""
    stamp = folder / "installed"
    wanted = "\n".join([sys.version, *PACKAGES])
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        pip += ["--no-input", "--retries", "2", "--target", folder]
        if subprocess.run([*pip, *PACKAGES]).returncode:
            sys.exit(
                f"check_onnx.py: {', '.join(PACKAGES)} cannot be installed from PyPI (above is why): "
                "ONNX files are not checked"
            )
        stamp.write_text(wanted)
    sys.path.insert(0, str(folder))


def array(value):
    import numpy as np

    return np.array(value["data"], np.float32).reshape(value["shape"])


def off(session, inputs, wanted):
    found = session.run(["restored"], inputs)[0]
    if found.shape != wanted.shape:
        sys.exit(f"check_onnx.py: the shape is {found.shape}, must be {wanted.shape}")
    return float(abs(found - wanted).max())


def check(case):
    """The largest difference, alone and as a batch."""
    import numpy as np
    import onnx
    import onnxruntime

    onnx.checker.check_model(case["model"], full_check=True)
    session = onnxruntime.InferenceSession(case["model"], providers=["CPUExecutionProvider"])
    inputs = {name: array(value) for name, value in case["inputs"].items()}
    wanted = array(case["restored"])
    twice = {name: np.concatenate([value, value]) for name, value in inputs.items()}
    return max(off(session, inputs, wanted), off(session, twice, np.concatenate([wanted, wanted])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path)
    parser.add_argument("cases", type=Path)
    arguments = parser.parse_args()
    if arguments.packages:
        use(arguments.packages)
    cases = json.loads(arguments.cases.read_text())
    if not cases:
        sys.exit("check_onnx.py: no cases")
    failed = False
    for case in cases:
        difference = check(case)
        # Written so that NaN fails.
        good = difference < MOST
        failed |= not good
        shape = "x".join(str(n) for n in case["restored"]["shape"])
        print(f"{Path(case['model']).name} {shape}: {difference:.1e}{'' if good else ' TOO MUCH'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
