#!/usr/bin/env python3
"""Opens a page of `ddrmjpeg restore --report` in headless Chromium, moves a slider, and looks at
the pixels.

Usage: check_page.py DDRMJPEG PICTURE.jpg...
Needs chromedriver (Debian: chromium-driver). Speaks WebDriver, so no package of Python's.
"""

import base64
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

PORT = 9517


def call(method, path, body=None):
    """One request to chromedriver."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["value"]


def pixels(png):
    """Width, and the rows of a PNG of 8-bit RGB or RGBA as lists of (r, g, b)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", content[:10])
        elif kind == b"IDAT":
            data += content
        at += 12 + length
    assert depth == 8 and colour in (2, 6), (depth, colour)
    step = 3 if colour == 2 else 4
    raw, rows, above = zlib.decompress(data), [], bytearray(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        row = bytearray(raw[start + 1 : start + 1 + width * step])
        for i, value in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = above[i]
            c = above[i - step] if i >= step else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[i] = (value + (0, a, b, (a + b) // 2, nearest)[raw[start]]) & 255
        rows.append([tuple(row[i : i + 3]) for i in range(0, len(row), step)])
        above = row
    return width, rows


class Browser:
    """A session of headless Chromium."""

    def __init__(self):
        driver = shutil.which("chromedriver")
        if driver is None:
            sys.exit("check_page.py: chromedriver is not installed: apt-get install chromium-driver")
        self.driver = subprocess.Popen(
            [driver, f"--port={PORT}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            try:
                if call("GET", "/status")["ready"]:
                    break
            except OSError:
                time.sleep(0.1)
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--force-device-scale-factor=1"]
        wishes = {"alwaysMatch": {"goog:chromeOptions": {"args": flags}}}
        self.session = "/session/" + call("POST", "/session", {"capabilities": wishes})["sessionId"]

    def do(self, method, path, body=None):
        return call(method, self.session + path, body)

    def size(self, width, height):
        self.do("POST", "/window/rect", {"width": width, "height": height})

    def run(self, script, *arguments):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        found = self.do("POST", "/elements", {"using": "css selector", "value": selector})
        return [next(iter(element.values())) for element in found]

    def shot(self, element):
        return pixels(base64.b64decode(self.do("GET", f"/element/{element}/screenshot")))

    def drag(self, element, x):
        """Moves the pointer to x pixels right of the element's middle, and presses there."""
        origin = {"element-6066-11e4-a52e-4f735466cecf": element}
        moves = [
            {"type": "pointerMove", "duration": 50, "origin": origin, "x": x, "y": 0},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        pointer = {"type": "pointer", "id": "mouse", "actions": moves}
        self.do("POST", "/actions", {"actions": [pointer]})

    def close(self):
        self.do("DELETE", "")
        self.driver.terminate()


def difference(one, other, columns):
    """Mean absolute difference of two screenshots in these columns."""
    pairs = [(a[x], b[x]) for a, b in zip(one, other) for x in columns]
    return sum(abs(p - q) for a, b in pairs for p, q in zip(a, b)) / (3 * len(pairs))


def check(browser, page, count):
    browser.do("POST", "/url", {"url": page.as_uri()})
    articles = browser.find("article")
    assert len(articles) == count, f"{len(articles)} entries, {count} expected"
    broken = browser.run(
        "return [...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    )
    assert broken == 0, f"{broken} pictures cannot be shown"
    slider, view = browser.find(".pair input")[0], browser.find(".pair .view")[0]
    side = browser.run("return document.querySelector('.pair input').clientWidth")

    # All of "after", then all of "before", by the slider.
    browser.drag(slider, -side // 2 + 1)
    width, after = browser.shot(view)
    browser.drag(slider, side // 2 - 1)
    _, before = browser.shot(view)
    inner = range(4, width - 4)
    changed = difference(after, before, inner)
    assert changed > 0.5, f"before and after differ by {changed:.2f} levels only"

    # Half of each, with the pointer over the picture.
    browser.drag(view, 0)
    _, both = browser.shot(view)
    left, right = range(4, width // 2 - 4), range(width // 2 + 4, width - 4)
    wrong = difference(both, before, left), difference(both, after, right)
    assert max(wrong) == 0, f"not before | after: {wrong}"
    print(f"{page.name}: {count} entries, before and after differ by {changed:.2f} levels")


def main():
    program, pictures = pathlib.Path(sys.argv[1]).absolute(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "page.html"
        # A picture that is none has an entry too.
        bad = pathlib.Path(folder) / "bad<b>.jpg"
        bad.write_bytes(b"no JPEG")
        run = [program, "restore", *pictures, bad, "-o", folder, "--report", page]
        status = subprocess.run(run, stderr=subprocess.DEVNULL).returncode
        assert status == 1, f"status {status}, 1 expected for a batch with a bad file"
        browser = Browser()
        try:
            # A desk, and a telephone.
            for size in ((1200, 900), (390, 844)):
                browser.size(*size)
                check(browser, page, len(pictures) + 1)
                wide = browser.run("return document.documentElement.scrollWidth > innerWidth")
                assert not wide, f"the page is wider than a window of {size[0]}"
        finally:
            browser.close()


if __name__ == "__main__":
    main()
