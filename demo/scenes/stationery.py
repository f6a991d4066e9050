"""Stationery: notebooks, pencils, letters, tape, calendar, cards, a book."""

from __future__ import annotations

from math import cos, pi, sin, tau
from typing import Any

from art import artwork
from forms import box, curve, disc, lathe, mesh, ring, sheet, tube, vessel
from materials import fabric, lacquer, matt, metal, paper, picture, wood
from palette import mixed
from registry import product
from studio import View

DESK = View(azimuth=-26, elevation=30, fill=0.78)
FLAT = View(azimuth=14, elevation=62, light="sun", fill=0.8, close=1.15)


def volume(
    size: tuple[float, float, float],
    cover: Any,
    *,
    at: tuple[float, float, float] = (0, 0, 0),
    turn: float = 0.0,
    art: Any = None,
    spine: Any = None,
) -> None:
    """A bound book lying flat: two boards, a block of pages, a spine on the left; `art` is laid on the front board."""
    wide, deep, thick = size
    c, s = cos(turn), sin(turn)

    def place(x: float, y: float, z: float) -> tuple[float, float, float]:
        return (at[0] + x * c - y * s, at[1] + x * s + y * c, at[2] + z)

    for z in (0.0, thick - 0.06):
        box((wide, deep, 0.06), cover, at=place(0, 0, z), turn=(0, 0, turn), edge=0.02)
    for k in range(5):
        step = (thick - 0.12) / 5
        box(
            (wide - 0.14, deep - 0.14, step * 0.94),
            paper("cream"),
            at=place(0.02, 0, 0.06 + k * step),
            turn=(0, 0, turn),
            edge=0.005,
        )
    box((0.1, deep, thick), spine or cover, at=place(-wide / 2, 0, 0), turn=(0, 0, turn), edge=0.045)
    if art:
        sheet(wide * 0.985, deep * 0.985, art, at=place(0.01, 0, thick + 0.003), turn=(0, 0, turn))


@product(
    "notebook-leinen", "blue", "rust", "sage", backdrops="sand mist blush honey", front=DESK, detail=FLAT
)
def notebook_leinen(colour: str, view: str) -> None:
    cloth, band = (
        fabric(colour, threads=60, strength=0.5, slub=0.35),
        fabric(mixed(colour, "#ffffff", 0.55), threads=30),
    )
    for k, (turn, z) in enumerate([(0.0, 0.0), (0.22, 0.42)] if view == "front" else [(-0.1, 0.0)]):
        volume((2.6, 3.7, 0.4), cloth, at=(0.1 * k, 0.05 * k, z), turn=turn)
        x = 0.95
        box(
            (0.12, 3.74, 0.43),
            band,
            at=(0.1 * k + x * cos(turn), x * sin(turn), z - 0.01),
            turn=(0, 0, turn),
            edge=0.01,
        )
    if view == "detail":
        tube([(-0.6, -1.5, 0.5), (0.2, 1.2, 0.5)], 0.07, lacquer("black"), smooth=False)


@product(
    "notebook-marmor",
    "green",
    "red",
    backdrops="paper bone umber",
    front=View(azimuth=-18, elevation=38, fill=0.78),
    detail=View(azimuth=24, elevation=36, light="sun", close=1.6),
)
def notebook_marmor(colour: str, view: str) -> None:
    cover, other = (picture(artwork(f"marble-{name}"), 0.55, coat=0.2) for name in (colour, colour))
    black = fabric("black", threads=60)
    volume((2.5, 3.4, 0.26), black, at=(-0.5, 0.3, 0), turn=-0.16, art=other)
    volume((2.5, 3.4, 0.26), black, at=(0.5, -0.3, 0.27), turn=0.2, art=cover)


