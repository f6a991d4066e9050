"""The rules of a category, without a database."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rialto.catalog.api import Category, CategoryInvalid, Picture
from rialto.catalog.model.structure import CATEGORIES_MAX, checked_category
from tests.catalog.builders import HOME, VASES

pytestmark = pytest.mark.fast


def problems_of(category: Category, tree: Mapping[str, str | None]) -> list[tuple[str, str]]:
    with pytest.raises(CategoryInvalid) as refused:
        checked_category(category, tree, "en")
    return [(field.path, field.code) for field in refused.value.fields]


def test_the_picture_of_a_category_shows_no_variant() -> None:
    shown = Category(slug="lamps", title={"en": "Lamps"}, image=Picture(file="a"))
    assert checked_category(shown, {}, "en") == shown
    red = Category(slug="lamps", title={"en": "Lamps"}, image=Picture(file="a", options={"colour": "red"}))
    assert problems_of(red, {}) == [("image.options", "not_valid")]


def test_a_full_tree_takes_changes_and_no_more_categories() -> None:
    tree: dict[str, str | None] = {"home": None, "vases": "home"}
    tree |= {f"c-{number}": None for number in range(CATEGORIES_MAX - len(tree))}
    for known in (HOME, VASES):
        assert checked_category(known, tree, "en") == known
    assert problems_of(Category(slug="one-more", title={"en": "One"}), tree) == [("slug", "too_many")]
