#!/usr/bin/env python3
"""Gathers free photographs for `ddrmjpeg train` from packages of the distribution (Debian 12).

usage: gather_pictures.py FOLDER

Fetches each package with apt-get, unpacks it with dpkg, scales the listed pictures down to at
most 1400 pixels on the longer side (and at least twice, which washes out what their own JPEG
left in them), and writes FOLDER/*.png and FOLDER/manifest.tsv: file, package, version, path in
the package, licence as the package states it. Needs apt-get, dpkg and Pillow. Installs nothing.
"""

import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from PIL import Image

LONGEST_PX = 1400
LEAST_FACTOR = 2

# Package: pictures in it. Photographs under CC0, CC BY or CC BY-SA: what the GPL would ask of a
# network that saw its pictures is an open question, so packages under it are left out.
ALLOWED = ("CC0", "CC-BY")
SOURCES = {
    "lomiri-wallpapers-16.04": [
        f"usr/share/backgrounds/{name}*.jpg"
        for name in (
            "Bridge", "Dragonfly", "Picture_0B", "Picture_1A", "Wine", "aitzgorri",
            "analogpattern", "free", "friends", "greentock", "life", "picosdeeuropa",
            "seeding", "sunset",
        )
    ],
    "lomiri-wallpapers-20.04": ["usr/share/backgrounds/Kleiber*.jpg"],
    "ukui-wallpapers": ["usr/share/backgrounds/the-mouse.jpg"],
}


def run(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, check=True, text=True, capture_output=True).stdout


def unpack(package, folder):
    """The package's files below `folder`, and its version."""
    run("apt-get", "download", package, cwd=folder)
    archive = next(folder.glob(f"{package}_*.deb"))
    run("dpkg", "-x", str(archive), str(folder / package))
    return folder / package, run("dpkg-deb", "-f", str(archive), "Version").strip()


def paragraphs(copyright_file):
    """Its paragraphs as lists of (field, value), values on one line each."""
    for block in copyright_file.read_text(errors="replace").split("\n\n"):
        fields = []
        for line in block.splitlines():
            if line[:1].isspace() and fields:
                fields[-1] = (fields[-1][0], fields[-1][1] + " " + line.strip())
            elif ":" in line:
                name, value = line.split(":", 1)
                fields.append((name, value.strip()))
        yield dict(fields)


def licence(root, package, path):
    """What the paragraph that names `path` says, else the one for all files.

    Folders are those of the source package, so names alone are compared.
    """
    found = "see the package's copyright file"
    named = False
    for fields in paragraphs(root / "usr/share/doc" / package / "copyright"):
        if "Files" not in fields or "License" not in fields:
            continue
        for pattern in fields["Files"].split():
            last = pattern.rsplit("/", 1)[-1]
            exact = last != "*" and fnmatch(path.name, last)
            if exact or (pattern == "*" and not named):
                found = fields["License"].split()[0]
                named = named or exact
    return found


def pictures(root, patterns):
    """The pictures that the patterns name and that are no links."""
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if not path.is_symlink() and path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                yield path


def save(path, target):
    picture = Image.open(path).convert("RGB")
    factor = max(LEAST_FACTOR, max(picture.size) / LONGEST_PX)
    size = tuple(max(1, round(side / factor)) for side in picture.size)
    picture.resize(size, Image.Resampling.LANCZOS).save(target)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rows = ["file\tpackage\tversion\tpath\tlicence"]
    with tempfile.TemporaryDirectory() as scratch:
        for package, patterns in SOURCES.items():
            root, version = unpack(package, Path(scratch))
            for path in pictures(root, patterns):
                inner = path.relative_to(root)
                terms = licence(root, package, inner)
                if not terms.startswith(ALLOWED):
                    print(f"left out: {inner} of {package}, licence {terms}")
                    continue
                target = f"{package}-{path.stem}.png".replace(" ", "_")
                save(path, out / target)
                rows.append(f"{target}\t{package}\t{version}\t{inner}\t{terms}")
    (out / "manifest.tsv").write_text("\n".join(rows) + "\n")
    print(f"{len(rows) - 1} pictures in {out}")


if __name__ == "__main__":
    main()
