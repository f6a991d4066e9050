"""Textiles: cushions, folded blankets, towels, rug, pouf."""

from __future__ import annotations

from math import cos, pi, radians, sin, tau

from forms import ball, box, curve, cushion, disc, folded, lathe, ring, sheet, tube
from materials import fabric, matt, velvet, wood
from registry import product
from studio import View

STANDING = View(azimuth=-20, elevation=9, fill=0.74)
CREASES = View(azimuth=18, elevation=12, light="sun", close=1.55, lift=-0.1)
STACK = View(azimuth=-28, elevation=20, fill=0.76)
STACK_NEAR = View(azimuth=32, elevation=24, light="sun", close=1.5)
LEAN = (radians(72), 0.0, 0.0)


@product(
    "cushion-flur",
    "oat",
    "clay",
    "olive",
    "night",
    backdrops="clay sage sand blush umber",
    front=STANDING,
    detail=CREASES,
)
def cushion_flur(colour: str, view: str) -> None:
    cushion(4.6, 4.6, 1.5, fabric(colour, threads=34), at=(0, 0, 2.15), turn=LEAN, seed=float(len(colour)))


@product(
    "cushion-markise",
    "blue",
    "rust",
    backdrops="blush mist sand",
    front=View(azimuth=16, elevation=9, fill=0.74),
    detail=View(azimuth=-24, elevation=16, light="sun", close=1.4),
)
def cushion_markise(colour: str, view: str) -> None:
    cloth = fabric("chalk", threads=40, second=colour, stripes=5, width=0.5, slub=0.12)
    cushion(4.3, 4.3, 1.5, cloth, at=(0, 0, 2.0), turn=LEAN, seed=3)
    if view == "detail":
        cushion(4.3, 4.3, 1.5, cloth, at=(1.2, 1.5, 2.05), turn=(radians(76), 0, 0.15), seed=8)


@product(
    "cushion-knopf",
    "ochre",
    "petrol",
    backdrops="plum bone slate",
    front=View(azimuth=-24, elevation=22),
    detail=View(azimuth=20, elevation=50, light="sun", close=1.25),
)
def cushion_knopf(colour: str, view: str) -> None:
    cloth = velvet(colour)
    turn = (radians(34), 0, 0) if view == "front" else (0, 0, 0)
    side = [
        (0.1, 0.36),
        (0.3, 0.5),
        (0.9, 0.66),
        (1.5, 0.6),
        (1.9, 0.34),
        (2.0, 0.0),
        (1.9, -0.34),
        (1.5, -0.55),
        (0.8, -0.6),
        (0.0, -0.6),
    ]
    lathe(
        curve(side),
        cloth,
        at=(0, 0, 1.4 if view == "front" else 0.6),
        turn=turn,
        segments=360,
        shape=lambda a, z: 1 + (0.025 * abs(cos(18 * a)) - 0.012),
    )
    lift = 1.4 if view == "front" else 0.6
    y, z = -sin(turn[0]) * 0.42, cos(turn[0]) * 0.42
    ball(0.2, cloth, at=(0, y, lift + z), squash=0.6)


@product(
    "bolster-rolle",
    backdrops="teal honey",
    front=View(azimuth=-32, elevation=16, fill=0.78),
    detail=View(azimuth=42, elevation=18, light="sun", close=1.3),
)
def bolster_rolle(variant: str, view: str) -> None:
    cloth, piping = fabric("rose", threads=60, strength=0.25), fabric("rust", threads=50)
    line = curve(
        [
            (0.0, -2.75),
            (0.7, -2.75),
            (0.92, -2.6),
            (0.98, -2.3),
            (1.0, 0.0),
            (0.98, 2.3),
            (0.92, 2.6),
            (0.7, 2.75),
            (0.0, 2.75),
        ]
    )
    lathe(line, cloth, at=(0, 0, 1.0), turn=(0, pi / 2, 0))
    for s in (-1, 1):
        ring(0.86, 0.05, piping, at=(s * 2.7, 0, 1.0), turn=(0, pi / 2, 0))
        ball(0.16, piping, at=(s * 2.76, 0, 1.0), squash=0.7)