@product(
    "sketchbook-spirale",
    backdrops="clay teal",
    front=View(azimuth=-30, elevation=32, fill=0.78),
    detail=View(azimuth=30, elevation=30, light="sun", close=1.5),
)
def sketchbook_spirale(variant: str, view: str) -> None:
    board = matt("#8d8b86", 0.9, 0.3, 60)
    box((3.0, 4.0, 0.08), board, edge=0.01)
    for k in range(9):
        box((2.94, 3.94, 0.045), paper("#f4f0e4"), at=(0.01 * sin(k), 0.0, 0.08 + 0.05 * k), edge=0.004)
    box((3.0, 4.0, 0.08), board, at=(0, 0, 0.54), edge=0.01)
    box((1.5, 0.8, 0.012), paper("cream"), at=(0.2, 0.7, 0.62), edge=0.004)
    wire = metal("black", 0.35)
    for k in range(19):
        ring(0.37, 0.03, wire, at=(-1.5, (k - 9) * 0.205, 0.31), turn=(pi / 2, 0, 0))
    tube([(0.4, -1.6, 0.69), (1.2, 0.4, 0.69)], 0.07, lacquer("mustard"), smooth=False)


def pencil(
    colour: str, at: tuple[float, float, float], turn: tuple[float, float, float], length: float = 1.75
) -> None:
    """Tip up, standing along its own z."""
    sharp, lead = wood("oak"), matt(colour, 0.6)
    lathe(
        [(0.0, 0), (0.075, 0), (0.075, length)], lacquer(colour), at=at, turn=turn, segments=6, smooth=False
    )
    cone = [(0.075, length), (0.03, length + 0.2)]
    lathe(cone, sharp, at=at, turn=turn)
    lathe([(0.03, length + 0.2), (0.0, length + 0.3)], lead, at=at, turn=turn)


@product(
    "pencils-bunt",
    backdrops="mist clay",
    front=View(azimuth=-16, elevation=16, fill=0.76),
    detail=View(azimuth=18, elevation=44, light="sun", fill=0.8, close=1.3),
)
def pencils_bunt(variant: str, view: str) -> None:
    tones = [
        "red",
        "mustard",
        "green",
        "petrol",
        "cobalt",
        "sky",
        "rose",
        "rust",
        "walnut",
        "moss",
        "lemon",
        "charcoal",
    ]
    if view == "detail":
        for k, tone in enumerate(tones):
            pencil(tone, ((k - 5.5) * 0.2, -1.0 - 0.12 * sin(k * 1.7), 0.08), (-pi / 2, 0, 0.02 * sin(k * 3)))
        return
    lathe(vessel([(0.46, 0), (0.5, 0.03), (0.5, 1.1)], 0.07), wood("oak"))
    for k, tone in enumerate(tones[:10]):
        angle = tau * k / 10
        lean = 0.11
        pencil(
            tone,
            (0.22 * cos(angle), 0.22 * sin(angle), 0.15),
            (-lean * sin(angle), lean * cos(angle), 0),
            1.7 + 0.12 * cos(k * 2.4),
        )
    for k, tone in enumerate(tones[10:]):
        pencil(tone, (-0.9 + 0.15 * k, -0.9 - 0.25 * k, 0.07), (0, pi / 2, 0.15 - 0.2 * k))


@product(
    "planner-woche",
    backdrops="sage blush",
    front=View(azimuth=-16, elevation=44, fill=0.84),
    detail=View(azimuth=26, elevation=34, light="sun", close=1.7),
)
def planner_woche(variant: str, view: str) -> None:
    for k in range(8):
        box(
            (4.2, 2.94, 0.03),
            paper("cream"),
            at=(0.012 * sin(k * 2), 0.01 * cos(k * 3), 0.034 * k),
            edge=0.004,
        )
    sheet(
        4.2,
        2.94,
        picture(artwork("planner")),
        at=(0, 0, 0.279),
        cells=20,
        bend=lambda u, v: 0.16 * max(0.0, u - 0.75) ** 2 * max(0.0, 0.6 - v) * 16,
    )
    pencil("ink", (-0.3, -1.0, 0.37), (0, pi / 2, 0.5), 1.6)


