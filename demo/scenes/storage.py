"""Boxes, baskets, tins, drawers, rail."""

from __future__ import annotations

from math import cos, pi, radians, sin, tau

from forms import ball, box, curve, cushion, disc, lathe, mesh, ring, sharp, tube
from materials import fabric, glaze, lacquer, matt, metal, paper, wood
from palette import mixed
from registry import product
from studio import View

THREE = View(azimuth=-30, elevation=16, fill=0.76)


@product(
    "box-kasten",
    "petrol",
    "rose",
    "cream",
    backdrops="honey bone sage clay",
    front=THREE,
    detail=View(azimuth=32, elevation=18, light="sun", close=1.5),
)
def box_kasten(colour: str, view: str) -> None:
    z, tones = 0.0, (colour, mixed(colour, "#ffffff", 0.35), mixed(colour, "#ffffff", 0.65))
    for k, (wide, deep, high) in enumerate([(3.4, 2.4, 1.2), (2.8, 2.0, 1.0), (2.2, 1.6, 0.8)]):
        skin = matt(tones[k], 0.75, 0.15, 40)
        box((wide, deep, high), skin, at=(0.1 * k, 0.05 * k, z), edge=0.025, turn=(0, 0, 0.05 * k))
        box(
            (wide + 0.08, deep + 0.08, 0.34),
            skin,
            at=(0.1 * k, 0.05 * k, z + high - 0.32),
            edge=0.025,
            turn=(0, 0, 0.05 * k),
        )
        box(
            (0.62, 0.03, 0.3),
            metal("brass"),
            at=(0.1 * k, 0.05 * k - deep / 2 - 0.005, z + high * 0.32),
            edge=0.01,
            turn=(0, 0, 0.05 * k),
        )
        box(
            (0.5, 0.035, 0.2),
            paper("cream"),
            at=(0.1 * k, 0.05 * k - deep / 2 - 0.01, z + high * 0.32 + 0.05),
            edge=0.004,
            turn=(0, 0, 0.05 * k),
        )
        z += high + 0.03


@product(
    "basket-korb",
    backdrops="blush teal",
    front=View(azimuth=-20, elevation=18, fill=0.74),
    detail=View(azimuth=24, elevation=44, light="sun", close=1.4),
)
def basket_korb(variant: str, view: str) -> None:
    straw, dark = (
        fabric("#c2a06c", threads=14, strength=1.0, slub=0.5),
        fabric("walnut", threads=14, strength=1.0, slub=0.5),
    )
    for k in range(19):
        t = k / 18
        r = 1.25 + 0.55 * sin(pi * (0.15 + 0.7 * t)) - 0.2 * t
        ring(r, 0.1, dark if k in (12, 13) else straw, at=(0, 0, 0.1 + 0.165 * k))
    disc(1.5, 0.08, straw)
    leather = matt("#7c4a2a", 0.5)
    for s in (-1, 1):
        tube(
            [(s * 1.52, -0.35, 2.8), (s * 1.7, -0.3, 3.5), (s * 1.7, 0.3, 3.5), (s * 1.52, 0.35, 2.8)],
            0.06,
            leather,
        )
    cushion(2.4, 2.4, 0.9, fabric("cream", threads=30), at=(0, 0, 2.85), seed=4, wrinkle=0.16)


