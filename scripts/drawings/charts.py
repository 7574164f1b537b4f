"""Charts by matplotlib in its many styles."""

import io

import matplotlib
import numpy as np
from PIL import Image

from .basics import SIDE_PX, phrase, words

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402, after the choice of what draws

X = np.linspace(0, 10, 60)


def lines(rng, numbers, axes):
    for i in range(rng.randint(1, 6)):
        wave = np.sin(X * numbers.uniform(0.3, 2) + i) * numbers.uniform(0.5, 2)
        axes.plot(
            X,
            wave + numbers.normal(0, 0.1, 60),
            label=words(rng, 1),
            lw=rng.uniform(0.6, 3),
            ls=rng.choice(["-", "--", ":", "-."]),
            marker=rng.choice(["", "", "o", "x", "s"]),
        )


def bars(rng, numbers, axes):
    for i in range(rng.randint(1, 3)):
        axes.bar(np.arange(6) + i * 0.25, numbers.uniform(1, 9, 6), 0.25, label=words(rng, 1))


def scatter(rng, numbers, axes):
    axes.scatter(
        numbers.normal(size=200),
        numbers.normal(size=200),
        c=numbers.uniform(size=200),
        s=numbers.uniform(3, 90, 200),
        alpha=0.7,
        cmap=rng.choice(["viridis", "plasma", "coolwarm", "jet"]),
    )


def histogram(rng, numbers, axes):
    axes.hist([numbers.normal(i, 1, 400) for i in range(rng.randint(1, 3))], bins=24)


def heat(rng, numbers, axes):
    cells = numbers.uniform(size=(9, 9))
    colours = rng.choice(["viridis", "magma", "RdBu", "YlGn", "tab20"])
    axes.imshow(cells, cmap=colours, aspect="auto")
    if rng.random() < 0.5:
        for (y, x), value in np.ndenumerate(cells):
            axes.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=6, color="w")


def contour(rng, numbers, axes):
    a, b = np.meshgrid(X, X)
    height = np.sin(a) * np.cos(b * numbers.uniform(0.4, 1.4))
    draw = axes.contourf if rng.random() < 0.5 else axes.contour
    draw(a, b, height, rng.choice([6, 12, 24]))


def pie(rng, numbers, axes):
    shares = numbers.uniform(1, 5, 6)
    axes.pie(shares, labels=[phrase(rng, 1) for _ in range(6)], autopct="%1.0f%%")


def areas(rng, numbers, axes):
    axes.stackplot(X, *[np.abs(np.sin(X * numbers.uniform(0.2, 1))) + 0.2 for _ in range(4)])


def boxes(rng, numbers, axes):
    samples = [numbers.normal(i % 3, 1, 60) for i in range(6)]
    axes.boxplot(samples, patch_artist=rng.random() < 0.5)


def steps(rng, numbers, axes):
    axes.step(X, np.cumsum(numbers.normal(size=60)))


def stems(rng, numbers, axes):
    axes.stem(X[:24], numbers.normal(size=24))


KINDS = [lines, bars, scatter, histogram, heat, contour, pie, areas, boxes, steps, stems]


def chart(rng, numbers, axes):
    """One of the kinds, often with a title, names of the axes, a legend and a grid."""
    kind = rng.choice(KINDS)
    kind(rng, numbers, axes)
    if rng.random() < 0.7 and kind is not pie:
        axes.set_title(phrase(rng, 3), fontsize=rng.choice([8, 10, 13]))
        axes.set_xlabel(phrase(rng, 1))
        axes.set_ylabel(phrase(rng, 1))
    if axes.get_legend_handles_labels()[0] and rng.random() < 0.6:
        axes.legend(fontsize=7)
    if kind not in (pie, heat):
        axes.grid(rng.random() < 0.5)


def figure(rng, numbers):
    """One to four charts as PNG."""
    dpi = rng.choice([72, 100, 128])
    rows, columns = rng.choice([(1, 1), (1, 1), (2, 1), (1, 2), (2, 2)])
    size = (SIDE_PX / dpi, SIDE_PX / dpi)
    drawn, axes = plt.subplots(rows, columns, figsize=size, dpi=dpi, squeeze=False)
    for one in axes.flat:
        chart(rng, numbers, one)
    drawn.tight_layout()
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=dpi)
    plt.close(drawn)
    return out


def charts(rng):
    """One to four charts in one style."""
    styles = [style for style in plt.style.available if "no-latex" not in style]
    style = rng.choice(styles + ["default"] * 6)
    numbers = np.random.default_rng(rng.randrange(1 << 30))
    with plt.style.context(style):
        picture = Image.open(figure(rng, numbers)).convert("RGB")
    fits = picture.size == (SIDE_PX, SIDE_PX)
    return picture if fits else picture.resize((SIDE_PX, SIDE_PX))