def envelope(at: tuple[float, float, float], turn: float, lining: str, *, opened: bool) -> None:
    shell, inner = paper("#f3eddf"), matt(lining, 0.8)
    c, s = cos(turn), sin(turn)
    box((3.0, 2.1, 0.03), shell, at=at, turn=(0, 0, turn), edge=0.005)
    flap = (
        [(-1.5, 1.05, 0.0), (1.5, 1.05, 0.0), (0.0, 2.15, 0.12)]
        if opened
        else [(-1.5, 1.05, 0.03), (1.5, 1.05, 0.03), (0.0, -0.15, 0.05)]
    )
    mesh(
        [(at[0] + x * c - y * s, at[1] + x * s + y * c, at[2] + 0.02 + z) for x, y, z in flap],
        [(0, 1, 2)],
        inner if opened else shell,
    )
    if opened:
        throat = [(-1.42, 1.04, 0.014), (1.42, 1.04, 0.014), (0.0, 0.05, 0.014)]
        mesh(
            [(at[0] + x * c - y * s, at[1] + x * s + y * c, at[2] + 0.02 + z) for x, y, z in throat],
            [(0, 1, 2)],
            inner,
        )


@product(
    "letters-post",
    "rose",
    "cobalt",
    backdrops="slate sand blush",
    front=View(azimuth=-14, elevation=50, fill=0.84),
    detail=View(azimuth=22, elevation=38, light="sun", close=1.4),
)
def letters_post(colour: str, view: str) -> None:
    for k in range(6):
        envelope((-0.15, 0.9, 0.035 * k), 0.08 + 0.012 * k, colour, opened=False)
    envelope((0.15, 0.75, 0.24), -0.12, colour, opened=True)
    for k in range(4):
        box(
            (2.7, 1.9, 0.015),
            paper("#f7f3ea"),
            at=(0.4, -1.35, 0.02 * k),
            turn=(0, 0, 0.16 + 0.03 * k),
            edge=0.004,
        )
    disc(0.22, 0.06, lacquer(colour, 0.3), at=(0.16, 0.85, 0.29), edge=0.03)


@product(
    "pen-feder",
    "brass",
    "black",
    backdrops="dusk blush sand",
    front=View(azimuth=-34, elevation=24, fill=0.84),
    detail=View(azimuth=40, elevation=20, light="sun", close=1.9, side=0.15),
)
def pen_feder(colour: str, view: str) -> None:
    body = metal("brass", 0.18) if colour == "brass" else lacquer("black", 0.25)
    gold = metal("brass", 0.15)
    turn = (0, pi / 2 + 0.06, 0)
    lathe(
        curve(
            [
                (0.0, 0),
                (0.09, 0.01),
                (0.11, 0.1),
                (0.12, 1.2),
                (0.12, 2.0),
                (0.1, 2.4),
                (0.09, 2.7),
                (0.095, 2.78),
            ]
        ),
        body,
        at=(-1.6, 0, 0.42),
        turn=turn,
    )
    lathe([(0.1, 1.98), (0.128, 1.98), (0.128, 2.05), (0.1, 2.05)], gold, at=(-1.6, 0, 0.42), turn=turn)
    lathe(
        curve([(0.08, 2.78), (0.085, 2.95), (0.05, 3.15), (0.006, 3.34)]),
        metal("#d9d4c8", 0.15),
        at=(-1.6, 0, 0.42),
        turn=turn,
        shape=lambda a, z: 0.35 + 0.65 * abs(sin(a)),
    )
    lathe(
        curve([(0.0, 0), (0.11, 0.02), (0.14, 0.1), (0.145, 1.1), (0.145, 1.35)]),
        body,
        at=(-0.9, -0.85, 0.15),
        turn=(0, pi / 2, 0.35),
    )
    for x in (-1.1, 0.6):
        box((0.26, 0.5, 0.32), wood("walnut", "y"), at=(x, 0, 0), edge=0.04)
    box((2.3, 0.5, 0.1), wood("walnut", "x"), at=(-0.25, 0, 0), edge=0.03)


