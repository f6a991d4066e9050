"""Lamps. Each is lit: an emitting bulb inside, a weak room light outside."""

from __future__ import annotations

from math import cos, pi, radians, sin, tau
from typing import Any

import bpy

from forms import ball, box, curve, disc, lathe, ring, tube
from materials import fabric, glass, glaze, glow, lacquer, metal, shade, wood
from palette import linear
from registry import product
from studio import View

DUSK = View(light="dim", elevation=6, fill=0.74)
NEAR = View(light="dim", azimuth=28, elevation=3, fill=0.74, close=1.35, lift=-0.12)
HANGING = View(light="dim", elevation=-4, fill=0.72, lift=-0.06)
HANGING_NEAR = View(light="dim", azimuth=24, elevation=-14, fill=0.8, close=1.5, lift=0.12)


def bulb(at: tuple[float, float, float], power: float, size: float = 0.16, colour: str = "#ffcf96") -> None:
    data = bpy.data.lights.new("bulb", "POINT")
    data.energy, data.shadow_soft_size, data.color = power, size, linear(colour)[:3]
    lamp = bpy.data.objects.new("bulb", data)
    lamp.location = at
    bpy.context.collection.objects.link(lamp)


def cord(x: float, y: float, z: float, material: Any, length: float = 14.0) -> None:
    """A cable going up out of the picture; it does not count for framing."""
    tube([(x, y, z), (x, y, z + length)], 0.025, material, smooth=False)["unframed"] = True


@product("lamp-pilz", "chalk", "rust", "sage", backdrops="clay bone blush umber", front=DUSK, detail=NEAR)
def lamp_pilz(colour: str, view: str) -> None:
    skin = lacquer(colour, 0.3)
    lathe(
        curve(
            [
                (0.0, 0),
                (0.85, 0),
                (0.85, 0),
                (0.87, 0.08),
                (0.5, 0.2),
                (0.2, 0.5),
                (0.17, 1.2),
                (0.2, 2.0),
                (0.25, 2.1),
            ]
        ),
        skin,
    )
    dome = curve([(1.4, 1.75), (1.36, 2.15), (1.05, 2.75), (0.5, 3.1), (0.0, 3.18)])
    lathe([*dome, *[(max(0, r - 0.05), z - 0.04) for r, z in reversed(dome)]], skin)
    ball(0.3, glow("#ffe2b0", 9), at=(0, 0, 2.3))
    bulb((0, 0, 2.1), 150)


@product("lamp-luna", backdrops="dusk umber", front=DUSK, detail=NEAR)
def lamp_luna(variant: str, view: str) -> None:
    brass = metal("brass", 0.22)
    disc(0.75, 0.1, brass)
    lathe(
        [
            (0.0, 0.1),
            (0.16, 0.1),
            (0.16, 0.35),
            (0.5, 0.62),
            (0.62, 0.82),
            (0.56, 0.82),
            (0.44, 0.66),
            (0.0, 0.5),
        ],
        brass,
    )
    ball(1.2, glow("#ffe6c0", 1.15), at=(0, 0, 1.75))
    bulb((0, 0, 1.75), 170, 1.1)


@product(
    "lamp-plissee",
    "cream",
    "blue",
    backdrops="plum sand umber",
    front=DUSK,
    detail=View(light="dim", azimuth=28, elevation=4, close=1.6, lift=-0.22),
)
def lamp_plissee(colour: str, view: str) -> None:
    lathe(
        curve(
            [
                (0.0, 0),
                (0.6, 0),
                (0.6, 0),
                (0.66, 0.1),
                (0.4, 0.25),
                (0.62, 0.75),
                (0.5, 1.2),
                (0.2, 1.45),
                (0.22, 1.6),
                (0.1, 1.75),
                (0.1, 2.3),
            ]
        ),
        glaze("rust" if colour == "cream" else "chalk"),
    )
    lathe(
        [(1.5, 2.1), (1.42, 2.3), (1.0, 3.5), (0.86, 3.9)],
        shade(colour, 0.28),
        segments=336,
        shape=lambda a, z: 1 + 0.022 * cos(84 * a),
    )
    for r, z in ((1.5, 2.1), (0.86, 3.9)):
        ring(r, 0.03, fabric("cream"), at=(0, 0, z))
    bulb((0, 0, 2.7), 420, 0.3)


