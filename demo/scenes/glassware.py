"""Glass: photographed against light so that the edges draw themselves."""

from __future__ import annotations

from math import cos, sin, tau

from forms import Point, ball, box, curve, disc, lathe, ring, tube, vessel
from materials import fabric, glass, glaze, matt, metal, wood
from registry import product
from studio import View

CLEAR = View(light="back", azimuth=-16, elevation=9, fill=0.74)
NEAR = View(light="back", azimuth=24, elevation=22, close=1.35)


def water(profile: list[Point], level: float, at: tuple[float, float, float], tone: str = "#dceff2") -> None:
    """A filling up to a height: the inside line a hair smaller, closed on top."""
    line = [(max(0.0, r - 0.045), z) for r, z in profile if 0.1 < z < level]
    lathe([(0.0, line[0][1]), *line, (0.0, line[-1][1])], glass(tone, depth=0.5, ior=1.33), at=at)


@product(
    "tumbler-rille", "amber", "clear", "smoke", backdrops="sand mist blush bone", front=CLEAR, detail=NEAR
)
def tumbler_rille(colour: str, view: str) -> None:
    skin = glass(colour, depth=0.72)
    spots = [(0, 0, 0), (1.0, 0.45, 0)] if view == "front" else [(0, 0, 0), (0.95, 0.5, 0), (-0.9, 0.7, 0)]
    for x, y, z in spots:
        lathe(
            vessel([(0.36, 0), (0.39, 0.04), (0.42, 0.5), (0.44, 1.1)], 0.05, floor=0.14),
            skin,
            at=(x, y, z),
            segments=240,
            shape=lambda a, zz: 1 + (0.022 * cos(24 * a) if zz < 0.95 else 0),
        )


@product("carafe-quell", "clear", "green", backdrops="teal paper sage", front=CLEAR, detail=NEAR)
def carafe_quell(colour: str, view: str) -> None:
    body = curve([(0.5, 0), (0.6, 0.05), (0.66, 0.9), (0.5, 1.5), (0.24, 1.85), (0.22, 2.15), (0.26, 2.3)])
    lathe(vessel(body, 0.045, steps=2, floor=0.1), glass(colour, depth=0.6))
    if colour == "clear":
        water(body, 1.2, (0, 0, 0))
    cup = [
        (0.36, 0.92),
        (0.37, 0.9),
        (0.38, 0.4),
        (0.36, 0.06),
        (0.3, 0.0),
        (0.0, 0.0),
        (0.0, 0.05),
        (0.27, 0.06),
        (0.32, 0.12),
        (0.34, 0.4),
        (0.33, 0.9),
        (0.36, 0.92),
    ]
    if view == "front":
        lathe([(r, 2.62 - z) for r, z in cup], glass(colour, depth=0.6))
    else:
        lathe(cup, glass(colour, depth=0.6), at=(1.15, -0.3, 0))


@product(
    "wineglass-stiel",
    backdrops="blush slate",
    front=View(light="back", azimuth=-14, elevation=6, fill=0.78),
    detail=View(light="back", azimuth=20, elevation=14, close=1.6, lift=-0.22),
)
def wineglass_stiel(variant: str, view: str) -> None:
    outer = curve(
        [
            (0.62, 0),
            (0.6, 0.02),
            (0.2, 0.06),
            (0.05, 0.14),
            (0.035, 0.6),
            (0.04, 1.3),
            (0.12, 1.45),
            (0.56, 1.95),
            (0.58, 2.3),
            (0.45, 2.85),
        ]
    )
    inner = [(r, z) for r, z in ((r - 0.02, z) for r, z in reversed(outer) if z > 1.47) if r > 0]
    spots = [(-0.55, 0.0, 0), (0.75, 0.35, 0)]
    for k, (x, y, z) in enumerate(spots):
        lathe([(0.0, 0.0), *outer, *inner, (0.0, 1.5)], glass("clear"), at=(x, y, z))
        wine = [(max(0, r - 0.026), zz) for r, zz in outer if 1.5 < zz < 2.0]
        lathe(
            [(0.0, 1.5), *wine, (0.0, 2.0)], glass(("red", "#ecd98a")[k], depth=0.9, ior=1.34), at=(x, y, z)
        )


@product(
    "vase-blase",
    "cobalt",
    "rose",
    "amber",
    backdrops="paper mist sand bone",
    front=CLEAR,
    detail=View(light="back", azimuth=26, elevation=26, close=1.3),
)
def vase_blase(colour: str, view: str) -> None:
    lathe(
        vessel(
            [
                (0.0, 0),
                (0.4, 0.02),
                (0.95, 0.5),
                (1.0, 1.0),
                (0.72, 1.6),
                (0.3, 1.85),
                (0.28, 2.0),
                (0.4, 2.12),
            ],
            0.05,
            floor=0.14,
        ),
        glass(colour, depth=0.38 if colour == "rose" else 0.7),
    )
    if view == "front":
        stem = matt("moss")
        for k in range(3):
            lean = (k - 1) * 0.5
            tube(
                [
                    (lean * -0.4, 0, 0.3),
                    (0, 0, 1.9),
                    (lean * 0.6, 0.1 * k, 2.7),
                    (lean, 0.1 * k, 3.2 + 0.3 * (k == 1)),
                ],
                0.025,
                stem,
            )
            ball(
                0.26,
                glaze(("mustard", "cream", "mustard")[k], rough=0.8),
                at=(lean, 0.1 * k, 3.3 + 0.3 * (k == 1)),
            )


