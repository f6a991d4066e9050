"""Still lifes of several products: three wide heroes with a calm area for text, one 3:2 picture per category.

Each product is built at the origin by its own module and then moved into place with everything it brought along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import radians

import bpy
from mathutils import Matrix

from forms import box
from materials import matt
from registry import PRODUCTS, product
from studio import View

Placed = tuple[str, str, float, float, float, float, float]  # slug, variant, x, y, z, turn, scale
Stand = tuple[float, float, float, float, float, str]  # x, y, width, depth, height, tone
WIDE = View(azimuth=0, elevation=9, fill=0.62, light="sun", aspect=(2, 1), side=-0.17, lens=70)
CATEGORY = View(azimuth=-8, elevation=10, fill=0.8, aspect=(3, 2), lens=75)


def put(
    slug: str, variant: str, x: float, y: float, z: float = 0.0, turn: float = 0.0, scale: float = 1.0
) -> None:
    before = set(bpy.context.scene.objects)
    PRODUCTS[slug].build(variant, "front")
    bpy.context.view_layer.update()
    move = Matrix.Translation((x, y, z)) @ Matrix.Rotation(radians(turn), 4, "Z") @ Matrix.Scale(scale, 4)
    for thing in set(bpy.context.scene.objects) - before:
        thing.matrix_world = move @ thing.matrix_world


def plinth(x: float, y: float, wide: float, deep: float, high: float, tone: str = "paper") -> None:
    box((wide, deep, high), matt(tone, 0.85), at=(x, y, 0), edge=0.03)


def scene(
    name: str, view: View, backdrop: str, things: list[Placed], *, stands: Sequence[Stand] = ()
) -> None:
    def build(variant: str, view_name: str) -> None:
        for stand in stands:
            plinth(*stand)
        for thing in things:
            put(*thing)

    product(name, backdrops=backdrop, front=view, detail=view)(build)
    del PRODUCTS[name].views["detail"]


scene(
    "hero-table",
    WIDE,
    "clay",
    [
        ("vase-arc", "sand", 0.0, 0.6, 0.9, 0, 1.25),
        ("vase-halm", "chalk", 2.3, 0.9, 0.0, 0, 1.15),
        ("pitcher-krug", "blue", -2.2, 0.2, 0.0, 20, 1.0),
        ("vase-torus", "black", 4.4, 0.4, 0.5, -10, 0.95),
        ("bowls-welle", "", 1.6, -1.5, 0.0, 0, 0.7),
        ("vase-rille", "rose", -3.7, 0.9, 0.0, 0, 1.0),
    ],
    stands=[(0.0, 0.6, 2.3, 2.0, 0.9, "blush"), (4.4, 0.4, 1.9, 1.7, 0.5, "honey")],
)
scene(
    "hero-evening",
    replace(WIDE, light="dim", elevation=6),
    "umber",
    [
        ("lamp-pilz", "rust", 0.0, 0.3, 0.0, 0, 1.1),
        ("lamp-plissee", "cream", 3.1, 0.8, 0.0, 0, 1.05),
        ("lantern-wander", "green", 1.7, -1.0, 0.0, 0, 0.75),
        ("lamp-luna", "", -2.6, 0.6, 0.0, 0, 0.85),
        ("book-formenlehre", "", -1.2, -1.6, 0.0, 20, 0.55),
    ],
)
scene(
    "hero-linen",
    replace(WIDE, light="soft", elevation=12),
    "sage",
    [
        ("cushion-markise", "rust", -2.3, 0.9, 0.0, 8, 1.0),
        ("cushion-flur", "oat", 1.2, 1.4, 0.0, -6, 1.0),
        ("blanket-fjord", "grey", 4.6, 0.3, 0.0, -18, 0.9),
        ("pouf-kiesel", "sand", -5.2, -0.2, 0.0, 0, 0.75),
        ("cushion-knopf", "petrol", 0.2, -1.6, 0.0, 0, 0.65),
    ],
)
scene(
    "category-ceramics",
    CATEGORY,
    "blush",
    [
        ("vase-amphora", "", -2.4, 0.5, 0, 0, 1.1),
        ("vase-rille", "sage", -0.4, 0.9, 0, 0, 1.1),
        ("mug-brenner", "blue", 0.7, -0.8, 0, 40, 1.1),
        ("vase-kante", "ochre", 2.2, 0.5, 0, 15, 1.05),
        ("bowls-welle", "", -1.2, -1.4, 0, 0, 0.6),
    ],
)
scene(
    "category-lighting",
    replace(CATEGORY, light="dim"),
    "plum",
    [
        ("lamp-pilz", "sage", -2.9, 0.2, 0, 0, 1.1),
        ("lamp-plissee", "cream", 0.0, 0.8, 0, 0, 1.0),
        ("lamp-luna", "", 2.9, 0.2, 0, 0, 0.9),
        ("lantern-wander", "cream", 1.4, -1.2, 0, 0, 0.7),
    ],
)
scene(
    "category-textiles",
    CATEGORY,
    "sand",
    [
        ("cushion-flur", "clay", -2.4, 1.0, 0, 6, 1.0),
        ("cushion-markise", "blue", 1.6, 1.4, 0, -6, 1.0),
        ("blanket-fjord", "rust", 3.6, -1.4, 0, -20, 0.9),
        ("pouf-kiesel", "charcoal", -1.2, -2.2, 0, 0, 0.7),
    ],
)
scene(
    "category-prints",
    replace(CATEGORY, elevation=4, azimuth=0, lens=90),
    "bone",
    [
        ("print-mittag", "oak", -3.9, 0.3, 0, 0, 1.0),
        ("print-werkstatt", "black", 0.0, 0.0, 0, 0, 1.15),
        ("print-farn", "oak", 3.8, 0.3, 0, 0, 0.95),
    ],
)
scene(
    "category-stationery",
    replace(CATEGORY, elevation=34),
    "mist",
    [
        ("notebook-leinen", "rust", -2.6, 0.2, 0, 8, 1.0),
        ("pencils-bunt", "", 0.9, 1.0, 0, 0, 1.1),
        ("tape-streifen", "", 3.4, -0.2, 0, 0, 0.9),
        ("pen-feder", "brass", 0.6, -1.7, 0, -12, 0.9),
    ],
)
scene(
    "category-storage",
    CATEGORY,
    "teal",
    [
        ("box-kasten", "cream", -2.4, 0.2, 0, 6, 1.0),
        ("basket-korb", "", 1.7, 0.6, 0, 0, 0.95),
        ("tins-dose", "green", 4.6, -0.8, 0, 0, 0.8),
    ],
)
scene(
    "category-glass",
    replace(CATEGORY, light="back"),
    "paper",
    [
        ("vase-blase", "cobalt", -2.6, 0.4, 0, 0, 1.0),
        ("tumbler-rille", "amber", 0.0, -0.9, 0, 0, 1.0),
        ("carafe-quell", "green", 0.5, 0.8, 0, 0, 1.1),
        ("coupe-perle", "rose", 3.0, 0.0, 0, 0, 1.1),
    ],
)
scene(
    "category-accents",
    CATEGORY,
    "honey",
    [
        ("hourglass-weile", "", -2.7, 0.3, 0, 0, 0.85),
        ("candles-block", "sage", 0.0, 0.0, 0, 0, 1.1),
        ("planter-topf", "terracotta", 3.0, 1.4, 0, 0, 0.7),
        ("candle-duft", "fig", 1.6, -1.6, 0, 0, 0.8),
    ],
)
