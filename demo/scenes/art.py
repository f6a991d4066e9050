"""Generative artwork for prints, covers and cards, drawn with Pillow at twice the needed size. Seeded: always the same picture."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from math import cos, pi, sin, tau
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from palette import COLOURS, mixed

WIDE, HIGH = 1800, 2400
Canvas = ImageDraw.ImageDraw
ARTWORKS: dict[str, Callable[[], Image.Image]] = {}


def artwork(name: str) -> str:
    """Path of the drawn picture, ready to be laid over a surface."""
    path = Path(tempfile.gettempdir()) / f"rialto-art-{name}.png"
    image = ARTWORKS[name]()
    image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS).save(path)
    return str(path)


def art(name: str) -> Callable[[Callable[[], Image.Image]], Callable[[], Image.Image]]:
    def register(draw: Callable[[], Image.Image]) -> Callable[[], Image.Image]:
        ARTWORKS[name] = draw
        return draw

    return register


def blank(colour: str, size: tuple[int, int] = (WIDE, HIGH)) -> tuple[Image.Image, Canvas]:
    image = Image.new("RGB", size, COLOURS.get(colour, colour))
    return image, ImageDraw.Draw(image)


def field(seed: int, size: tuple[int, int], cells: int, octaves: int = 3) -> np.ndarray:
    """Smooth noise between 0 and 1: random grids enlarged and added."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0]))
    for octave in range(octaves):
        n = cells * 2**octave
        grid = Image.fromarray(rng.random((n + 1, n + 1)).astype("float32"))
        total += np.asarray(grid.resize(size, Image.Resampling.BICUBIC), dtype=float) / 2**octave
    return (total - total.min()) / (total.max() - total.min())


def blob(
    canvas: Canvas,
    centre: tuple[float, float],
    radius: float,
    colour: str,
    seed: int,
    lobes: int = 5,
    deep: float = 0.3,
) -> None:
    """A cut-out leaf or seaweed shape: lobes around a centre."""
    rng = random.Random(seed)
    lengths = [1 - deep * rng.random() for _ in range(lobes)]
    points = []
    turn = rng.random() * tau
    for k in range(240):
        angle = tau * k / 240
        lobe = 0.5 + 0.5 * cos(angle * lobes)
        r = radius * (0.34 + 0.66 * lobe**0.8 * lengths[int(k * lobes / 240 + 0.5) % lobes])
        points.append((centre[0] + r * cos(angle + turn), centre[1] + r * sin(angle + turn)))
    canvas.polygon(points, fill=COLOURS.get(colour, colour))


@art("strata")
def strata() -> Image.Image:
    image, canvas = blank("#f0dfc6")
    canvas.ellipse((1080, 330, 1480, 730), fill="#e8a95a")
    rng = random.Random(7)
    for layer in range(7):
        share = layer / 6
        top = 820 + 215 * layer
        phases = [(rng.random() * tau, rng.uniform(1.2, 4.5), rng.uniform(40, 130)) for _ in range(4)]
        ridge = [
            (x, top - sum(a * sin(f * x / 520 + p) * (1.15 - share * 0.5) for p, f, a in phases))
            for x in range(0, WIDE + 1, 6)
        ]
        canvas.polygon([(0, HIGH), *ridge, (WIDE, HIGH)], fill=mixed("#e6c09a", "#5a2217", share**0.8))
    return image


@art("orbit")
def orbit() -> Image.Image:
    image, canvas = blank("#ece7dc")
    canvas.ellipse((240, 560, 1440, 1760), fill=COLOURS["red"])
    canvas.pieslice((240, 560, 1440, 1760), 20, 200, fill="#8f231c")
    for k in range(9):
        r = 700 + 85 * k
        canvas.arc(
            (840 - r, 1160 - r, 840 + r, 1160 + r), 200 + 7 * k, 345 + 6 * k, fill=COLOURS["ink"], width=7
        )
    canvas.ellipse((1190, 470, 1590, 870), fill=COLOURS["ink"])
    canvas.ellipse((1270, 1750, 1420, 1900), fill=COLOURS["mustard"])
    canvas.line((0, 2040, WIDE, 2040), fill=COLOURS["ink"], width=7)
    return image


