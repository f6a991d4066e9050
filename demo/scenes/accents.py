"""Home accents: clock, mirror, planter, stool, tray, hourglass."""

from __future__ import annotations

from math import cos, pi, radians, sin, tau

from forms import ball, box, curve, disc, lathe, mesh, ring, sheet, tube, vessel
from materials import glass, glaze, lacquer, matt, metal, paper, principled, wood
from registry import product
from studio import View


@product(
    "clock-viertel",
    "cream",
    "petrol",
    backdrops="clay honey sage",
    front=View(azimuth=-10, elevation=2, fill=0.76),
    detail=View(azimuth=-34, elevation=8, light="sun", close=1.6),
)
def clock_viertel(colour: str, view: str) -> None:
    face, ink = lacquer(colour, 0.6), matt("ink" if colour == "cream" else "cream", 0.5)
    upright = (pi / 2, 0, 0)
    middle = (0.0, 0.0, 2.6)
    disc(
        2.0,
        0.3,
        lacquer("ink" if colour == "cream" else "black", 0.4),
        at=(0, 0.3, 2.6),
        turn=upright,
        edge=0.08,
    )
    disc(1.88, 0.06, face, at=(0, 0.03, 2.6), turn=upright)
    for k in range(12):
        angle = tau * k / 12
        long = 0.45 if k % 3 == 0 else 0.12
        box(
            (0.12 if k % 3 == 0 else 0.06, 0.03, long),
            ink,
            at=((1.72 - long) * sin(angle), -0.04, 2.6 + (1.72 - long) * cos(angle)),
            turn=(0, angle, 0),
            edge=0.008,
        )
    for angle, long, wide in ((radians(305), 0.95, 0.16), (radians(54), 1.4, 0.1)):
        box((wide, 0.03, long), ink, at=(0, -0.08, 2.6), turn=(0, angle, 0), edge=0.01)
    disc(0.12, 0.05, matt("red"), at=(0, -0.08, 2.6), turn=upright)
    disc(
        0.09,
        0.03,
        matt("red"),
        at=(middle[0] + 1.2 * sin(2.6), -0.06, middle[2] + 1.2 * cos(2.6)),
        turn=upright,
    )


def archway(radius: float, high: float, steps: int = 24) -> list[tuple[float, float]]:
    return [
        (-radius, 0.0),
        *[(-radius * cos(pi * k / steps), high + radius * sin(pi * k / steps)) for k in range(steps + 1)],
        (radius, 0.0),
    ]


@product(
    "mirror-bogen",
    backdrops="sage blush",
    front=View(azimuth=-14, elevation=3, fill=0.8),
    detail=View(azimuth=-42, elevation=12, light="sun", close=1.7, lift=0.22),
)
def mirror_bogen(variant: str, view: str) -> None:
    outline = archway(1.7, 3.1)
    mesh(
        [(x, 0.12, z + 0.4) for x, z in outline],
        [tuple(range(len(outline)))],
        metal("#f3f4f2", 0.02),
        smooth=False,
    )
    grain = wood("oak", "x")
    tube([(x, 0.05, z + 0.4) for x, z in outline], 0.11, grain, smooth=False)
    box((4.0, 1.0, 0.14), grain, at=(0, -0.3, 0.28), edge=0.03)
    lathe(
        vessel([(0.2, 0), (0.24, 0.02), (0.36, 0.35), (0.16, 0.7), (0.2, 0.85)], 0.03),
        glaze("rust"),
        at=(-1.1, -0.35, 0.42),
    )
    box((0.7, 0.5, 0.12), paper("mustard"), at=(0.9, -0.35, 0.42), edge=0.02, turn=(0, 0, 0.2))
    ring(0.16, 0.03, metal("brass"), at=(0.8, -0.4, 0.57))
    room = sheet(40, 30, matt("clay"), at=(0, -16, 12), turn=(radians(90), 0, 0))
    room["unframed"], room.visible_shadow = True, False


@product(
    "planter-topf",
    "terracotta",
    "chalk",
    backdrops="bone sage blush",
    front=View(azimuth=-18, elevation=10, fill=0.8),
    detail=View(azimuth=24, elevation=14, light="sun", close=1.6, lift=0.18),
)
def planter_topf(colour: str, view: str) -> None:
    lathe(
        vessel([(0.0, 0.6), (0.5, 0.63), (1.05, 1.1), (1.2, 1.8), (1.15, 2.4)], 0.09),
        glaze(colour, rough=0.75),
    )
    disc(1.08, 0.1, matt("#2c2019", 0.95, 1.0, 10), at=(0, 0, 2.15))
    frame = lacquer("black", 0.5)
    ring(1.2, 0.045, frame, at=(0, 0, 1.55))
    for k in range(3):
        angle = tau * k / 3 + 0.4
        tube(
            [(1.22 * cos(angle), 1.22 * sin(angle), 1.9), (1.3 * cos(angle), 1.3 * sin(angle), 0.0)],
            0.05,
            frame,
            smooth=False,
        )
    leaf = principled("#2d5236", 0.28, coat_weight=0.4).material
    tube([(0, 0, 2.1), (0.05, 0, 3.6), (-0.05, 0.05, 5.6)], 0.06, matt("umber"))
    for k in range(13):
        blade(leaf, angle=k * 2.4, base=2.7 + 0.24 * k, length=1.75 - 0.07 * k, rise=0.5 + 0.06 * k)


