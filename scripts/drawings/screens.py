"""What screens show: editors with source code, and windows with buttons and fields."""

from PIL import ImageDraw

from .basics import SIDE_PX, WORDS, blank, colour, font, ground, phrase, words

CODE = """def for return if else while import from class self None True False lambda yield with as
try except raise pixels width height quality table block sum range len index value state node
buffer offset result stride plane""".split()
SIGNS = ["(", ")", "=", "+=", "[0]", ":"]
LIGHTS = ((237, 106, 94), (245, 191, 79), (98, 197, 84))


def lighter(fill, by):
    return tuple(min(255, max(0, channel + by)) for channel in fill)


class Editor:
    """A window with numbered lines of code in six colours."""

    def __init__(self, rng):
        self.rng = rng
        self.dark = rng.random() < 0.8
        ranges = ((0.05, 0.5), (0.08, 0.2)) if self.dark else ((0, 0.06), (0.97, 1))
        self.paper = colour(rng, *ranges)
        bright = (0.75, 1) if self.dark else (0.25, 0.6)
        self.tints = [colour(rng, (0.35, 0.9), bright) for _ in range(5)]
        self.tints.append((220,) * 3 if self.dark else (30,) * 3)
        self.picture, self.draw = blank(self.paper)
        size = rng.randint(10, 19)
        self.font = font(rng, size, fixed_width=True)
        self.step = int(size * 1.4)
        self.advance = self.draw.textlength("m", font=self.font)
        self.edge = int(self.advance * 4) + 10
        margin = lighter(self.paper, 8 if self.dark else -10)
        self.draw.rectangle((0, 0, self.edge - 6, SIDE_PX), fill=margin)

    def text(self, x, y, text, fill):
        self.draw.text((x, y), text, font=self.font, fill=fill)

    def token(self):
        rng = self.rng
        return rng.choice(CODE + SIGNS + [f'"{rng.choice(WORDS)}"', str(rng.randint(0, 999))])

    def line(self, y, number, indent):
        rng = self.rng
        if rng.random() < 0.04:
            mark = lighter(self.paper, 22) if self.dark else (232, 240, 255)
            self.draw.rectangle((self.edge - 6, y, SIDE_PX, y + self.step), fill=mark)
        self.text(4, y, f"{number:>4}", (110, 110, 120))
        x = self.edge + indent * self.advance * 4
        if rng.random() < 0.12:
            self.text(x, y, "# " + words(rng, 7), self.tints[0])
        elif rng.random() > 0.1:
            for _ in range(rng.randint(2, 9)):
                token = self.token()
                self.text(x, y, token, self.tints[ord(token[0]) % 6])
                space = self.advance * rng.choice([0, 1, 1])
                x += self.draw.textlength(token, font=self.font) + space

    def fill(self):
        y, number, indent = self.rng.randint(-8, 6), self.rng.randint(1, 900), 0
        while y < SIDE_PX:
            self.line(y, number, indent)
            indent = max(0, min(5, indent + self.rng.choice([-1, 0, 0, 0, 1])))
            y, number = y + self.step, number + 1


def editor(rng):
    """A part of an editor's window."""
    drawn = Editor(rng)
    drawn.fill()
    return drawn.picture


