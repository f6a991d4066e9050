"""The rules of collections: what their texts and conditions must be, and what these may name."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping

import msgspec

from rialto.catalog.api.collections import Collection, CollectionInvalid, CollectionRule
from rialto.catalog.api.products import AttributeDefinition
from rialto.catalog.model.fields import TITLE_LENGTH_MAX, Problems, named
from rialto.catalog.model.products import DECIMAL
from rialto.kernel.money import AMOUNT_MAX
from rialto.kernel.service import Frozen

COLLECTIONS_MAX = 200
CHOSEN_MAX = 200
ATTRIBUTES_MAX = 20
VALUES_MAX = 50
VALUE_LENGTH_MAX = 120
CATEGORIES_MAX = 50
DAYS_MAX = 3_650
DESCRIPTION_LENGTH_MAX = 2_000
STOCKS = ("in_stock", "few_left")
# The collection of featured products is there in every shop.
RESERVED = "featured"


class Nameable(Frozen):
    """What a collection may name: found out beforehand, for this collection only. `language` is the default one."""

    definitions: Mapping[str, AttributeDefinition]
    categories: Several[str]
    currencies: Several[str]
    products: Several[str]
    language: str


def check_form(collection: Collection) -> None:
    """What can be judged without the rest of the shop. Raises CollectionInvalid with every problem."""
    problems = Problems()
    problems.slug("slug", collection.slug)
    if collection.slug == RESERVED:
        problems.add("slug", "reserved", "The collection of featured products has this name.")
    problems.texts("title", collection.title, length_max=TITLE_LENGTH_MAX)
    problems.texts("description", collection.description, length_max=DESCRIPTION_LENGTH_MAX, lines=True)
    _check_products(problems, collection)
    if collection.rule is not None:
        _check_rule(problems, collection.rule)
    problems.raise_as(CollectionInvalid, "The collection is not valid.")


def checked_collection(collection: Collection, known: Nameable) -> Collection:
    """With each product, category and value once. Expects `check_form`. Raises CollectionInvalid."""
    problems = Problems()
    problems.default_language("title", collection.title, known.language)
    for index, slug in enumerate(collection.products):
        if slug not in known.products:
            problems.add(f"products.{index}", "product_unknown", "There is no such product.")
    if collection.rule is not None:
        _check_names(problems, collection.rule, known)
    problems.raise_as(CollectionInvalid, "The collection is not valid.")
    return msgspec.structs.replace(
        collection,
        products=list(dict.fromkeys(collection.products)),
        rule=None if collection.rule is None else _once(collection.rule),
    )


def _check_products(problems: Problems, collection: Collection) -> None:
    if collection.rule is not None and collection.products:
        problems.add("products", "not_valid", "A collection has either a rule or products.")
    elif collection.rule is None and not collection.products:
        problems.add("products", "required", "At least one product, or a rule.")
    elif len(collection.products) > CHOSEN_MAX:
        problems.add("products", "too_many", f"At most {CHOSEN_MAX} products.")
    else:
        for index, slug in enumerate(collection.products):
            problems.slug(f"products.{index}", slug)


def _check_rule(problems: Problems, rule: CollectionRule) -> None:
    if rule == CollectionRule():
        problems.add("rule", "required", "At least one condition.")
    if rule.stock is not None and rule.stock not in STOCKS:
        problems.add("rule.stock", "not_valid", f"One of {', '.join(STOCKS)}.")
    if rule.newer_than_days is not None:
        problems.number("rule.newer_than_days", rule.newer_than_days, low=1, high=DAYS_MAX)
    if len(rule.categories) > CATEGORIES_MAX:
        problems.add("rule.categories", "too_many", f"At most {CATEGORIES_MAX} categories.")
    else:
        for index, slug in enumerate(rule.categories):
            problems.slug(f"rule.categories.{index}", slug)
    _check_values(problems, rule)
    _check_prices(problems, rule)


def _check_values(problems: Problems, rule: CollectionRule) -> None:
    if len(rule.attributes) > ATTRIBUTES_MAX:
        problems.add("rule.attributes", "too_many", f"At most {ATTRIBUTES_MAX} attributes.")
        return
    for code, values in rule.attributes.items():
        path = f"rule.attributes.{named(code)}"
        problems.code(path, code)
        if not values:
            problems.add(path, "required", "At least one value.")
        elif len(values) > VALUES_MAX:
            problems.add(path, "too_many", f"At most {VALUES_MAX} values.")
        else:
            for index, value in enumerate(values):
                problems.text(f"{path}.{index}", value, length_max=VALUE_LENGTH_MAX)


def _check_prices(problems: Problems, rule: CollectionRule) -> None:
    for currency, band in rule.prices.items():
        path = f"rule.prices.{named(currency)}"
        ends = {"low": band.low, "high": band.high}
        given = {name: amount for name, amount in ends.items() if amount is not None}
        for name, amount in given.items():
            problems.number(f"{path}.{name}", amount, low=0, high=AMOUNT_MAX)
        if len(given) == 2 and given["low"] > given["high"]:
            problems.add(path, "range_empty", "The highest price is below the lowest.")


def _check_names(problems: Problems, rule: CollectionRule, known: Nameable) -> None:
    for currency in rule.prices:
        if currency not in known.currencies:
            problems.add(
                f"rule.prices.{named(currency)}", "currency_unknown", "No channel sells in this currency."
            )
    for index, slug in enumerate(rule.categories):
        if slug not in known.categories:
            problems.add(f"rule.categories.{index}", "category_unknown", "There is no such category.")
    for code, values in rule.attributes.items():
        definition = known.definitions.get(code)
        path = f"rule.attributes.{named(code)}"
        if definition is None or not definition.filterable:
            problems.add(path, "attribute_unknown", "There is no attribute of this name to filter by.")
        else:
            for index, value in enumerate(values):
                if not _is_value(value, definition):
                    problems.add(f"{path}.{index}", "value_not_valid", "This is not one of its values.")


def _is_value(value: str, definition: AttributeDefinition) -> bool:
    match definition.type:
        case "choice":
            return value in definition.values
        case "number":
            return DECIMAL.fullmatch(value) is not None
        case "boolean":
            return value in {"true", "false"}
        case _:
            return True


def _once(rule: CollectionRule) -> CollectionRule:
    return msgspec.structs.replace(
        rule,
        attributes={code: list(dict.fromkeys(values)) for code, values in rule.attributes.items()},
        categories=list(dict.fromkeys(rule.categories)),
    )
