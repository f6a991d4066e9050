"""Pictures of every scene: `python -m tests.e2e.screenshots [folder] [--only text] [--language de] [--width 320]`.

Starts a shop of its own, walks through it in each language and takes each scene at each width, light and dark, as
`{scene}-{language}-{width}-{theme}.png`; then a contact sheet per width, language and theme.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw
from playwright.sync_api import FloatRect, Page

from tests.e2e.judging import READ_TO_THE_END
from tests.e2e.running_shop import running_shop
from tests.e2e.scenes import SCENES, WALKS, Scene, Tour
from tests.e2e.windows import a_browser, watched_window

Theme = Literal["light", "dark"]

WIDTHS = (320, 768, 1440)
HEIGHTS = {320: 640, 768: 1024, 1440: 900}
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGUAGES = ("en", "de")
HEIGHT_MAX = 15_000
# Hundreds of pictures on a busy machine: none of them is worth giving up for.
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Look:
    """How a scene is looked at."""

    language: str
    width: int
    theme: Theme

    def __str__(self) -> str:
        return f"{self.language}-{self.width}-{self.theme}"


def put_on(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.width, "height": HEIGHTS[look.width]})
    page.emulate_media(color_scheme=look.theme)


def take_all(folder: Path, *, looks: Sequence[Look], only: str = "") -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with running_shop() as shop, a_browser() as browser:
        for language in dict.fromkeys(look.language for look in looks):
            for walk in WALKS:
                with watched_window(browser, shop.origins, reduced_motion="reduce", locale=language) as page:
                    for scene in walk(Tour(shop, page, language)):
                        # Also where no picture is wanted: a walk goes on from the scene it has come to. A drawer
                        # that opened after its walk had left it took the focus from the search field.
                        page.locator(scene.shows).first.wait_for()
                        if only in scene.name:
                            yield from _take(
                                page, scene, folder, [look for look in looks if look.language == language]
                            )


def _take(page: Page, scene: Scene, folder: Path, looks: Sequence[Look]) -> Iterator[Path]:
    before = page.viewport_size
    for look in looks:
        put_on(page, look)
        if scene.whole:
            page.evaluate(READ_TO_THE_END)
        path = folder / f"{scene.name}-{look}.png"
        page.screenshot(
            path=path,
            full_page=scene.whole,
            clip=upper_part(page) if scene.whole else None,
            animations="disabled",
            timeout=PATIENCE_MS,
        )
        yield path
    if before:
        page.set_viewport_size(before)


def upper_part(page: Page) -> FloatRect | None:
    """Of a page so high that its picture could not be opened any more, as the API's description is; of others nothing."""
    width, height = page.evaluate(
        "[document.documentElement.clientWidth, document.documentElement.scrollHeight]"
    )
    return {"x": 0, "y": 0, "width": width, "height": HEIGHT_MAX} if height > HEIGHT_MAX else None


def contact_sheet(folder: Path, look: Look, *, columns: int, cell: tuple[int, int]) -> Path:
    """All scenes of one look in the order of the list, each cut to the cell's shape from its top."""
    names = [scene.name for scene in SCENES if (folder / f"{scene.name}-{look}.png").exists()]
    width, height, margin, label = *cell, 12, 18
    rows = -(-len(names) // columns)
    size = (columns * (width + margin) + margin, rows * (height + label + margin) + margin)
    sheet = Image.new("RGB", size, "#808080")
    draw = ImageDraw.Draw(sheet)
    for number, name in enumerate(names):
        left = margin + number % columns * (width + margin)
        top = margin + number // columns * (height + label + margin)
        draw.text((left, top), name, fill="#ffffff")
        with Image.open(folder / f"{name}-{look}.png") as picture:
            shown = picture.convert("RGB").resize(
                (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
            )
        sheet.paste(shown.crop((0, 0, width, min(height, shown.height))), (left, top + label))
    path = folder / f"sheet-{look}.png"
    sheet.save(path)
    return path


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.e2e.screenshots", description=__doc__)
    asked.add_argument("folder", nargs="?", type=Path, default=Path(".screenshots"))
    asked.add_argument("--only", default="", help="scenes whose name has this in it")
    asked.add_argument("--language", choices=LANGUAGES, action="append")
    asked.add_argument("--width", type=int, choices=WIDTHS, action="append")
    asked.add_argument("--theme", choices=THEMES, action="append")
    chosen = asked.parse_args()
    looks = [
        Look(*each)
        for each in product(chosen.language or LANGUAGES, chosen.width or WIDTHS, chosen.theme or THEMES)
    ]
    count = sum(1 for _ in take_all(chosen.folder, looks=looks, only=chosen.only))
    for look in looks:
        columns, cell = (7, (240, 620)) if look.width == 320 else (6, (300, 620))
        print(contact_sheet(chosen.folder, look, columns=columns, cell=cell))
    print(f"{count} pictures in {chosen.folder}")


if __name__ == "__main__":
    main()