@art("tide")
def tide() -> Image.Image:
    image, canvas = blank("#f3efe6")
    angles = (field(11, (WIDE, HIGH), 3, 2) - 0.5) * 5.2
    rng = random.Random(3)
    for k in range(520):
        x, y = rng.uniform(150, WIDE - 150), rng.uniform(150, HIGH - 150)
        line = [(x, y)]
        for _ in range(170):
            turn = angles[int(y), int(x)]
            x, y = x + 7 * cos(turn), y + 7 * sin(turn)
            if not (150 < x < WIDE - 150 and 150 < y < HIGH - 150):
                break
            line.append((x, y))
        if len(line) > 8:
            canvas.line(
                line,
                fill=mixed("cobalt", "sky", rng.random() * 0.6),
                width=rng.choice((4, 5, 8)),
                joint="curve",
            )
    return image


@art("werkstatt")
def werkstatt() -> Image.Image:
    image, canvas = blank("#eee5d3")
    rng, tones, side = random.Random(19), ["red", "ink", "mustard", "petrol", "black", "#e7d9bd"], 390
    left, top = 120, 225
    for row in range(5):
        for column in range(4):
            x, y = left + column * side, top + row * side
            ground, figure = rng.sample(tones, 2)
            canvas.rectangle((x, y, x + side, y + side), fill=COLOURS.get(ground, ground))
            _tile(canvas, x, y, side, COLOURS.get(figure, figure), rng.randrange(6))
    return image


def _tile(canvas: Canvas, x: int, y: int, side: int, fill: str, kind: int) -> None:
    if kind == 0:
        canvas.pieslice((x - side, y - side, x + side, y + side), 0, 90, fill=fill)
    elif kind == 1:
        canvas.pieslice((x, y, x + 2 * side, y + 2 * side), 180, 270, fill=fill)
    elif kind == 2:
        canvas.polygon([(x, y), (x + side, y), (x, y + side)], fill=fill)
    elif kind == 3:
        canvas.ellipse((x + side * 0.14, y + side * 0.14, x + side * 0.86, y + side * 0.86), fill=fill)
    elif kind == 4:
        for k in range(4):
            canvas.rectangle((x, y + side * k / 4, x + side, y + side * (k + 0.5) / 4), fill=fill)
    else:
        canvas.pieslice((x, y - side / 2, x + side, y + side / 2), 0, 180, fill=fill)


@art("farn")
def farn() -> Image.Image:
    image, canvas = blank("#efeade")
    tone = "#1e3a2c"
    for side in (-1, 1):
        for k in range(26):
            share = k / 25
            y = 2120 - 1780 * share
            x = 880 + 110 * sin(share * 2.4)
            length = 640 * sin(pi * (0.12 + 0.88 * (1 - share)) * 0.62) * (1 - share) ** 0.35 + 30
            _leaflet(canvas, x, y, length, side, 0.42 + 0.35 * share, tone)
    canvas.line(
        [(880 + 110 * sin(s / 40 * 2.4), 2240 - 1900 * s / 40) for s in range(41)],
        fill=tone,
        width=16,
        joint="curve",
    )
    return image


def _leaflet(canvas: Canvas, x: float, y: float, length: float, side: int, rise: float, tone: str) -> None:
    points = []
    for way in (1, -1):
        steps = range(0, 31) if way == 1 else range(30, -1, -1)
        for s in steps:
            t = s / 30
            half = 42 * sin(pi * t**0.75) * (0.72 + 0.28 * abs(sin(t * 26))) * min(1.0, length / 330)
            px, py = x + side * length * t, y - length * rise * t - 0.0006 * (length * t) ** 2
            points.append((px, py - way * half))
    canvas.polygon(points, fill=tone)


@art("mond")
def mond() -> Image.Image:
    image, canvas = blank("#131c33")
    grain = np.asarray(Image.fromarray((field(5, (WIDE, HIGH), 24, 4) * 255).astype("uint8")))
    ys, xs = np.mgrid[0:HIGH, 0:WIDE]
    disc = np.zeros((HIGH, WIDE))
    for k in range(28):
        cx, cy, r, phase = 255 + k % 7 * 215, 690 + k // 7 * 340, 84, k / 28
        inside = np.hypot(xs - cx, ys - cy) < r
        edge = cos(phase * tau) * np.sqrt(np.clip(r * r - (ys - cy) ** 2, 0, None))
        lit = xs - cx > edge if phase < 0.5 else xs - cx < -edge
        disc[inside & lit] = 1
    tone = disc[..., None]
    light = np.array([236, 224, 196]) * (0.68 + 0.32 * grain[..., None] / 255)
    return Image.fromarray((np.asarray(image) * (1 - tone) + light * tone).astype("uint8"))