@product(
    "wire-masche",
    "black",
    "brass",
    backdrops="sage clay bone",
    front=View(azimuth=-26, elevation=18, fill=0.78),
    detail=View(azimuth=24, elevation=38, light="sun", close=1.35),
)
def wire_masche(colour: str, view: str) -> None:
    wire = lacquer("black") if colour == "black" else metal("brass", 0.2)

    def level(t: float) -> list[tuple[float, float, float]]:
        wide, deep = 1.35 + 0.3 * t, 0.95 + 0.25 * t
        return [(wide * sx, deep * sy, 0.06 + 1.5 * t) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]

    for k in range(6):
        ring_points = level(k / 5)
        tube([*ring_points, ring_points[0]], 0.045 if k == 5 else 0.028, wire, smooth=False)
    low, high = level(0), level(1)
    for edge in range(4):
        for k in range(9):
            t = k / 8
            a, b = low[edge], low[(edge + 1) % 4]
            c, d = high[edge], high[(edge + 1) % 4]
            tube(
                [
                    tuple(a[i] + (b[i] - a[i]) * t for i in range(3)),
                    tuple(c[i] + (d[i] - c[i]) * t for i in range(3)),
                ],
                0.026,
                wire,
                smooth=False,
            )
    for k in range(9):
        t = k / 8 * 2 - 1
        tube([(t * 1.35, -0.95, 0.05), (t * 1.35, 0.95, 0.05)], 0.026, wire, smooth=False)
    for s in (-1, 1):
        tube(
            [(s * 1.65, -0.5, 1.56), (s * 1.72, -0.45, 2.05), (s * 1.72, 0.45, 2.05), (s * 1.65, 0.5, 1.56)],
            0.05,
            wire,
        )
    for k, tone in enumerate(("lemon", "lemon", "moss", "#d9822b", "#d9822b")):
        ball(
            0.46,
            glaze(tone, rough=0.45),
            at=((k - 2) * 0.55, 0.35 * cos(k * 2.2), 0.6 + 0.18 * (k % 2)),
            squash=0.94,
        )


@product(
    "crate-stapel",
    "lilac",
    "mustard",
    "sage",
    backdrops="bone teal blush mist",
    front=View(azimuth=-32, elevation=20, fill=0.76),
    detail=View(azimuth=30, elevation=34, light="sun", close=1.4),
)
def crate_stapel(colour: str, view: str) -> None:
    skin = lacquer(colour, 0.45)
    for level in range(2 if view == "front" else 1):
        z = level * 1.42
        box((3.0, 2.2, 0.1), skin, at=(0, 0, z), edge=0.02)
        for x, y, long_x in ((0, -1.1, True), (0, 1.1, True), (-1.5, 0, False), (1.5, 0, False)):
            length = 3.0 if long_x else 2.2
            for high in (0.02, 0.48, 0.94, 1.28):
                size = (
                    (length, 0.09, 0.15 if high != 1.28 else 0.12)
                    if long_x
                    else (0.09, length, 0.15 if high != 1.28 else 0.12)
                )
                if not long_x and high == 0.94:
                    continue
                box(size, skin, at=(x, y, z + high), edge=0.02)
            for k in range(10 if long_x else 8):
                t = (k / ((10 if long_x else 8) - 1) - 0.5) * length
                if not long_x and abs(t) < 0.5:
                    box((0.07, 0.08, 0.9), skin, at=(x, t, z + 0.05), edge=0.015)
                    continue
                box(
                    (0.08, 0.07, 1.3),
                    skin,
                    at=(x + (t if long_x else 0), y + (0 if long_x else t), z + 0.05),
                    edge=0.015,
                )
        for sx in (-1, 1):
            for sy in (-1, 1):
                box((0.2, 0.2, 1.4), skin, at=(sx * 1.48, sy * 1.08, z), edge=0.05)


@product(
    "box-schatulle",
    backdrops="sand umber",
    front=View(azimuth=-30, elevation=26, fill=0.78),
    detail=View(azimuth=28, elevation=44, light="sun", close=1.3),
)
def box_schatulle(variant: str, view: str) -> None:
    grain, light, felt = wood("walnut", "x"), wood("oak", "x"), matt("olive", 0.95, 0.3, 80)
    for y in (-1.0, 1.0):
        box((3.2, 0.14, 1.0), grain, at=(0, y, 0), edge=0.02)
    for x in (-1.55, 1.55):
        box((0.14, 2.1, 1.0), wood("walnut", "y"), at=(x, 0, 0), edge=0.02)
        for k in range(5):
            for y in (-1.0, 1.0):
                box((0.15, 0.145, 0.1), light, at=(x, y, 0.05 + 0.2 * k), edge=0.004)
    box((3.0, 2.0, 0.5), felt, edge=0.02)
    box((0.06, 1.9, 0.85), grain, at=(0.3, 0, 0), edge=0.01)
    box((3.26, 2.2, 0.14), grain, at=(0, 1.13, 1.0), edge=0.03, turn=(radians(100), 0, 0))
    ring(0.35, 0.05, metal("brass"), at=(-0.7, 0.1, 0.56))
    ball(0.16, metal("#dcdad5", 0.1), at=(-0.2, -0.4, 0.64))
    ball(0.13, glaze("petrol"), at=(0.9, 0.3, 0.62))
    disc(0.28, 0.06, metal("brass", 0.2), at=(0.95, -0.35, 0.5))