def fringe(width: float, place: tuple[float, float, float], colour: str, length: float = 0.4) -> None:
    """Short cords hanging from the edge of the top layer, towards the viewer."""
    yarn = fabric(colour)
    count = int(width / 0.09)
    for k in range(count):
        x = place[0] + (k / (count - 1) - 0.5) * width
        sway = 0.05 * sin(k * 2.3)
        tube(
            [
                (x, place[1], place[2]),
                (x + sway / 2, place[1] - length * 0.4, place[2] - length * 0.15),
                (x + sway, place[1] - length * 0.55, place[2] - length),
            ],
            0.022,
            yarn,
        )


@product("blanket-fjord", "grey", "rust", backdrops="sand sage bone", front=STACK, detail=STACK_NEAR)
def blanket_fjord(colour: str, view: str) -> None:
    cloth = fabric("cream", threads=46, second=colour, stripes=3.2, check=True, width=0.5)
    folded(3.0, 3.2, 5, 0.34, cloth, seed=1.7)
    fringe(2.9, (0, -1.6, 1.56), "cream")


@product(
    "blanket-waffel",
    "chalk",
    "sage",
    backdrops="mist blush clay",
    front=View(azimuth=26, elevation=18, fill=0.76),
    detail=View(azimuth=-30, elevation=36, light="sun", close=1.7),
)
def blanket_waffel(colour: str, view: str) -> None:
    cloth = fabric(colour, threads=9, strength=1.0, slub=0.1)
    folded(2.7, 2.9, 4, 0.4, cloth, seed=5.1, soft=0.06)
    folded(2.5, 2.6, 2, 0.42, cloth, at=(0.1, 0, 1.6), turn=0.12, seed=9.0, soft=0.06)
    fringe(2.3, (0.12, -1.3, 2.38), colour, 0.6)


@product(
    "throw-zopf",
    backdrops="umber blush",
    front=View(azimuth=-24, elevation=24, fill=0.8),
    detail=View(azimuth=18, elevation=40, light="sun", close=1.7),
)
def throw_zopf(variant: str, view: str) -> None:
    """Arm knitting: columns of fat V-shaped stitches over a folded core."""
    yarn = fabric("#d9c6b4", threads=14, strength=0.6)
    for layer in range(3):
        base = 0.75 * layer + 0.35
        box((3.5, 2.7, 0.5), yarn, at=(0, 0, base - 0.28), edge=0.24, segments=6)
        for column in range(7):
            for row in range(11):
                x, y = (column - 3) * 0.5, (row - 5) * 0.26
                for s in (-1, 1):
                    tube(
                        [
                            (x, y - 0.12, base + 0.16),
                            (x + s * 0.11, y, base + 0.27),
                            (x + s * 0.25, y + 0.22, base + 0.15),
                        ],
                        0.125,
                        yarn,
                    )
        for row in range(9):
            y = (row - 4) * 0.3
            tube(
                [(1.7, y - 0.2, base + 0.22), (1.92, y - 0.05, base), (1.7, y + 0.1, base - 0.26)], 0.14, yarn
            )
            tube(
                [
                    ((row - 4) * 0.38 - 0.22, -1.32, base + 0.2),
                    ((row - 4) * 0.38, -1.5, base),
                    ((row - 4) * 0.38 + 0.1, -1.3, base - 0.25),
                ],
                0.14,
                yarn,
            )


