"""Street maps: blocks, water, parks, roads with casings, names."""

import math

from PIL import Image, ImageDraw

from .basics import SIDE_PX, font, phrase, smooth

LIGHT = {
    "land": (242, 239, 233),
    "block": (221, 214, 204),
    "water": (170, 211, 223),
    "park": (200, 229, 180),
    # the surface and the casing of small, large and main roads
    "roads": [
        ((255, 255, 255), (200, 195, 188)),
        ((252, 214, 120), (210, 160, 70)),
        ((233, 144, 160), (190, 90, 110)),
    ],
    "name": (60, 60, 70),
}
DARK = {
    "land": (38, 40, 46),
    "block": (48, 50, 58),
    "water": (24, 44, 66),
    "park": (34, 60, 44),
    "roads": [
        ((90, 94, 104), (120, 110, 80)),
        ((130, 112, 70), (90, 80, 50)),
        ((150, 80, 70), (90, 50, 50)),
    ],
    "name": (230, 230, 230),
}


def turned(angle, u, v):
    """A place in the turned grid of the town, in pixels."""
    x = u * math.cos(angle) - v * math.sin(angle)
    y = u * math.sin(angle) + v * math.cos(angle)
    return (x + SIDE_PX / 2, y + SIDE_PX / 2)


def road(rng, angle, step, index, across):
    """Its width and its points, on a slow wave."""
    width = rng.choice([0, 0, 0, 1, 1, 2])
    height, phase = rng.uniform(0, step * 0.25), rng.uniform(0, 6)
    points = []
    for t in range(-8, 9):
        offset = index * step + height * math.sin(t * 0.5 + phase)
        place = (offset, t * 60) if across else (t * 60, offset)
        points.append(turned(angle, *place))
    return width, points


def shape(rng, x, y):
    """Seven points around a place, and whether they are water or a park."""
    kind = "water" if rng.random() < 0.4 else "park"
    return kind, [(rng.gauss(x, 70), rng.gauss(y, 70)) for _ in range(7)]


def around_centre(points):
    """The points in the order of their angle, so that no edges cross."""
    x = sum(point[0] for point in points) / len(points)
    y = sum(point[1] for point in points) / len(points)
    return sorted(points, key=lambda point: math.atan2(point[1] - y, point[0] - x))


def house(rng, angle):
    """Its four corners."""
    x, y = turned(angle, rng.uniform(-400, 400), rng.uniform(-400, 400))
    width, depth = rng.uniform(6, 22), rng.uniform(6, 22)
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        (x + a * width * cos - b * depth * sin, y + a * width * sin + b * depth * cos)
        for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]


def scaled(points, times):
    return [(x * times, y * times) for x, y in points]


def paint_roads(draw, roads, colours, times):
    """All casings first, then all surfaces, small roads below large ones."""
    for casing in (1, 0):
        for width, points in sorted(roads, key=lambda one: one[0]):
            width_px = int((3 + 3 * width + 1.6 * casing) * times)
            fill = colours[width][casing]
            draw.line(scaled(points, times), fill=fill, width=width_px, joint="curve")


def paint_names(rng, picture, colours):
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(8, 18)):
        face = font(rng, rng.randint(9, 17))
        place = (rng.randint(0, SIDE_PX - 60), rng.randint(0, SIDE_PX - 20))
        draw.text(
            place,
            phrase(rng, rng.randint(1, 2)).title(),
            font=face,
            fill=colours["name"],
            stroke_width=rng.choice([0, 1, 2]),
            stroke_fill=colours["land"],
        )


def street_map(rng):
    """A town on a grid that is turned and bent a little."""
    colours = DARK if rng.random() < 0.25 else LIGHT
    angle, step = rng.uniform(-0.5, 0.5), rng.randint(44, 110)
    roads = [road(rng, angle, step, index, across) for index in range(-9, 10) for across in (0, 1)]
    centres = [(rng.uniform(0, SIDE_PX), rng.uniform(0, SIDE_PX)) for _ in range(5)]
    shapes = [shape(rng, x, y) for x, y in centres]
    houses = [house(rng, angle) for _ in range(260)]

    def paint(times):
        picture = Image.new("RGB", (SIDE_PX * times, SIDE_PX * times), colours["land"])
        draw = ImageDraw.Draw(picture)
        for kind, points in shapes:
            draw.polygon(scaled(around_centre(points), times), fill=colours[kind])
        for corners in houses:
            draw.polygon(scaled(corners, times), fill=colours["block"])
        paint_roads(draw, roads, colours["roads"], times)
        return picture

    picture = smooth(paint)
    paint_names(rng, picture, colours)
    return picture