@art("garten")
def garten() -> Image.Image:
    image, canvas = blank("#f4ead6")
    panels = ["#e6b23a", "#c8452f", "#2a5aa8", "#e59aa0", "#2f7a57", "#f0dfc0"]
    spots = [
        (0, 0, 900, 800),
        (900, 0, 1800, 1000),
        (0, 800, 700, 1700),
        (700, 1000, 1800, 1700),
        (0, 1700, 1000, 2400),
        (1000, 1700, 1800, 2400),
    ]
    for k, (x0, y0, x1, y1) in enumerate(spots):
        canvas.rectangle((x0, y0, x1, y1), fill=panels[k])
        figure = ["#2f7a57", "#f4ead6", "#f4ead6", "#16305c", "#c8452f", "#2a5aa8"][k]
        blob(
            canvas,
            ((x0 + x1) / 2, (y0 + y1) / 2),
            min(x1 - x0, y1 - y0) * 0.47,
            figure,
            30 + k,
            lobes=(7, 5, 9, 6, 5, 8)[k],
            deep=0.35,
        )
    return image


@art("contour")
def contour() -> Image.Image:
    land = field(23, (WIDE, HIGH), 3, 3)
    ys, xs = np.mgrid[0:HIGH, 0:WIDE]
    island = np.clip(1.25 - np.hypot((xs - 880) / 900, (ys - 1200) / 1150), 0, 1)
    height = land * island * 255
    steps = height / 9.5
    slope = np.hypot(*np.gradient(steps)) + 1e-6
    distance = np.abs(steps - np.round(steps)) / slope
    strong = np.round(steps) % 5 == 0
    ink = np.clip((np.where(strong, 5.0, 2.6) - distance), 0, 1) * (height > 8)
    sea = np.array([243, 238, 227]) - 9 * (height[..., None] > 8)
    colour = np.array([24, 84, 92])
    return Image.fromarray(
        (sea * (1 - ink[..., None]) + colour * ink[..., None]).clip(0, 255).astype("uint8")
    )


@art("weben")
def weben() -> Image.Image:
    image, canvas = blank("#e9dfcd")
    tones = ["#b8482f", "#25334a", "#d3a13b", "#93a488", "#d59a92", "#1f5a63", "#5f4030", "#efe6d6"]
    n, wide = 7, 200
    for j in range(9):
        y = 320 + j * wide
        canvas.rectangle((120, y, WIDE - 120, y + wide - 18), fill=tones[(j * 3 + 1) % 8])
    for i in range(n):
        x = 210 + i * wide
        tone = tones[(i * 5) % 8]
        canvas.rectangle((x, 190, x + wide - 18, 320), fill=tone)
        canvas.rectangle((x, 2102, x + wide - 18, 2230), fill=tone)
        for j in range(9):
            if (i + j) % 2:
                continue
            y = 320 + j * wide
            canvas.rectangle((x - 10, y - 16, x + wide - 8, y + wide - 2), fill=mixed(tone, "#000000", 0.35))
            canvas.rectangle((x, y - 18, x + wide - 18, y + wide), fill=tone)
    return image


@art("mittag")
def mittag() -> Image.Image:
    image, canvas = blank("#e9b48c")
    canvas.rectangle((0, 1500, WIDE, HIGH), fill="#c8694a")
    canvas.ellipse((1060, 240, 1560, 740), fill="#f4e3b4")
    canvas.rectangle((200, 900, 980, 2060), fill="#f0d9bd")
    canvas.pieslice((200, 510, 980, 1290), 180, 360, fill="#f0d9bd")
    canvas.rectangle((330, 1000, 850, 2060), fill="#3d5f6b")
    canvas.pieslice((330, 740, 850, 1260), 180, 360, fill="#3d5f6b")
    for k in range(7):
        x = 850 + 130 * k
        canvas.rectangle((x, 2060 - 150 * k, WIDE, HIGH), fill=mixed("#a64b35", "#efc9a2", k / 8))
        canvas.rectangle((x, 2060 - 150 * k, WIDE, 2082 - 150 * k), fill="#f6e2c6")
    return image


@art("marble-green")
def marble_green() -> Image.Image:
    return _marble(("#1f4d3a", "#7fa58a", "#e9e2cf", "#c79a4b"), 41)


@art("marble-red")
def marble_red() -> Image.Image:
    return _marble(("#8c2a22", "#e0b5a0", "#f1e6d3", "#25334a"), 57)


