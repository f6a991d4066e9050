"""Writing the catalogue and its stock down as our own CSV: what `SheetImporter` reads, so that nothing differs after.

Products stand in the order of their slugs, so that equal shops make equal files. The catalogue is read twice, first
for the columns, then product by product: no shop is held in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rialto.catalog.api import (
    AttributeDefinition,
    AttributeValue,
    Catalog,
    Category,
    ListProducts,
    Maker,
    Picture,
    Product,
    ProductDraft,
    ProductRef,
    Texts,
    VariantDraft,
)
from rialto.importing.cells import SEPARATOR, category_cell, with_code
from rialto.importing.files import PUBLIC, new_table
from rialto.importing.sheet_lists import ATTRIBUTE_COLUMNS, CATEGORY_COLUMNS, MEDIA
from rialto.inventory.api import Inventory, LevelsOf
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Nothing

PAGE = 200

Cells = dict[str, str]


@dataclass(kw_only=True)
class Seen:
    """What a first look at all products finds: their slugs and everything that has columns of its own.

    Sets that must keep an order are dictionaries without values.
    """

    slugs: list[str] = field(default_factory=list)
    languages: dict[str, None] = field(default_factory=dict)
    options: dict[str, None] = field(default_factory=dict)
    attributes: dict[str, None] = field(default_factory=dict)
    prices: dict[str, None] = field(default_factory=dict)
    former: dict[str, None] = field(default_factory=dict)
    owns: dict[str, None] = field(default_factory=dict)  # columns of prices of single shop fronts
    channels: bool = False
    warned: dict[str, None] = field(default_factory=dict)  # languages of warnings
    alts: dict[str, None] = field(default_factory=dict)
    plans: dict[str, None] = field(default_factory=dict)
    orders: set[tuple[str, ...]] = field(default_factory=set)
    values: set[tuple[str, str, str]] = field(default_factory=set)  # kind, attribute, value


class Export:
    """One export: the shop's words as they are at its beginning."""

    def __init__(
        self,
        catalog: Catalog,
        inventory: Inventory,
        *,
        language: str,
        definitions: Sequence[AttributeDefinition],
        categories: Sequence[Category],
        warehouses: Sequence[str],
    ) -> None:
        self._catalog = catalog
        self._inventory = inventory
        self._language = language
        self._definitions = {one.code: one for one in definitions}
        self._categories = {one.slug: one for one in categories}
        self._warehouses = list(warehouses)

    async def products(self, path: Path) -> int:
        """Write all products with prices and stock; how many. Raises CannotWrite."""
        seen = await self._look()
        columns = self._columns(seen)
        numbers = self._numbers(columns)
        with new_table(path, columns, mode=PUBLIC, numbers=numbers) as write:
            for slug in sorted(seen.slugs):
                product = await self._catalog.get_product(ProductRef(ref=slug))
                for row in self._rows(product.draft, await self._stock(product.draft), seen):
                    write(row)
        return len(seen.slugs)

    def attributes(self, path: Path) -> int:
        """Write all definitions with their values in order; how many. Raises CannotWrite."""
        definitions = [self._definitions[code] for code in sorted(self._definitions)]
        labels = self._sorted(language for one in definitions for language in one.label)
        names = self._sorted(
            language for one in definitions for texts in one.values.values() for language in texts
        )
        columns = [*ATTRIBUTE_COLUMNS, *_each("label", labels), *_each("name", names)]
        with new_table(path, columns, mode=PUBLIC, numbers=frozenset()) as write:
            for one in definitions:
                write(
                    {
                        "code": one.code,
                        "type": one.type,
                        "unit": one.unit or "",
                        "filterable": _yes(one.filterable),
                        **_texts("label", one.label),
                    }
                )
                for value in one.order:
                    write({"code": one.code, "value": value, **_texts("name", one.values[value])})
        return len(definitions)

    def categories(self, path: Path) -> int:
        """Write the tree, each category after its parent; how many. Raises CannotWrite."""
        categories = list(self._in_tree_order(None))
        titles = self._sorted(language for one in categories for language in one.title)
        descriptions = self._sorted(language for one in categories for language in one.description)
        alts = self._sorted(language for one in categories if one.image for language in one.image.alt)
        columns = [
            *CATEGORY_COLUMNS,
            *_each("title", titles),
            *_each("description", descriptions),
            *_each("image_alt", alts),
        ]
        with new_table(path, columns, mode=PUBLIC, numbers=frozenset({"position"})) as write:
            for one in categories:
                write(
                    {
                        "slug": one.slug,
                        "parent": one.parent or "",
                        "position": str(one.position),
                        **_texts("title", one.title),
                        **_texts("description", one.description),
                        **(_picture(one.image) if one.image else {}),
                    }
                )
        return len(categories)

    def _in_tree_order(self, parent: str | None) -> Iterator[Category]:
        for one in self._categories.values():
            if one.parent == parent:
                yield one
                yield from self._in_tree_order(one.slug)

    async def _look(self) -> Seen:
        seen = Seen()
        async for product in self._all():
            draft = product.draft
            seen.slugs.append(draft.slug)
            seen.languages |= dict.fromkeys([*draft.title, *draft.description])
            seen.warned |= dict.fromkeys(draft.safety)
            seen.plans |= dict.fromkeys(_plan(draft))
            seen.attributes |= dict.fromkeys(draft.attributes)
            seen.options |= dict.fromkeys(draft.options)
            seen.orders.add(tuple(draft.options))
            seen.values |= _values_of(draft)
            for variant in draft.variants:
                seen.prices |= dict.fromkeys(variant.prices)
                seen.former |= dict.fromkeys(variant.compare_at)
                seen.owns |= dict.fromkeys(_own_prices(variant))
            seen.channels |= bool(draft.channels)
            for image in draft.images:
                seen.alts |= dict.fromkeys(image.alt)
        return seen

    async def _all(self) -> AsyncIterator[Product]:
        cursor = None
        while True:
            page = await self._catalog.list_products(ListProducts(cursor=cursor, limit=PAGE))
            for product in page.items:
                yield product
            cursor = page.next_cursor
            if cursor is None:
                return

    def _columns(self, seen: Seen) -> list[str]:
        """In an order that follows from what is there, never from when it came."""
        languages = self._sorted([self._language, *seen.languages])
        columns = ["slug", "sku", *_each("title", languages), *_each("description", languages), "category"]
        columns += ["tax_class", "published", *sorted(seen.plans), "featured", "created_on", "related"]
        columns += ["channels"] if seen.channels else []
        options = sorted(seen.options)
        if any(list(order) != [code for code in options if code in order] for order in seen.orders):
            columns.append("options")
        for code in options:
            columns += [f"option_{code}", *self._name_columns("option", code, seen)]
        columns += [*_each("price", sorted(seen.prices)), *_each("compare_at", sorted(seen.former))]
        columns += sorted(seen.owns)
        columns += ["weight_g", "gtin", "content", "content_unit", *_each("stock", self._warehouses)]
        columns += ["maker_name", "maker_address", "maker_email", "maker_url"]
        columns += _each("safety", self._sorted(seen.warned))
        for code in sorted(seen.attributes):
            columns.append(self._attribute_column(code))
            columns += self._name_columns("attribute", code, seen)
        return [*columns, "image", "image_widths", "image_size", *_each("image_alt", self._sorted(seen.alts))]

    def _numbers(self, columns: Sequence[str]) -> frozenset[str]:
        """Columns in which only numbers stand: a minus is a minus there."""
        starts = ("price_", "compare_at_", "stock_")
        attributes = {
            self._attribute_column(code) for code, one in self._definitions.items() if one.type == "number"
        }
        return (
            frozenset(
                column for column in columns if column.startswith(starts) or column in {"weight_g", "content"}
            )
            | attributes
        )

    def _name_columns(self, kind: str, code: str, seen: Seen) -> list[str]:
        """One per further language in which a value is named that a product has."""
        known = self._definitions[code].values
        used = [value for one, of, value in seen.values if (one, of) == (kind, code) and value in known]
        languages = {language for value in used for language in known[value]}
        return [f"{kind}_{code}:{language}" for language in sorted(languages - {self._language})]

    def _attribute_column(self, code: str) -> str:
        definition = self._definitions[code]
        return f"attribute_{code}[{definition.unit}]" if definition.unit else f"attribute_{code}"

    async def _stock(self, draft: ProductDraft) -> dict[str, Cells]:
        """By SKU, the cells of its warehouses."""
        cells: dict[str, Cells] = {}
        skus = [variant.sku for variant in draft.variants]
        for start in range(0, len(skus), PAGE):
            levels = await self._inventory.stock(LevelsOf(skus=skus[start : start + PAGE]))
            for level in levels.items:
                cells.setdefault(level.sku, {})[f"stock_{level.warehouse}"] = str(level.on_hand)
        return cells

    def _rows(self, draft: ProductDraft, stock: Mapping[str, Cells], seen: Seen) -> Iterator[Cells]:
        """A row per variant, the first with all that belongs to the product, and then one per picture."""
        head = self._head(draft)
        options = sorted(seen.options)
        if draft.options != [code for code in options if code in draft.options]:
            head["options"] = " ".join(draft.options)
        for variant in draft.variants:
            yield {
                "slug": draft.slug,
                **self._variant(variant),
                **stock.get(variant.sku, {}),
                **head,
            }
            head = {}
        for image in draft.images:
            yield {"slug": draft.slug, **self._chosen(image.options), **_picture(image)}

    def _head(self, draft: ProductDraft) -> Cells:
        cells = {
            **_texts("title", draft.title),
            **_texts("description", draft.description),
            "category": category_cell(self._path(draft.category)),
            "tax_class": draft.tax_class,
            "published": _yes(draft.published),
            **_plan(draft),
            "featured": _yes(draft.featured),
            "created_on": draft.created_on.isoformat() if draft.created_on else "",
            "related": " ".join(draft.related),
            **({"channels": " ".join(draft.channels)} if draft.channels else {}),
            **_maker(draft.maker),
            **_texts("safety", draft.safety),
        }
        for code, value in draft.attributes.items():
            cells |= self._attribute(code, value)
        return cells

    def _path(self, slug: str | None) -> list[tuple[str, str]]:
        path: list[tuple[str, str]] = []
        while slug is not None and slug in self._categories:
            category = self._categories[slug]
            path.append((slug, category.title.get(self._language, "")))
            slug = category.parent
        return path[::-1]

    def _attribute(self, code: str, value: AttributeValue) -> Cells:
        definition, column = self._definitions[code], self._attribute_column(code)
        if definition.type != "choice":
            return {column: _yes(value) if isinstance(value, bool) else str(value)}
        codes = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        parts = [self._value(code, one, reserved=SEPARATOR) for one in codes]
        # A list of one is told from a single value by the separator behind it.
        end = f" {SEPARATOR}" if isinstance(value, list) and len(parts) == 1 else ""
        cells = {column: f" {SEPARATOR} ".join(parts) + end}
        languages = {language for one in codes for language in definition.values[one]}
        for language in languages - {self._language}:
            names = [definition.values[one].get(language, "") for one in codes]
            if all(name and SEPARATOR not in name for name in names):
                cells[f"attribute_{code}:{language}"] = f" {SEPARATOR} ".join(names)
        return cells

    def _value(self, code: str, value: str, *, reserved: str = "") -> str:
        name = self._definitions[code].values[value].get(self._language, "")
        return with_code(name, value, reserved=reserved)

    def _chosen(self, options: Mapping[str, str]) -> Cells:
        cells: Cells = {}
        for code, value in options.items():
            cells[f"option_{code}"] = self._value(code, value)
            names = self._definitions[code].values[value]
            cells |= {
                f"option_{code}:{language}": name
                for language, name in names.items()
                if language != self._language
            }
        return cells

    def _variant(self, variant: VariantDraft) -> Cells:
        return {
            "sku": variant.sku,
            **self._chosen(variant.options),
            **{f"price_{code}": _decimal(code, amount) for code, amount in variant.prices.items()},
            **{f"compare_at_{code}": _decimal(code, amount) for code, amount in variant.compare_at.items()},
            **_own_prices(variant),
            "weight_g": str(variant.weight_g),
            "gtin": variant.gtin or "",
            "content": variant.content.amount if variant.content else "",
            "content_unit": variant.content.unit if variant.content else "",
        }

    def _sorted(self, languages: Iterable[str]) -> list[str]:
        """Each once, the shop's own language first."""
        return sorted(set(languages), key=lambda one: (one != self._language, one))


