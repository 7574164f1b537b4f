"""What several kinds of drawings need: colours, words, fonts, grounds, smooth edges."""

import colorsys
import glob
import math
import os

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE_PX = 512

# How the file names of the fonts begin, and the package that has them.
FACES = {
    "DejaVuSans": "fonts-dejavu",
    "DejaVuSerif": "fonts-dejavu",
    "DejaVuSansMono": "fonts-dejavu",
    "LiberationSans": "fonts-liberation",
    "LiberationSerif": "fonts-liberation",
    "LiberationMono": "fonts-liberation",
    "LiberationSansNarrow": "fonts-liberation",
    "Lato": "fonts-lato",
    "Roboto": "fonts-roboto",
    "NotoSans-": "fonts-noto-core",
    "NotoSerif-": "fonts-noto-core",
    "EBGaramond": "fonts-ebgaramond",
    "LinLibertine": "fonts-linuxlibertine",
    "LinBiolinum": "fonts-linuxlibertine",
    "Hack": "fonts-hack",
    "ComicNeue": "fonts-comic-neue",
}
ANY_FACE = "any"  # chosen like one of the faces
FIXED_WIDTH = ("Mono", "Hack")
OTHER_SCRIPTS = ("Symbols", "Math", "Display", "Initials", "Outline", "Keyboard", "_K", "Mono_")
WORDS = """the river of a winter house and morning light carries seven small boats toward old
harbour where nobody waits for news about weather or trade in copper glass wool apples because
letters from the north arrive late each summer while children draw maps on paper with blue ink
under lamps of brass measure distance between stations then fold their work into books that smell
like cedar rain iron bread number signal filter picture quality table result sample index figure
volume method chapter window garden engine paper market silver island theatre kitchen""".split()


def find_fonts():
    """Files of the faces, without those that hold symbols or ornaments."""
    every = sorted(glob.glob("/usr/share/fonts/**/*.[to]tf", recursive=True))
    return [
        file
        for file in every
        if os.path.basename(file).startswith(tuple(FACES))
        and not any(name in file for name in OTHER_SCRIPTS)
    ]


FONTS = find_fonts()


def missing_packages():
    """Packages of fonts that are not installed: without them a seed gives other pictures."""
    names = [os.path.basename(file) for file in FONTS]
    lacking = {
        package
        for face, package in FACES.items()
        if not any(name.startswith(face) for name in names)
    }
    return sorted(lacking)


def font(rng, size_px, fixed_width=False):
    """A font of fixed width; else a cut of a face, where a face of fixed width stands for any."""
    names = [
        (file, os.path.basename(file))
        for file in FONTS
        if any(part in os.path.basename(file) for part in FIXED_WIDTH) == fixed_width
    ]
    pool = [file for file, _ in names]
    if not fixed_width:
        face = rng.choice([*FACES, ANY_FACE])
        pool = [file for file, name in names if name.startswith(face)] or pool
    return ImageFont.truetype(rng.choice(pool), size_px)


def colour(rng, saturation=(0.0, 1.0), value=(0.0, 1.0)):
    """Any hue, with saturation and value from the ranges."""
    rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return tuple(int(255 * channel) for channel in rgb)


def ink_and_paper(rng):
    """Two colours far enough apart to read; in a quarter of all cases light on dark."""
    if rng.random() < 0.5:
        paper, ink = (255, 255, 255), (rng.randint(0, 60),) * 3
    else:
        paper, ink = colour(rng, (0, 0.35), (0.85, 1)), colour(rng, (0, 1), (0, 0.4))
    return (ink, paper) if rng.random() < 0.75 else (paper, ink)


def words(rng, count):
    """So many words with a capital and a full stop or the like."""
    text = " ".join(rng.choice(WORDS) for _ in range(count))
    return text[0].upper() + text[1:] + rng.choice(".,.;?!. ")


def phrase(rng, count):
    """Words without the mark at the end."""
    return words(rng, count)[:-1]


def blank(fill):
    """A square of one colour, and what draws on it."""
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), fill)
    return picture, ImageDraw.Draw(picture)


def slope(rng, first, second, radial):
    """One colour that becomes another, along a line or away from a point."""
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / (SIDE_PX - 1)
    if radial:
        share = np.hypot(x - rng.random(), y - rng.random())
    else:
        angle = rng.uniform(0, 2 * math.pi)
        share = (x - 0.5) * math.cos(angle) + (y - 0.5) * math.sin(angle) + 0.5
    share = np.clip(share, 0, 1)[..., None]
    return Image.fromarray(np.uint8(np.array(first) * (1 - share) + np.array(second) * share + 0.5))


def stripes(rng, draw, fill):
    width = rng.choice([3, 8, 16, 40])
    lean = SIDE_PX // 2
    for x in range(-SIDE_PX, SIDE_PX * 2, 2 * width):
        edges = [(x, 0), (x + width, 0), (x + width + lean, SIDE_PX), (x + lean, SIDE_PX)]
        draw.polygon(edges, fill=fill)


def pattern(rng, draw, fill, dots):
    """Dots, or the squares of a chessboard."""
    step = rng.choice([8, 16, 32, 64])
    for y in range(0, SIDE_PX, step):
        for x in range(0, SIDE_PX, step):
            if dots:
                near, far = step * 0.3, step * 0.7
                draw.ellipse((x + near, y + near, x + far, y + far), fill=fill)
            elif (x + y) // step % 2:
                draw.rectangle((x, y, x + step - 1, y + step - 1), fill=fill)


def ground(rng):
    """A background: one colour, a slope of colour, stripes, dots or a chessboard."""
    kind = rng.choice("plain plain white slope slope radial stripe check dots".split())
    first, second = (colour(rng, (0.05, 0.9), (0.3, 1)) for _ in range(2))
    if kind in ("slope", "radial"):
        return slope(rng, first, second, kind == "radial")
    picture, draw = blank("white" if kind == "white" else first)
    if kind == "stripe":
        stripes(rng, draw, second)
    elif kind in ("check", "dots"):
        pattern(rng, draw, second, kind == "dots")
    return picture


def smooth(paint, times=3):
    """What `paint(times)` draws so many times as large, scaled down: edges without steps."""
    return paint(times).reduce(times)
