"""Prices of many articles at once: chosen, shown before and after, applied, and taken back.

The preview's form carries each article with the version of its product that was looked at; what somebody else
changed meanwhile is left alone and told. What was applied comes back with a form that undoes it, under the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec
from litestar import get, post

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, decimal_point, read_values
from rialto.admin.problems import Problem, problems_of
from rialto.admin.rendering import PAGE, page
from rialto.admin.tables import Choice
from rialto.catalog.api import (
    DEFAULT_CHANNEL,
    Catalog,
    Channel,
    ListProducts,
    Product,
    ProductRef,
    PutProduct,
    VariantDraft,
)
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import ProductId
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Frozen, Nothing

BULK = f"{HOME}/products/prices"
PRODUCTS_MAX = 200
KINDS = ("reduce", "end_reduction", "change")


class Change(Frozen):
    """One article's price and former price, in minor units: as they were looked at, and as they are to be.

    In a shop front (`channel`) it is the price of its own there; `own_before` and `own_after` say whether it has one.
    """

    product_id: str
    version: int
    sku: str
    currency: Currency
    before: int
    former_before: int | None
    after: int
    former_after: int | None
    channel: str = ""
    own_before: bool = True
    own_after: bool = True

    @property
    def prices(self) -> dict[str, Money | None]:
        """For showing them."""
        amounts = {
            "before": self.before,
            "former_before": self.former_before,
            "after": self.after,
            "former_after": self.former_after,
        }
        return {
            name: None if amount is None else Money(amount, self.currency) for name, amount in amounts.items()
        }

    def undone(self, version: int) -> Change:
        """The way back, from the version it made."""
        return Change(
            product_id=self.product_id,
            version=version,
            sku=self.sku,
            currency=self.currency,
            before=self.after,
            former_before=self.former_after,
            after=self.before,
            former_after=self.former_before,
            channel=self.channel,
            own_before=self.own_after,
            own_after=self.own_before,
        )


class Applied(Frozen):
    """What was done, each with its way back, and which articles were left alone and why."""

    undo: list[Change]
    left: list[Problem]


@get(BULK, guards=[requires("catalog.read")])
async def bulk_prices(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    """Nothing is chosen yet: the form. Else what would change; asked by its address, so it can be refined."""
    values: Values = {"kind": "reduce", **dict(desk.query)}
    changes: list[Change] = []
    problems: list[Problem] = []
    if "currency" in dict(desk.query):
        try:
            changes = await _planned(catalog, Reading(values))
        except RialtoError as error:
            problems = problems_of(error, desk.texts)
    return await _page(desk, catalog, values=values, changes=changes, problems=problems)


@post(BULK, guards=[requires("catalog.write")], status_code=200)
async def apply_bulk_prices(request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    """Product by product: each is saved if it still is as it was looked at."""
    values = await read_values(request)
    try:
        changes = msgspec.json.decode(values.get("changes", ""), type=list[Change])
    except msgspec.MsgspecError:
        return await _page(desk, catalog, values={"kind": "reduce"})
    applied = await _applied(desk, catalog, changes)
    return await _page(desk, catalog, values={"kind": "reduce"}, applied=applied)


async def _planned(catalog: Catalog, reading: Reading) -> list[Change]:
    """Raises Invalid naming the fields."""
    kind, currency = reading.text("kind"), Currency(reading.text("currency"))
    percent = _percent(reading) if kind != "end_reduction" else Fraction(0)
    front = await _front(catalog, reading)
    reading.end()
    command = ListProducts(
        text=reading.text("q"), category=reading.text("category") or None, limit=PRODUCTS_MAX
    )
    products = (await catalog.list_products(command)).items
    planned = (
        _change(product, variant, currency, kind=kind, percent=percent)
        if front is None
        else _own_change(product, variant, currency, front=front, percent=percent)
        for product in products
        for variant in product.draft.variants
    )
    return [change for change in planned if change is not None]


async def _front(catalog: Catalog, reading: Reading) -> Channel | None:
    """The shop front whose own prices are meant; None for the prices of all."""
    code = reading.text("channel")
    if not code or code == DEFAULT_CHANNEL:
        return None
    front = next((one for one in (await catalog.channels(Nothing())).items if one.code == code), None)
    if front is None:
        reading.refuse("channel", "channel_unknown", "There is no such shop front.")
    elif reading.text("kind") != "change":
        message = "A price of a shop front's own has no former price: change it instead."
        reading.refuse("kind", "reduction_not_here", message)
    return front


def _percent(reading: Reading) -> Fraction:
    try:
        found = Fraction(decimal_point(reading.text("percent")))
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    lowest = 0 if reading.text("kind") == "reduce" else -100
    if not lowest < found < (100 if lowest == 0 else 1000) or found == 0:
        reading.refuse("percent", "percent_not_valid", "This percentage makes no price.")
    return found


def _change(
    product: Product, variant: VariantDraft, currency: Currency, *, kind: str, percent: Fraction
) -> Change | None:
    """What becomes of an article; None for what stays as it is."""
    before, former = variant.prices.get(currency), variant.compare_at.get(currency)
    if before is None:
        return None
    usual = former or before
    if kind == "reduce":
        after, former_after = _rounded(usual, 1 - percent / 100, currency), usual
    elif kind == "end_reduction":
        after, former_after = usual, None
    else:
        after = _rounded(before, 1 + percent / 100, currency)
        former_after = None if former is None else _rounded(former, 1 + percent / 100, currency)
    if (after, former_after) == (before, former) or after < 1 or (former_after or after + 1) <= after:
        return None
    return Change(
        product_id=product.id,
        version=product.version,
        sku=variant.sku,
        currency=currency,
        before=before,
        former_before=former,
        after=after,
        former_after=former_after,
    )


def _own_change(
    product: Product, variant: VariantDraft, currency: Currency, *, front: Channel, percent: Fraction
) -> Change | None:
    """From what the article costs there now, whether by a price of its own or not."""
    own = variant.channel_prices.get(front.code, {}).get(currency)
    before = variant.prices.get(currency) if own is None else own
    if before is None:
        return None
    after = _rounded(before, 1 + percent / 100, currency)
    if after == before or after < 1:
        return None
    return Change(
        product_id=product.id,
        version=product.version,
        sku=variant.sku,
        currency=currency,
        before=before,
        former_before=None,
        after=after,
        former_after=None,
        channel=front.code,
        own_before=own is not None,
    )


def _rounded(amount: int, rate: Fraction, currency: Currency) -> int:
    return Money(amount, currency).apply_rate(rate).amount


async def _applied(desk: Desk, catalog: Catalog, changes: Sequence[Change]) -> Applied:
    by_product: dict[str, list[Change]] = {}
    for change in changes:
        by_product.setdefault(change.product_id, []).append(change)
    undo: list[Change] = []
    left: list[Problem] = []
    for product_id, its in by_product.items():
        try:
            product = await _apply(catalog, product_id, its)
            undo += [change.undone(product.version) for change in its]
        except RialtoError as error:
            skus = ", ".join(change.sku for change in its)
            left += [Problem(text=f"{skus}: {one.text}") for one in problems_of(error, desk.texts)]
    return Applied(undo=undo, left=left)


async def _apply(catalog: Catalog, product_id: str, changes: Iterable[Change]) -> Product:
    """Raises ProductChanged for another version than was looked at, ProductNotFound, Invalid."""
    product = await catalog.get_product(ProductRef(ref=product_id))
    by_sku = {change.sku: change for change in changes}
    draft = msgspec.structs.replace(
        product.draft, variants=[_changed(variant, by_sku) for variant in product.draft.variants]
    )
    version = next(iter(by_sku.values())).version
    if version < 1:
        raise Invalid("This was not looked at before.")
    command = PutProduct(id=ProductId(product_id), draft=draft, expected_version=version)
    return (await catalog.put_product(command)).product


def _changed(variant: VariantDraft, by_sku: Mapping[str, Change]) -> VariantDraft:
    change = by_sku.get(variant.sku)
    if change is None:
        return variant
    if change.channel:
        return _with_own_price(variant, change)
    compare_at = {name: amount for name, amount in variant.compare_at.items() if name != change.currency}
    if change.former_after is not None:
        compare_at[change.currency] = change.former_after
    prices = {**variant.prices, change.currency: change.after}
    return msgspec.structs.replace(variant, prices=prices, compare_at=compare_at)


def _with_own_price(variant: VariantDraft, change: Change) -> VariantDraft:
    own = dict(variant.channel_prices.get(change.channel, {}))
    own.pop(change.currency, None)
    if change.own_after:
        own[change.currency] = change.after
    rest = {code: amounts for code, amounts in variant.channel_prices.items() if code != change.channel}
    return msgspec.structs.replace(variant, channel_prices={**rest, change.channel: own} if own else rest)


async def _page(
    desk: Desk,
    catalog: Catalog,
    *,
    values: Values,
    changes: Sequence[Change] = (),
    problems: Sequence[Problem] = (),
    applied: Applied | None = None,
) -> PAGE:
    channels = (await catalog.channels(Nothing())).items
    categories = (await catalog.categories(Nothing())).items
    currencies = dict.fromkeys(currency for channel in channels for currency in channel.currencies)
    texts = desk.texts
    return page(
        desk,
        "pages/products/prices.html",
        section="products",
        status=422 if problems else 200,
        values=values,
        asked="currency" in values,
        kinds=[Choice(value=one, label=texts(f"bulk.{one}")) for one in KINDS],
        currencies=[Choice(value=one, label=one) for one in currencies],
        fronts=[
            Choice(value="", label=texts("bulk.shared")),
            *(
                Choice(value=one.code, label=one.profile.name or one.code)
                for one in channels
                if one.code != DEFAULT_CHANNEL
            ),
        ],
        categories=[
            Choice(value="", label=texts("list.all")),
            *(Choice(value=one.slug, label=one.title.get(desk.language) or one.slug) for one in categories),
        ],
        changes=changes,
        encoded=msgspec.json.encode(changes).decode(),
        applied=applied,
        undo="" if applied is None else msgspec.json.encode(applied.undo).decode(),
        problems=list(problems),
    )


ROUTES: list[Any] = [bulk_prices, apply_bulk_prices]
