"""Ceramics: vases and tableware."""

from __future__ import annotations

from math import cos, pi, sin, tau

from forms import ball, curve, disc, lathe, ring, tube, vessel
from materials import glaze, matt, wood
from registry import product
from studio import View

LOW = View(elevation=20, fill=0.7)


@product("vase-arc", "sand", "moss", "ink", backdrops="bone blush sand clay")
def vase_arc(colour: str, view: str) -> None:
    lathe(
        vessel(
            [(0.45, 0), (0.55, 0.03), (0.92, 0.8), (0.8, 1.6), (0.36, 2.1), (0.3, 2.3), (0.44, 2.52)], 0.07
        ),
        glaze(colour, speckle="walnut" if colour != "ink" else "sand"),
    )


@product("vase-halm", "chalk", "terracotta", backdrops="sage bone honey", front=View(azimuth=-20, fill=0.7))
def vase_halm(colour: str, view: str) -> None:
    skin = glaze(colour, rough=0.55)
    lathe(
        vessel(
            [
                (0.3, 0),
                (0.42, 0.05),
                (0.62, 0.5),
                (0.5, 1.0),
                (0.14, 1.35),
                (0.1, 1.8),
                (0.1, 2.7),
                (0.17, 2.8),
            ],
            0.04,
        ),
        skin,
    )
    if view == "front":
        lathe(
            vessel(
                [(0.3, 0), (0.5, 0.05), (0.75, 0.3), (0.6, 0.62), (0.12, 0.85), (0.09, 1.2), (0.14, 1.5)],
                0.04,
            ),
            skin,
            at=(1.15, 0.35, 0),
        )
    straw = matt("#b48a4e")
    for k in range(5 if view == "detail" else 3):
        lean = (k - 1.5) * 0.28
        tip = (lean * 1.5, 0.3 * sin(k * 2), 4.1 + 0.25 * cos(k * 3))
        tube([(0, 0, 1.4), (0, 0, 2.7), (lean * 0.5, 0, 3.3), tip], 0.014, straw)
        lathe(
            curve([(0.0, -0.3), (0.07, -0.1), (0.06, 0.1), (0.0, 0.35)]),
            straw,
            at=tip,
            turn=(0.1, lean, 0),
            shape=lambda a, z: 1 + 0.25 * cos(6 * a + 30 * z),
        )


@product("vase-torus", "chalk", "black", backdrops="clay blush sand", front=View(azimuth=-28, elevation=8))
def vase_torus(colour: str, view: str) -> None:
    skin = glaze(colour, rough=0.75)
    ring(0.85, 0.36, skin, at=(0, 0, 1.2), turn=(pi / 2, 0, 0))
    lathe(vessel([(0.2, 2.25), (0.17, 2.45), (0.16, 2.6), (0.22, 2.75)], 0.05), skin)
    disc(0.42, 0.12, skin)


@product("vase-rille", "sage", "rose", backdrops="bone sage sand")
def vase_rille(colour: str, view: str) -> None:
    lathe(
        vessel([(0.62, 0), (0.66, 0.04), (0.72, 1.2), (0.6, 2.0), (0.52, 2.2)], 0.07, steps=24),
        glaze(colour, rough=0.4),
        segments=360,
        shape=lambda a, z: 1 + 0.035 * abs(cos(14 * a)) ** 0.6,
    )


@product("vase-kante", "ochre", "black", backdrops="teal mist umber", front=View(azimuth=-10))
def vase_kante(colour: str, view: str) -> None:
    line = [
        (0.0, 0),
        (0.5, 0),
        (0.95, 0.85),
        (0.7, 1.7),
        (0.42, 2.15),
        (0.5, 2.45),
        (0.42, 2.45),
        (0.34, 2.15),
        (0.5, 1.6),
        (0.0, 1.5),
    ]
    lathe(line, glaze(colour, rough=0.35), segments=7, smooth=False)


