"""What a product of a Saleor shop consists of: variants and what they differ by, prices, stock, properties, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from rialto.catalog.api import Picture, Texts
from rialto.importing.drafting import Drafting, Findings, at_line
from rialto.importing.dump import Dump, Record
from rialto.importing.model import FileRefused, ImportOptions, Said, StockCount
from rialto.importing.rich_text import plain_text
from rialto.importing.tables import shown
from rialto.importing.words import code_of, grams, slug_of

# What is chosen from a list; pages and products that are referred to are known by their names.
CHOICES = frozenset({"dropdown", "multiselect", "swatch", "reference", "single-reference"})
KINDS = {
    **dict.fromkeys(CHOICES, "choice"),
    "numeric": "number",
    "boolean": "boolean",
    "plain-text": "text",
    "rich-text": "text",
    "date": "text",
    "date-time": "text",
}
DIGITAL = "digital"
VARIANT = "variant"
SKU_LENGTH_MAX = 64

Chosen = dict[str, tuple[Texts, Texts]]  # code → label and value of an option


class Goods:
    """Finds what belongs to a product. `findings` gathers what concerns the whole file."""

    def __init__(self, dump: Dump, options: ImportOptions) -> None:
        self._dump = dump
        self._options = options
        self.findings = Findings(dump.file, options.language)
        self._channels = _channels(dump, options)
        self._variants = dump.grouped("product.productvariant", "product")
        self._prices = dump.grouped("product.productvariantchannellisting", "variant")
        self._stock = dump.grouped("warehouse.stock", "product_variant")
        self._media = dump.grouped("product.productmedia", "product")
        self._media_of_variants = dump.grouped("product.variantmedia", "media")
        self._values = dump.grouped("attribute.attributevalue", "attribute")
        self._said_of_products = dump.grouped("attribute.assignedproductattributevalue", "product")
        self._assigned = dump.grouped("attribute.assignedvariantattribute", "variant")
        self._said_of_variants = dump.grouped("attribute.assignedvariantattributevalue", "assignment")
        self._attribute_words = dump.grouped("attribute.attributetranslation", "attribute")
        self._value_words = dump.grouped("attribute.attributevaluetranslation", "attribute_value")

    def is_taken(self, listing: Record) -> bool:
        """Whether the channel of this listing is one whose prices and states count."""
        return listing.ref("channel") in self._channels

    def values_of(self, attribute: Record) -> list[Record]:
        return self._values.get(attribute.key, [])

    def names_of_attribute(self, attribute: Record) -> Texts:
        return self._names(attribute, self._attribute_words.get(attribute.key, ()))

    def names_of_value(self, value: Record) -> Texts:
        """By language; what separates values in a text must not stand in a name."""
        names = self._names(value, self._value_words.get(value.key, ()))
        return {language: name.replace("|", "/") for language, name in names.items()}

    def _names(self, record: Record, words: Sequence[Record]) -> Texts:
        names = {one.text("language_code"): one.text("name") for one in words if one.text("name")}
        return {**names, self._options.language: record.text("name") or record.text("slug") or record.key}

    def address_of(self, path: str, *, what: str) -> str | None:
        """Where a picture is that the source names by its path; one without an address is noted."""
        if not path:
            return None
        if path.startswith(("http://", "https://")):
            return path
        if self._options.media_url is None:
            self.findings.left_out(what, "these are paths, and --media-url says below which address they are")
            return None
        return f"{self._options.media_url.rstrip('/')}/{quote(path.lstrip('/'))}"

    def furnish(self, drafting: Drafting, product: Record) -> None:
        """Everything but its texts and its place. Raises RowFault."""
        kind = self._dump.get("product.producttype", product.ref("product_type"), by=product)
        variants = self._variants.get(product.key, [])
        if not variants:
            raise product.fault("it has no variant.")
        chosen = self._chosen(variants)
        for variant, options in zip(variants, chosen, strict=True):
            self._variant(drafting, variant, options=options, weights=[variant, product, kind])
        self._properties(drafting, product)
        self._pictures(drafting, product, dict(zip((one.key for one in variants), chosen, strict=True)))
        if not kind.flag("is_shipping_required", default=True):
            label = {self._options.language: "Digital"}
            drafting.said[DIGITAL] = Said(
                code=DIGITAL, label=label, text="yes", line=product.line, dispensable=True
            )
            self.findings.left_out(
                "digital goods: delivery is not needed",
                "each order here is delivered; they have the attribute digital",
            )
        if kind.text("kind") == "gift_card":
            self.findings.left_out("gift cards", "they are sold like other goods, and no card is issued")

    def _chosen(self, variants: Sequence[Record]) -> list[Chosen]:
        """What each variant is chosen by; where that does not tell them apart, its name does it."""
        chosen = [self._options_of(one) for one in variants]
        shared = [code for code in chosen[0] if all(code in one for one in chosen)]
        chosen = [{code: one[code] for code in shared} for one in chosen]
        language = self._options.language
        told = {tuple(slug_of(one[code][1][language]) for code in shared) for one in chosen}
        if len(told) == len(variants):
            return chosen
        label = {language: "Variant"}
        names = [{language: one.text("name") or _sku(one)} for one in variants]
        return [{**one, VARIANT: (label, name)} for one, name in zip(chosen, names, strict=True)]

    def _options_of(self, variant: Record) -> Chosen:
        found: Chosen = {}
        for assigned in self._assigned.get(variant.key, ()):
            place = self._dump.get("attribute.attributevariant", assigned.ref("assignment"), by=assigned)
            attribute = self._dump.get("attribute.attribute", place.ref("attribute"), by=place)
            values = [
                self.names_of_value(self._dump.get("attribute.attributevalue", one.ref("value"), by=one))
                for one in self._said_of_variants.get(assigned.key, ())
            ]
            if not values:
                continue
            if (
                not place.flag("variant_selection", default=True)
                or KINDS.get(attribute.text("input_type")) is None
            ):
                what = f"values of variants: {attribute.text('name')}"
                self.findings.left_out(what, "variants here have only what they are chosen by")
                continue
            languages = [one for one in values[0] if all(one in value for value in values)]
            names = {language: ", ".join(value[language] for value in values) for language in languages}
            found[attribute_code(attribute)] = (self.names_of_attribute(attribute), names)
        return found

    def _variant(
        self, drafting: Drafting, variant: Record, *, options: Chosen, weights: Sequence[Record]
    ) -> None:
        sku = _sku(variant)
        codes = {
            code: self.findings.option(code, label=label, value=value, line=variant.line)
            for code, (label, value) in options.items()
        }
        drafting.options = list(codes)
        weight = next((one for one in weights if one.text("weight")), None)
        with at_line(variant.line, "weight"):
            weight_g = grams(*_measured(weight.text("weight"))) if weight else 0
        drafting.variant(sku, variant.line, options=codes, weight_g=weight_g)
        self._sell(drafting, variant, sku)
        if not variant.flag("track_inventory", default=True):
            reason = "every SKU is counted here; they can be bought once their stock is set"
            self.findings.left_out("variants whose stock is not counted", reason)
        for record in self._stock.get(variant.key, ()):
            drafting.stock.append(self._counted(record, sku))

    def _counted(self, record: Record, sku: str) -> StockCount:
        place = self._dump.get("warehouse.warehouse", record.ref("warehouse"), by=record)
        code = place.text("slug")
        return StockCount(
            sku=sku,
            warehouse=self._options.warehouses.get(code, code),
            stand_in=self._options.warehouse,
            on_hand=record.whole("quantity"),
            line=record.line,
        )

    def _sell(self, drafting: Drafting, variant: Record, sku: str) -> None:
        """One price per currency: that of the first channel that sells in it."""
        places = list(self._channels)
        listings = [one for one in self._prices.get(variant.key, ()) if one.number("price_amount")]
        others = [one for one in listings if not self.is_taken(one)]
        if others:
            self.findings.left_out(
                "prices of channels that were not asked for", "see --channel, --currency", len(others)
            )
        sold: set[str] = set()
        taken = [one for one in listings if self.is_taken(one)]
        for listing in sorted(taken, key=lambda one: places.index(one.ref("channel"))):
            currency = listing.text("currency").upper()
            if currency in sold:
                reason = "the first channel that sells in a currency is taken; --channel names another"
                self.findings.left_out(f"further prices in {shown(currency)}", reason)
                continue
            sold.add(currency)
            fine = drafting.price(
                sku,
                currency=currency,
                amount=_shortest(listing.number("price_amount")),
                compare_at=_shortest(listing.number("prior_price_amount")),
                line=listing.line,
            )
            if not fine:
                self.findings.left_out("former prices", "they are not above the price")

    def _properties(self, drafting: Drafting, product: Record) -> None:
        values: dict[str, list[Record]] = {}
        for said in self._said_of_products.get(product.key, ()):
            value = self._dump.get("attribute.attributevalue", said.ref("value"), by=said)
            values.setdefault(value.ref("attribute"), []).append(value)
        for key, ones in values.items():
            attribute = self._dump.get("attribute.attribute", key, by=ones[0])
            code, kind = attribute_code(attribute), KINDS.get(attribute.text("input_type"))
            text = self._text_of(attribute, ones) if kind else ""
            if code in drafting.options:
                self.findings.left_out(f"values of {attribute.text('name')}", "variants differ by it")
            elif text:
                names = self.names_of_value(ones[0]) if kind == "choice" and len(ones) == 1 else {}
                drafting.said[code] = Said(
                    code=code,
                    label=self.names_of_attribute(attribute),
                    text=text,
                    unit=attribute.text("unit") or None if kind == "number" else None,
                    labels=names,
                    line=ones[0].line,
                    dispensable=True,
                )

    def _text_of(self, attribute: Record, values: Sequence[Record]) -> str:
        """The value or values of an attribute as a text; empty where there is none."""
        first, kind = values[0], attribute.text("input_type")
        if kind in CHOICES:
            language = self._options.language
            return "|".join(self.names_of_value(one)[language] for one in values)
        if kind == "boolean":
            return "yes" if first.flag("boolean") else "no"
        if kind == "numeric":
            return first.number("numeric") or first.text("name")
        if kind == "rich-text":
            return plain_text(first.fields.get("rich_text"))
        if kind == "date":
            return first.text("date_time").partition("T")[0]
        return (
            first.text("date_time") if kind == "date-time" else first.text("plain_text") or first.text("name")
        )

    def _pictures(self, drafting: Drafting, product: Record, chosen: dict[str, Chosen]) -> None:
        """General ones, and those of single variants with what they are chosen by."""
        language = self._options.language
        for media in self._media.get(product.key, ()):
            if media.text("type") not in {"", "IMAGE"}:
                self.findings.left_out("product.productmedia: films", "only pictures are shown here")
                continue
            path = media.text("external_url") or media.text("image")
            address = self.address_of(path, what="product.productmedia: image")
            if address is None:
                continue
            alt = {language: media.text("alt")} if media.text("alt") else {}
            shows = [one.ref("variant") for one in self._media_of_variants.get(media.key, ())]
            for options in [chosen.get(one, {}) for one in shows] or [{}]:
                codes = {code: slug_of(value[language]) for code, (_, value) in options.items()}
                drafting.image(Picture(url=address, alt=alt, options=codes), media.line)


def attribute_code(attribute: Record) -> str:
    return code_of(attribute.text("slug") or attribute.text("name"))


def _channels(dump: Dump, options: ImportOptions) -> dict[str, Record]:
    """The channels whose prices are taken, by key, in their order. Raises FileRefused when none was asked for rightly."""
    found = {one.key: one for one in dump.of("channel.channel")}
    if options.channel is not None:
        found = {key: one for key, one in found.items() if one.text("slug") == options.channel}
    if options.currency is not None:
        wanted = options.currency.upper()
        found = {key: one for key, one in found.items() if one.text("currency_code").upper() == wanted}
    if not found:
        known = ", ".join(
            f"{one.text('slug')} ({one.text('currency_code')})" for one in dump.of("channel.channel")
        )
        raise FileRefused(dump.file, f"it has no such channel; it has {known or 'none'}.")
    return found


def _sku(variant: Record) -> str:
    """Its own, or else one made of its name in the source: the same with every import."""
    return variant.text("sku") or f"saleor-{slug_of(variant.key, length_max=SKU_LENGTH_MAX - 7)}"


def _measured(weight: str) -> tuple[str, str]:
    """`1000.0:g` as amount and unit."""
    amount, _, unit = weight.partition(":")
    return amount, unit or "kg"


def _shortest(amount: str) -> str:
    """`40.000` as `40`: three digits are how the source writes every amount."""
    return amount.rstrip("0").rstrip(".") if "." in amount else amount
