"""A merchant opens a shop front at the desk: its own host name, prices and products, without a terminal or a restart."""

from __future__ import annotations

from html import unescape

import msgspec
import pytest

from rialto.catalog.api import Catalog, Channel, ListProducts, Product, ProductRef
from rialto.kernel.service import Nothing
from rialto.search.api import ChannelFor, Search
from tests.admin.merchants_desk import Browser
from tests.api.people import OWNER, sign_in

pytestmark = pytest.mark.anyio

PLACE = "/settings/channels"
HOST = "trade.example"


async def fronts(desk: Browser) -> dict[str, Channel]:
    return {one.code: one for one in (await desk.shop.app[Catalog].channels(Nothing())).items}


async def form_of(desk: Browser, code: str) -> dict[str, object]:
    return await desk.form(f"{PLACE}/{code}", f"/admin{PLACE}/{code}")


async def opened(desk: Browser, code: str = "trade", host: str = HOST, **more: object) -> Channel:
    """Through the form; a second time as it is."""
    if code not in await fronts(desk):
        form = await desk.form(f"{PLACE}/new", f"/admin{PLACE}/new")
        typed = {"name": "Trade & Craft", "code": code, "hosts": host, "open": "1", **more}
        assert f"{PLACE}/{code}?done=channel_opened" in await desk.post(f"{PLACE}/new", form | typed)
    return (await fronts(desk))[code]


async def a_product(desk: Browser) -> Product:
    items = (await desk.shop.app[Catalog].list_products(ListProducts(limit=50))).items
    return next(item for item in items if len(item.draft.variants) == 1 and item.draft.published)


async def seen_at(desk: Browser, path: str, host: str = HOST) -> tuple[int, str]:
    await desk.shop.settle()
    answer = await desk.web.get(path, headers={"Host": host})
    return answer.status_code, answer.text


async def test_from_the_form_to_a_price_of_its_own(desk: Browser) -> None:
    form = await desk.form(f"{PLACE}/new", f"/admin{PLACE}/new")
    assert "open" not in form, "a new one begins closed"
    channel = await opened(desk)
    assert (channel.hosts, channel.version, channel.profile.name) == ([HOST], 1, "Trade & Craft")
    listed = unescape(await desk.get(PLACE))
    assert f"http://{HOST}:8000/" in listed
    assert "Trade & Craft" in listed
    product = await a_product(desk)
    address = f"/products/{product.id}"
    edit = await desk.form(address, f"/admin{address}")
    assert edit["variant-0-own-trade-EUR"] == ""
    await desk.post(address, edit | {"variant-0-own-trade-EUR": "31,50"})
    status, page = await seen_at(desk, f"/en/p/{product.draft.slug}")
    assert status == 200
    assert "31.50" in page
    assert "Trade &amp; Craft" in page
    assert "31.50" not in (await seen_at(desk, f"/en/p/{product.draft.slug}", "127.0.0.1"))[1]
    # Shown in the new one alone, then everywhere again.
    edit = await desk.form(address, f"/admin{address}")
    await desk.post(address, edit | {"channels": "trade"})
    assert (await seen_at(desk, f"/en/p/{product.draft.slug}", "127.0.0.1"))[0] == 404
    assert (await seen_at(desk, f"/en/p/{product.draft.slug}"))[0] == 200
    edit = await desk.form(address, f"/admin{address}")
    assert edit["channels"] == "trade"
    await desk.post(address, edit | {"channels": ""})
    assert (await seen_at(desk, f"/en/p/{product.draft.slug}", "127.0.0.1"))[0] == 200


async def test_prices_of_one_are_changed_together_and_back(desk: Browser) -> None:
    await opened(desk)
    product = await a_product(desk)
    before, sku = product.draft.variants[0], product.draft.variants[0].sku
    asked = f"/products/prices?q={sku}&kind=change&percent=-10&currency=USD&channel=trade"
    form = await desk.form(asked, "/admin/products/prices")
    assert sku in str(form["changes"])
    page = await desk.post("/products/prices", form, 200)
    catalog = desk.shop.app[Catalog]
    changed = (await catalog.get_product(ProductRef(ref=product.id))).draft.variants[0]
    shared = before.prices["USD"]
    assert changed.channel_prices["trade"]["USD"] == pytest.approx(shared * 0.9, abs=1)
    assert changed.prices == before.prices, "what it costs elsewhere stays"
    assert "Undo" in page
    undo = page.split('name="changes" value="', 1)[1].split('"', 1)[0]
    await desk.post("/products/prices", {"changes": unescape(undo)}, 200)
    back = (await catalog.get_product(ProductRef(ref=product.id))).draft.variants[0]
    assert back.channel_prices == before.channel_prices
    told = unescape(await desk.get(asked.replace("kind=change", "kind=reduce"), 422))
    assert "has no former price" in told


