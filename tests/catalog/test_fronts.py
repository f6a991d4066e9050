"""Shop fronts: what each may be, and which prices hold in it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rialto.catalog import store
from rialto.catalog.api import (
    Catalog,
    Channel,
    ChannelChanged,
    ChannelInvalid,
    ChannelNotFound,
    OffersOf,
    ProductDocument,
    ProductInvalid,
    PutChannel,
    PutProduct,
    UnpricedIn,
    VariantDraft,
    address_of,
    former_in,
    origins_of,
    prices_in,
    shows,
)
from rialto.catalog.model.fronts import CHANNELS_MAX, LANGUAGES_MAX, decide_channel
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.money import EUR, USD, Currency
from rialto.kernel.service import Nothing
from tests.catalog.builders import a_draft, a_variant, open_catalog

fast = pytest.mark.fast
anyio = pytest.mark.anyio

DEFAULT = Channel(code="default", currencies=[EUR, USD], languages=["en"], country="DE", version=3)
TRADE = Channel(
    code="trade", hosts=["trade.example"], currencies=[EUR], languages=["en"], country="DE", version=1
)
WANTED = PutChannel(
    code="trade",
    hosts=["trade.example"],
    currencies=["EUR"],
    languages=["en"],
    country="DE",
    expected_version=0,
)


def decided(channels: list[Channel] | None = None, **changes: object) -> Channel:
    command = msgspec.structs.replace(WANTED, **changes)
    return decide_channel(command, channels or [DEFAULT], shop_host="shop.example")


def refusals(channels: list[Channel] | None = None, **changes: object) -> list[tuple[str, str]]:
    with pytest.raises(ChannelInvalid) as refused:
        decided(channels, **changes)
    return [(fault.path, fault.code) for fault in refused.value.fields]


@fast
def test_a_new_one_is_the_first_of_its_versions_and_written_one_way() -> None:
    made = decided(hosts=[" Trade.Example. ", "trade.example"], currencies=["eur"], country="de")
    assert made == TRADE
    assert decided([DEFAULT, TRADE], expected_version=1) is not None
    assert decided([DEFAULT, TRADE], expected_version=0) == TRADE, "the same again, whatever was expected"
    with pytest.raises(ChannelChanged):
        decided([DEFAULT, TRADE], country="AT", expected_version=0)
    assert decided([DEFAULT, TRADE], country="AT", expected_version=1).version == 2
    with pytest.raises(ChannelNotFound):
        decided(expected_version=2)


@fast
def test_host_names_are_exact_and_one_front_s_each() -> None:
    for host in ("*.example", "https://a.example", "a.example:80", "a..b", "-a.example", "ä.example", ""):
        assert refusals(hosts=[host]) == [("hosts.0", "host_not_valid")], host
    other = msgspec.structs.replace(TRADE, code="other")
    assert refusals([DEFAULT, other], hosts=["x.example", "TRADE.example"]) == [("hosts.1", "host_taken")]
    assert refusals(hosts=["shop.example"]) == [("hosts.0", "host_taken")]
    assert refusals(code="default", expected_version=3) == [("hosts", "not_valid")]
    assert refusals(hosts=[f"h{n}.example" for n in range(11)]) == [("hosts", "too_many")]


@fast
def test_the_default_one_stays_open_and_has_the_products_prices() -> None:
    mine: dict[str, Any] = {"code": "default", "hosts": [], "expected_version": 3}
    assert refusals(**mine, open=False) == [("open", "default_stays_open")]
    assert refusals(**mine, own_prices=True) == [("own_prices", "not_valid")]


@fast
def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong: dict[str, Any] = {
        "code": "-",
        "hosts": ["?"],
        "currencies": ["XYZ"],
        "languages": ["!"],
        "country": "ZZ",
    }
    assert refusals(**wrong) == [
        ("code", "code_not_valid"),
        ("hosts.0", "host_not_valid"),
        ("currencies.0", "currency_unknown"),
        ("languages.0", "language_unknown"),
        ("country", "country_unknown"),
    ]
    assert refusals(languages=[f"a{chr(97 + n)}" for n in range(LANGUAGES_MAX + 1)])[0] == (
        "languages",
        "too_many",
    )
    assert refusals(currencies=[], languages=[]) == [("currencies", "required"), ("languages", "required")]
    full = [msgspec.structs.replace(DEFAULT, code=f"c{n}") for n in range(CHANNELS_MAX)]
    assert refusals(full) == [("code", "too_many")]


@fast
def test_its_address_has_the_scheme_and_port_of_the_shop_s() -> None:
    for shop, address in (
        ("https://shop.example", "https://trade.example"),
        ("http://127.0.0.1:8000/", "http://trade.example:8000"),
    ):
        assert address_of(TRADE, shop) == address
        assert origins_of(TRADE, shop) == [address]
        assert address_of(DEFAULT, shop) == shop.rstrip("/")
        assert address_of(msgspec.structs.replace(TRADE, hosts=[]), shop) == shop.rstrip("/")


@fast
def test_a_price_of_its_own_goes_before_the_product_s_and_has_no_former_one() -> None:
    variant = VariantDraft(
        sku="A",
        prices={"EUR": 500, "USD": 600},
        compare_at={"EUR": 700, "USD": 800},
        channel_prices={"trade": {"EUR": 450}},
    )
    strict = msgspec.structs.replace(TRADE, own_prices=True)
    assert prices_in(DEFAULT, variant) == {"EUR": 500, "USD": 600}
    assert prices_in(TRADE, variant) == {"EUR": 450, "USD": 600}
    assert prices_in(strict, variant) == {"EUR": 450}
    assert former_in(TRADE, variant) == {"USD": 800}
    assert former_in(strict, variant) == {}
    draft = a_draft("a", variants=[a_variant("A")], images=[], options=[])
    assert shows(TRADE, draft)
    assert not shows(strict, draft)
    assert not shows(TRADE, msgspec.structs.replace(draft, channels=["default"]))


@fast
def test_documents_and_channels_of_before_read_as_shown_everywhere_and_open() -> None:
    body = b'{"id":"prod_x","version":1,"draft":{"slug":"a","title":{},"variants":[{"sku":"A"}]},"changed_at":"2026-01-01T00:00:00Z"}'
    document = msgspec.json.decode(body, type=ProductDocument)
    assert (document.draft.channels, document.draft.variants[0].channel_prices) == ([], {})
    body = b'{"code":"default","currencies":["EUR"],"languages":["en"],"country":"DE"}'
    channel = msgspec.json.decode(body, type=Channel)
    assert (channel.open, channel.own_prices) == (True, False)


async def price(catalog: Catalog, channel: str, currency: Currency = EUR, sku: str = "A") -> int | None:
    found = await catalog.offers(OffersOf(skus=[sku], currency=currency, channel=channel))
    offered = found.items[sku].price
    return offered.amount if offered else None


async def put(catalog: Catalog, **changes: object) -> Channel:
    present = {one.code: one.version for one in (await catalog.channels(Nothing())).items}
    command = msgspec.structs.replace(WANTED, expected_version=present.get("trade", 0), **changes)
    return await catalog.put_channel(command)


@anyio
async def test_offers_follow_the_shop_front_whether_product_or_front_came_first(
    postgres: DatabaseAddress,
) -> None:
    async with open_catalog(postgres) as (catalog, env):
        own = VariantDraft(sku="A", prices={"EUR": 500, "USD": 600}, compare_at={"EUR": 700})
        await catalog.put_product(PutProduct(draft=a_draft("a", variants=[own], images=[], options=[])))
        await put(catalog)
        assert (await price(catalog, "trade"), await price(catalog, "trade", USD)) == (500, None)
        priced = msgspec.structs.replace(own, channel_prices={"trade": {"EUR": 450}})
        await catalog.put_product(PutProduct(draft=a_draft("a", variants=[priced], images=[], options=[])))
        assert (await price(catalog, "trade"), await price(catalog, "default")) == (450, 500)
        other = VariantDraft(sku="B", prices={"EUR": 900})
        await catalog.put_product(PutProduct(draft=a_draft("b", variants=[other], images=[], options=[])))
        await put(catalog, own_prices=True)
        assert (await price(catalog, "trade"), await price(catalog, "trade", sku="B")) == (450, None)
        counted = await catalog.unpriced(UnpricedIn(currencies=[EUR], channel="trade"))
        assert counted.lacking == {EUR: 1}
        await put(catalog, currencies=["EUR", "USD"])
        assert (await price(catalog, "trade", sku="B"), await price(catalog, "trade", USD)) == (900, 600)
        hidden = a_draft("b", variants=[other], images=[], options=[], channels=["default"])
        await catalog.put_product(PutProduct(draft=hidden))
        assert (await price(catalog, "trade", sku="B"), await price(catalog, "default", sku="B")) == (
            None,
            900,
        )
        # What the statement over all products writes is what saving each of them writes.
        async with env.db.read() as session:
            rows = await session.all("SELECT * FROM prices ORDER BY sku, channel, currency")
            products = await store.page(session, None, 10)
            channels = await store.channels(session)
        saved = [row for product in products for row in store.price_rows(product.draft, channels)]
        assert sorted(tuple(row.values()) for row in map(dict, rows)) == sorted(saved)


@anyio
async def test_products_name_shop_fronts_that_there_are(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        cases: list[tuple[list[str], dict[str, dict[str, int]], str, str]] = [
            (["nowhere"], {}, "channels.0", "channel_unknown"),
            ([f"c{n}" for n in range(CHANNELS_MAX + 1)], {}, "channels", "too_many"),
            ([], {"nowhere": {"EUR": 5}}, "variants.0.channel_prices.nowhere", "channel_unknown"),
            ([], {"default": {"EUR": 5}}, "variants.0.channel_prices.default", "not_valid"),
        ]
        for channels, own, path, code in cases:
            variant = VariantDraft(sku="A", prices={"EUR": 500}, channel_prices=own)
            draft = a_draft("a", variants=[variant], images=[], options=[], channels=channels)
            with pytest.raises(ProductInvalid) as refused:
                await catalog.put_product(PutProduct(draft=draft))
            first = refused.value.fields[0]
            assert (first.path, first.code) == (path, code)