@product(
    "tins-dose",
    "cream",
    "green",
    backdrops="teal sand blush",
    front=View(azimuth=-18, elevation=12, fill=0.78),
    detail=View(azimuth=26, elevation=30, light="sun", close=1.4),
)
def tins_dose(colour: str, view: str) -> None:
    skin, rim, lid = (
        lacquer(colour, 0.2),
        lacquer("ink" if colour == "cream" else "cream", 0.2),
        wood("oak", "x"),
    )
    for x, y, high in ((-1.15, 0.3, 2.3), (0.05, 0.0, 1.7), (1.2, -0.35, 1.15)):
        lathe([(0.0, 0), (0.52, 0), (0.55, 0.03), (0.55, high)], skin, at=(x, y, 0))
        ring(0.555, 0.035, rim, at=(x, y, high - 0.02))
        ring(0.545, 0.025, rim, at=(x, y, 0.03))
        disc(0.56, 0.2, lid, at=(x, y, high + 0.02), edge=0.05)
        ball(0.13, lid, at=(x, y, high + 0.3))
        disc(0.2, 0.02, rim, at=(x - 0.12, y - 0.535, high * 0.5), turn=(pi / 2, 0, -0.22))


@product(
    "drawers-lade",
    backdrops="clay sage",
    front=View(azimuth=-32, elevation=16, fill=0.74),
    detail=View(azimuth=-44, elevation=36, light="sun", close=1.4),
)
def drawers_lade(variant: str, view: str) -> None:
    grain = wood("oak", "x")
    for z in (0.0, 2.92):
        box((2.6, 2.6, 0.12), grain, at=(0, 0, z), edge=0.02)
    for x in (-1.24, 1.24):
        box((0.12, 2.6, 2.9), wood("oak", "z"), at=(x, 0, 0.05), edge=0.02)
    box((2.4, 0.08, 2.8), grain, at=(0, 1.24, 0.1), edge=0.01)
    pulls = (0.0, 0.55, 1.15) if view == "front" else (0.0, 0.4, 1.5)
    for k, (tone, out) in enumerate(zip(("petrol", "sage", "celadon"), reversed(pulls))):
        z = 0.16 + 0.92 * k
        y = -1.24 - out * (k != 1 or view == "front") * 0.8
        box((2.3, 0.12, 0.86), lacquer(tone, 0.55), at=(0, y, z), edge=0.03)
        ball(0.12, metal("brass"), at=(0, y - 0.14, z + 0.43))
        for x in (-1.1, 1.1):
            box((0.06, 2.2, 0.6), grain, at=(x, y + 1.15, z + 0.05), edge=0.01)
        box((2.2, 2.2, 0.05), grain, at=(0, y + 1.15, z + 0.05), edge=0.01)
        box((1.9, 1.6, 0.4), paper("cream"), at=(0, y + 1.2, z + 0.1), edge=0.01)


@product(
    "files-steher",
    "ochre",
    "charcoal",
    backdrops="mist blush sage",
    front=View(azimuth=-38, elevation=14, fill=0.76),
    detail=View(azimuth=-58, elevation=32, light="sun", close=1.3),
)
def files_steher(colour: str, view: str) -> None:
    skin = fabric(colour, threads=26, strength=0.4, slub=0.05)
    outline = [(-1.25, 0), (1.25, 0), (1.25, 3.1), (0.5, 3.1), (-1.25, 1.1)]
    for k, y in enumerate((-0.6, 0.6)):
        for side in (-0.48, 0.48):
            slab = mesh(
                [(x, y + side, z) for x, z in outline],
                [tuple(range(5))],
                skin,
                smooth=False,
                uvs=[(x / 3, z / 3) for x, z in outline],
            )
            slab.modifiers.new("solid", "SOLIDIFY").thickness = 0.07
        box((0.07, 1.0, 3.1), skin, at=(1.25, y, 0), edge=0.01)
        box((0.07, 1.0, 1.1), skin, at=(-1.25, y, 0), edge=0.01)
        ring(0.17, 0.035, metal("brass"), at=(-1.29, y, 0.62), turn=(0, pi / 2, 0))
        disc(0.15, 0.02, matt("#181818"), at=(-1.29, y, 0.62), turn=(0, -pi / 2, 0))
        for j, tone in enumerate(("red", "cream", "sky", "mustard", "ink", "rose")):
            box(
                (2.2, 0.1, 2.75 - 0.05 * (j % 3)),
                paper(tone),
                at=(0.08, y - 0.34 + 0.13 * j, 0.05),
                edge=0.01,
            )


