"""Small pictures of few colours, enlarged two to four times without smoothing."""

import random

from PIL import Image

from .basics import SIDE_PX, colour, ground

TILE_PX = 16


def few_colours(collection, rng, side):
    """Vector drawings made small, in 8 to 32 colours."""
    picture = ground(rng).resize((side, side)).convert("RGBA")
    for _ in range(rng.randint(2, 6)):
        drawing = collection.drawing(rng, rng.randint(side // 4, side // 2))
        place = (rng.randint(0, side - drawing.width), rng.randint(0, side - drawing.height))
        picture.alpha_composite(drawing, place)
    count, dither = rng.choice([8, 16, 32]), rng.choice([0, 3])
    return picture.convert("RGB").quantize(count, dither=dither).convert("RGB")


def texture(seed, palette):
    """The places and colours of a tile that looks the same wherever it lies."""
    rng = random.Random(seed)
    for y in range(TILE_PX):
        for x in range(TILE_PX):
            yield x, y, palette[rng.choice([0, 0, 0, 1, 1, 2])]


def mirrored_figure(rng, palette, is_inside):
    """The places and colours of a figure whose halves mirror each other."""
    for y in range(2, 14):
        for x in range(2, 8):
            if rng.random() < 0.55:
                for place in (x, TILE_PX - 1 - x):
                    if is_inside(place, y):
                        yield place, y, palette[rng.randrange(4)]


def paint_tile(rng, picture, palettes, left, top):
    """A texture or a figure in one of the palettes, as far as it is inside the picture."""

    def is_inside(x, y):
        return left + x < picture.width and top + y < picture.height

    palette = rng.choice(palettes)
    if rng.random() < 0.6:
        dots = texture(palettes.index(palette), palette)
    else:
        dots = mirrored_figure(rng, palette, is_inside)
    for x, y, fill in dots:
        if is_inside(x, y):
            picture.putpixel((left + x, top + y), fill)


def tiles(rng, side):
    """A grid of textures and figures in five palettes."""
    picture = Image.new("RGB", (side, side), colour(rng))
    palettes = [[colour(rng, (0.3, 0.8), (0.2, 0.9)) for _ in range(4)] for _ in range(5)]
    for top in range(0, side, TILE_PX):
        for left in range(0, side, TILE_PX):
            paint_tile(rng, picture, palettes, left, top)
    return picture


def pixel_art(collection, rng):
    """Drawings or tiles whose pixels are two to four pixels wide."""
    zoom = rng.choice([2, 3, 4])
    side = -(-SIDE_PX // zoom)
    small = few_colours(collection, rng, side) if rng.random() < 0.5 else tiles(rng, side)
    large = small.resize((side * zoom, side * zoom), Image.NEAREST)
    return large.crop((0, 0, SIDE_PX, SIDE_PX))