@product("pendant-lampion", backdrops="teal dusk", front=HANGING, detail=HANGING_NEAR)
def pendant_lampion(variant: str, view: str) -> None:
    line = [(2.0 * sin(pi * k / 60) ** 0.72 + 0.02, 4.6 + 1.75 * -cos(pi * k / 60)) for k in range(3, 58)]
    lathe(line, shade("#f6ecd6", 0.75))
    for k in range(5, 57, 3):
        r, z = line[k - 3]
        ring(r, 0.018, wood("oak"), at=(0, 0, z))
    bulb((0, 0, 4.6), 420, 0.4)
    ring(0.34, 0.04, metal("black"), at=(0, 0, 6.35))
    cord(0, 0, 6.3, lacquer("black"))
    disc(0.02, 0.01, lacquer("black"), at=(0, 0, 2.4))


@product(
    "pendant-kuppel",
    "black",
    "mustard",
    "petrol",
    backdrops="clay sage blush dusk",
    front=HANGING,
    detail=HANGING_NEAR,
)
def pendant_kuppel(colour: str, view: str) -> None:
    outer = curve([(1.9, 4.0), (1.86, 4.3), (1.5, 5.1), (0.8, 5.65), (0.3, 5.8), (0.28, 6.1), (0.12, 6.2)])
    lathe(outer, lacquer(colour, 0.4))
    lathe([(max(0.0, r - 0.04), z - 0.03) for r, z in outer], metal("brass", 0.45))
    ring(1.88, 0.03, metal("brass"), at=(0, 0, 4.0))
    ball(0.36, glow("#ffe2b0", 8), at=(0, 0, 4.5))
    bulb((0, 0, 4.3), 420, 0.3)
    cord(0, 0, 6.1, lacquer("black"))


@product(
    "lamp-linie",
    "brass",
    "black",
    backdrops="dusk sand umber",
    front=View(light="dim", azimuth=-30, elevation=8, fill=0.78),
    detail=View(light="dim", azimuth=30, elevation=14, close=1.7, lift=0.2),
)
def lamp_linie(colour: str, view: str) -> None:
    body = metal("brass", 0.2) if colour == "brass" else lacquer("black", 0.4)
    disc(0.95, 0.12, body)
    tube([(0.45, 0, 0.1), (0.45, 0, 5.1)], 0.045, body, smooth=False)
    lathe([(0.0, 0.5), (0.12, 0.5), (0.12, 4.9), (0.0, 4.9)], glow("#ffe3bb", 7), at=(0.2, -0.12, 0))
    for z in (0.46, 4.88):
        disc(0.135, 0.1, body, at=(0.2, -0.12, z))
    for z in (1.0, 4.4):
        tube([(0.45, 0, z), (0.2, -0.1, z)], 0.03, body, smooth=False)
    bulb((0.2, -0.12, 2.5), 230, 0.6)


@product(
    "lamp-werkbank",
    "red",
    "grey",
    backdrops="bone teal slate",
    front=View(azimuth=-12, elevation=8, fill=0.8),
    detail=View(light="dim", azimuth=32, elevation=4, close=1.7, lift=-0.26),
)
def lamp_werkbank(colour: str, view: str) -> None:
    skin, steel = lacquer(colour, 0.35), metal("grey", 0.3)
    disc(0.95, 0.22, skin, at=(-0.9, 0, 0))
    elbow, head = (-1.5, 0, 2.9), (0.75, 0, 4.3)
    tube([(-0.9, 0, 0.2), elbow], 0.06, steel, smooth=False)
    tube([elbow, head], 0.06, steel, smooth=False)
    for place in (elbow, (-0.9, 0, 0.25)):
        lathe([(0, -0.12), (0.17, -0.12), (0.17, 0.12), (0, 0.12)], skin, at=place, turn=(pi / 2, 0, 0))
    tilt = (0, radians(-24), 0)
    cone = [
        (0.0, 0.62),
        (0.2, 0.6),
        (0.24, 0.3),
        (0.3, 0.15),
        (0.92, -0.75),
        (0.88, -0.75),
        (0.26, 0.12),
        (0.0, 0.2),
    ]
    lathe(cone, skin, at=(0.85, 0, 3.95), turn=tilt)
    ball(0.24, glow("#ffe2b0", 10), at=(0.98, 0, 3.62))
    bulb((1.05, 0, 3.5), 150, 0.2)


