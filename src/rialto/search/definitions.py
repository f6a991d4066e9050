"""What the shop as a whole says: categories, attribute definitions and channels, with their derived tables."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cached_property

from rialto.catalog.api import AttributeDefinition, AttributeValue, Category, Channel, Texts
from rialto.kernel.money import EUR, USD
from rialto.kernel.service import Frozen

# Until the catalogue has said otherwise there is one shop front.
BUILT_IN = Channel(code="default", currencies=[EUR, USD], languages=["en", "de"], country="DE")
DEPTH_MAX = 16


class Definitions(Frozen, dict=True):
    categories: list[Category] = []
    attributes: list[AttributeDefinition] = []
    channels: list[Channel] = []

    @cached_property
    def default_channel(self) -> Channel:
        named = [channel for channel in self.channels if channel.code == BUILT_IN.code]
        return (named or self.channels or [BUILT_IN])[0]

    @cached_property
    def fronts(self) -> list[Channel]:
        return self.channels or [BUILT_IN]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Every language of every channel, the default channel's first."""
        channels = [self.default_channel, *self.channels]
        return tuple(dict.fromkeys(language for channel in channels for language in channel.languages))

    @cached_property
    def category(self) -> dict[str, Category]:
        return {category.slug: category for category in self.categories}

    @cached_property
    def attribute(self) -> dict[str, AttributeDefinition]:
        return {attribute.code: attribute for attribute in self.attributes}

    @cached_property
    def filterable(self) -> frozenset[str]:
        return frozenset(attribute.code for attribute in self.attributes if attribute.filterable)

    @cached_property
    def children(self) -> dict[str | None, list[Category]]:
        """By parent, in shop order. Whoever names a parent that is not there stands at the top."""
        found: dict[str | None, list[Category]] = {}
        for category in sorted(self.categories, key=lambda each: (each.position, each.slug)):
            parent = category.parent if category.parent in self.category else None
            found.setdefault(parent, []).append(category)
        return found

    def channel(self, code: str) -> Channel:
        """The channel, or the default one."""
        return next((channel for channel in self.channels if channel.code == code), self.default_channel)

    def language(self, wanted: str, channel: Channel) -> str:
        """The channel's language nearest to what is wanted: `de-AT` gives `de`; else its default."""
        for candidate in (wanted, wanted.replace("_", "-").partition("-")[0].lower()):
            if candidate in channel.languages:
                return candidate
        return channel.languages[0] if channel.languages else self.languages[0]

    def within(self, slug: str, depth: int = DEPTH_MAX) -> Iterator[str]:
        """A category and everything below it. A circle in the tree ends by depth."""
        yield slug
        if depth:
            for child in self.children.get(slug, ()):
                yield from self.within(child.slug, depth - 1)

    def path(self, slug: str | None) -> list[Category]:
        """From the top down to the category; empty for an unknown one."""
        found: list[Category] = []
        while slug in self.category and len(found) < DEPTH_MAX:
            found.insert(0, self.category[slug])
            slug = found[0].parent
        return found


def pick(texts: Texts, *languages: str) -> str:
    """The text in the first of these languages that has one, else in any."""
    for language in languages:
        if texts.get(language):
            return texts[language]
    return next((text for text in texts.values() if text), "")


def plain_values(value: AttributeValue) -> list[str]:
    """An attribute's values as facets name them: `true`, `12`, `12.5`, `oak`."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, int):
        return [str(value)]
    return [value] if isinstance(value, str) else list(value)


def canonical(text: str, type_name: str) -> str:
    """`12.50` and `12.5` are one number, `True` and `true` one answer."""
    if type_name == "number":
        number = decimal_of(text)
        return text if number is None else f"{number.normalize():f}"
    return text.strip().lower() if type_name == "boolean" else text


def decimal_of(text: str) -> Decimal | None:
    """A decimal of ordinary size, or None."""
    try:
        number = Decimal(text.strip()) if len(text) <= 40 and text.isascii() else None
    except InvalidOperation:
        return None
    if number is None or not number.is_finite() or abs(number.adjusted()) > 30:
        return None
    return number