async def test_what_cannot_be_is_told_beside_its_field(desk: Browser) -> None:
    await opened(desk)
    known = await fronts(desk)
    form = await desk.form(f"{PLACE}/new", f"/admin{PLACE}/new") | {"code": "more"}
    for typed, field in (
        ({"code": "trade"}, "code"),
        ({"code": "No Code"}, "code"),
        ({"hosts": HOST}, "hosts"),
        ({"hosts": "https://x.example/"}, "hosts"),
        ({"hosts": "*.example"}, "hosts"),
        ({"hosts": "127.0.0.1"}, "hosts"),
        ({"currencies": "XYZ"}, "currencies"),
        ({"currencies": ""}, "currencies"),
        ({"languages": "klingon!"}, "languages"),
        ({"country": "ZZ"}, "country"),
    ):
        page = await desk.post(f"{PLACE}/new", form | typed, 422)
        assert f'href="#{field}"' in page, typed
    default = await form_of(desk, "default")
    assert "hosts" not in default
    assert 'id="problems"' in await desk.post(f"{PLACE}/default", default | {"hosts": "a.example"}, 422)
    assert 'id="problems"' in await desk.post(f"{PLACE}/default", default | {"own_prices": "1"}, 422)
    shut = {name: value for name, value in default.items() if name != "open"}
    assert "cannot be closed" in await desk.post(f"{PLACE}/default", shut, 422)
    await desk.get(f"{PLACE}/nowhere", 404)
    assert await fronts(desk) == known


async def test_of_two_who_change_one_the_second_chooses(desk: Browser) -> None:
    await opened(desk, "pair", "pair.example")
    first = await form_of(desk, "pair")
    await desk.post(f"{PLACE}/pair", first | {"country": "AT"})
    page = await desk.post(f"{PLACE}/pair", first | {"hosts": "other.example"}, 409)
    assert "Somebody else was quicker" in page
    for name in ("hosts-yours", "country-theirs"):
        assert f'id="{name}"' in page
    assert (await fronts(desk))["pair"].hosts == ["pair.example"], "nothing was overwritten"


async def test_orders_are_narrowed_to_a_shop_front(desk: Browser) -> None:
    await opened(desk)
    order = (await desk.shop.buy("LAMP")).order
    await desk.shop.settle()
    assert order.number in await desk.get("/orders?channel=default")
    page = await desk.get("/orders?channel=trade")
    assert order.number not in page
    assert '<option value="trade" selected>' in page


async def test_the_api_opens_changes_and_tells_them_under_a_version(desk: Browser) -> None:
    token = (await sign_in(desk.shop, OWNER)).access_token
    mine = {"Authorization": f"Bearer {token}"}
    place = "/v1/admin/channels/outlet"
    body = {"hosts": ["outlet.example"], "currencies": ["USD"], "languages": ["en"], "country": "US"}
    assert (await desk.web.get(place, headers=mine)).status_code == 404
    bare = await desk.web.put(place, json=body, headers=mine)
    assert (bare.status_code, bare.json()["code"]) == (400, "if_match_missing")
    late = await desk.web.put(place, json=body, headers=mine | {"If-Match": '"3"'})
    assert late.status_code == 404
    made = await desk.web.put(place, json=body, headers=mine | {"If-Match": '"0"'})
    assert (made.status_code, made.headers["ETag"], made.json()["open"]) == (200, '"1"', True)
    again = await desk.web.put(place, json=body, headers=mine | {"If-Match": '"0"'})
    assert (again.status_code, again.headers["ETag"]) == (200, '"1"')
    shut = await desk.web.put(place, json=body | {"open": False}, headers=mine | {"If-Match": '"1"'})
    assert (shut.json()["open"], shut.json()["version"]) == (False, 2)
    late = await desk.web.put(place, json=body | {"country": "CA"}, headers=mine | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    taken = body | {"hosts": ["OUTLET.example."]}
    refused = await desk.web.put(
        place.replace("outlet", "second"), json=taken, headers=mine | {"If-Match": '"0"'}
    )
    assert [(one["path"], one["code"]) for one in refused.json()["errors"]] == [("hosts.0", "host_taken")]
    await desk.shop.settle()
    found = await desk.shop.app[Search].channel(ChannelFor(host="outlet.example"))
    assert msgspec.structs.asdict(found)["open"] is False