class Window:
    """A window of a program. The methods for its parts return the height of what they drew."""

    def __init__(self, rng, draw):
        self.rng, self.draw = rng, draw
        self.width, self.height = rng.randint(240, 480), rng.randint(200, 460)
        self.x = rng.randint(-40, SIDE_PX - self.width + 40)
        self.y = rng.randint(-30, SIDE_PX - self.height + 30)
        self.dark = rng.random() < 0.35
        self.face = (46, 48, 54) if self.dark else colour(rng, (0, 0.06), (0.9, 1))
        self.ink = (235, 235, 235) if self.dark else (25, 25, 30)
        self.accent = colour(rng, (0.5, 1), (0.5, 0.95))
        self.radius = rng.choice([0, 6, 12])

    def right(self):
        return self.x + self.width

    def frame(self):
        """The shadow of a square window, the window, its title and its three lights."""
        x, y, right, bottom = self.x, self.y, self.right(), self.y + self.height
        if not self.radius:
            self.draw.rectangle((x + 6, y + 6, right + 6, bottom + 6), fill=(60, 60, 60))
        edges, grey = (x, y, right, bottom), (120, 120, 120)
        self.draw.rounded_rectangle(edges, self.radius, fill=self.face, outline=grey)
        fill = self.rng.choice([self.accent, (70, 74, 84), (222, 222, 226)])
        self.draw.rounded_rectangle((x, y, right, y + 28), self.radius, fill=fill)
        title, face = phrase(self.rng, 3), font(self.rng, 13)
        self.draw.text((x + 12, y + 6), title, font=face, fill="white")
        for i, light in enumerate(LIGHTS):
            place = (right - 20 - i * 20, y + 8, right - 8 - i * 20, y + 20)
            self.draw.ellipse(place, fill=light)

    def label(self, y):
        self.draw.text((self.x + 14, y), words(self.rng, 5), font=self.font, fill=self.ink)
        return 22

    def field(self, y):
        edges = (self.x + 14, y, self.right() - 14, y + 22)
        fill = (30, 30, 34) if self.dark else (255, 255, 255)
        self.draw.rectangle(edges, fill=fill, outline=(140, 140, 140))
        self.draw.text((self.x + 20, y + 3), words(self.rng, 3), font=self.font, fill=self.ink)
        return 32

    def buttons(self, y):
        x = self.x + 14
        for i in range(3):
            width = self.draw.textlength("Cancel all", font=self.font) + 16
            back, ink = (self.face, self.ink) if i else (self.accent, "white")
            edges = (x, y, x + width, y + 24)
            self.draw.rounded_rectangle(edges, 4, fill=back, outline=self.accent)
            self.draw.text((x + 8, y + 4), phrase(self.rng, 1), font=self.font, fill=ink)
            x += width + 10
        return 34

    def check(self, y):
        x = self.x
        fill = self.rng.choice([self.face, self.accent])
        self.draw.rectangle((x + 14, y, x + 28, y + 14), outline=self.ink, fill=fill)
        tick = (x + 16, y + 7, x + 20, y + 11, x + 26, y + 3)
        self.draw.line(tick, fill="white", width=2)
        self.draw.text((x + 36, y - 2), words(self.rng, 3), font=self.font, fill=self.ink)
        return 24

    def bar(self, y, height=14):
        left, grey = self.x + 14, (180, 180, 185)
        end = (self.width - 32) * self.rng.random()
        edges = (left, y, self.right() - 14, y + height)
        self.draw.rounded_rectangle(edges, 2, fill=grey)
        edges = (left, y, self.x + 16 + end, y + height)
        self.draw.rounded_rectangle(edges, 2, fill=self.accent)
        self.knob_x = self.x + 8 + end
        return 26

    def slider(self, y):
        height = self.bar(y, 4)
        edges = (self.knob_x, y - 5, self.knob_x + 14, y + 9)
        self.draw.ellipse(edges, fill="white", outline=(90, 90, 90))
        return height

    def rows(self, y):
        for i in range(4):
            top, chosen = y + 18 * i, i == 1
            if chosen:
                edges = (self.x + 14, top, self.right() - 14, top + 18)
                self.draw.rectangle(edges, fill=self.accent)
            ink = "white" if chosen else self.ink
            self.draw.text((self.x + 20, top + 1), words(self.rng, 4), font=self.font, fill=ink)
        return 4 * 18 + 8

    def fill(self):
        parts = [self.label, self.field, self.buttons, self.check, self.slider, self.bar, self.rows]
        y, self.font = self.y + 40, font(self.rng, self.rng.randint(11, 15))
        while y < self.y + self.height - 30:
            y += self.rng.choice(parts)(y)


def windows(rng):
    """One to three windows on a ground."""
    picture = ground(rng)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(1, 3)):
        window = Window(rng, draw)
        window.frame()
        window.fill()
    return picture
