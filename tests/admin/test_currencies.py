"""The currencies of a shop front at the desk and through the API, and what shoppers see of it."""

from __future__ import annotations

from html import unescape

import httpx
import msgspec
import pytest

from rialto.cart.api import AddLine, CartRef, Carts, NewCart
from rialto.catalog.api import Catalog, Channel, ListProducts, ProductRef, PutProduct
from rialto.kernel.money import Currency, Money
from rialto.kernel.service import Nothing
from tests.admin.merchants_desk import Browser
from tests.api.people import OWNER, sign_in

pytestmark = pytest.mark.anyio

PLACE = "/settings/currencies"
ACTION = "/admin/settings/currencies"
CHF = Currency("CHF")


async def front(desk: Browser) -> Channel:
    return (await desk.shop.app[Catalog].channels(Nothing())).items[0]


async def price_in_francs(desk: Browser, ref: str, amount: int) -> None:
    """Of a product's first article, as its page would show it once francs are switched on."""
    catalog = desk.shop.app[Catalog]
    product = await catalog.get_product(ProductRef(ref=ref))
    first, *others = product.draft.variants
    priced = msgspec.structs.replace(first, prices={**first.prices, "CHF": amount})
    draft = msgspec.structs.replace(product.draft, variants=[priced, *others])
    await catalog.put_product(PutProduct(id=product.id, draft=draft, expected_version=product.version))


async def shown(desk: Browser, path: str, currency: str) -> httpx.Response:
    await desk.shop.settle()
    answer = await desk.web.get(path, headers={"Cookie": f"currency={currency}"})
    assert answer.status_code == 200
    return answer


async def a_product(desk: Browser) -> tuple[str, str, str]:
    """Id, slug and first SKU of one that has one article only."""
    items = (await desk.shop.app[Catalog].list_products(ListProducts(limit=50))).items
    one = next(item for item in items if len(item.draft.variants) == 1 and item.draft.published)
    return one.id, one.draft.slug, one.draft.variants[0].sku


async def test_a_currency_is_looked_at_switched_on_sold_in_and_switched_off(desk: Browser) -> None:
    product_id, slug, sku = await a_product(desk)
    await price_in_francs(desk, product_id, 4_200)
    page = unescape(await desk.get(f"{PLACE}?add=CHF"))
    assert "Swiss Franc" in page
    assert "not sold in yet" in page
    form = await desk.form(f"{PLACE}?add=CHF", ACTION)
    assert form["offered"] == ["EUR", "USD", "CHF"]
    assert "CHF" not in (await shown(desk, "/en/", "CHF")).text.split("<main", 1)[0]
    assert "done=currencies_saved" in await desk.post(PLACE, form)
    assert (await front(desk)).currencies == ["EUR", "USD", "CHF"]

    assert "CHF" in (await shown(desk, f"/en/p/{slug}", "CHF")).text
    carts = desk.shop.app[Carts]
    cart = await carts.create(NewCart(currency="CHF"))
    cart = await carts.add_line(AddLine(cart_id=cart.id, sku=sku))
    assert cart.totals.items == Money(4_200, CHF)

    off = await desk.form(PLACE, ACTION) | {"offered": ["EUR", "USD"]}
    await desk.post(PLACE, off)
    gone = await shown(desk, f"/en/p/{slug}", "CHF")
    assert "CHF" not in gone.text
    desk.shop.clock.advance(10)  # carts remember shop fronts for some seconds
    cart = await carts.get(CartRef(cart_id=cart.id))
    assert (cart.currency, [line.sku for line in cart.lines]) == ("EUR", [sku])
    # The product's form does not show francs any more, and saving it drops none.
    form = await desk.form(f"/products/{product_id}", f"/admin/products/{product_id}")
    assert not [name for name in form if name.endswith("CHF")]
    await desk.post(f"/products/{product_id}", form | {"title-en": "Renamed"})
    kept = await desk.shop.app[Catalog].get_product(ProductRef(ref=product_id))
    assert kept.draft.title["en"] == "Renamed"
    assert kept.draft.variants[0].prices["CHF"] == 4_200


