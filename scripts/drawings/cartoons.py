"""Flat shapes inside dark lines, as in drawn films."""

import math

from PIL import Image, ImageDraw

from .basics import SIDE_PX, colour, ground, smooth

CORNERS = 10


def curve(p, t):
    """The Catmull-Rom curve between the second and the third of four values."""
    linear = (p[2] - p[0]) * t
    square = (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]) * t * t
    cubic = (3 * p[1] - p[0] - 3 * p[2] + p[3]) * t**3
    return 0.5 * (2 * p[1] + linear + square + cubic)


def blob(rng, x, y, radius, rough=0.25):
    """A closed round outline whose radius differs by the share `rough`."""
    radii = [radius * (1 + rng.uniform(-rough, rough)) for _ in range(CORNERS)]
    points = []
    for i in range(CORNERS * 8):
        corner = i // 8
        near = [radii[(corner + k) % CORNERS] for k in (-1, 0, 1, 2)]
        length = curve(near, i / 8 % 1)
        angle = 2 * math.pi * i / (CORNERS * 8)
        points.append((x + length * math.cos(angle), y + length * math.sin(angle)))
    return points


def hill(rng, index):
    """Outline and colour of a ragged ridge; those in front lie lower."""
    height = SIDE_PX * (0.35 + 0.18 * index)
    ridge = [
        (x, height + 40 * math.sin(x / rng.uniform(50, 140) + index))
        for x in range(-20, SIDE_PX + 40, 12)
    ]
    bottom = [(SIDE_PX + 40, SIDE_PX + 40), (-20, SIDE_PX + 40)]
    return ridge + bottom, colour(rng, (0.3, 0.9), (0.4, 0.95)), None


def lit_side(points, x, y, radius):
    """The outline made smaller and moved to the upper left."""
    return [
        (px * 0.92 + x * 0.08 - radius * 0.06, py * 0.92 + y * 0.08 - radius * 0.08)
        for px, py in points
    ]


def eyes(rng, x, y, radius, line):
    for side in (-1, 1):
        white = blob(rng, x + side * radius * 0.3, y - radius * 0.15, radius * 0.17, rough=0.05)
        yield white, (255, 255, 255), line
        pupil = blob(rng, x + side * radius * 0.33, y - radius * 0.12, radius * 0.08, rough=0.05)
        yield pupil, line, None


def figure(rng, line):
    """A round body in two tones with two eyes and a mouth."""
    x, y, radius = rng.uniform(0, SIDE_PX), rng.uniform(0, SIDE_PX), rng.uniform(24, 120)
    light = colour(rng, (0.3, 1), (0.5, 1))
    shade = tuple(int(channel * 0.72) for channel in light)
    body = blob(rng, x, y, radius)
    yield body, shade, line
    yield lit_side(body, x, y, radius), light, None
    yield from eyes(rng, x, y, radius, line)
    mouth = blob(rng, x, y + radius * 0.35, radius * 0.2, rough=0.3)
    yield mouth, colour(rng, (0.6, 1), (0.4, 0.8)), line


def cartoon(rng):
    """Hills, and round figures in front of them."""
    line, width = colour(rng, (0, 0.5), (0, 0.2)), rng.choice([2, 3, 4, 6])
    back = ground(rng)
    shapes = [hill(rng, index) for index in range(rng.randint(1, 4))]
    for _ in range(rng.randint(2, 7)):
        shapes.extend(figure(rng, line))

    def paint(times):
        picture = back.resize((SIDE_PX * times, SIDE_PX * times), Image.BICUBIC)
        draw = ImageDraw.Draw(picture)
        for outline, fill, edge in shapes:
            points = [(x * times, y * times) for x, y in outline]
            draw.polygon(points, fill=fill)
            if edge:
                draw.line(points + points[:2], fill=edge, width=width * times, joint="curve")
        return picture

    return smooth(paint)