@product(
    "lantern-wander",
    "green",
    "cream",
    backdrops="sand dusk umber",
    front=DUSK,
    detail=View(light="dim", azimuth=28, elevation=16, close=1.4, lift=-0.1),
)
def lantern_wander(colour: str, view: str) -> None:
    skin = lacquer(colour, 0.45)
    disc(0.75, 0.35, skin, edge=0.08)
    lathe(
        [(0.0, 0.35), (0.62, 0.35), (0.64, 0.5), (0.64, 1.3), (0.58, 1.45), (0.0, 1.45)], glow("#ffeacb", 2.2)
    )
    lathe(curve([(0.75, 1.42), (0.74, 1.5), (0.6, 1.75), (0.3, 1.9), (0.0, 1.92)]), skin)
    for k in range(4):
        angle = tau * k / 4 + 0.5
        tube(
            [(0.7 * cos(angle), 0.7 * sin(angle), 0.3), (0.7 * cos(angle), 0.7 * sin(angle), 1.5)],
            0.03,
            skin,
            smooth=False,
        )
    tube(
        [(-0.72, 0, 1.5), (-0.78, 0, 2.2), (0.0, 0, 2.9), (0.78, 0, 2.2), (0.72, 0, 1.5)],
        0.035,
        metal("brass" if colour == "green" else "black"),
    )
    bulb((0, 0, 0.9), 90, 0.5)


@product("pendant-trio", backdrops="clay sage", front=HANGING, detail=HANGING_NEAR)
def pendant_trio(variant: str, view: str) -> None:
    for x, y, z, colour in ((-1.35, 0.2, 4.4, "amber"), (0.1, -0.3, 3.3, "smoke"), (1.35, 0.3, 5.1, "rose")):
        drop = curve([(0.12, 1.75), (0.2, 1.5), (0.62, 0.75), (0.66, 0.35), (0.36, 0.03), (0.0, 0.0)])
        lathe(
            [*drop, *[(max(0, r - 0.04), zz + 0.03) for r, zz in reversed(drop[:-1])]],
            glass(colour, depth=0.4),
            at=(x, y, z),
        )
        ball(0.16, glow("#ffdca6", 22), at=(x, y, z + 0.75), squash=1.4)
        disc(0.15, 0.32, metal("brass"), at=(x, y, z + 1.7))
        cord(x, y, z + 2.0, lacquer("black"))
        bulb((x, y, z + 0.75), 70, 0.2)


@product(
    "lamp-lamelle",
    backdrops="sand dusk",
    front=View(light="dim", azimuth=-20, elevation=10, fill=0.78),
    detail=View(light="dim", azimuth=20, elevation=34, close=1.5, lift=-0.1),
)
def lamp_lamelle(variant: str, view: str) -> None:
    grain, flat = wood("oak"), wood("oak", "x")
    disc(1.0, 0.16, flat)
    disc(1.0, 0.12, flat, at=(0, 0, 3.85))
    for k in range(24):
        angle = tau * k / 24
        box(
            (0.3, 0.055, 3.75),
            grain,
            at=(0.82 * cos(angle), 0.82 * sin(angle), 0.13),
            edge=0.01,
            turn=(0, 0, angle),
        )
    lathe([(0.0, 0.3), (0.22, 0.3), (0.22, 3.5), (0.0, 3.5)], glow("#ffdfae", 3.4))
    bulb((0, 0, 2.0), 420, 0.25)
