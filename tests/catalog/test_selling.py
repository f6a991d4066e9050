"""The currencies of a shop front: what may be chosen, and what becomes of prices when one comes or goes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from rialto.catalog import store
from rialto.catalog.api import (
    Catalog,
    Channel,
    ChannelChanged,
    ChannelNotFound,
    OffersOf,
    ProductDraft,
    ProductRef,
    PutCurrencies,
    PutProduct,
    PutProducts,
    SetPublished,
    UnpricedIn,
)
from rialto.catalog.events import EVENTS, ChannelsChanged
from rialto.catalog.model.selling import CURRENCIES_MAX, decide_currencies
from rialto.catalog.store import selling
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.events import EventTypes, load
from rialto.kernel.money import EUR, EXPONENTS, USD, Currency
from rialto.kernel.service import Nothing
from tests.catalog.builders import a_draft, a_variant, open_catalog

fast = pytest.mark.fast
anyio = pytest.mark.anyio

CHF = Currency("CHF")
FRONT = Channel(code="default", currencies=[EUR, USD], languages=["en"], country="DE", version=3)


def refusals(currencies: list[str], default: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        decide_currencies(FRONT, currencies, default, 3)
    return [(fault.path, fault.code) for fault in refused.value.fields]


@fast
def test_the_default_one_stands_first_and_each_once() -> None:
    changed = decide_currencies(FRONT, ["eur", " usd ", "CHF", "EUR"], "chf", 3)
    assert changed.currencies == [CHF, EUR, USD]
    assert changed.version == 4
    assert msgspec.structs.replace(changed, currencies=FRONT.currencies, version=3) == FRONT, "nothing else"


@fast
def test_the_same_again_changes_nothing_whatever_was_expected() -> None:
    for version in (0, 3, 9):
        assert decide_currencies(FRONT, ["USD", "EUR"], "EUR", version) is FRONT
    with pytest.raises(ChannelChanged):
        decide_currencies(FRONT, ["EUR"], "EUR", 2)


@fast
def test_what_is_no_currency_and_a_default_that_is_off_are_refused() -> None:
    assert refusals([], "EUR") == [("currencies", "required")]
    assert refusals(["EUR", "XYZ", "XAU", "\ud800"], "EUR") == [
        (f"currencies.{index}", "currency_unknown") for index in (1, 2, 3)
    ]
    assert refusals(["USD"], "EUR") == [("default", "default_not_offered")]
    assert refusals(list(EXPONENTS)[: CURRENCIES_MAX + 1], next(iter(EXPONENTS))) == [
        ("currencies", "too_many_currencies")
    ]


async def sell_in(catalog: Catalog, *currencies: str, version: int) -> Channel:
    command = PutCurrencies(
        channel="default", currencies=list(currencies), default=currencies[0], expected_version=version
    )
    return await catalog.put_currencies(command)


async def price(catalog: Catalog, currency: Currency, sku: str = "VASE-MOSS") -> int | None:
    found = (await catalog.offers(OffersOf(skus=[sku], currency=currency))).items[sku].price
    return found.amount if found else None


def in_francs(slug: str = "vase", amount: int = 4500) -> ProductDraft:
    variant = a_variant(f"{slug}-moss".upper(), prices={"EUR": 4900, "CHF": amount}, compare_at={"CHF": 5000})
    return a_draft(slug, variants=[variant], images=[])


@anyio
async def test_prices_wait_for_their_currency_and_outlive_it(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        product = (await catalog.put_product(PutProduct(draft=in_francs()))).product
        assert await price(catalog, CHF) is None
        assert (await sell_in(catalog, "EUR", "CHF", version=0)).version == 1
        assert await price(catalog, CHF) == 4500
        assert (await sell_in(catalog, "EUR", version=1)).version == 2
        assert await price(catalog, CHF) is None
        assert await price(catalog, EUR) == 4900
        again = await catalog.get_product(ProductRef(ref=product.id))
        assert again.draft.variants[0].prices["CHF"] == 4500, "a product is kept as it was given"
        saved = await catalog.put_product(
            PutProduct(id=product.id, draft=in_francs(amount=4600), expected_version=again.version)
        )
        assert saved.outcome == "changed"
        assert await price(catalog, CHF) is None
        await sell_in(catalog, "CHF", "EUR", version=2)
        assert await price(catalog, CHF) == 4600


@anyio
async def test_every_process_hears_of_it(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await sell_in(catalog, "EUR", "CHF", version=0)
        await sell_in(catalog, "EUR", "CHF", version=0)  # again: nothing to hear
        async with env.db.read() as session:
            events = await load(
                session, EventTypes(EVENTS), store.LISTS_BUCKET, store.list_stream("channels")
            )
        assert len(events) == 2
        last = events[-1]
        assert isinstance(last, ChannelsChanged)
        assert last.channels == (await catalog.channels(Nothing())).items
        assert last.channels[0].currencies == [EUR, CHF]


@anyio
async def test_no_price_is_lost_between_saving_and_switching(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        drafts = [in_francs(f"v{number}") for number in range(8)]
        await asyncio.gather(
            *(catalog.put_product(PutProduct(draft=draft)) for draft in drafts[:4]),
            sell_in(catalog, "EUR", "CHF", version=0),
            catalog.put_products(PutProducts(drafts=drafts[4:])),
        )
        for draft in drafts:
            assert await price(catalog, CHF, draft.variants[0].sku) == 4500
        await asyncio.gather(
            *(catalog.put_product(PutProduct(draft=in_francs(f"v{number}", 4700))) for number in range(8)),
            sell_in(catalog, "EUR", version=1),
        )
        for draft in drafts:
            assert await price(catalog, CHF, draft.variants[0].sku) is None


@anyio
async def test_a_large_catalogue_is_priced_a_batch_at_a_time(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_products(PutProducts(drafts=[in_francs(f"v{number}") for number in range(5)]))
        async with env.db.write() as session:
            await selling.add_prices(session, FRONT, [CHF], batch=2)
            await selling.add_prices(session, FRONT, [], batch=2)
            priced = await session.value("SELECT count(*) FROM prices WHERE currency = 'CHF'")
        assert priced == 5


@anyio
async def test_of_two_who_switch_at_once_one_is_refused(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        done = await asyncio.gather(
            sell_in(catalog, "EUR", "CHF", version=0),
            sell_in(catalog, "EUR", version=0),
            return_exceptions=True,
        )
        assert [type(one) for one in done].count(ChannelChanged) == 1
        with pytest.raises(ChannelNotFound):
            await catalog.put_currencies(
                PutCurrencies(channel="trade", currencies=["EUR"], default="EUR", expected_version=0)
            )


@anyio
async def test_products_with_an_article_without_a_price_are_counted(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        await catalog.put_product(PutProduct(draft=a_draft()))  # one of its two has no price in dollars
        await catalog.put_product(PutProduct(draft=in_francs("bowl")))
        hidden = (await catalog.put_product(PutProduct(draft=in_francs("jug")))).product
        await catalog.set_published(SetPublished(id=hidden.id, published=False, expected_version=1))
        asked = UnpricedIn(currencies=[EUR, USD, CHF, Currency("JPY")])
        found = await catalog.unpriced(asked)
        assert found.products == 2
        assert found.lacking == {"EUR": 0, "USD": 2, "CHF": 1, "JPY": 2}
        with pytest.raises(Invalid):
            await catalog.unpriced(UnpricedIn(currencies=[EUR] * 41))
