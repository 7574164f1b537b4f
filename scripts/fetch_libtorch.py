#!/usr/bin/env python3
"""Unpacks libtorch from the torch wheel into .libtorch/, once.

Usage: fetch_libtorch.py [--cuda] [--into DIR]

The CPU set is libtorch_cpu, its headers, and the two small CUDA libraries that
libtorch_cpu.so names as needed. --cuda adds the GPU libraries (about 3.8 GB).
A stamp file makes a second run a no-op; an interrupted run starts over.
Only `pip download` touches the network, so pip's own settings apply.
"""

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TORCH = "torch==2.13.0"
# The releases that torch 2.13.0 was built against.
CPU_EXTRAS = ["nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cupti==13.0.85"]
CUDA_EXTRAS = [
    "cuda-toolkit[cublas,cudart,cufft,cufile,cupti,curand,cusolver,cusparse,nvjitlink,nvrtc,nvtx]==13.0.3",
    "nvidia-cudnn-cu13==9.20.0.48",
    "nvidia-cusparselt-cu13==0.8.1",
    "nvidia-nccl-cu13==2.29.7",
    "nvidia-nvshmem-cu13==3.4.5",
]
GPU_ONLY = ("libtorch_cuda", "libc10_cuda", "libtorch_nvshmem", "libcaffe2_nvrtc")
NEVER = ("libtorch_python", "libshm")


def platforms():
    """pip matches manylinux tags exactly, so every tag that glibc here can run is named."""
    arch = platform.machine()
    glibc = int((platform.libc_ver()[1] or "2.36").split(".")[1])
    tags = [f"manylinux_2_{minor}_{arch}" for minor in range(glibc, 16, -1)]
    return tags + [f"manylinux2014_{arch}"]


def require_glibc():
    name, version = platform.libc_ver()
    if platform.system() != "Linux" or name != "glibc":
        sys.exit(
            f"fetch_libtorch.py: the torch wheels need Linux with glibc, this is {platform.system()} {name} {version};"
            " unpack a libtorch 2.13.0 of your own and set LIBTORCH to it"
        )


def download(specs, folder, with_needs):
    command = [sys.executable, "-m", "pip", "download", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input"]
    if not sys.stdout.isatty():
        command.append("-q")
    command += ["--implementation", "cp", "--python-version", "3.12"]
    for tag in platforms():
        command += ["--platform", tag]
    if not with_needs:
        command.append("--no-deps")
    if subprocess.run(command + ["-d", str(folder), *specs]).returncode != 0:
        sys.exit(f"fetch_libtorch.py: pip could not download {' '.join(specs)} (its message is above)")


def wanted(name, cuda):
    if name.startswith("nvidia/") and "/lib/" in name and ".so" in name:
        return True
    if name.startswith("torch/include/"):
        return True
    if not name.startswith("torch/lib/") or ".so" not in name:
        return False
    base = name.rsplit("/", 1)[1]
    if base.startswith(NEVER):
        return False
    return cuda or not base.startswith(GPU_ONLY)


def unpack(wheel, into, cuda):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and wanted(name, cuda):
                archive.extract(name, into)


def link_beside(into):
    """libtorch_cpu.so finds its two CUDA libraries by its $ORIGIN."""
    for library in sorted((into / "nvidia").rglob("lib*.so.*")):
        beside = into / "torch" / "lib" / library.name
        if not beside.exists():
            beside.symlink_to(Path("../..") / library.relative_to(into))


def begin_anew(into):
    """Empties the folder, if what it holds was put there by this script."""
    stamp = into / "stamp"
    if into.exists() and not stamp.exists() and any(into.iterdir()):
        sys.exit(f"fetch_libtorch.py: {into} holds other files: name a folder that is new or empty")
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    stamp.write_text("incomplete\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuda", action="store_true", help="the GPU libraries too")
    parser.add_argument("--into", type=Path, default=Path(__file__).resolve().parents[1] / ".libtorch")
    arguments = parser.parse_args()

    stamp = arguments.into / "stamp"
    have = stamp.read_text().split() if stamp.exists() else []
    if have[:1] == [TORCH] and (not arguments.cuda or "cuda" in have):
        return
    require_glibc()
    begin_anew(arguments.into)
    print(f"fetching {TORCH} ({'CUDA' if arguments.cuda else 'CPU'} set) into {arguments.into}", flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.into) as scratch:
        download([TORCH], scratch, with_needs=False)
        if arguments.cuda:
            download(CUDA_EXTRAS, scratch, with_needs=True)
        else:
            download(CPU_EXTRAS, scratch, with_needs=False)
        for wheel in sorted(Path(scratch).glob("*.whl")):
            unpack(wheel, arguments.into, arguments.cuda)
    link_beside(arguments.into)
    stamp.write_text(TORCH + (" cuda" if arguments.cuda else "") + "\n")


if __name__ == "__main__":
    main()