@product(
    "tape-streifen",
    backdrops="paper sage",
    front=View(azimuth=-22, elevation=30, fill=0.76),
    detail=View(azimuth=30, elevation=48, light="sun", close=1.35),
)
def tape_streifen(variant: str, view: str) -> None:
    tones = [
        ("rust", None),
        ("mustard", "cream"),
        ("petrol", None),
        ("rose", "cream"),
        ("sage", None),
        ("ink", "sky"),
    ]
    spots = [
        (-0.9, 0.3, 0),
        (0.35, 0.55, 0),
        (-0.25, 0.42, 0.47),
        (1.15, -0.55, 0),
        (0.0, -0.75, 0),
        (-1.35, -0.8, 0),
    ]
    for k, ((tone, stripe), (x, y, z)) in enumerate(zip(tones, spots)):
        skin = (
            fabric(tone, threads=3, strength=0.05, second=stripe, stripes=24 if k != 3 else 12)
            if stripe
            else matt(tone, 0.5)
        )
        lathe(
            [(0.42, 0), (0.58, 0), (0.6, 0.02), (0.6, 0.43), (0.58, 0.45), (0.42, 0.45)], skin, at=(x, y, z)
        )
        lathe(
            [(0.38, 0.0), (0.42, 0.0), (0.42, 0.45), (0.38, 0.45), (0.38, 0)], matt("#b49468"), at=(x, y, z)
        )


@product(
    "calendar-wand",
    backdrops="teal bone",
    front=View(azimuth=0, elevation=2, fill=0.82, lens=95),
    detail=View(azimuth=-30, elevation=8, light="sun", close=1.5, lift=-0.12),
)
def calendar_wand(variant: str, view: str) -> None:
    for k in range(4):
        sheet(3.0, 4.2, paper("cream"), at=(0.01 * k, 0.3 - 0.012 * k, 2.3), turn=(pi / 2, 0, 0))
    sheet(
        3.0,
        4.2,
        picture(artwork("calendar")),
        at=(0, 0.24, 2.3),
        turn=(pi / 2 - 0.01, 0, 0),
        cells=20,
        bend=lambda u, v: 0.12 * (1 - v) ** 3,
    )
    box((3.1, 0.14, 0.16), wood("oak", "x"), at=(0, 0.24, 4.32), edge=0.02)
    tube([(-1.2, 0.24, 4.45), (0, 0.24, 4.95), (1.2, 0.24, 4.45)], 0.018, matt("walnut"), smooth=False)
    disc(0.06, 0.08, metal("brass"), at=(0, 0.3, 4.95), turn=(pi / 2, 0, 0))


@product(
    "postcards-formen",
    backdrops="bone dusk",
    front=View(azimuth=-6, elevation=66, fill=0.82),
    detail=View(azimuth=20, elevation=44, light="sun", close=1.5),
)
def postcards_formen(variant: str, view: str) -> None:
    spots = [
        (-1.05, 1.1, 0.12),
        (0.25, 1.2, -0.08),
        (1.4, 0.75, 0.2),
        (-1.3, -0.75, -0.16),
        (-0.05, -0.7, 0.07),
        (1.25, -1.0, -0.1),
    ]
    for k, (x, y, turn) in enumerate(spots):
        z = 0.05 * k
        box((1.25, 1.75, 0.02), paper("cream"), at=(x, y, z), turn=(0, 0, turn), edge=0.003)
        sheet(1.25, 1.75, picture(artwork(f"card-{k}"), 0.5), at=(x, y, z + 0.0225), turn=(0, 0, turn))


@product(
    "book-formenlehre",
    backdrops="clay mist",
    front=View(azimuth=-24, elevation=26, fill=0.76),
    detail=View(azimuth=20, elevation=52, light="sun", fill=0.82, close=1.1),
)
def book_formenlehre(variant: str, view: str) -> None:
    cover, cloth = picture(artwork("book"), 0.7), fabric("#2d4a57", threads=60)
    if view == "front":
        volume((2.7, 3.6, 0.55), fabric("#2d4a57", threads=60), turn=0.5)
        volume((2.7, 3.6, 0.55), cloth, at=(0, 0, 0.56), turn=0.05, art=cover)
        disc(0.3, 0.6, matt("mustard", 0.6), at=(0.6, -0.6, 1.12))
    else:
        volume((2.7, 3.6, 0.55), cloth, art=cover)
    tube([(0.3, -1.75, 0.3), (0.4, -2.1, 0.15), (0.5, -2.4, 0.02)], 0.03, fabric("red"))