async def test_what_has_no_price_is_counted_and_not_sold(desk: Browser) -> None:
    page = unescape(await desk.get(f"{PLACE}?add=JPY"))
    row = page.split('id="offered-JPY"', 1)[1].split("</tr>", 1)[0]
    counted = row.split('data-label="Products without a price">', 1)[1].split("<", 1)[0]
    without, _, of = counted.partition(" of ")
    assert without == of, "nothing has a price in yen"
    assert "ways" in row.split('data-label="Ways of delivery without a price">', 1)[1].split("<", 1)[0]


async def test_the_default_one_cannot_be_switched_off_but_be_another(desk: Browser) -> None:
    form = await desk.form(PLACE, ACTION)
    before = await front(desk)
    refused = unescape(await desk.post(PLACE, form | {"offered": "USD"}, 422))
    assert "The default currency has to be switched on." in refused
    assert 'href="#default"' in refused
    nothing = {name: value for name, value in form.items() if name != "offered"}
    for empty in (nothing, {}):
        assert "Please fill this in." in await desk.post(PLACE, empty, 422)
    for odd in ({"default": "XYZ"}, {"offered": ["EUR", "XYZ"]}, {"version": "x"}):
        assert 'id="problems"' in await desk.post(PLACE, form | odd, 422)
    assert await front(desk) == before
    await desk.post(PLACE, form | {"default": "USD"})
    assert (await front(desk)).currencies[0] == "USD"
    assert 'data-currency="USD"' in (await shown(desk, "/en/", "")).text
    again = await desk.form(PLACE, ACTION)
    await desk.post(PLACE, again | {"default": "EUR"})
    assert (await front(desk)).currencies == before.currencies


async def test_of_two_who_change_them_the_second_chooses(desk: Browser) -> None:
    first = await desk.form(PLACE, ACTION)
    await desk.post(PLACE, first | {"default": "USD"})
    page = await desk.post(PLACE, first | {"offered": ["EUR", "USD", "CHF"]}, 409)
    assert "Somebody else was quicker" in page
    for name in ("offered-yours", "offered-theirs", "default-yours"):
        assert f'id="{name}"' in page
    assert (await front(desk)).currencies[0] == "USD", "nothing was overwritten"
    chosen = await desk.form(PLACE, ACTION)
    await desk.post(PLACE, chosen | {"default": "EUR"})


async def test_the_api_says_and_changes_them_under_a_version(desk: Browser) -> None:
    place = "/v1/admin/channels/default/currencies"
    token = (await sign_in(desk.shop, OWNER)).access_token
    mine = {"Authorization": f"Bearer {token}"}
    told = await desk.web.get(f"{place}?also=JPY", headers=mine)
    assert told.status_code == 200
    assert told.json()["lacking"]["JPY"] == told.json()["products"]
    tag = {"If-Match": told.headers["ETag"]}
    offered = told.json()["currencies"]
    body = {"currencies": [*offered, "SEK"], "default": offered[0]}
    put = await desk.web.put(place, json=body, headers=mine | tag)
    assert put.json()["currencies"] == [*offered, "SEK"]
    late = await desk.web.put(place, json=body | {"currencies": offered}, headers=mine | tag)
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    tag = {"If-Match": put.headers["ETag"]}
    off = await desk.web.put(place, json={"currencies": ["SEK"], "default": "EUR"}, headers=mine | tag)
    assert (off.status_code, off.json()["errors"][0]["code"]) == (422, "default_not_offered")
    for path, status in ((place.replace("default", "trade"), 404), (f"{place}?also=XYZ", 422)):
        assert (await desk.web.get(path, headers=mine)).status_code == status
    back = await desk.web.put(place, json={"currencies": offered, "default": offered[0]}, headers=mine | tag)
    assert back.status_code == 200
