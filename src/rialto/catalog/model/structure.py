"""The rules of what products are sorted by: the category tree and attribute definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from rialto.catalog.api import (
    AttributeDefinition,
    AttributeInUse,
    AttributeInvalid,
    Category,
    CategoryInvalid,
)
from rialto.catalog.model.fields import (
    DESCRIPTION_LENGTH_MAX,
    LABEL_LENGTH_MAX,
    POSITION_MAX,
    TITLE_LENGTH_MAX,
    Problems,
    in_order,
    named,
)
from rialto.kernel.errors import FieldProblem

CATEGORIES_MAX = 5_000
ATTRIBUTES_MAX = 1_000
DEPTH_MAX = 8
VALUES_MAX = 1_000
TYPES = ("choice", "number", "boolean", "text")


def checked_category(category: Category, tree: Mapping[str, str | None], language: str) -> Category:
    """The category, if it may stand in the tree (slug → parent). Raises CategoryInvalid with every problem."""
    problems = Problems()
    problems.slug("slug", category.slug)
    problems.texts("title", category.title, length_max=TITLE_LENGTH_MAX)
    problems.default_language("title", category.title, language)
    problems.texts("description", category.description, length_max=DESCRIPTION_LENGTH_MAX, lines=True)
    problems.number("position", category.position, low=-POSITION_MAX, high=POSITION_MAX)
    if category.image is not None:
        problems.picture("image", category.image)
        if category.image.options:
            problems.add("image.options", "not_valid", "The picture of a category shows no variant.")
    if category.slug not in tree and len(tree) >= CATEGORIES_MAX:
        problems.add("slug", "too_many", f"At most {CATEGORIES_MAX} categories.")
    _check_place(problems, category, tree)
    problems.raise_as(CategoryInvalid, "The category is not valid.")
    return category


def _check_place(problems: Problems, category: Category, tree: Mapping[str, str | None]) -> None:
    if category.parent is None:
        return
    if category.parent == category.slug:
        problems.add("parent", "category_cycle", "A category cannot stand below itself.")
    elif category.parent not in tree:
        problems.add("parent", "category_unknown", "There is no such category.")
    else:
        above = path_to(category.parent, tree)
        if category.slug in above:
            problems.add("parent", "category_cycle", "A category cannot stand below itself.")
        elif len(above) + _height(category.slug, tree) > DEPTH_MAX:
            problems.add("parent", "too_deep", f"The tree is at most {DEPTH_MAX} levels deep.")


def _height(slug: str, tree: Mapping[str, str | None]) -> int:
    """Levels of the subtree below and including `slug`."""
    below = [child for child, parent in tree.items() if parent == slug]
    return 1 + max((_height(child, tree) for child in below), default=0)


def path_to(slug: str | None, tree: Mapping[str, str | None]) -> list[str]:
    """From the root to `slug`, both included; ends rather than running round a cycle."""
    path: list[str] = []
    while slug is not None and slug not in path:
        path.append(slug)
        slug = tree.get(slug)
    return path[::-1]


def checked_attribute(definition: AttributeDefinition, language: str) -> AttributeDefinition:
    """The definition with its `order` complete. Raises AttributeInvalid with every problem."""
    problems = Problems()
    problems.code("code", definition.code)
    problems.texts("label", definition.label, length_max=LABEL_LENGTH_MAX)
    problems.default_language("label", definition.label, language)
    if definition.type not in TYPES:
        problems.add("type", "type_unknown", f"One of {', '.join(TYPES)}.")
    if definition.unit is not None:
        problems.text("unit", definition.unit, length_max=20)
    if definition.type != "choice" and definition.values:
        problems.add("values", "not_valid", "Only a choice lists its values.")
    if len(definition.values) > VALUES_MAX:
        problems.add("values", "too_many", f"At most {VALUES_MAX} values.")
    else:
        for code, label in definition.values.items():
            path = f"values.{named(code)}"
            problems.value_code(path, code)
            problems.texts(path, label, length_max=LABEL_LENGTH_MAX)
            problems.default_language(path, label, language)
    if any(code not in definition.values for code in definition.order):
        problems.add("order", "value_unknown", "Only values of this attribute can be ordered.")
    problems.raise_as(AttributeInvalid, "The attribute is not valid.")
    return msgspec.structs.replace(definition, order=in_order(definition.values, definition.order))


def check_uses_survive(
    definition: AttributeDefinition, before: AttributeDefinition, used: Iterable[str]
) -> None:
    """Products keep meaning something: raises AttributeInUse when a used value, or a used type, would go."""
    values = sorted(used)
    if values and definition.type != before.type:
        message = "Products hold values of the type it has."
        raise AttributeInUse(fields=(FieldProblem(path="type", code="attribute_in_use", message=message),))
    gone = [value for value in values if definition.type == "choice" and value not in definition.values]
    if gone:
        raise AttributeInUse(
            fields=tuple(
                FieldProblem(
                    path=f"values.{value}", code="attribute_in_use", message="Products have this value."
                )
                for value in gone[:50]
            )
        )