@product(
    "breadbox-laib",
    backdrops="sage honey",
    front=View(azimuth=-26, elevation=18, fill=0.78),
    detail=View(azimuth=24, elevation=34, light="sun", close=1.3),
)
def breadbox_laib(variant: str, view: str) -> None:
    box((3.5, 2.0, 1.45), lacquer("#e9e4d8", 0.3), edge=0.35, segments=8)
    box(
        (3.5, 2.0, 0.22),
        wood("oak", "x"),
        at=(0, 0, 1.42) if view == "front" else (0.15, -0.6, 1.44),
        edge=0.08,
        turn=(0, 0, 0.0 if view == "front" else 0.22),
    )
    for x, size in ((-0.7, 0.5), (0.1, 0.62), (0.9, 0.45)):
        tube([(x, -1.01, 0.55), (x, -1.01, 0.55 + size * 0.4)], 0.03, matt("charcoal"), smooth=False)
    crust, flour = matt("#9a5c2a", 0.8, 0.9, 4), matt("#e2c79c", 0.95)
    loaf = curve(
        [(0.0, -1.25), (0.35, -1.15), (0.6, -0.6), (0.66, 0.0), (0.6, 0.6), (0.35, 1.15), (0.0, 1.25)]
    )
    lathe(
        loaf, crust, at=(-0.2, 0, 2.0), turn=(0, pi / 2, 0.12), shape=lambda a, _: 0.98 - 0.24 * abs(cos(a))
    )
    for k in range(3):
        x = (k - 1) * 0.55
        arc = [(x - 0.2 + 0.18 * s, -0.42 + 0.28 * s, 2.0 + 0.46 - 0.05 * (s - 1.5) ** 2) for s in range(4)]
        tube(arc, 0.06, flour)


@product(
    "rail-haken",
    backdrops="blush sand",
    front=View(azimuth=-8, elevation=2, fill=0.8),
    detail=View(azimuth=-34, elevation=10, light="sun", close=1.7, lift=-0.18),
)
def rail_haken(variant: str, view: str) -> None:
    board = wood("oak", "x")
    box((6.0, 0.2, 0.75), board, at=(0, 0.6, 4.6), edge=0.05)
    for k in range(5):
        x = (k - 2) * 1.2
        sharp(
            lathe(
                [(0.1, 0), (0.1, 0.55), (0.22, 0.62), (0.24, 0.72), (0.2, 0.8), (0.0, 0.84)],
                wood("walnut"),
                at=(x, 0.5, 4.95),
                turn=(radians(78), 0, 0),
            ),
            0.9,
        )
    canvas = fabric("#e4dac4", threads=40)
    cushion(2.5, 2.9, 0.5, canvas, at=(-1.2, 0.2, 1.75), turn=(radians(90), 0, 0), seed=6, wrinkle=0.14)
    for s in (-1, 1):
        tube(
            [
                (-1.2 + s * 0.55, 0.18 + s * 0.08, 3.0),
                (-1.2 + s * 0.45, 0.1, 4.2),
                (-1.2, 0.0, 5.02),
                (-1.2 - s * 0.1, 0.0, 5.0),
            ],
            0.055,
            canvas,
        )
    disc(0.55, 0.1, matt("rust"), at=(-1.2, -0.06, 1.8), turn=(radians(90), 0, 0))
    tube(
        [(1.2 + 0.35 * sin(tau * k / 20), -0.02, 4.35 - 0.72 * cos(tau * k / 20) * -1) for k in range(20)],
        0.03,
        matt("rust"),
        closed=True,
    )