def cut(a: float, z: float) -> float:
    """A diamond cut: two families of crossing grooves."""
    return 1 - 0.05 * (abs(sin(9 * a + 5.2 * z)) ** 0.7 * abs(sin(9 * a - 5.2 * z)) ** 0.7 < 0.25)


@product(
    "decanter-kristall",
    backdrops="umber dusk",
    front=View(light="back", azimuth=-18, elevation=10, fill=0.76),
    detail=View(light="back", azimuth=18, elevation=18, close=1.6),
)
def decanter_kristall(variant: str, view: str) -> None:
    whisky = glass("amber", depth=0.75, ior=1.36)
    lathe(
        vessel(
            [
                (0.62, 0),
                (0.7, 0.05),
                (0.74, 0.2),
                (0.76, 1.3),
                (0.7, 1.5),
                (0.28, 1.7),
                (0.24, 2.0),
                (0.32, 2.12),
            ],
            0.07,
            floor=0.16,
        ),
        glass("clear"),
        segments=144,
        shape=lambda a, z: cut(a, z) if 0.2 < z < 1.35 else 1.0,
    )
    lathe([(0.0, 0.18), (0.6, 0.18), (0.63, 0.3), (0.63, 0.95), (0.0, 0.95)], whisky)
    lathe(
        [(0.0, 1.95), (0.17, 1.95), (0.2, 2.16), (0.36, 2.4), (0.36, 2.55), (0.2, 2.85), (0.0, 2.9)],
        glass("clear"),
        segments=10,
        smooth=False,
    )
    for x, y in ((1.35, -0.2), (-1.3, -0.5)):
        lathe(
            vessel([(0.38, 0), (0.42, 0.04), (0.46, 0.85)], 0.05, floor=0.14),
            glass("clear"),
            at=(x, y, 0),
            segments=144,
            shape=lambda a, z: cut(a, z) if 0.08 < z < 0.6 else 1.0,
        )
    lathe([(0.0, 0.16), (0.36, 0.16), (0.38, 0.4), (0.0, 0.4)], whisky, at=(1.35, -0.2, 0))


@product(
    "cloche-glocke",
    backdrops="honey teal",
    front=View(light="back", azimuth=-14, elevation=10, fill=0.76),
    detail=View(light="back", azimuth=26, elevation=24, close=1.35),
)
def cloche_glocke(variant: str, view: str) -> None:
    disc(1.15, 0.22, wood("oak", "x"), edge=0.06)
    dome = curve([(0.96, 0.23), (0.96, 1.6), (0.85, 2.1), (0.5, 2.48), (0.0, 2.58)])
    lathe([*dome, *[(max(0, r - 0.035), z - 0.03) for r, z in reversed(dome)]], glass("clear"))
    lathe(curve([(0.0, 2.56), (0.08, 2.6), (0.07, 2.68), (0.15, 2.82), (0.0, 2.95)]), glass("clear"))
    for k, tone in enumerate(("#e2bd86", "cream", "#b8405a", "#e2bd86", "cream")):
        disc(0.62, 0.17, matt(tone, 0.8, 0.4, 12), at=(0, 0, 0.24 + 0.17 * k), edge=0.05)
    for k in range(6):
        angle = tau * k / 6
        ball(0.13, glaze("red", rough=0.15), at=(0.42 * cos(angle), 0.42 * sin(angle), 1.18))
    ball(0.15, glaze("red", rough=0.15), at=(0, 0, 1.2))


@product(
    "jars-vorrat",
    backdrops="sage sand",
    front=View(light="back", azimuth=-16, elevation=9, fill=0.78),
    detail=View(light="back", azimuth=26, elevation=24, close=1.4),
)
def jars_vorrat(variant: str, view: str) -> None:
    cork = matt("#b98d5e", 0.9, 0.8, 14)
    for (x, y, high), tone, fill in zip(
        ((-1.15, 0.3, 2.2), (0.05, 0.0, 1.6), (1.15, -0.35, 1.1)),
        ("#8a4a2a", "#e3c27a", "#6f7f4f"),
        (0.75, 0.6, 0.7),
    ):
        lathe(vessel([(0.48, 0), (0.52, 0.04), (0.52, high)], 0.035), glass("clear"), at=(x, y, 0))
        lathe(
            [(0.0, 0.07), (0.47, 0.07), (0.47, high * fill), (0.0, high * fill + 0.03)],
            matt(tone, 0.9, 1.0, 22),
            at=(x, y, 0),
        )
        lathe(
            [
                (0.0, high - 0.14),
                (0.46, high - 0.14),
                (0.53, high + 0.2),
                (0.5, high + 0.26),
                (0.0, high + 0.26),
            ],
            cork,
            at=(x, y, 0),
        )