def blade(leaf: object, *, angle: float, base: float, length: float, rise: float) -> None:
    """One rubber-plant leaf: a bent, pointed oval with a folded midrib, on a short stalk."""
    n, points = 14, []
    for i in range(n + 1):
        t = i / n
        half = 0.52 * length / 1.6 * sin(pi * t**0.8) ** 0.9
        out = 0.25 + length * t
        lift = length * (rise * t - 0.75 * t * t)
        for s in (-1, -0.5, 0, 0.5, 1):
            x, y, z = out, s * half, lift + 0.14 * abs(s) * half * 2
            points.append((x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle), base + z))
    mesh(
        points,
        [(5 * i + j, 5 * i + j + 1, 5 * i + j + 6, 5 * i + j + 5) for i in range(n) for j in range(4)],
        leaf,
    )
    tube(
        [(0, 0, base - 0.12), (0.28 * cos(angle), 0.28 * sin(angle), base)], 0.03, matt("moss"), smooth=False
    )


@product(
    "stool-hocker",
    "oak",
    "black",
    backdrops="teal clay mist",
    front=View(azimuth=-20, elevation=14, fill=0.78),
    detail=View(azimuth=20, elevation=46, light="sun", close=1.5, lift=-0.14),
)
def stool_hocker(colour: str, view: str) -> None:
    grain = wood("oak", "x") if colour == "oak" else wood("#2a2725", "x")
    leg = wood("oak", "z") if colour == "oak" else wood("#2a2725", "z")
    lathe(
        curve(
            [
                (0.0, 4.2),
                (1.6, 4.2),
                (1.6, 4.2),
                (1.72, 4.35),
                (1.68, 4.55),
                (1.55, 4.58),
                (0.8, 4.5),
                (0.0, 4.46),
            ]
        ),
        grain,
    )
    for k in range(3):
        angle = tau * k / 3 + 0.5
        tube(
            [(1.05 * cos(angle), 1.05 * sin(angle), 4.4), (1.75 * cos(angle), 1.75 * sin(angle), 0.0)],
            0.15,
            leg,
            smooth=False,
        )
        disc(
            0.17,
            0.05,
            wood("walnut" if colour == "oak" else "oak", "x"),
            at=(1.03 * cos(angle), 1.03 * sin(angle), 4.5),
        )
    rungs = [(1.48 * cos(tau * k / 3 + 0.5), 1.48 * sin(tau * k / 3 + 0.5), 1.6) for k in range(3)]
    tube([*rungs, rungs[0]], 0.075, leg, smooth=False)


@product(
    "tray-rund",
    backdrops="sage honey",
    front=View(azimuth=-22, elevation=28, fill=0.8),
    detail=View(azimuth=30, elevation=26, light="sun", close=1.6),
)
def tray_rund(variant: str, view: str) -> None:
    lathe(vessel([(0.0, 0.0), (1.95, 0.0), (2.0, 0.02), (2.06, 0.36)], 0.07, floor=0.08), wood("walnut", "x"))
    brass = metal("brass", 0.2)
    for s in (-1, 1):
        tube(
            [(s * 2.02, -0.55, 0.36), (s * 2.2, -0.5, 0.75), (s * 2.2, 0.5, 0.75), (s * 2.02, 0.55, 0.36)],
            0.06,
            brass,
        )
    lathe(vessel([(0.34, 0.1), (0.38, 0.14), (0.4, 0.7)], 0.04), glaze("cream"), at=(0.5, -0.5, 0))
    disc(0.36, 0.02, matt("#2c170d", 0.12), at=(0.5, -0.5, 0.6))
    lathe(vessel([(0.3, 0.1), (0.5, 0.14), (0.62, 0.4)], 0.05), glaze("blue"), at=(-0.6, 0.45, 0))
    for k in range(4):
        ball(
            0.2,
            glaze("rust" if k % 2 else "#7c2b3a", rough=0.4),
            at=(-0.6 + 0.22 * cos(k * 1.6), 0.45 + 0.22 * sin(k * 1.6), 0.42),
        )


@product(
    "hourglass-weile",
    backdrops="blush teal",
    front=View(light="back", azimuth=-18, elevation=8, fill=0.74),
    detail=View(light="back", azimuth=24, elevation=18, close=1.5),
)
def hourglass_weile(variant: str, view: str) -> None:
    for z in (0.0, 3.0):
        disc(0.85, 0.18, wood("walnut", "x"), at=(0, 0, z), edge=0.05)
    half = curve([(0.62, 0.2), (0.66, 0.6), (0.5, 1.1), (0.08, 1.6)])
    outer = [*half, *[(r, 3.2 - z - 0.02) for r, z in reversed(half)]]
    lathe([*outer, *[(max(0.02, r - 0.04), z) for r, z in reversed(outer)]], glass("clear"))
    sand = matt("terracotta", 0.9, 0.5, 40)
    lathe([(0.0, 0.22), (0.57, 0.22), (0.6, 0.5), (0.3, 0.78), (0.0, 1.02)], sand)
    lathe([(0.0, 1.64), (0.05, 1.66), (0.3, 1.92), (0.42, 2.08), (0.48, 2.3), (0.2, 2.2), (0.0, 2.12)], sand)
    tube([(0, 0, 1.0), (0, 0, 1.7)], 0.012, sand, smooth=False)
    for k in range(3):
        angle = tau * k / 3 + 0.9
        tube(
            [(0.72 * cos(angle), 0.72 * sin(angle), 0.1), (0.72 * cos(angle), 0.72 * sin(angle), 3.05)],
            0.05,
            metal("brass", 0.2),
            smooth=False,
        )
