"""Framed prints: hanging over a shelf with a small companion, and a close view of the corner."""

from __future__ import annotations

from typing import Any

from art import artwork
from forms import box, lathe, sheet, vessel
from materials import glaze, lacquer, matt, picture, wood
from registry import product
from studio import View

STRAIGHT = View(azimuth=0, elevation=4, fill=0.8, light="soft", lens=95)
CORNER = View(azimuth=-32, elevation=10, fill=0.86, light="sun", close=1.75, lift=-0.05, side=0.05)
PRINTS = {
    "strata": "sage",
    "orbit": "mist",
    "tide": "blush",
    "werkstatt": "paper",
    "farn": "clay",
    "mond": "sand",
    "garten": "bone",
    "contour": "honey",
    "weben": "teal",
    "mittag": "slate",
}
COMPANIONS = ("sand", "ochre", "rust", "ink", "moss")


def framed(name: str, frame: str, *, at: tuple[float, float, float] = (0, 0, 0), high: float = 4.0) -> None:
    """A print 3:4 with passe-partout in a frame standing upright at `at`, facing the viewer."""
    from math import pi

    wide, bar, deep = high * 0.75, 0.13, 0.24
    edge: Any = wood("oak", "z") if frame == "oak" else lacquer("black", 0.45)
    flat: Any = wood("oak", "x") if frame == "oak" else edge
    x, y, z = at
    for s in (-1, 1):
        box((bar, deep, high + 2 * bar), edge, at=(x + s * (wide / 2 + bar / 2), y, z), edge=0.015)
    for level in (0.0, high + bar):
        box((wide, deep, bar), flat, at=(x, y, z + level), edge=0.015)
    middle = (x, y + 0.04, z + bar + high / 2)
    sheet(wide, high, matt("#f6f3ec", 0.9), at=middle, turn=(pi / 2, 0, 0))
    sheet(
        wide * 0.84,
        high * 0.86,
        picture(artwork(name), 0.8),
        at=(middle[0], middle[1] - 0.012, middle[2]),
        turn=(pi / 2, 0, 0),
    )


def stage(name: str) -> Any:
    def build(frame: str, view: str) -> None:
        framed(name, frame, at=(0, 0.4, 0.0))
        index = list(PRINTS).index(name)
        if view == "front" and index % 2 == 0:
            tone = COMPANIONS[index // 2]
            lathe(
                vessel(
                    [
                        (0.2, 0),
                        (0.24, 0.02),
                        (0.34 + 0.04 * (index % 3), 0.35),
                        (0.16, 0.75),
                        (0.14, 0.9),
                        (0.2, 1.0),
                    ],
                    0.03,
                ),
                glaze(tone),
                at=(1.35 if index % 4 else -1.3, -0.35, 0),
            )

    return build


for _name, _backdrop in PRINTS.items():
    product(
        f"print-{_name}",
        "oak",
        "black",
        backdrops=f"{_backdrop} {_backdrop} bone",
        front=STRAIGHT,
        detail=CORNER,
    )(stage(_name))