def _marble(tones: tuple[str, ...], seed: int) -> Image.Image:
    """Combed marbling: noise bands bent by a second noise."""
    size = (1200, 1600)
    bend = field(seed, size, 4, 3)
    ys, xs = np.mgrid[0 : size[1], 0 : size[0]]
    bands = (field(seed + 1, size, 3, 4) * 5 + bend * 4 + 0.35 * np.sin(xs / 38) + ys / 700) % 1.0
    picture = np.zeros((size[1], size[0], 3))
    limits = (0.0, 0.42, 0.66, 0.9, 1.01)
    for tone, low, high in zip(tones, limits, limits[1:]):
        rgb = [int(tone[i : i + 2], 16) for i in (1, 3, 5)]
        picture[(bands >= low) & (bands < high)] = rgb
    return Image.fromarray(picture.astype("uint8"))


@art("planner")
def planner() -> Image.Image:
    image, canvas = blank("#f4f0e6", (2400, 1680))
    canvas.rectangle((0, 0, 2400, 190), fill=COLOURS["rust"])
    for k in range(8):
        x = 60 + k * 285
        canvas.line((x, 250, x, 1620), fill="#6d6a64", width=5)
        if k < 7:
            canvas.ellipse((x + 30, 270, x + 80, 320), fill=COLOURS["rust" if k > 4 else "ink"])
            for line in range(13):
                canvas.line((x + 20, 420 + 90 * line, x + 265, 420 + 90 * line), fill="#cfc8b8", width=3)
    for line in range(9):
        canvas.rectangle((2085, 420 + 130 * line, 2125, 460 + 130 * line), outline="#6d6a64", width=5)
    return image


@art("calendar")
def calendar() -> Image.Image:
    image, canvas = blank("#f1ebdd", (1800, 2520))
    canvas.rectangle((150, 150, 1650, 1650), fill="#d9a93f")
    canvas.ellipse((300, 300, 1300, 1300), fill=COLOURS["petrol"])
    canvas.pieslice((650, 650, 1650, 1650), 180, 270, fill=COLOURS["red"])
    canvas.rectangle((1150, 1150, 1650, 1650), fill="#f1ebdd")
    canvas.ellipse((1250, 1250, 1550, 1550), fill=COLOURS["ink"])
    for day in range(31):
        x, y = 190 + (day + 4) % 7 * 220, 1840 + (day + 4) // 7 * 118
        canvas.rounded_rectangle(
            (x, y, x + 90, y + 44), 22, fill=COLOURS["red" if (day + 4) % 7 == 6 else "charcoal"]
        )
    canvas.line((150, 1750, 1650, 1750), fill=COLOURS["charcoal"], width=6)
    return image


@art("book")
def book() -> Image.Image:
    image, canvas = blank("#2d4a57", (1400, 1900))
    tones = ("#efe2c8", "#d3a13b", "#c4553a", "#93a488")
    for k, y in enumerate((300, 700, 1100, 1500)):
        for i, x in enumerate((350, 700, 1050)):
            tone = tones[(k + i) % 4]
            kind = (k * 3 + i) % 5
            if kind == 0:
                canvas.ellipse((x - 120, y - 120, x + 120, y + 120), fill=tone)
            elif kind == 1:
                canvas.polygon([(x, y - 130), (x + 130, y + 110), (x - 130, y + 110)], fill=tone)
            elif kind == 2:
                canvas.rectangle((x - 110, y - 110, x + 110, y + 110), fill=tone)
            elif kind == 3:
                canvas.pieslice((x - 130, y - 60, x + 130, y + 200), 180, 360, fill=tone)
            else:
                canvas.polygon(
                    [(x - 60, y - 120), (x + 60, y - 120), (x + 120, y + 120), (x - 120, y + 120)], fill=tone
                )
    return image


def card(index: int) -> Callable[[], Image.Image]:
    grounds = ("#e6b23a", "#2a5aa8", "#f0dfc0", "#c8452f", "#93a488", "#e59aa0")
    figures = ("#c8452f", "#f4ead6", "#2f7a57", "#f4e3b4", "#1e3a2c", "#16305c")

    def draw() -> Image.Image:
        image, canvas = blank(grounds[index], (1000, 1400))
        if index % 3 == 0:
            canvas.ellipse((250, 250, 750, 750), fill=figures[index])
            for k in range(6):
                canvas.arc((-200 + 200 * k, 1000, 100 + 200 * k, 1200), 0, 180, fill=figures[index], width=36)
        elif index % 3 == 1:
            blob(canvas, (500, 700), 430, figures[index], 90 + index, lobes=6 + index)
        else:
            for k in range(5):
                canvas.ellipse(
                    (500 - 90 * k - 60, 1150 - 170 * k - 160, 500 + 90 * (5 - k), 1150 - 170 * k),
                    fill=figures[index],
                )
        return image

    return draw


for _index in range(6):
    ARTWORKS[f"card-{_index}"] = card(_index)