async def begin_export(catalog: Catalog, inventory: Inventory) -> Export:
    """An export of the shop as it is now, in the first language of its first channel."""
    channels = (await catalog.channels(Nothing())).items
    warehouses = (await inventory.warehouses(Nothing())).items
    return Export(
        catalog,
        inventory,
        language=channels[0].languages[0],
        definitions=(await catalog.attributes(Nothing())).items,
        categories=(await catalog.categories(Nothing())).items,
        warehouses=sorted(one.code for one in warehouses),
    )


def _plan(draft: ProductDraft) -> Cells:
    moments = {"publish_at": draft.publish_at, "unpublish_at": draft.unpublish_at}
    return {name: at.isoformat() for name, at in moments.items() if at is not None}


def _values_of(draft: ProductDraft) -> set[tuple[str, str, str]]:
    chosen = [*(one.options for one in draft.variants), *(one.options for one in draft.images)]
    options = {("option", code, value) for one in chosen for code, value in one.items()}
    attributes = {
        ("attribute", code, str(one))
        for code, value in draft.attributes.items()
        for one in (value if isinstance(value, list) else [value])
    }
    return options | attributes


def _picture(picture: Picture) -> Cells:
    return {
        "image": f"{MEDIA}{picture.file}" if picture.file else picture.url or "",
        "image_widths": " ".join(str(width) for width in picture.widths),
        "image_size": f"{picture.width}x{picture.height}" if picture.width or picture.height else "",
        **_texts("image_alt", picture.alt),
    }


def _maker(maker: Maker | None) -> Cells:
    if maker is None:
        return {}
    return {
        "maker_name": maker.name,
        "maker_address": maker.address,
        "maker_email": maker.email or "",
        "maker_url": maker.url or "",
    }


def _own_prices(variant: VariantDraft) -> Cells:
    """What it costs in single shop fronts: `price_EUR:trade`."""
    return {
        f"price_{code}:{channel}": _decimal(code, amount)
        for channel, amounts in variant.channel_prices.items()
        for code, amount in amounts.items()
    }


def _decimal(currency: str, amount: int) -> str:
    return Money(amount, Currency(currency)).decimal()


def _each(kind: str, names: Sequence[str]) -> list[str]:
    return [f"{kind}_{name}" for name in names]


def _texts(kind: str, texts: Texts) -> Cells:
    return {f"{kind}_{language}": text for language, text in texts.items()}


def _yes(value: bool) -> str:
    return "yes" if value else "no"
