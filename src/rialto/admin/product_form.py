"""A product as a form: texts, attributes, a row for each variant and picture; and back again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from rialto.admin.conflicts import Field
from rialto.admin.forms import ON, Reading, Values, as_typed, decimal_point, moment_typed, switch_typed
from rialto.catalog.api import (
    CONTENT_UNITS,
    DEFAULT_CHANNEL,
    AttributeDefinition,
    AttributeValue,
    Channel,
    Content,
    Maker,
    Picture,
    ProductDraft,
    VariantDraft,
)
from rialto.kernel.money import Currency
from rialto.kernel.service import Frozen
from rialto.storefront.texts import Texts

SWITCHES = ("published", "featured")
PLAIN = ("slug", "category", "tax_class", "options", "related")
PLAN = ("publish_at", "unpublish_at")
MAKER = ("name", "address", "email", "url")
TEXTS = ("title", "description", "safety")
ROWS_MAX = 250
EMPTY_ROWS = 2

_ROW = re.compile(r"(variant|image)-([0-9]{1,3})-")


class Own(Frozen):
    """A column of prices that one shop front has of its own."""

    front: Channel
    currency: Currency

    @property
    def name(self) -> str:
        return f"own-{self.front.code}-{self.currency}"

    @property
    def label(self) -> str:
        return f"{self.front.profile.name or self.front.code} {self.currency}"


class ProductForm:
    """The form of a shop with these languages, currencies and attributes."""

    def __init__(
        self,
        languages: Sequence[str],
        currencies: Sequence[Currency],
        definitions: Sequence[AttributeDefinition],
        fronts: Sequence[Channel] = (),
    ) -> None:
        """`fronts` are the shop fronts; of one alone there is nothing to say."""
        self.fronts = fronts if len(fronts) > 1 else ()
        self.owns = [
            Own(front=front, currency=currency)
            for front in self.fronts
            if front.code != DEFAULT_CHANNEL
            for currency in front.currencies
        ]
        self.languages = languages
        self.units = list(CONTENT_UNITS)
        self.currencies = currencies
        self.definitions = {definition.code: definition for definition in definitions}

    def values(self, draft: ProductDraft | None) -> Values:
        """As the form shows it, with empty rows at the end for what may be added."""
        if draft is None:
            return {"tax_class": "standard", **self._empty_rows(0)}
        variants = [self._variant_values(index, each) for index, each in enumerate(draft.variants)]
        images = [self.picture_values(index, each) for index, each in enumerate(draft.images)]
        return {
            **{name: switch_typed(getattr(draft, name)) for name in SWITCHES},
            **{f"title-{each}": draft.title.get(each, "") for each in self.languages},
            **{f"description-{each}": draft.description.get(each, "") for each in self.languages},
            **{f"safety-{each}": draft.safety.get(each, "") for each in self.languages},
            **{f"maker-{name}": getattr(draft.maker, name, None) or "" for name in MAKER},
            **{name: moment_typed(getattr(draft, name)) for name in PLAN},
            "slug": draft.slug,
            "category": draft.category or "",
            "tax_class": draft.tax_class,
            "options": "\n".join(draft.options),
            "related": "\n".join(draft.related),
            **({"channels": "\n".join(draft.channels)} if self.fronts else {}),
            **{f"attribute-{code}": _attribute_typed(value) for code, value in draft.attributes.items()},
            **{name: value for row in (*variants, *images) for name, value in row.items()},
            **self._empty_rows(len(variants)),
        }

    def draft(self, reading: Reading, base: ProductDraft | None) -> ProductDraft:
        """What was typed. `base` lends what the form does not show. Raises Invalid naming the fields."""
        options = reading.lines("options")
        kept = {variant.sku: variant for variant in base.variants} if base else {}
        draft = ProductDraft(
            slug=reading.text("slug"),
            title=reading.by_language("title", self.languages),
            description=reading.by_language("description", self.languages),
            category=reading.text("category") or None,
            tax_class=reading.text("tax_class") or "standard",
            attributes=self._attributes(reading, options),
            options=options,
            variants=[
                self._variant(reading, row, options, kept.get(reading.text(f"variant-{row}-sku")))
                for row in rows_of(reading.values, "variant")
                if reading.text(f"variant-{row}-sku")
            ],
            images=self._images(reading, options),
            related=reading.lines("related"),
            featured=reading.is_on("featured"),
            published=reading.is_on("published"),
            created_on=None if base is None else base.created_on,
            maker=_maker(reading),
            safety=reading.by_language("safety", self.languages),
            publish_at=_moment(reading, "publish_at", base),
            unpublish_at=_moment(reading, "unpublish_at", base),
            channels=reading.lines("channels") if self.fronts else (base.channels if base else []),
        )
        reading.end()
        return draft

    def fields(self, texts: Texts, *forms: Values) -> list[Field]:
        """All fields that any of the forms has, with what they are called."""
        words = {ON: texts("form.yes"), "": texts("form.no")}
        named = {name: texts(f"products.{name}") for name in (*SWITCHES, *PLAN, *PLAIN)}
        named |= {f"maker-{name}": texts(f"products.maker_{name}") for name in MAKER}
        named |= {"channels": texts("products.channels")} if self.fronts else {}
        for language in self.languages:
            for name in TEXTS:
                named[f"{name}-{language}"] = f"{texts(f'products.{name}')} ({language})"
        names = dict.fromkeys([*named, *(name for form in forms for name in form)])
        switched = {name for name in names if name in SWITCHES or name.endswith("-remove")}
        pictures = {name: _files_of(name, forms) for name in names if name.endswith("-picture")}
        return [
            Field(
                name=name,
                label=named.get(name) or self._label(name, texts),
                words=words if name in switched else pictures.get(name, {}),
            )
            for name in names
            if name != "version"
        ]

    def paths(self, values: Mapping[str, str]) -> dict[str, str]:
        """Which field is meant by a path of the command: rows without a SKU are not in it."""
        found = {"title": f"title-{self.languages[0]}", "description": f"description-{self.languages[0]}"}
        found |= {f"maker.{name}": f"maker-{name}" for name in MAKER}
        for name in TEXTS:
            found |= {f"{name}.{language}": f"{name}-{language}" for language in self.languages}
        found |= {f"attributes.{code}": f"attribute-{code}" for code in self.definitions}
        found |= {f"options.{index}": "options" for index in range(10)}
        found |= {"variants": "variant-0-sku", "images": "pictures"}
        rows = [row for row in rows_of(values, "variant") if values.get(f"variant-{row}-sku", "").strip()]
        for index, row in enumerate(rows):
            found[f"variants.{index}.sku"] = f"variant-{row}-sku"
            found[f"variants.{index}.options"] = f"variant-{row}-sku"
            found[f"variants.{index}.weight_g"] = f"variant-{row}-weight"
            found[f"variants.{index}.gtin"] = f"variant-{row}-gtin"
            found[f"variants.{index}.content.amount"] = f"variant-{row}-content"
            found[f"variants.{index}.content.unit"] = f"variant-{row}-unit"
            for code in self.definitions:
                found[f"variants.{index}.options.{code}"] = f"variant-{row}-option-{code}"
            for currency in self.currencies:
                found[f"variants.{index}.prices.{currency}"] = f"variant-{row}-price-{currency}"
                found[f"variants.{index}.compare_at.{currency}"] = f"variant-{row}-former-{currency}"
            for own in self.owns:
                path = f"variants.{index}.channel_prices.{own.front.code}.{own.currency}"
                found[path] = f"variant-{row}-{own.name}"
        return found

    def _label(self, name: str, texts: Texts) -> str:
        """`variant-1-price-EUR` as `Variant 2: price (EUR)`."""
        row = _ROW.match(name)
        if row is None:
            return name.removeprefix("attribute-").replace("-", " ")
        part, _, rest = name[row.end() :].partition("-")
        told = texts.get(f"products.{row[1]}.{part}", f"products.{row[1]}")
        return f"{texts(f'products.{row[1]}')} {int(row[2]) + 1}: {told}{f' ({rest})' if rest else ''}"

    def _empty_rows(self, variants: int) -> Values:
        return {f"variant-{variants + index}-sku": "" for index in range(EMPTY_ROWS)}

    def _variant_values(self, row: int, variant: VariantDraft) -> Values:
        start = f"variant-{row}"
        return {
            f"{start}-sku": variant.sku,
            **{f"{start}-option-{code}": value for code, value in variant.options.items()},
            **self._amounts_typed(f"{start}-price", variant.prices),
            **self._amounts_typed(f"{start}-former", variant.compare_at),
            **{f"{start}-{own.name}": _own_typed(own, variant) for own in self.owns},
            f"{start}-weight": str(variant.weight_g or ""),
            f"{start}-gtin": variant.gtin or "",
            f"{start}-content": variant.content.amount if variant.content else "",
            f"{start}-unit": variant.content.unit if variant.content else "",
        }

    def _amounts_typed(self, name: str, amounts: Mapping[str, int]) -> Values:
        return {
            f"{name}-{currency}": as_typed(amounts[currency], currency) if currency in amounts else ""
            for currency in self.currencies
        }

    def _variant(
        self, reading: Reading, row: int, options: Iterable[str], kept: VariantDraft | None
    ) -> VariantDraft:
        """Prices in currencies that nothing is sold in now are not shown, and stay as they are kept."""
        start = f"variant-{row}"
        chosen = {code: reading.text(f"{start}-option-{code}") for code in options}
        return VariantDraft(
            sku=reading.text(f"{start}-sku"),
            options={code: value for code, value in chosen.items() if value},
            prices=self._others(kept.prices if kept else {})
            | reading.amounts(f"{start}-price", self.currencies),
            compare_at=self._others(kept.compare_at if kept else {})
            | reading.amounts(f"{start}-former", self.currencies),
            weight_g=reading.number(f"{start}-weight"),
            gtin=reading.text(f"{start}-gtin") or None,
            content=_content(reading, start),
            channel_prices=self._own_prices(reading, start, kept),
        )

    def _own_prices(
        self, reading: Reading, start: str, kept: VariantDraft | None
    ) -> dict[str, dict[str, int]]:
        """As typed; what the form does not show stays as it is kept."""
        shown = {(own.front.code, own.currency) for own in self.owns}
        found = {
            code: {currency: amount for currency, amount in amounts.items() if (code, currency) not in shown}
            for code, amounts in (kept.channel_prices if kept else {}).items()
        }
        for own in self.owns:
            amount = reading.amount(f"{start}-{own.name}", own.currency)
            if amount is not None:
                found.setdefault(own.front.code, {})[own.currency] = amount
        return {code: amounts for code, amounts in found.items() if amounts}

    def _others(self, amounts: Mapping[str, int]) -> dict[str, int]:
        return {code: amount for code, amount in amounts.items() if code not in self.currencies}

    def _attributes(self, reading: Reading, options: Sequence[str]) -> dict[str, AttributeValue]:
        found: dict[str, AttributeValue] = {}
        for code, definition in self.definitions.items():
            name = f"attribute-{code}"
            if code in options or not reading.text(name):
                continue
            match definition.type:
                case "choice":
                    chosen = reading.lines(name)
                    found[code] = chosen[0] if len(chosen) == 1 else chosen
                case "boolean":
                    found[code] = reading.text(name) == "true"
                case "number":
                    found[code] = decimal_point(reading.text(name))
                case _:
                    found[code] = reading.text(name)
        return found

    def picture_values(self, row: int, picture: Picture) -> Values:
        """A picture as this row of the form."""
        start = f"image-{row}"
        return {
            f"{start}-picture": msgspec.json.encode(picture).decode(),
            f"{start}-place": str(row + 1),
            **{f"{start}-alt-{each}": picture.alt.get(each, "") for each in self.languages},
            **{f"{start}-option-{code}": value for code, value in picture.options.items()},
        }

    def _images(self, reading: Reading, options: Sequence[str]) -> list[Picture]:
        """In the order of their places; those marked are left out. Of two in one place, the one that moved there wins."""
        found: list[tuple[tuple[int, int, int], Picture]] = []
        for row in rows_of(reading.values, "image"):
            start = f"image-{row}"
            url, kept = reading.text(f"{start}-url"), reading.text(f"{start}-picture")
            if reading.is_on(f"{start}-remove") or not (url or kept):
                continue
            picture = Picture(url=url) if url else self._kept(reading, f"{start}-picture")
            shows = {
                code: reading.values.get(f"{start}-option-{code}", picture.options.get(code, ""))
                for code in options
            }
            picture = msgspec.structs.replace(
                picture,
                alt=reading.by_language(f"{start}-alt", self.languages),
                options={code: value for code, value in shows.items() if value},
            )
            place = reading.number(f"{start}-place", row + 1)
            found.append(((place, (place > row + 1) - (place < row + 1), row), picture))
        return [picture for _, picture in sorted(found, key=lambda each: each[0])]

    def _kept(self, reading: Reading, name: str) -> Picture:
        try:
            return msgspec.json.decode(reading.text(name), type=Picture)
        except msgspec.MsgspecError:
            reading.refuse(name, "not_valid", "This picture cannot be read.")
            return Picture()


def decoded_picture(encoded: str) -> Picture | None:
    """What a row of the form is about; None where it cannot be read."""
    try:
        return msgspec.json.decode(encoded, type=Picture)
    except msgspec.MsgspecError:
        return None


def _files_of(name: str, forms: Iterable[Values]) -> dict[str, str]:
    """What people see instead of the pictures that a field holds: their files."""
    held = {form[name] for form in forms if form.get(name)}
    pictures = {encoded: decoded_picture(encoded) for encoded in held}
    return {encoded: (one.file or one.url or "") for encoded, one in pictures.items() if one is not None}


def _own_typed(own: Own, variant: VariantDraft) -> str:
    amount = variant.channel_prices.get(own.front.code, {}).get(own.currency)
    return "" if amount is None else as_typed(amount, own.currency)


def _content(reading: Reading, start: str) -> Content | None:
    """None where nothing is typed; the catalogue refuses one half without the other."""
    amount, unit = decimal_point(reading.text(f"{start}-content")), reading.text(f"{start}-unit")
    return Content(amount=amount, unit=unit) if amount or unit else None


def _moment(reading: Reading, name: str, base: ProductDraft | None) -> datetime | None:
    """Its field shows minutes: one that nobody touched keeps its seconds."""
    kept = getattr(base, name, None)
    return kept if kept and moment_typed(kept) == reading.text(name) else reading.moment(name)


def _maker(reading: Reading) -> Maker | None:
    name, address, email, url = (reading.text(f"maker-{each}") for each in MAKER)
    if not (name or address or email or url):
        return None
    return Maker(name=name, address=address, email=email or None, url=url or None)


def rows_of(values: Mapping[str, str], kind: str) -> list[int]:
    """The numbers of the rows that a form has of variants or images."""
    found = {int(row[2]) for name in values if (row := _ROW.match(name)) and row[1] == kind}
    return sorted(found)[:ROWS_MAX]


def _attribute_typed(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(value) if isinstance(value, list) else str(value)
