"""The rules of a product: what a draft must be, and what becomes of it when it is saved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from rialto.catalog.api import (
    DEFAULT_CHANNEL,
    AttributeDefinition,
    AttributeValue,
    CategoryNotFound,
    Picture,
    Product,
    ProductChanged,
    ProductDocument,
    ProductDraft,
    ProductInvalid,
    SlugTaken,
    VariantDraft,
)
from rialto.catalog.model.fields import (
    DESCRIPTION_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Problems,
    is_code,
    is_sku,
    named,
)
from rialto.catalog.model.labelling import (
    SAFETY_LENGTH_MAX,
    check_content,
    check_maker,
    with_plain_content,
)
from rialto.catalog.model.planning import check_plan, with_utc
from rialto.catalog.model.structure import path_to
from rialto.kernel.errors import FieldProblem
from rialto.kernel.money import AMOUNT_MAX, EXPONENTS
from rialto.kernel.service import Frozen

VARIANTS_MAX = 200
IMAGES_MAX = 50
OPTIONS_MAX = 5
ATTRIBUTES_MAX = 100
RELATED_MAX = 50
WEIGHT_G_MAX = 100_000_000  # a hundred tonnes
TEXT_VALUE_LENGTH_MAX = 2_000
CHOICES_MAX = 50
NUMBER_MAX = 10**12
CHANNELS_MAX = 50
DRAFT_BYTES_MAX = 500_000

DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")


class Surroundings(Frozen):
    """What a draft is judged against: definitions by code, categories (slug → parent), the shop's own words, its fronts."""

    definitions: dict[str, AttributeDefinition]
    tree: dict[str, str | None]
    language: str
    channels: tuple[str, ...] = (DEFAULT_CHANNEL,)


def checked_draft(draft: ProductDraft, known: Surroundings) -> ProductDraft:
    """The draft as it is stored (numbers in their shortest form). Raises ProductInvalid, CategoryNotFound."""
    problems = Problems()
    problems.slug("slug", draft.slug)
    problems.texts("title", draft.title, length_max=TITLE_LENGTH_MAX)
    problems.default_language("title", draft.title, known.language)
    problems.texts("description", draft.description, length_max=DESCRIPTION_LENGTH_MAX, lines=True)
    problems.code("tax_class", draft.tax_class)
    check_maker(problems, draft.maker)
    problems.texts("safety", draft.safety, length_max=SAFETY_LENGTH_MAX, lines=True)
    _check_options(problems, draft, known.definitions)
    attributes = _checked_attributes(problems, draft, known.definitions)
    _check_variants(problems, draft, known)
    _check_images(problems, draft, known.definitions)
    _check_related(problems, draft.related)
    _check_channels(problems, draft, known.channels)
    check_plan(problems, draft)
    problems.raise_as(ProductInvalid, "The product is not valid.")
    if draft.category is not None and draft.category not in known.tree:
        message = "There is no such category."
        raise CategoryNotFound(
            fields=(FieldProblem(path="category", code="category_unknown", message=message),)
        )
    variants = [with_plain_content(variant) for variant in draft.variants]
    stored = msgspec.structs.replace(
        with_utc(draft),
        attributes=attributes,
        variants=variants,
        channels=list(dict.fromkeys(draft.channels)),
    )
    if len(msgspec.json.encode(stored)) > DRAFT_BYTES_MAX:
        raise ProductInvalid(f"The product is larger than {DRAFT_BYTES_MAX} bytes.", code="too_large")
    return stored


def attribute_codes(draft: ProductDraft) -> list[str]:
    """The codes it uses that could be codes at all: its options, then its attributes."""
    return [code for code in dict.fromkeys([*draft.options, *draft.attributes]) if is_code(code)]


def _check_options(
    problems: Problems, draft: ProductDraft, definitions: Mapping[str, AttributeDefinition]
) -> None:
    if len(draft.options) > OPTIONS_MAX:
        problems.add("options", "too_many", f"At most {OPTIONS_MAX} options.")
    if len(set(draft.options)) != len(draft.options):
        problems.add("options", "duplicate", "Each option once.")
    for index, code in enumerate(draft.options[:OPTIONS_MAX]):
        definition = definitions.get(code)
        if definition is None:
            problems.add(f"options.{index}", "attribute_unknown", f"There is no attribute {named(code)}.")
        elif definition.type != "choice":
            problems.add(f"options.{index}", "not_a_choice", "Variants differ by choices only.")
        if code in draft.attributes:
            path = f"attributes.{named(code)}"
            problems.add(
                path, "option_and_attribute", "What variants differ by is not an attribute of all of them."
            )