@product("vase-amphora", backdrops="paper teal", front=View(azimuth=-6))
def vase_amphora(colour: str, view: str) -> None:
    skin = glaze("terracotta", rough=0.8, dip="chalk", dip_at=0.62)
    lathe(
        vessel(
            [(0.32, 0), (0.36, 0.06), (0.8, 1.1), (0.82, 1.6), (0.4, 2.05), (0.3, 2.4), (0.42, 2.7)], 0.06
        ),
        skin,
    )
    for s in (-1, 1):
        tube(
            [
                (s * 0.3, 0, 2.42),
                (s * 0.62, 0, 2.62),
                (s * 0.9, 0, 2.3),
                (s * 0.86, 0, 1.9),
                (s * 0.74, 0, 1.7),
            ],
            0.075,
            skin,
        )


@product(
    "mug-brenner",
    "chalk",
    "blue",
    "rust",
    backdrops="sand mist blush bone",
    front=View(azimuth=-35, elevation=18, fill=0.6),
    detail=View(azimuth=20, elevation=34, light="sun", fill=0.72),
)
def mug_brenner(colour: str, view: str) -> None:
    skin = glaze(
        colour,
        speckle="walnut" if colour == "chalk" else None,
        dip="cream" if colour != "chalk" else None,
        dip_at=0.66,
    )
    places = [(0.0, 0.0)] if view == "front" else [(0.0, 0.0), (1.25, 0.5)]
    for x, y in places:
        lathe(vessel([(0.38, 0), (0.43, 0.04), (0.46, 0.3), (0.46, 0.95)], 0.045), skin, at=(x, y, 0))
        tube(
            [
                (x + 0.42, y, 0.78),
                (x + 0.62, y, 0.82),
                (x + 0.78, y, 0.6),
                (x + 0.68, y, 0.3),
                (x + 0.43, y, 0.24),
            ],
            0.055,
            skin,
        )
        disc(0.41, 0.02, matt("#3a2114", 0.15), at=(x, y, 0.8))


@product(
    "teapot-dampf",
    "celadon",
    "black",
    backdrops="blush sand mist",
    front=View(azimuth=-14, elevation=14, fill=0.72),
)
def teapot_dampf(colour: str, view: str) -> None:
    skin = glaze(colour)
    lathe(
        curve([(0.0, 0), (0.5, 0), (0.56, 0.04), (0.92, 0.55), (0.75, 1.05), (0.4, 1.22), (0.0, 1.24)]), skin
    )
    lathe(curve([(0.42, 1.2), (0.42, 1.24), (0.3, 1.33), (0.1, 1.38), (0.07, 1.42), (0.0, 1.42)]), skin)
    ball(0.11, skin, at=(0, 0, 1.49), squash=0.85)
    spout = [(0.75, 0, 0.5), (1.05, 0, 0.6), (1.2, 0, 0.95), (1.42, 0, 1.15)]
    tube(spout, 0.12, skin)
    handle = [(-0.55, 0, 1.1), (-0.62, 0, 1.8), (0.0, 0, 2.15), (0.62, 0, 1.8), (0.55, 0, 1.1)]
    tube(handle, 0.05, wood("walnut", "x"))


@product(
    "plates-mond",
    "cream",
    "charcoal",
    backdrops="sage sand clay",
    front=View(azimuth=-20, elevation=24, fill=0.74),
    detail=View(azimuth=15, elevation=58, light="sun", fill=0.8),
)
def plates_mond(colour: str, view: str) -> None:
    skin = glaze(colour, speckle="walnut" if colour == "cream" else "grey", speckles=0.3)

    def plate(size: float, at: tuple[float, float, float]) -> None:
        lathe(
            vessel(
                [(0.0, 0.0), (size * 0.6, 0), (size * 0.66, 0.02), (size * 0.86, 0.05), (size, 0.17)],
                0.05,
                floor=0.06,
            ),
            skin,
            at=at,
        )

    for k in range(4):
        plate(1.35, (0, 0, 0.085 * k))
    for k in range(4):
        plate(1.02, (0.02, 0, 0.4 + 0.08 * k))
    lathe(vessel([(0.35, 0), (0.4, 0.04), (0.72, 0.3), (0.82, 0.55)], 0.05), skin, at=(0.0, 0.0, 0.75))