@product(
    "towels-bad",
    "sky",
    "terracotta",
    "cream",
    backdrops="bone paper teal sand",
    front=View(azimuth=-30, elevation=14, fill=0.78),
    detail=View(azimuth=34, elevation=30, light="sun", close=1.4),
)
def towels_bad(colour: str, view: str) -> None:
    terry = fabric(colour, threads=70, strength=1.0, slub=0.15)
    border = fabric(colour, threads=16, strength=0.3)
    z = 0.0
    for k, (wide, deep, thick) in enumerate(
        [(3.0, 2.2, 0.3), (3.0, 2.2, 0.3), (2.2, 1.6, 0.24), (2.2, 1.6, 0.24)]
    ):
        folded(
            wide,
            deep,
            3,
            thick,
            terry,
            at=(0.05 * sin(k * 4), 0, z),
            seed=k * 3.3,
            soft=0.05,
            turn=0.04 * cos(k * 3),
        )
        box(
            (wide * 0.96, 0.26, 0.03),
            border,
            at=(0.05 * sin(k * 4), -deep * 0.3, z + thick * 2.93),
            edge=0.01,
        )
        z += thick * 3 + 0.02


@product(
    "tea-towels-rest",
    backdrops="honey sage",
    front=View(azimuth=-10, elevation=4, fill=0.78),
    detail=View(azimuth=22, elevation=8, light="sun", close=1.6, lift=0.1),
)
def tea_towels_rest(variant: str, view: str) -> None:
    rail = wood("oak", "x")
    tube([(-2.4, 0, 4.6), (2.4, 0, 4.6)], 0.07, rail, smooth=False)
    cloths = [
        fabric("cream", threads=60, second="blue", stripes=6, check=True),
        fabric("cream", threads=60, second="rust", stripes=5, width=0.25),
        fabric("sage", threads=60),
    ]
    for k, cloth in enumerate(cloths):
        x = (k - 1) * 1.5

        def wave(u: float, v: float, k: int = k) -> float:
            return 0.09 * sin(u * tau * 1.6 + k) * (1.1 - v)

        for side, length in ((-1, 3.0 + 0.25 * k), (1, 2.6)):
            sheet(
                1.3,
                length,
                cloth,
                at=(x, side * 0.09, 4.64 - length / 2),
                turn=(pi / 2, 0, 0),
                bend=wave,
                cells=30,
            )
        lathe([(0.095, -0.65), (0.095, 0.65)], cloth, at=(x, 0, 4.6), turn=(0, pi / 2, 0))
    for s in (-1, 1):
        tube([(s * 2.2, 0, 4.6), (s * 2.2, 1.6, 4.6)], 0.05, rail, smooth=False)


@product(
    "rug-kreis",
    backdrops="paper paper",
    front=View(azimuth=-14, elevation=40, fill=0.9),
    detail=View(azimuth=24, elevation=24, light="sun", close=2.1),
)
def rug_kreis(variant: str, view: str) -> None:
    rings = [
        (4.0, "rust", 0, 0),
        (2.7, "cream", 0.9, -0.5),
        (1.9, "petrol", 1.2, -0.7),
        (1.0, "honey", 1.5, -0.6),
        (1.25, "walnut", -2.2, 1.2),
        (0.6, "rose", -2.3, 1.35),
    ]
    for k, (size, colour, x, y) in enumerate(rings):
        disc(size, 0.12 + 0.035 * k, fabric(colour, threads=90, strength=1.0), at=(x, y, 0), edge=0.05)


@product(
    "pouf-kiesel",
    "sand",
    "charcoal",
    backdrops="teal blush bone",
    front=View(azimuth=-18, elevation=16),
    detail=View(azimuth=20, elevation=46, light="sun", close=1.35),
)
def pouf_kiesel(colour: str, view: str) -> None:
    cord = fabric(colour, threads=30, strength=0.8)
    lathe(
        curve(
            [(0.0, 0), (1.5, 0.0), (2.2, 0.5), (2.45, 1.35), (2.1, 2.3), (1.2, 2.85), (0.3, 2.9), (0.0, 2.8)]
        ),
        cord,
        segments=480,
        shape=lambda a, z: 1 + 0.05 * abs(cos(16 * a)) + 0.006 * sin(60 * z + (1 if cos(32 * a) > 0 else -1)),
    )
    disc(0.3, 0.1, matt(colour, 0.9, 0.3), at=(0, 0, 2.86), edge=0.05)
