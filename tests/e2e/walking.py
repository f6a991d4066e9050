"""Walking through every page in every state: readable for everybody, at each width and in both themes."""

from __future__ import annotations

from playwright.sync_api import Frame, Page, ViewportSize

from tests.e2e import judging
from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop
from tests.e2e.scenes import Scene, Tour, Walk
from tests.e2e.screenshots import HEIGHTS, THEMES, WIDTHS, Look, put_on

BYTES_MAX = 100_000
# Where axe looks: each language has its width, so that every scene is seen at both and in both themes.
AXE_WIDTHS = {"en": 1440, "de": 320}
# 1280 x 1024 at 400 %.
ZOOMED: ViewportSize = {"width": 320, "height": 256}


def walk_through(shop: RunningShop, window: Windows, walk: Walk, language: str) -> list[str]:
    """What is to be said against the scenes of a walk."""
    width = AXE_WIDTHS[language]
    with window(width=width, height=HEIGHTS[width], reduced_motion="reduce", locale=language) as page:
        found: list[str] = []
        for scene in walk(Tour(shop, page, language)):
            page.locator(scene.shows).first.wait_for()
            found += [f"{scene.name}: {told}" for told in judge(page, scene, language)]
    return found


def judge(page: Page, scene: Scene, language: str) -> list[str]:
    before = page.viewport_size
    found = [*load_of(page, scene)]
    for width in WIDTHS:
        put_on(page, Look(language, width, "light"))
        found += [f"{width} wide: {told}" for told in page.evaluate(judging.TOO_WIDE)]
        found += [f"cut off at {width}: {told}" for told in page.evaluate(judging.CUT_OFF)]
    page.set_viewport_size(ZOOMED)
    found += [f"without its column's name: {told}" for told in page.evaluate(judging.NAMELESS)]
    found += [f"out of reach: {told}" for told in page.evaluate(judging.OUT_OF_REACH)]
    inner = frames(page)
    for theme in THEMES:
        put_on(page, Look(language, AXE_WIDTHS[language], theme))
        told = judging.objections_to_colours(page, within=scene.sample)
        for frame in inner:
            judging.lay_ground(frame)
            told += judging.objections_to_colours(frame)
        found += [f"{theme}: {objection}" for objection in told]
    found += judging.objections(page)
    for frame in inner:
        found += judging.objections(frame, besides=("page-has-heading-one",))  # the page has it
    if before:
        page.set_viewport_size(before)
    return found


def frames(page: Page) -> list[Frame]:
    """The provider's. A mail in the viewer may run no script, not even ours; it is a scene of its own."""
    return [frame for frame in page.frames[1:] if "/frame?" in frame.url]


def load_of(page: Page, scene: Scene) -> list[str]:
    """What a page does while it loads, asked once of each page that is loaded."""
    if page.evaluate("window.judged"):
        return []
    page.evaluate("window.judged = true")
    if scene.whole:
        page.evaluate(judging.READ_TO_THE_END)
    moved = page.evaluate(judging.SHIFTS)
    weight = page.evaluate(judging.WEIGHT) if scene.templates[0].startswith("storefront/") else 0
    found = [f"moved by {moved}"] if moved else []
    return found + ([f"weighs {weight}"] if weight >= BYTES_MAX else [])