@product(
    "coupe-perle",
    "rose",
    "green",
    backdrops="mist blush sand",
    front=View(light="back", azimuth=-14, elevation=8, fill=0.78),
    detail=View(light="back", azimuth=22, elevation=26, close=1.4, lift=-0.1),
)
def coupe_perle(colour: str, view: str) -> None:
    skin = glass(colour, depth=0.6)
    for x, y in ((-0.62, 0.0), (0.72, 0.35)):
        lathe(
            curve([(0.0, 0.0), (0.52, 0.0), (0.5, 0.03), (0.15, 0.07), (0.05, 0.14), (0.05, 0.2)]),
            skin,
            at=(x, y, 0),
        )
        for k, size in enumerate((0.15, 0.12, 0.1)):
            ball(size, skin, at=(x, y, 0.33 + 0.24 * k))
        tube([(x, y, 0.9), (x, y, 1.35)], 0.04, skin, smooth=False)
        lathe(
            vessel([(0.0, 1.33), (0.2, 1.36), (0.58, 1.55), (0.72, 1.85)], 0.025, floor=0.03),
            skin,
            at=(x, y, 0),
        )
        ball(0.1, glaze("red", rough=0.2), at=(x + 0.12, y, 1.48))


@product(
    "bonbonniere-zirkus",
    backdrops="blush honey",
    front=View(azimuth=-14, elevation=12, fill=0.74),
    detail=View(azimuth=22, elevation=30, light="sun", close=1.4),
)
def bonbonniere_zirkus(variant: str, view: str) -> None:
    stripes = fabric("chalk", threads=2, strength=0.0, second="red", stripes=12, slub=0.0)
    stripes.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.08
    stripes.node_tree.nodes["Principled BSDF"].inputs["Coat Weight"].default_value = 0.8
    lathe(vessel([(0.72, 0), (0.8, 0.05), (0.86, 0.6), (0.8, 1.1)], 0.06), stripes, segments=192)
    up = 0.02 if view == "front" else 0.0
    at = (0, 0, up) if view == "front" else (0, 0, 0)
    lathe(
        curve([(0.92, 1.12), (0.95, 1.16), (0.7, 1.4), (0.28, 1.72), (0.12, 2.0), (0.0, 2.02)]),
        stripes,
        at=at,
        segments=192,
        shape=lambda a, z: 1 + 0.03 * abs(cos(12 * a)) * max(0.0, 2 - z),
    )
    ball(0.17, metal("brass", 0.15), at=(0, 0, 2.17))
    for k, tone in enumerate(("red", "lemon", "petrol", "rose", "moss")):
        ball(0.15, glaze(tone, rough=0.1), at=(0.9 + 0.34 * (k % 3), -0.75 - 0.3 * (k // 2), 0.15))


@product(
    "vases-reagenz",
    backdrops="clay mist",
    front=View(light="back", azimuth=-22, elevation=9, fill=0.76),
    detail=View(light="back", azimuth=34, elevation=16, close=1.5),
)
def vases_reagenz(variant: str, view: str) -> None:
    box((3.6, 0.9, 0.6), wood("oak", "x"), edge=0.04)
    tones = ("mustard", "rust", "cream", "lilac", "red")
    for k in range(5):
        x = (k - 2) * 0.66
        lathe(
            vessel([(0.0, 0.45), (0.12, 0.47), (0.17, 0.6), (0.17, 1.75), (0.2, 1.8)], 0.02, floor=0.02),
            glass("clear"),
            at=(x, 0, 0),
        )
        ring(0.19, 0.02, matt("#6d4a2c"), at=(x, 0, 0.6))
        high = 2.5 + 0.45 * sin(k * 2.1)
        sway = 0.14 * cos(k * 1.9)
        tube([(x, 0, 0.7), (x, 0, 1.8), (x + sway, 0, high)], 0.02, matt("moss"))
        if k % 2 == 0:
            for p in range(8):
                angle = tau * p / 8
                ball(
                    0.11,
                    matt(tones[k]),
                    at=(x + sway + 0.19 * cos(angle), 0.05 * sin(angle), high + 0.19 * sin(angle)),
                    squash=0.9,
                )
            ball(0.12, matt("ochre"), at=(x + sway, -0.06, high))
        else:
            for p in range(6):
                ball(
                    0.12 - 0.012 * p,
                    matt(tones[k]),
                    at=(x + sway + 0.03 * (-1) ** p, 0, high - 0.3 + 0.15 * p),
                )
