"""Two shop fronts on two host names: what is one's is nowhere to be seen, found or bought in the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from rialto.catalog.api import Catalog, PutChannel, PutProduct, PutProfile, ShopProfile
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.money import EUR, Money
from rialto.orders.api import OrderRef
from rialto.search.api import ChannelFor, Search
from tests.support.goods import draft_of
from tests.support.shop import ADDRESS, Shop, a_shop

pytestmark = pytest.mark.anyio

HOST = "trade.example"
# A word that stands nowhere but in the product that only the second shop front shows.
MARKER, SKU = "Quillfeather", "QUILL-7"
ON_TRADE = {"Host": HOST}
ADDRESSES = (
    "/v1/products?limit=100",
    f"/v1/products?q={MARKER}",
    "/v1/products?q=quillfeathr",
    f"/v1/products?q={SKU}",
    "/v1/products?q=UILL-",
    "/v1/products?sort=price&limit=100",
    "/v1/suggest?q=quill",
    "/v1/categories",
    "/v1/collections",
    "/en/",
    "/en/search?q=quill",
    "/en/p/lamp",
    "/en/c/pens",
    "/sitemap.xml",
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with a_shop(postgres) as found:
        await open_trade(found)
        yield found
        assert await found.audit() == []


async def open_trade(shop: Shop) -> None:
    """The second shop front: a lamp at a price of its own, a vase that is in the first one only, a pen that is not."""
    catalog = shop.app[Catalog]
    await catalog.put_channel(
        PutChannel(
            code="trade",
            hosts=[HOST],
            currencies=["EUR"],
            languages=["en"],
            country="DE",
            prices_include_tax=False,
            expected_version=0,
        )
    )
    await catalog.put_profile(
        PutProfile(channel="trade", profile=ShopProfile(name="Pens & Trade"), expected_version=0)
    )
    lamp, vase, pen = draft_of("LAMP", 4900), draft_of("VASE", 2900), draft_of(SKU, 700)
    own = msgspec.structs.replace(lamp.variants[0], channel_prices={"trade": {"EUR": 3100}})
    for draft in (
        msgspec.structs.replace(lamp, variants=[own], related=[pen.slug]),
        msgspec.structs.replace(vase, channels=["default"]),
        msgspec.structs.replace(pen, channels=["trade"], title={"en": MARKER, "de": MARKER}),
    ):
        await catalog.put_product(PutProduct(draft=draft))
    await shop.put_stock(SKU, 50)
    await shop.settle()


async def ask(shop: Shop, path: str, *, host: str | None = None, status: int = 200) -> httpx.Response:
    answer = await shop.web.get(path, headers={"Host": host} if host else {})
    assert answer.status_code == status, (path, host, answer.status_code, answer.text[-500:])
    return answer


async def listed(shop: Shop, query: str, **headers: str) -> dict[str, Any]:
    answer = await shop.web.get(f"/v1/products?limit=100{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return {item["slug"]: item for item in answer.json()["items"]}


@pytest.mark.parametrize("path", ADDRESSES)
async def test_nothing_of_the_second_shop_front_is_found_in_the_first(shop: Shop, path: str) -> None:
    for host in (None, "somebody.else.example"):
        answer = await shop.web.get(path, headers={"Host": host} if host else {})
        assert answer.status_code in {200, 404}
        for planted in (MARKER, SKU):
            assert planted.lower() not in answer.text.lower(), (path, planted)


async def test_each_lists_and_prices_its_own(shop: Shop) -> None:
    first = await listed(shop, "")
    second = await listed(shop, "", Host=HOST)
    by_code = await listed(shop, "&channel=trade")
    pen = draft_of(SKU, 700).slug
    assert pen not in first
    assert "vase" in first
    assert second == by_code
    assert "vase" not in second
    assert second[pen]["price_from"] == {"amount": 700, "currency": "EUR"}
    assert (first["lamp"]["price_from"]["amount"], second["lamp"]["price_from"]["amount"]) == (4900, 3100)
    assert set(await listed(shop, "&price_max=4000", Host=HOST)) >= {"lamp"}
    assert "lamp" not in await listed(shop, "&price_max=4000")
    cheapest = list(await listed(shop, "&sort=-price", Host=HOST))
    assert cheapest.index("lamp") > cheapest.index("bowl"), "a bowl costs 33.50 everywhere, a lamp here 31"
    assert set(await listed(shop, f"&q={MARKER}", Host=HOST)) == {pen}
    assert (await shop.web.get("/v1/suggest?q=quill", headers=ON_TRADE)).json()["products"]
    for ref, host, status in ((pen, None, 404), (pen, HOST, 200), ("vase", HOST, 404), ("vase", None, 200)):
        await ask(shop, f"/v1/products/{ref}", host=host, status=status)
        await ask(shop, f"/en/p/{ref}", host=host, status=status)


async def test_pages_name_their_own_shop_front(shop: Shop) -> None:
    page = (await ask(shop, "/en/", host=HOST)).text
    assert "Pens &amp; Trade" in page
    assert f'<link rel="canonical" href="http://{HOST}:8000/en/">' in page
    assert 'hreflang="de"' not in page, "it speaks English only"
    await ask(shop, "/de/", host=HOST, status=404)
    first = (await ask(shop, "/en/")).text
    assert "Pens &amp; Trade" not in first
    assert 'rel="canonical" href="http://127.0.0.1:8000/en/"' in first
    sitemap = (await ask(shop, "/sitemap.xml", host=HOST)).text
    assert f"<loc>http://{HOST}:8000/en/p/lamp</loc>" in sitemap
    assert "/p/vase" not in sitemap
    assert f"Sitemap: http://{HOST}:8000/sitemap.xml" in (await ask(shop, "/robots.txt", host=HOST)).text
    assert "127.0.0.1" not in (await ask(shop, "/en/p/lamp", host=HOST)).text.split("sandbox")[0]


async def test_kept_answers_are_one_per_shop_front(shop: Shop) -> None:
    """Asked one after the other, so that each could be given what the other was told."""
    tags = set()
    for _ in range(2):
        for host, price in ((None, 4900), (HOST, 3100)):
            answer = await ask(shop, "/v1/products/lamp", host=host)
            assert answer.json()["price_from"]["amount"] == price
            tags.add(answer.headers["ETag"])
            again = await shop.web.get(
                "/v1/products/lamp",
                headers={"If-None-Match": answer.headers["ETag"]} | ({"Host": host} if host else {}),
            )
            assert again.status_code == 304
    assert len(tags) == 2


async def test_a_channel_that_is_not_there_is_told(shop: Shop) -> None:
    answer = await shop.web.get("/v1/products?channel=nowhere")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "channel_unknown")
    answer = await shop.web.post("/v1/carts", json={"channel": "nowhere"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "channel_unknown")


async def add(shop: Shop, cart_id: str, sku: str) -> httpx.Response:
    return await shop.web.post(f"/v1/carts/{cart_id}/lines", json={"sku": sku, "quantity": 1})


async def ready_cart(shop: Shop, skus: list[str], **headers: str) -> str:
    cart_id: str = (await shop.web.post("/v1/carts", json={}, headers=headers)).json()["id"]
    for sku in skus:
        assert (await add(shop, cart_id, sku)).status_code in {200, 201}
    address = msgspec.to_builtins(ADDRESS)
    body = {"email": "ada@example.org", "shipping": address}
    assert (await shop.web.put(f"/v1/carts/{cart_id}/address", json=body)).status_code == 200
    options = (await shop.web.get(f"/v1/carts/{cart_id}/delivery-options")).json()["items"]
    chosen = await shop.web.put(f"/v1/carts/{cart_id}/delivery", json={"option_id": options[0]["id"]})
    assert chosen.status_code == 200, chosen.text
    return cart_id


async def checkout(shop: Shop, cart_id: str, token: str = "tok_success") -> httpx.Response:
    body = {"cart_id": cart_id, "payment": {"provider": "sandbox", "token": token}}
    return await shop.web.post("/v1/checkout", json=body, headers={"Idempotency-Key": shop.key()})


async def test_a_cart_takes_only_what_its_shop_front_sells(shop: Shop) -> None:
    for headers, wrong, right in (({}, SKU, "VASE"), (ON_TRADE, "VASE", SKU)):
        cart = (await shop.web.post("/v1/carts", json={}, headers=headers)).json()
        refused = await add(shop, cart["id"], wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "sku_not_sold"), refused.text
        assert (await add(shop, cart["id"], right)).status_code in {200, 201}


async def test_what_leaves_a_shop_front_is_not_bought_there_any_more(shop: Shop) -> None:
    cart_id = await ready_cart(shop, ["PENCIL"])
    catalog = shop.app[Catalog]
    await catalog.put_product(
        PutProduct(draft=msgspec.structs.replace(draft_of("PENCIL", 199), channels=["trade"]))
    )
    refused = await checkout(shop, cart_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_sold")
    await catalog.put_product(PutProduct(draft=draft_of("PENCIL", 199)))
    assert (await checkout(shop, cart_id)).status_code == 201


async def is_known_to_the_provider(shop: Shop) -> bool:
    return f"http://{HOST}:8000" in shop.sandbox.shop_origins


async def test_an_order_of_the_second_leads_back_to_it_in_answers_mails_and_at_the_provider(
    shop: Shop,
) -> None:
    cart_id = await ready_cart(shop, ["LAMP"], **ON_TRADE)
    cart = (await shop.web.get(f"/v1/carts/{cart_id}")).json()
    assert cart["lines"][0]["unit_price"]["amount"] == 3100
    assert cart["totals"]["tax"]["amount"] > 0
    # The provider sends browsers to the shop front only once it was told of it: a job does that.
    await shop.until(lambda: is_known_to_the_provider(shop))
    asked = await checkout(shop, cart_id, "tok_3ds")
    assert (asked.status_code, asked.json()["next_action"]["type"]) == (202, "redirect"), asked.text
    cart_id = await ready_cart(shop, ["LAMP"], **ON_TRADE)
    answer = await checkout(shop, cart_id)
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["status_url"].startswith(f"http://{HOST}:8000/en/orders/{order['id']}?key=")
    kept = await shop.orders.get(OrderRef(order_id=order["id"], staff=True))
    assert kept.channel == "trade"
    assert kept.totals.items == Money(3100, EUR)
    await shop.settle()
    [letter] = [one for one in shop.mail.sent if kept.number in one.subject or kept.number in one.text]
    assert f"http://{HOST}:8000/en/orders/" in letter.text
    assert "127.0.0.1" not in letter.text
    assert "Pens & Trade" in letter.text


async def test_an_order_of_the_first_is_as_it_was(shop: Shop) -> None:
    order = (await checkout(shop, await ready_cart(shop, ["LAMP"]))).json()
    assert order["status_url"].startswith("http://127.0.0.1:8000/en/orders/")


async def is_seen(shop: Shop, *, is_open: bool) -> bool:
    found = await shop.app[Search].channel(ChannelFor(host="shut.example"))
    return (found.code, found.open) == ("shut", is_open)


async def test_a_closed_one_shows_a_plain_page_and_sells_nothing(shop: Shop) -> None:
    catalog = shop.app[Catalog]
    closed = PutChannel(
        code="shut",
        hosts=["shut.example"],
        currencies=["EUR"],
        languages=["en", "de"],
        country="DE",
        open=False,
        expected_version=0,
    )
    channel = await catalog.put_channel(closed)
    await shop.until(lambda: is_seen(shop, is_open=False))
    shop.clock.advance(5)  # carts remember shop fronts for some seconds
    for path in ("/en/", "/en/p/lamp", "/en/cart", "/en/search?q=lamp", "/en/checkout/address"):
        page = await ask(shop, path, host="shut.example", status=404)
        assert "This shop is closed" in page.text
        assert "Lamp" not in page.text
    assert "geschlossen" in (await ask(shop, "/de/", host="shut.example", status=404)).text
    assert (await ask(shop, "/robots.txt", host="shut.example")).text == "User-agent: *\nDisallow: /\n"
    for path in ("/v1/products", "/v1/products/lamp", "/v1/categories", "/v1/collections", "/v1/suggest?q=l"):
        told = await ask(shop, path, host="shut.example", status=404)
        assert told.json()["code"] == "channel_closed"
        assert told.json()["detail"] == "This shop front is closed."
    refused = await shop.web.post("/v1/carts", json={"channel": "shut"})
    assert (refused.status_code, refused.json()["code"]) == (404, "channel_closed")
    await ask(shop, "/en/pages/imprint", host="shut.example")
    await catalog.put_channel(msgspec.structs.replace(closed, open=True, expected_version=channel.version))
    await shop.until(lambda: is_seen(shop, is_open=True))
    shop.clock.advance(5)
    assert "Lamp" in (await ask(shop, "/en/p/lamp", host="shut.example")).text
