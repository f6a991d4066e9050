"""The data of a Saleor shop as its `dumpdata` writes it: a JSON file of records, or a folder that holds it.

Products with their types, variants, attributes, categories, translations, prices per channel, stock, pictures and
percentage sales are taken. Whatever else the file holds is counted and named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from rialto.catalog.api import AttributeDefinition, Category, Picture, Texts
from rialto.importing.drafting import Drafting, RowFault
from rialto.importing.dump import Dump, Record, read_dump
from rialto.importing.model import (
    AttributeRow,
    CategoryRow,
    FileRefused,
    ImportOptions,
    NotImported,
    Problem,
    ProductRow,
    PromotionRow,
    Row,
)
from rialto.importing.rich_text import plain_text
from rialto.importing.saleor_goods import CHOICES, KINDS, Goods, attribute_code
from rialto.importing.saleor_leftovers import leftovers
from rialto.importing.tables import is_folder
from rialto.importing.words import decimal_number, decimal_text, slug_of
from rialto.kernel.errors import RialtoError
from rialto.pricing.api import Conditions, PercentOff, Promotion, Selection

FILE = "populatedb_data.json"
LEVELS_MAX = 50  # of a tree in a file; the catalogue takes fewer
FEATURED = frozenset({"featured", "featured-products"})


class SaleorImporter:
    """Implements `Importer` for one dump."""

    def read(self, path: Path, options: ImportOptions) -> Iterator[Row]:
        dump = read_dump(path / FILE if is_folder(path) else path)
        try:
            reading = _Reading(dump, options)
        except RowFault as fault:  # of a channel: whose prices count is not known then
            raise FileRefused(dump.file, fault.reason, line=fault.line) from fault
        yield from reading.attributes()
        yield from reading.categories()
        yield from reading.products()
        yield from reading.sales()
        yield from reading.goods.findings.rows()
        yield from leftovers(dump)
        if is_folder(path):
            yield from _files_left(path)


class _Reading:
    """One pass over a dump."""

    def __init__(self, dump: Dump, options: ImportOptions) -> None:
        self._dump = dump
        self._options = options
        self.goods = Goods(dump, options)
        self._positions = {one.key: place for place, one in enumerate(dump.of("product.category"))}
        self._category_words = dump.grouped("product.categorytranslation", "category")
        self._product_words = dump.grouped("product.producttranslation", "product")
        self._product_listings = dump.grouped("product.productchannellisting", "product")
        self._collections = dump.grouped("product.collectionproduct", "product")

    def attributes(self) -> Iterator[AttributeRow | Problem]:
        for record in self._dump.of("attribute.attribute"):
            try:
                definition = self._definition(record)
            except RowFault as fault:
                yield Problem(file=self._dump.file, line=fault.line, reason=fault.reason)
            else:
                if definition is not None:
                    yield AttributeRow(definition=definition, file=self._dump.file, line=record.line)

    def _definition(self, record: Record) -> AttributeDefinition | None:
        """None for what nothing here is like."""
        kind, what = KINDS.get(record.text("input_type")), record.text("type")
        if kind is None or what == "page-type":
            found = f"attributes of type {what}, {record.text('input_type')}"
            self.goods.findings.left_out(found, "nothing here is like them")
            return None
        values: dict[str, Texts] = {}
        for value in self.goods.values_of(record) if record.text("input_type") in CHOICES else ():
            names = self.goods.names_of_value(value)
            values.setdefault(slug_of(names[self._options.language]), names)
        return AttributeDefinition(
            code=attribute_code(record),
            label=self.goods.names_of_attribute(record),
            type=kind,
            unit=record.text("unit") or None,
            filterable=kind == "choice" and record.flag("filterable_in_storefront"),
            values=values,
            order=list(values),
        )

    def categories(self) -> Iterator[CategoryRow | Problem]:
        """Parents first, whatever the order in the file; what stands below nothing that is there is refused."""
        waiting = self._dump.of("product.category")
        done: set[str] = set()
        for _ in range(LEVELS_MAX):
            ready = [
                one for one in waiting if not one.fields.get("parent") or str(one.fields["parent"]) in done
            ]
            for record in ready:
                done.add(record.key)
                try:
                    yield self._category(record)
                except RowFault as fault:
                    yield Problem(file=self._dump.file, line=fault.line, reason=fault.reason)
            waiting = [one for one in waiting if one.key not in done]
        for record in waiting:
            reason = f"category {record.key[:40]} stands below one that is not there."
            yield Problem(file=self._dump.file, line=record.line, reason=reason)

    def _category(self, record: Record) -> CategoryRow:
        language = self._options.language
        title, description = (
            {language: record.text("name")},
            _texts(language, record.fields.get("description")),
        )
        for words in self._category_words.get(record.key, ()):
            title |= _texts(words.text("language_code"), words.text("name"))
            description |= _texts(words.text("language_code"), words.fields.get("description"))
        parent = self._dump.find("product.category", record.ref("parent"))
        category = Category(
            slug=category_slug(record),
            title=title,
            parent=None if parent is None else category_slug(parent),
            position=self._positions[record.key],
            description=description,
            image=self._image(record),
        )
        return CategoryRow(category=category, file=self._dump.file, line=record.line, empty_too=True)

    def _image(self, record: Record) -> Picture | None:
        address = self.goods.address_of(
            record.text("background_image"), what="product.category: background_image"
        )
        alt = _texts(self._options.language, record.text("background_image_alt"))
        return Picture(url=address, alt=alt) if address else None

    def products(self) -> Iterator[ProductRow | Problem]:
        for record in self._dump.of("product.product"):
            slug = slug_of(str(record.fields.get("slug") or record.fields.get("name")), length_max=120)
            drafting = Drafting(slug, self._dump.file, record.line)
            try:
                self._head(drafting, record)
                self.goods.furnish(drafting, record)
            except RowFault as fault:
                yield drafting.problem(fault)
            else:
                yield drafting.row(spare_prices=True)

    def _head(self, drafting: Drafting, record: Record) -> None:
        language = self._options.language
        drafting.text("title", language, record.text("name"))
        drafting.text("description", language, plain_text(record.fields.get("description")))
        for words in self._product_words.get(record.key, ()):
            drafting.text("title", words.text("language_code"), words.text("name"))
            drafting.text(
                "description", words.text("language_code"), plain_text(words.fields.get("description"))
            )
        category = record.ref("category")
        if category:
            found = self._dump.get("product.category", category, by=record)
            drafting.fields["category"] = category_slug(found)
        drafting.fields["published"] = any(
            listing.flag("is_published")
            for listing in self._product_listings.get(record.key, ())
            if self.goods.is_taken(listing)
        )
        drafting.fields["featured"] = self._is_featured(record)
        if record.text("created_at"):
            drafting.fields["created_on"] = _moment(record, "created_at").date()

    def _is_featured(self, record: Record) -> bool:
        """In a collection that goes by that name; of other collections the report tells."""
        refs = [one.ref("collection") for one in self._collections.get(record.key, ())]
        collections = [self._dump.find("product.collection", ref) for ref in refs]
        return any(one is not None and one.text("slug") in FEATURED for one in collections)

    def sales(self) -> Iterator[PromotionRow | Problem | NotImported]:
        """Percentages that are the same in every channel; amounts off each article have no like here."""
        listings = self._dump.grouped("discount.salechannellisting", "sale")
        for record in self._dump.of("discount.sale"):
            try:
                values = {
                    decimal_text(decimal_number(one.number("discount_value")))
                    for one in listings.get(record.key, ())
                    if self.goods.is_taken(one)
                }
                by_what = [name for name in ("collections", "variants") if record.refs(name)]
                if record.text("type") != "percentage" or len(values) != 1 or by_what:
                    reason = "only one percentage of products and categories has its like here"
                    yield NotImported(what=f"discount.sale {record.text('name')}", rows=1, reason=reason)
                else:
                    yield self._sale(record, values.pop())
            except (RowFault, RialtoError) as fault:
                reason = fault.reason if isinstance(fault, RowFault) else fault.text
                yield Problem(file=self._dump.file, line=record.line, reason=reason)

    def _sale(self, record: Record, percent: str) -> PromotionRow:
        categories = [self._dump.get("product.category", key, by=record) for key in record.refs("categories")]
        products = [self._dump.get("product.product", key, by=record) for key in record.refs("products")]
        ends_at = _moment(record, "end_date") if record.text("end_date") else None
        promotion = Promotion(
            id=f"saleor-sale-{slug_of(record.key)}",
            title={self._options.language: record.text("name")},
            benefit=PercentOff(percent=percent),
            applies_to=Selection(categories=[category_slug(one) for one in categories]),
            conditions=Conditions(starts_at=_moment(record, "start_date"), ends_at=ends_at),
        )
        slugs = [slug_of(one.text("slug"), length_max=120) for one in products]
        return PromotionRow(promotion=promotion, file=self._dump.file, line=record.line, slugs=slugs)


def _files_left(folder: Path) -> Iterator[NotImported]:
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in {".csv", ".json"})
    except OSError as error:
        raise FileRefused(folder.name, "the folder cannot be read.") from error
    for name in names:
        if name != FILE:
            yield NotImported(what=name, rows=0, reason=f"only {FILE} is read")


def category_slug(record: Record) -> str:
    return slug_of(record.text("slug") or record.text("name"), length_max=120)


def _texts(language: str, value: object) -> dict[str, str]:
    """A text in one language, or nothing."""
    text = plain_text(value)
    return {language: text} if text else {}


def _moment(record: Record, field: str) -> datetime:
    try:
        return datetime.fromisoformat(record.text(field))
    except ValueError as error:
        raise record.fault(f"{field} is no time.") from error
