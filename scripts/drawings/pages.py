"""Pages of text in columns, and tables of numbers."""

import numpy as np
from PIL import Image, ImageDraw

from .basics import SIDE_PX, blank, colour, font, ink_and_paper, phrase, words

BULLET = "\u2022 "
FILTER = (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9)


def mixed_by_stripes(mask, ink, paper):
    """Text smoothed by sub-pixels: a mask three times as wide, one third for each of R, G, B."""
    share = np.pad(np.asarray(mask, np.float32) / 255, ((0, 0), (2, 2)))
    share = sum(share[:, i : i + 3 * SIDE_PX] * weight for i, weight in enumerate(FILTER))
    share = share.reshape(SIDE_PX, SIDE_PX, 3)
    return Image.fromarray(np.uint8(np.array(paper) * (1 - share) + np.array(ink) * share + 0.5))


def striped_page(rng, ink, paper):
    """Lines of one font, with the coloured edges that flat screens give to text."""
    size = rng.randint(10, 20)
    face = font(rng, size * 3)
    wide = Image.new("L", (SIDE_PX * 3, SIDE_PX * 3))
    draw = ImageDraw.Draw(wide)
    y = rng.randint(0, 20) * 3
    while y < SIDE_PX * 3:
        draw.text((rng.choice([8, 8, 30]) * 3, y), words(rng, 26), font=face, fill=255)
        y += int(size * 3 * rng.choice([1.25, 1.25, 1.4, 2.2]))
    return mixed_by_stripes(wide.resize((SIDE_PX * 3, SIDE_PX), Image.BOX), ink, paper)


class Column:
    """A column of a page. Its methods draw one part each, and go down by its height."""

    def __init__(self, rng, draw, left, width, ink):
        self.rng, self.draw, self.width, self.ink = rng, draw, width, ink
        self.x, self.y = left + rng.randint(4, 14), rng.randint(-10, 20)

    def heading(self):
        size = self.rng.randint(18, 54)
        text, face = words(self.rng, 4), font(self.rng, size)
        fill = self.rng.choice([self.ink, colour(self.rng, (0.5, 1), (0.3, 0.9))])
        self.draw.text((self.x, self.y), text, font=face, fill=fill)
        self.y += int(size * 1.3)

    def fitting(self, line, face):
        """The words of the line that fit into the column."""
        while line and self.draw.textlength(line, font=face) > self.width - 20:
            line = line.rsplit(" ", 1)[0] if " " in line else ""
        return line

    def paragraph(self, mark=""):
        size = self.rng.choice([8, 9, 10, 11, 12, 13, 14, 16, 20, 24])
        face = font(self.rng, size)
        tint = colour(self.rng, (0.4, 1), (0.2, 0.8))
        fill = self.rng.choice([self.ink, self.ink, self.ink, tint])
        for _ in range(self.rng.randint(2, 9)):
            line = self.fitting(mark + words(self.rng, 16), face)
            self.draw.text((self.x, self.y), line, font=face, fill=fill)
            self.y += int(size * 1.35)
        self.y += size // 2

    def bullets(self):
        self.paragraph(BULLET)

    def rule(self):
        ends = (self.x, self.y, self.x + self.width - 24, self.y)
        self.draw.line(ends, fill=self.ink, width=self.rng.choice([1, 1, 2, 4]))
        self.y += 10

    def box(self):
        height = self.rng.randint(30, 110)
        back = colour(self.rng, (0.3, 1), (0.3, 1))
        edges = (self.x, self.y, self.x + self.width - 24, self.y + height)
        self.draw.rounded_rectangle(edges, self.rng.choice([0, 4, 12]), fill=back)
        text, face = words(self.rng, 3), font(self.rng, self.rng.randint(12, 30))
        fill = "white" if sum(back) < 420 else "black"
        self.draw.text((self.x + 10, self.y + 8), text, font=face, fill=fill)
        self.y += height + 10

    def fill(self):
        text = [self.paragraph] * 3
        parts = [self.heading, *text, self.bullets, self.rule, self.box]
        while self.y < SIDE_PX:
            self.rng.choice(parts)()


def page(rng):
    """Text in one to three columns, in many sizes and colours, or with sub-pixel smoothing."""
    ink, paper = ink_and_paper(rng)
    if rng.random() < 0.35:
        return striped_page(rng, ink, paper)
    picture, draw = blank(paper)
    columns = rng.choice([1, 1, 2, 3])
    width = SIDE_PX // columns
    for index in range(columns):
        Column(rng, draw, index * width, width, ink).fill()
        if index and rng.random() < 0.5:
            draw.line((index * width, 0, index * width, SIDE_PX), fill=ink)
    return picture


def value(rng):
    """What a cell holds: a number, a share, a word or nothing."""
    return rng.choice(
        [
            f"{rng.uniform(0, 999):.2f}",
            str(rng.randint(0, 99999)),
            f"{rng.randint(0, 100)} %",
            phrase(rng, 1),
            "",
        ]
    )


def column_edges(rng):
    edges = [0]
    while edges[-1] < SIDE_PX:
        edges.append(edges[-1] + rng.randint(40, 120))
    return edges


class Table:
    """A table with a coloured first row, perhaps with stripes, a grid and marked cells."""

    def __init__(self, rng):
        self.rng = rng
        self.ink, paper = ink_and_paper(rng)
        self.picture, self.draw = blank(paper)
        self.size = rng.randint(9, 16)
        self.body, self.bold = font(rng, self.size), font(rng, self.size)
        self.height = int(self.size * rng.uniform(1.4, 2))
        self.edges = column_edges(rng)
        self.head = colour(rng, (0.2, 0.9), (0.4, 0.9))
        self.stripe = colour(rng, (0.02, 0.2), (0.9, 1))
        self.rule = colour(rng, (0, 0.2), (0.6, 0.9))
        self.striped = rng.random() < 0.5 and sum(paper) > 500
        self.grid = rng.random() < 0.7

    def back(self, row):
        y = row * self.height
        edges = (0, y, SIDE_PX, y + self.height)
        if row == 0:
            self.draw.rectangle(edges, fill=self.head)
        elif self.striped and row % 2:
            self.draw.rectangle(edges, fill=self.stripe)

    def cell(self, row, index):
        rng, y = self.rng, row * self.height
        left, right = self.edges[index], self.edges[index + 1]
        text = phrase(rng, 1) if row == 0 or index == 0 else value(rng)
        if rng.random() < 0.03 and row:
            mark = colour(rng, (0.3, 0.8), (0.7, 1))
            self.draw.rectangle((left, y, right, y + self.height), fill=mark)
        fill = "white" if row == 0 else rng.choice([self.ink] * 9 + [(200, 30, 30)])
        number = text[:1].isdigit()
        x = right - 5 - self.draw.textlength(text, font=self.body) if number else left + 5
        face = self.bold if row == 0 else self.body
        place = (x, y + (self.height - self.size) // 2 - 1)
        self.draw.text(place, text, font=face, fill=fill)
        if self.grid:
            self.draw.line((left, 0, left, SIDE_PX), fill=self.rule)

    def fill(self):
        for row in range(SIDE_PX // self.height + 1):
            self.back(row)
            for index in range(len(self.edges) - 1):
                self.cell(row, index)
            if self.grid:
                self.draw.line((0, row * self.height, SIDE_PX, row * self.height), fill=self.rule)


def table(rng):
    """A spreadsheet or a printed table."""
    drawn = Table(rng)
    drawn.fill()
    return drawn.picture