def _checked_attributes(
    problems: Problems, draft: ProductDraft, definitions: Mapping[str, AttributeDefinition]
) -> dict[str, AttributeValue]:
    if len(draft.attributes) > ATTRIBUTES_MAX:
        problems.add("attributes", "too_many", f"At most {ATTRIBUTES_MAX} attributes.")
        return {}
    checked: dict[str, AttributeValue] = {}
    for code, value in draft.attributes.items():
        path = f"attributes.{named(code)}"
        definition = definitions.get(code)
        if definition is None:
            problems.add(path, "attribute_unknown", f"There is no attribute {named(code)}.")
            continue
        fault = _VALUE_FAULTS[definition.type](definition, value)
        if fault:
            problems.add(path, "value_not_valid", fault)
        checked[code] = _shortest(value) if definition.type == "number" and not fault else value
    return checked


def _choice_fault(definition: AttributeDefinition, value: AttributeValue) -> str | None:
    chosen = value if isinstance(value, list) else [value]
    if not chosen or len(chosen) > CHOICES_MAX or len(set(chosen)) != len(chosen):
        return f"Between one and {CHOICES_MAX} of its values, each once."
    if not all(isinstance(one, str) and one in definition.values for one in chosen):
        return "This is not one of its values."
    return None


def _number_fault(_definition: AttributeDefinition, value: AttributeValue) -> str | None:
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and -NUMBER_MAX < value < NUMBER_MAX:
        return None
    return "This is not a number with at most 12 digits before the point and 6 after it."


def _boolean_fault(_definition: AttributeDefinition, value: AttributeValue) -> str | None:
    return None if isinstance(value, bool) else "True or false."


def _text_fault(_definition: AttributeDefinition, value: AttributeValue) -> str | None:
    if not isinstance(value, str):
        return "A text."
    inner = Problems()
    inner.text("value", value, length_max=TEXT_VALUE_LENGTH_MAX, lines=True)
    return "This is empty, too long or holds characters that cannot be stored." if inner.any else None


_VALUE_FAULTS = {
    "choice": _choice_fault,
    "number": _number_fault,
    "boolean": _boolean_fault,
    "text": _text_fault,
}


def _shortest(value: AttributeValue) -> AttributeValue:
    """16 for "16.0", "9.5" for "9.50": one number has one form, so that an equal draft is equal."""
    if not isinstance(value, str):
        return value
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


def _check_variants(problems: Problems, draft: ProductDraft, known: Surroundings) -> None:
    if not draft.variants:
        problems.add("variants", "required", "A product has at least one variant.")
    if len(draft.variants) > VARIANTS_MAX:
        problems.add("variants", "too_many", f"At most {VARIANTS_MAX} variants.")
        return
    skus: set[str] = set()
    combinations: set[str] = set()
    for index, variant in enumerate(draft.variants):
        path = f"variants.{index}"
        if not is_sku(variant.sku):
            problems.add(f"{path}.sku", "sku_not_valid", "At most 64 printable characters without spaces.")
        elif variant.sku in skus:
            problems.add(f"{path}.sku", "duplicate", "This SKU stands here twice.")
        skus.add(variant.sku)
        if set(variant.options) != set(draft.options):
            problems.add(
                f"{path}.options", "options_incomplete", "Each variant gives every option and no other."
            )
        else:
            _check_chosen(problems, f"{path}.options", variant.options, known.definitions)
        if option_key(variant) in combinations:
            problems.add(f"{path}.options", "duplicate", "Another variant has the same options.")
        combinations.add(option_key(variant))
        problems.number(f"{path}.weight_g", variant.weight_g, low=0, high=WEIGHT_G_MAX)
        if variant.gtin is not None and not _GTIN.fullmatch(variant.gtin):
            problems.add(f"{path}.gtin", "gtin_not_valid", "A GTIN has 8, 12, 13 or 14 digits.")
        check_content(problems, path, variant)
        _check_prices(problems, path, variant)


def _check_chosen(
    problems: Problems, path: str, options: Mapping[str, str], definitions: Mapping[str, AttributeDefinition]
) -> None:
    for code, value in options.items():
        definition = definitions.get(code)
        if definition is not None and value not in definition.values:
            problems.add(f"{path}.{named(code)}", "value_not_valid", "This is not one of its values.")


def _check_prices(problems: Problems, path: str, variant: VariantDraft) -> None:
    """Also in currencies that no channel sells in: they may be about to be switched on, or have been switched off."""
    _check_amounts(problems, f"{path}.prices", variant.prices)
    _check_amounts(problems, f"{path}.compare_at", variant.compare_at)
    for currency, amount in variant.compare_at.items():
        is_amount = currency in EXPONENTS and 0 < amount <= AMOUNT_MAX
        if is_amount and amount <= variant.prices.get(currency, AMOUNT_MAX):
            where = f"{path}.compare_at.{named(currency)}"
            problems.add(where, "compare_at_not_higher", "A former price is above the present one.")


