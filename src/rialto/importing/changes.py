"""What differs between a product as it is and as an import leaves it, field by field, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rialto.catalog.api import ProductDraft
from rialto.importing.model import CHANGE_LENGTH_MAX, Change
from rialto.kernel.money import Currency, Money

Fields = dict[str, str]


def differences(before: ProductDraft, after: ProductDraft) -> list[Change]:
    """One entry per field, in the order of a draft's fields; variants are told apart by SKU, not by place."""
    old, new = _fields(before), _fields(after)
    return [
        Change(product=after.slug, field=path, before=_cut(old.get(path, "")), after=_cut(new.get(path, "")))
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]


def _fields(draft: ProductDraft) -> Fields:
    content = msgspec.to_builtins(draft)
    content["variants"] = {variant.pop("sku"): _priced(variant) for variant in content["variants"]}
    content["images"] = {str(index + 1): image for index, image in enumerate(content["images"])}
    fields = dict(_flat(content, ""))
    fields["variants"] = " ".join(content["variants"])
    return fields


def _priced(variant: dict[str, Any]) -> dict[str, Any]:
    """With amounts as people write them."""
    for field in ("prices", "compare_at"):
        amounts = variant[field].items()
        variant[field] = {code: Money(amount, Currency(code)).decimal() for code, amount in amounts}
    for channel, own in variant["channel_prices"].items():
        told = {code: Money(amount, Currency(code)).decimal() for code, amount in own.items()}
        variant["channel_prices"][channel] = told
    return variant


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every leaf with its path. What is empty or absent is left out: both mean the same to a reader."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if value:
            yield path, " ".join(str(one) for one in value)
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    elif value not in (None, "", 0):
        yield path, str(value)


def _cut(text: str) -> str:
    return text if len(text) <= CHANGE_LENGTH_MAX else text[: CHANGE_LENGTH_MAX - 1] + "…"
