#!/usr/bin/env python3
"""Cuts the training squares that a manifest names out of the pictures they come from.

usage: cut_pictures.py MANIFEST CLONES OUT [--set NAME]
       cut_pictures.py MANIFEST --list [--set NAME]

MANIFEST is models/pictures.tsv. Its columns:

  set      the folder below OUT that the square goes to
  file     its name there; .webp files are lossless
  source   OWNER/NAME:PATH of a git repository, or PACKAGE:PATH of a Debian package
  version  the repository's commit, or the package's version
  scale    1/k: the means of k by k pixels; lanczos 1/k: scaled down k times by Pillow's Lanczos
  corner   left and top edge of the square, in pixels of the source
  licence  as the source states it

CLONES holds one folder for each source: OWNER+NAME (a clone, bare or not, or a folder with one
named `repo`) or PACKAGE (what `dpkg -x` unpacked). --list prints a line for each of them: name,
version and number of squares. A source that is not there is named, its squares are left out, and
the status is 1. Squares that are in OUT already are left as they are.

A picture is turned by its EXIF tag, brought to sRGB with its own ICC profile (squares with
`lanczos` keep the values of the file), scaled down and cut to 512 x 512 pixels, or less where it
ends. The same rows make the same pixels; another release of Pillow, libjpeg or LittleCMS may round
otherwise. Needs git and Pillow.
"""

import argparse
import csv
import io
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

SIDE_PX = 512
SRGB = ImageCms.createProfile("sRGB")
Image.MAX_IMAGE_PIXELS = None  # some panoramas are larger than what Pillow warns of


class Missing(Exception):
    """A source that is not below CLONES, or is no picture there."""


def read_rows(manifest, wanted):
    """The rows of one set, or of all; ends the program where there are none."""
    try:
        with open(manifest, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as fault:
        sys.exit(f"{manifest}: {fault.strerror}")
    found = [row for row in rows if wanted in (None, row.get("set"))]
    if not found:
        sets = ", ".join(sorted({row.get("set") or "none" for row in rows}))
        sys.exit(f"{manifest}: no squares of the set {wanted}; its sets: {sets}")
    return found


def origin(row):
    """The repository or package of a row, and its version."""
    return row["source"].split(":", 1)[0], row["version"]


def list_origins(rows):
    for (name, version), count in sorted(Counter(map(origin, rows)).items()):
        print(name, version, count, sep="\t")


def git_folder(clones, name):
    """The git directory of a repository."""
    folder = clones / name.replace("/", "+")
    for place in (folder / ".git", folder / "repo" / ".git", folder / "repo", folder):
        if (place / "HEAD").is_file():
            return place
    raise Missing(f"{name}: no clone in {folder}")


def read_blob(folder, name, version, path):
    found = subprocess.run(
        ["git", f"--git-dir={folder}", "cat-file", "blob", f"{version}:{path}"], capture_output=True
    )
    if found.returncode:
        raise Missing(f"{name}: commit {version} has no {path} in {folder}")
    return found.stdout


def read_source(clones, row):
    """The bytes of the file that a row is cut from."""
    name, path = row["source"].split(":", 1)
    if "/" in name:
        return read_blob(git_folder(clones, name), name, row["version"], path)
    file = clones / name / path
    if not file.is_file():
        raise Missing(f"{name}: no file {file}; unpack version {row['version']} with dpkg -x")
    return file.read_bytes()


def to_srgb(picture, profile):
    """The picture in sRGB; as it is where the profile is broken or of another kind of picture."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, SRGB, outputMode="RGB")
    except ImageCms.PyCMSError:
        return picture


def decode(data, convert):
    """The upright picture; with `convert` in sRGB."""
    picture = Image.open(io.BytesIO(data))
    profile = picture.info.get("icc_profile") if picture.mode != "L" else None
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    return to_srgb(picture, profile) if profile and convert else picture


def cut_means(picture, factor, left, top):
    edge = SIDE_PX * factor
    right, bottom = min(left + edge, picture.width), min(top + edge, picture.height)
    return picture.crop((left, top, right, bottom)).reduce(factor)


def cut_lanczos(picture, factor, left, top):
    size = (picture.width // factor, picture.height // factor)
    small = picture.resize(size, Image.Resampling.LANCZOS) if factor > 1 else picture
    left, top = left // factor, top // factor
    right, bottom = min(left + SIDE_PX, small.width), min(top + SIDE_PX, small.height)
    return small.crop((left, top, right, bottom))


def cut(picture, row):
    """The square that a row describes."""
    *kind, scale = row["scale"].split()
    left, top = map(int, row["corner"].split(","))
    method = cut_lanczos if kind == ["lanczos"] else cut_means
    return method(picture, int(scale.removeprefix("1/")), left, top)


def save(square, target):
    """Writes it whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    if target.suffix == ".webp":
        square.save(part, "WEBP", lossless=True, quality=20, method=2)
    else:
        square.save(part, "PNG")
    part.replace(target)


class Cutter:
    """Cuts rows, and keeps the last picture: rows of one source follow each other."""

    def __init__(self, clones):
        self.picture = lru_cache(maxsize=1)(self.load)
        self.clones = clones

    def load(self, source, version, convert):
        data = read_source(self.clones, {"source": source, "version": version})
        try:
            return decode(data, convert)
        except (OSError, SyntaxError, ValueError) as fault:
            raise Missing(f"{source}: not a picture that Pillow can decode") from fault

    def square(self, row):
        convert = not row["scale"].startswith("lanczos")
        return cut(self.picture(row["source"], row["version"], convert), row)


def cut_all(rows, clones, out):
    """Cuts what it can; returns what is missing."""
    cutter, missing, made = Cutter(clones), Counter(), 0
    for row in rows:
        target = out / row["set"] / row["file"]
        if target.exists():
            continue
        try:
            save(cutter.square(row), target)
            made += 1
        except Missing as fault:
            missing[str(fault)] += 1
    print(f"{made} squares cut, {len(rows) - made - missing.total()} there before")
    return missing


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("manifest", type=Path)
    parser.add_argument("clones", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--set", dest="wanted", help="only the squares of this set")
    parser.add_argument("--list", action="store_true", help="print the sources and cut nothing")
    arguments = parser.parse_args()
    rows = read_rows(arguments.manifest, arguments.wanted)
    if arguments.list:
        return list_origins(rows)
    if arguments.out is None:
        sys.exit("CLONES and OUT are needed; --help tells what they hold")
    missing = cut_all(rows, arguments.clones, arguments.out)
    for fault, count in sorted(missing.items()):
        print(f"missing, {count} squares: {fault}", file=sys.stderr)
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