@product(
    "bowls-welle",
    backdrops="bone clay",
    front=View(azimuth=-20, elevation=26, fill=0.74),
    detail=View(azimuth=10, elevation=62, light="sun", fill=0.8),
)
def bowls_welle(variant: str, view: str) -> None:
    for k, (colour, size) in enumerate([("ink", 1.3), ("blue", 1.0), ("sky", 0.74)]):
        wave = [(0.42 * size, 0), (0.46 * size, 0.04), (0.85 * size, 0.35 * size), (size, 0.72 * size)]
        spot = (
            (0.0, 0.0, 0.12 * k)
            if view == "detail"
            else ((-0.1, 0.4, 0), (0.95, -0.95, 0), (-0.85, -1.15, 0))[k]
        )
        lathe(
            vessel(wave, 0.06),
            glaze(colour),
            at=spot,
            shape=lambda a, z: 1 + 0.018 * sin(9 * a) * min(1.0, z),
        )


@product(
    "doppio-cups",
    backdrops="honey umber",
    front=View(azimuth=-18, elevation=16, fill=0.7),
    detail=View(azimuth=25, elevation=38, light="sun", fill=0.72),
)
def doppio_cups(variant: str, view: str) -> None:
    line = [(0.22, 0), (0.26, 0.03), (0.34, 0.3), (0.36, 0.55)]
    for k, colour in enumerate(["rust", "cream", "petrol", "rose"]):
        spot = (0.0, 0.0, 0.34 * k) if k < 3 else (0.9, -0.2, 0.0)
        lathe(vessel(line, 0.04), glaze(colour), at=spot)
    disc(0.33, 0.02, matt("#2c170d", 0.12), at=(0.9, -0.2, 0.45))
    lathe(
        vessel([(0.0, 0), (0.3, 0), (0.5, 0.03), (0.58, 0.09)], 0.04, floor=0.03),
        glaze("rose"),
        at=(0.9, -0.2, -0.01),
    )


@product(
    "pitcher-krug",
    "blue",
    "cream",
    backdrops="paper teal honey",
    front=View(azimuth=-18, elevation=12, fill=0.68),
)
def pitcher_krug(colour: str, view: str) -> None:
    skin = glaze(colour if colour == "cream" else "chalk", rough=0.22)
    band = glaze("blue" if colour == "blue" else "rust", rough=0.22)

    def lip(a: float, z: float) -> float:
        return 1 + (0.32 * max(0.0, cos(a)) ** 8 * max(0.0, (z - 1.7) / 0.6))

    line = [(0.5, 0), (0.58, 0.04), (0.72, 0.7), (0.55, 1.4), (0.42, 1.8), (0.46, 2.2)]
    lathe(vessel(line, 0.06), skin, shape=lip)
    tube([(-0.42, 0, 2.0), (-0.9, 0, 2.05), (-1.05, 0, 1.5), (-0.95, 0, 1.0), (-0.66, 0, 0.72)], 0.075, skin)
    for low in (0.4, 0.58, 0.76, 0.94):
        lathe([(r + 0.006, z) for r, z in curve(line, 24) if low < z < low + 0.1], band)


@product(
    "fruit-bowl-podest",
    backdrops="plum sage",
    front=View(azimuth=-20, elevation=17, fill=0.72),
    detail=View(azimuth=30, elevation=36, light="sun", fill=0.76),
)
def fruit_bowl_podest(colour: str, view: str) -> None:
    skin = glaze("chalk", rough=0.65)
    lathe(
        vessel([(0.6, 0), (0.56, 0.1), (0.28, 0.5), (0.3, 0.7), (0.9, 0.85), (1.3, 1.15)], 0.07, floor=0.83),
        skin,
    )
    for k in range(4):
        turn = tau * k / 4 + 0.4
        lathe(
            curve([(0.0, -0.32), (0.3, -0.2), (0.34, 0.05), (0.16, 0.34), (0.06, 0.5), (0.0, 0.52)]),
            glaze("lemon" if k % 2 else "moss", rough=0.45),
            at=(0.48 * cos(turn), 0.48 * sin(turn), 1.22),
            turn=(0.3 * cos(k), 0.3 * sin(k), 0),
        )
        tube(
            [(0.48 * cos(turn), 0.48 * sin(turn), 1.68), (0.5 * cos(turn), 0.5 * sin(turn), 1.88)],
            0.02,
            matt("umber"),
            smooth=False,
        )
