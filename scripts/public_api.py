#!/usr/bin/env python3
"""Lists the public interface of the library and compares it with docs/public-api.txt.

Reads the pages that `cargo doc --workspace --no-deps` has written, which any stable toolchain does;
what is `#[doc(hidden)]` is not part of the interface and has no page. Run by scripts/check.sh after
the documentation.

    scripts/public_api.py            compare; status 1 and the differences if there are any
    scripts/public_api.py --write    renew docs/public-api.txt
"""

import difflib
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "public-api.txt"
HEAD = """\
The public interface of the library, all features on: each item, what is implemented for it, and its
methods. Renewed by `scripts/public_api.py --write` after `cargo doc --workspace --no-deps`.
"""
# Of the traits that the compiler implements by itself, those that callers rely on.
AUTO_TRAITS = ("Send", "Sync", "Unpin", "UnwindSafe", "RefUnwindSafe")
# Said by others already.
NOISE = ("StructuralPartialEq",)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Links(HTMLParser):
    """The pages that all.html names, and their items."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.href = None
        self.inside = False

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "ul":
            self.inside = attrs.get("class") == "all-items"
        if tag == "a" and self.inside:
            self.href = attrs["href"]

    def handle_data(self, data):
        if self.href:
            self.found.append((data, self.href))
            self.href = None


class Page(HTMLParser):
    """The declaration of an item, the heads of its impls and the signatures in them."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.lines = []
        self.text = None
        self.depth = 0
        self.skipped = 0
        self.is_trait = False

    def classes(self):
        return {name for _, classes, _ in self.open for name in classes}

    def ids(self):
        return {name for _, _, name in self.open}

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        attrs = dict(attrs)
        classes = (attrs.get("class") or "").split()
        self.open.append((tag, classes, attrs.get("id")))
        if self.text is None and ("item-decl" in classes or "code-header" in classes):
            self.text, self.depth = "", len(self.open)
        elif self.text is not None and tag == "summary":
            # "Show 23 fields"
            self.skipped += 1

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        while self.open:
            name, classes, _ = self.open[-1]
            if self.text is not None and len(self.open) == self.depth:
                self.finish()
            self.open.pop()
            if name == "summary" and self.skipped:
                self.skipped -= 1
            if name == "div" and self.text is not None and "code-attribute" in classes:
                self.text += "\n"
            if name == tag:
                break

    def handle_data(self, data):
        if self.text is not None and not self.skipped:
            self.text += data

    def finish(self):
        classes, ids, text = self.classes(), self.ids(), self.text
        self.text = None
        if "item-decl" in classes:
            if self.lines:
                # An alias shows what it stands for too.
                return
            self.is_trait = re.search(r"\bpub trait\b", text) is not None
            lines = [line.rstrip() for line in text.replace("\xa0", " ").splitlines()]
            self.lines += [line for line in lines if line]
            return
        line = " ".join(text.replace("\xa0", " ").split())
        if self.is_trait or "variant" in classes or "blanket-implementations-list" in ids:
            return
        if "synthetic-implementations-list" in ids:
            name = re.search(r"(\w+) for ", line)
            if name and name.group(1) in AUTO_TRAITS:
                self.lines.append(line)
            return
        of_trait = "trait-impl" in classes or "trait-implementations-list" in ids
        if self.open[-1][0] == "h3":
            self.lines.append(line)
        elif not of_trait:
            self.lines.append("    " + line)


def condensed(lines, name):
    """The traits that the item itself has in one line, the rest as it is."""
    traits, rest = [], []
    for line in lines:
        plain = re.fullmatch(r"impl(?:<'a>)? (!?[\w<>, ]+) for (\w+)(?:<'a>)?", line)
        if plain and plain.group(2) == name:
            traits.append(plain.group(1))
        else:
            rest.append(line)
    traits = sorted(set(traits).difference(NOISE))
    return rest + (["is " + ", ".join(traits)] if traits else [])


def listing(folder):
    """The interface as text."""
    links = Links()
    links.feed((folder / "all.html").read_text(encoding="utf-8"))
    parts = [HEAD]
    for name, href in links.found:
        page = Page()
        page.feed((folder / href).read_text(encoding="utf-8"))
        lines = condensed(page.lines, name.rpartition("::")[2])
        parts.append("\n".join([f"== {name}", *lines]) + "\n")
    return "\n".join(parts)


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    folder = target / "doc" / "ddrmjpeg"
    if not (folder / "all.html").is_file():
        sys.exit(f"{folder}: no documentation; cargo doc --workspace --no-deps writes it")
    now = listing(folder)
    if sys.argv[1:] == ["--write"]:
        LIST.write_text(now, encoding="utf-8")
        return
    then = LIST.read_text(encoding="utf-8") if LIST.is_file() else ""
    difference = difflib.unified_diff(
        then.splitlines(), now.splitlines(), "docs/public-api.txt", "now", lineterm=""
    )
    lines = list(difference)
    if lines:
        print("\n".join(lines))
        sys.exit(
            "the public interface has changed: if it should, scripts/public_api.py --write, and a "
            "line in CHANGELOG.md"
        )


main()
