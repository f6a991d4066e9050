"""Candles and scent: pillars, scented glass, holder, twisted tapers, incense."""

from __future__ import annotations

from math import cos, pi, sin

from forms import ball, curve, disc, lathe, mesh, tube, vessel
from lighting import bulb
from materials import glass, glaze, glow, lacquer, matt, metal, paper, wax, wood
from palette import mixed
from registry import product
from studio import View

WARM = View(azimuth=-20, elevation=11, fill=0.72)
FLAME = View(light="dim", azimuth=24, elevation=16, close=1.35)


def flame(x: float, y: float, z: float, size: float = 1.0) -> None:
    tube([(x, y, z - 0.02), (x + 0.01, y, z + 0.12 * size)], 0.014, matt("black"), smooth=False)
    lathe(
        [
            (r * size, zz * size)
            for r, zz in curve([(0.0, 0.06), (0.07, 0.16), (0.065, 0.26), (0.02, 0.45), (0.0, 0.52)])
        ],
        glow("#ffca72", 14),
        at=(x, y, z),
    )
    bulb((x, y, z + 0.3 * size), 14 * size, 0.1)


@product(
    "candles-block", "cream", "ochre", "sage", backdrops="clay bone blush umber", front=WARM, detail=FLAME
)
def candles_block(colour: str, view: str) -> None:
    for x, y, high, share in ((-0.62, 0.3, 2.3, 0.0), (0.42, 0.1, 1.6, 0.25), (-0.15, -0.75, 0.95, 0.5)):
        skin = wax(mixed(colour, "#ffffff", share * 0.7))
        lathe(vessel([(0.46, 0), (0.48, 0.02), (0.48, high)], 0.14, floor=high - 0.07), skin, at=(x, y, 0))
        if view == "detail":
            flame(x, y, high - 0.05)
        else:
            tube([(x, y, high - 0.08), (x + 0.02, y, high + 0.1)], 0.016, matt("black"), smooth=False)


@product(
    "candle-duft",
    "fig",
    "cedar",
    "salt",
    backdrops="sage sand mist umber",
    front=View(azimuth=-18, elevation=13, fill=0.66),
    detail=FLAME,
)
def candle_duft(scent: str, view: str) -> None:
    tone, label = {"fig": ("#5f7a4f", "moss"), "cedar": ("amber", "rust"), "salt": ("#9dbcc8", "petrol")}[
        scent
    ]
    lathe(vessel([(0.52, 0), (0.56, 0.03), (0.57, 1.25)], 0.05, floor=0.1), glass(tone, depth=0.5))
    lathe([(0.0, 0.11), (0.5, 0.11), (0.51, 0.95), (0.0, 0.97)], wax("cream"))
    patch = [
        (0.585 * cos(a / 20 * 1.3 - pi / 2 - 0.65), 0.585 * sin(a / 20 * 1.3 - pi / 2 - 0.65), z)
        for z in (0.32, 0.86)
        for a in range(21)
    ]
    mesh(patch, [(k, k + 1, k + 22, k + 21) for k in range(20)], paper("#f5f0e4"))
    mark = [
        (0.59 * cos(a / 20 * 0.5 - pi / 2 - 0.25), 0.59 * sin(a / 20 * 0.5 - pi / 2 - 0.25), z)
        for z in (0.55, 0.74)
        for a in range(21)
    ]
    mesh(mark, [(k, k + 1, k + 22, k + 21) for k in range(20)], matt(label))
    line = [
        (0.59 * cos(a / 20 * 0.9 - pi / 2 - 0.45), 0.59 * sin(a / 20 * 0.9 - pi / 2 - 0.45), z)
        for z in (0.42, 0.45)
        for a in range(21)
    ]
    mesh(line, [(k, k + 1, k + 22, k + 21) for k in range(20)], matt("charcoal"))
    if view == "detail":
        flame(0, 0, 0.97, 0.8)
    else:
        tube([(0, 0, 0.95), (0.02, 0, 1.15)], 0.016, matt("black"), smooth=False)
    if scent == "fig":
        lathe(
            curve([(0.0, -0.3), (0.3, -0.2), (0.33, 0.05), (0.1, 0.4), (0.05, 0.5), (0.0, 0.5)]),
            glaze("#54344f", rough=0.5),
            at=(1.0, -0.25, 0.3),
        )
    elif scent == "cedar":
        for k in range(4):
            disc(
                0.24,
                0.12,
                wood("rust", "x"),
                at=(0.95 + 0.1 * (k % 2), -0.2 + 0.06 * k, 0.125 * k),
                turn=(0, 0.05 * k, 0),
            )
    else:
        for k, (x, y, r) in enumerate(((0.95, -0.3, 0.26), (1.32, 0.0, 0.17), (0.85, -0.75, 0.14))):
            ball(r, matt(("chalk", "grey", "sky")[k], 0.8, 0.3, 8), at=(x, y, r * 0.7), squash=0.7)


