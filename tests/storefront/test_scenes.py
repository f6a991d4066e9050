"""A page that nobody has looked at is not done: every template is in the list of scenes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rialto
from tests.e2e.scenes import SCENES

pytestmark = pytest.mark.fast

ROOT = Path(next(iter(rialto.__path__)))
# Frames around pages and pieces of them are seen with the pages.
PIECES = {
    "layout.html",
    "layout_checkout.html",
    "layout_account.html",
    "layout_door.html",
    "_fields.html",
    "mail.html",
    "parts.html",
}


def page_templates() -> Iterator[str]:
    for path in sorted(ROOT.glob("*/templates/**/*.html")):
        piece = path.parent.name == "parts" or (path.name in PIECES and path.parent.name != "viewer")
        if not piece and path.name != "layout.html":
            yield path.relative_to(ROOT).as_posix()


def test_every_template_has_a_scene() -> None:
    shown = {template for scene in SCENES for template in scene.templates}
    assert sorted(set(page_templates()) - shown) == []
    assert sorted(shown - set(page_templates())) == []


def test_no_two_scenes_have_the_same_name() -> None:
    names = [scene.name for scene in SCENES]
    assert len(names) == len(set(names))