def _check_channels(problems: Problems, draft: ProductDraft, channels: Sequence[str]) -> None:
    """Which shop fronts show it, and what it costs there. The default one has the product's own prices."""
    if len(draft.channels) > CHANNELS_MAX:
        problems.add("channels", "too_many", f"At most {CHANNELS_MAX} shop fronts.")
    for index, code in enumerate(draft.channels[:CHANNELS_MAX]):
        if code not in channels:
            problems.add(f"channels.{index}", "channel_unknown", f"There is no shop front {named(code)}.")
    for index, variant in enumerate(draft.variants[:VARIANTS_MAX]):
        for code, amounts in variant.channel_prices.items():
            where = f"variants.{index}.channel_prices.{named(code)}"
            if code not in channels:
                problems.add(where, "channel_unknown", f"There is no shop front {named(code)}.")
            elif code == DEFAULT_CHANNEL:
                problems.add(where, "not_valid", "The default shop front has the product's own prices.")
            _check_amounts(problems, where, amounts)


def _check_amounts(problems: Problems, path: str, amounts: Mapping[str, int]) -> None:
    for currency, amount in amounts.items():
        where = f"{path}.{named(currency)}"
        if currency not in EXPONENTS:
            problems.add(where, "currency_unknown", "This is no currency of ISO 4217.")
        elif not 0 < amount <= AMOUNT_MAX:
            problems.add(where, "amount_not_valid", f"Minor units, between 1 and {AMOUNT_MAX}.")


def _check_images(
    problems: Problems, draft: ProductDraft, definitions: Mapping[str, AttributeDefinition]
) -> None:
    if len(draft.images) > IMAGES_MAX:
        problems.add("images", "too_many", f"At most {IMAGES_MAX} pictures.")
        return
    for index, picture in enumerate(draft.images):
        path = f"images.{index}"
        problems.picture(path, picture)
        if not set(picture.options) <= set(draft.options):
            problems.add(f"{path}.options", "attribute_unknown", "A picture shows options of its product.")
        else:
            _check_chosen(problems, f"{path}.options", picture.options, definitions)


def _check_related(problems: Problems, related: Sequence[str]) -> None:
    if len(related) > RELATED_MAX:
        problems.add("related", "too_many", f"At most {RELATED_MAX} related products.")
        return
    for index, slug in enumerate(related):
        problems.slug(f"related.{index}", slug)


def option_key(variant: VariantDraft) -> str:
    """The variant's options as one text: equal for equal options, whatever their order."""
    return json.dumps(sorted(variant.options.items()))


def picture_of(draft: ProductDraft, variant: VariantDraft) -> Picture | None:
    """The first picture that shows this variant; else the first that shows any; else the first."""
    own = (one for one in draft.images if one.options and one.options.items() <= variant.options.items())
    general = (one for one in draft.images if not one.options)
    return next(own, None) or next(general, None) or next(iter(draft.images), None)


def uses_of(draft: ProductDraft, definitions: Mapping[str, AttributeDefinition]) -> list[tuple[str, str]]:
    """(attribute, value) pairs that a definition must not lose; the value is empty where it is free."""
    pairs: set[tuple[str, str]] = {
        (code, value) for one in draft.variants for code, value in one.options.items()
    }
    for code, value in draft.attributes.items():
        if definitions[code].type != "choice":
            pairs.add((code, ""))
        else:
            pairs |= {(code, str(one)) for one in (value if isinstance(value, list) else [value])}
    return sorted(pairs)


def decide(current: Product, draft: ProductDraft, expected_version: int | None) -> str:
    """changed or unchanged. Raises SlugTaken, ProductChanged.

    A repeat of a request that succeeded (same draft, and the version it was based on is the one before the
    present) is `unchanged`: RFC 9110 section 13.1.1 allows that, and it makes a retried call safe.
    """
    is_equal = current.draft == draft
    if expected_version in (None, current.version, current.version - 1) and is_equal:
        return "unchanged"
    if expected_version == 0:
        raise SlugTaken
    if expected_version not in (None, current.version):
        raise ProductChanged
    return "changed"


def document_of(
    product: Product,
    known: Mapping[str, AttributeDefinition],
    tree: Mapping[str, str | None],
    lowest: Mapping[str, Mapping[str, int]],
) -> ProductDocument:
    """The product as readers get it. `lowest` by SKU and currency: before the present reduction."""
    codes = [code for code in attribute_codes(product.draft) if code in known]
    return ProductDocument(
        id=product.id,
        version=product.version,
        draft=product.draft,
        category_path=path_to(product.draft.category, tree),
        attributes=[known[code] for code in codes],
        lowest_30_days=_lowest_shown(product.draft, lowest),
        changed_at=product.changed_at,
    )


def _lowest_shown(draft: ProductDraft, lowest: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Of each article that is reduced now, in the currencies in which it is."""
    shown = {
        variant.sku: {
            currency: amount
            for currency, amount in lowest.get(variant.sku, {}).items()
            if currency in variant.compare_at
        }
        for variant in draft.variants
    }
    return {sku: amounts for sku, amounts in shown.items() if amounts}