@product(
    "holder-bogen",
    "brass",
    "black",
    backdrops="plum blush umber",
    front=View(azimuth=-14, elevation=8, fill=0.78),
    detail=View(light="dim", azimuth=22, elevation=12, close=1.4),
)
def holder_bogen(colour: str, view: str) -> None:
    body = metal("brass", 0.22) if colour == "brass" else lacquer("black", 0.5)
    arch = [(1.5 * cos(pi * k / 24), 0, 0.1 + 1.35 * sin(pi * k / 24)) for k in range(25)]
    tube(arch, 0.12, body)
    for s in (-1, 1):
        disc(0.3, 0.1, body, at=(s * 1.5, 0, 0))
    for k in range(5):
        angle = pi * (0.06 + 0.88 * k / 4)
        x, z = 1.5 * cos(angle), 0.1 + 1.35 * sin(angle)
        lathe(vessel([(0.06, 0), (0.17, 0.08), (0.17, 0.28)], 0.04), body, at=(x, 0, z + 0.06))
        lathe(
            [(0.0, 0.1), (0.11, 0.1), (0.1, 1.75), (0.03, 1.82), (0.0, 1.82)],
            wax("cream" if colour == "brass" else "rust"),
            at=(x, 0, z + 0.06),
        )
        if view == "detail":
            flame(x, 0, z + 1.87, 0.7)
        else:
            tube([(x, 0, z + 1.86), (x + 0.01, 0, z + 2.0)], 0.012, matt("black"), smooth=False)


@product(
    "candles-dreh",
    backdrops="mist clay",
    front=View(azimuth=-12, elevation=8, fill=0.78),
    detail=View(azimuth=24, elevation=40, light="sun", close=1.3),
)
def candles_dreh(variant: str, view: str) -> None:
    for k, tone in enumerate(("rose", "petrol", "mustard", "cream")):
        line = [(0.15 - 0.05 * z / 2.6, z) for z in (2.6 * i / 80 for i in range(81))]

        def twist(a: float, z: float) -> float:
            return 1 + 0.3 * cos(3 * a + 4.2 * z)

        if view == "front":
            at, turn = ((k - 1.5) * 0.62, 0.15 * sin(k * 2), 0.12), (0.0, 0.0, 0.0)
            disc(0.24, 0.14, metal("brass", 0.25), at=(at[0], at[1], 0))
        else:
            at, turn = (-1.3, (k - 1.5) * 0.42, 0.18), (0.0, pi / 2, 0.05 * sin(k * 3))
        lathe([(0.0, 0.0), *line, (0.0, 2.66)], wax(tone), at=at, turn=turn, shape=twist)
        end = (
            (at[0], at[1], at[2] + 2.62) if view == "front" else (at[0] + 2.64, at[1] + 2.64 * turn[2], at[2])
        )
        tube(
            [
                end,
                (
                    end[0] + (0.02 if view == "front" else 0.18),
                    end[1],
                    end[2] + (0.2 if view == "front" else 0.02),
                ),
            ],
            0.014,
            matt("cream"),
            smooth=False,
        )


@product(
    "incense-welle",
    backdrops="sand slate",
    front=View(azimuth=-28, elevation=18, fill=0.82),
    detail=View(azimuth=34, elevation=26, light="sun", close=1.5),
)
def incense_welle(variant: str, view: str) -> None:
    n, rows, points = 40, 12, []
    for i in range(n + 1):
        t = i / n * 2 - 1
        half = 0.52 * (1 - abs(t) ** 2.6) ** 0.6 + 0.01
        for j in range(rows + 1):
            v = j / rows * 2 - 1
            points.append((2.2 * t, v * half, 0.08 + 0.26 * (v * v) + 0.3 * abs(t) ** 3))
    hull = mesh(
        points,
        [
            (
                i * (rows + 1) + j,
                i * (rows + 1) + j + 1,
                (i + 1) * (rows + 1) + j + 1,
                (i + 1) * (rows + 1) + j,
            )
            for i in range(n)
            for j in range(rows)
        ],
        glaze("ink", rough=0.45, speckle="sand"),
    )
    hull.modifiers.new("solid", "SOLIDIFY").thickness = 0.09
    ball(0.15, metal("brass", 0.15), at=(-1.4, 0, 0.25))
    tube([(-1.4, 0, 0.3), (0.95, 0, 1.75)], 0.022, matt("walnut", 0.9), smooth=False)
    tube([(0.9, 0, 1.72), (0.97, 0, 1.762)], 0.026, glow("#ff7a2e", 6), smooth=False)
    for k in range(5):
        tube(
            [(-0.9 + 0.05 * k, -0.95 - 0.09 * k, 0.03), (1.5 + 0.04 * k, -1.1 - 0.07 * k, 0.03)],
            0.022,
            matt("walnut", 0.9),
            smooth=False,
        )
