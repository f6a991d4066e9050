"""Ways of delivery at the desk: made, changed, put in order, removed, and tried with a parcel."""

from __future__ import annotations

import pytest

from rialto.kernel.service import Nothing
from rialto.pricing.api import DeliveryMethod, DeliveryRef, Pricing
from tests.admin.merchants_desk import Browser, Form

pytestmark = pytest.mark.anyio

LIST = "/settings/delivery"
BIKE: Form = {
    "id": "bike",
    "title-en": "By <bike>",
    "title-de": "Mit dem Rad",
    "countries": "de, at",
    "prices-EUR": "3,90",
    "free_from-EUR": "40",
    "items_min-EUR": "5",
    "items_max-EUR": "500",
    "weight_g_max": "5000",
    "days_min": "0",
    "days_max": "1",
}


async def stored(desk: Browser, method_id: str) -> DeliveryMethod:
    return (await desk.shop.app[Pricing].delivery(DeliveryRef(id=method_id))).method


async def order_of(desk: Browser) -> list[str]:
    return [one.method.id for one in (await desk.shop.app[Pricing].all_delivery(Nothing())).items]


async def make_bike(desk: Browser, method_id: str) -> None:
    form = await desk.form(f"{LIST}/new", "/admin/settings/delivery/new")
    await desk.post(f"{LIST}/new", form | BIKE | {"id": method_id})


async def test_a_way_is_made_changed_moved_and_removed(desk: Browser) -> None:
    form = await desk.form(f"{LIST}/new", "/admin/settings/delivery/new")
    place = await desk.post(f"{LIST}/new", form | BIKE)
    assert place == "/admin/settings/delivery/ways/bike?done=delivery_saved"
    assert await stored(desk, "bike") == DeliveryMethod(
        id="bike",
        title={"en": "By <bike>", "de": "Mit dem Rad"},
        countries=["DE", "AT"],
        prices={"EUR": 390},
        free_from={"EUR": 4000},
        items_min={"EUR": 500},
        items_max={"EUR": 50_000},
        weight_g_max=5000,
        days_min=0,
        days_max=1,
        position=50,
    )
    page = await desk.get(LIST)
    assert "By &lt;bike&gt;" in page
    assert "Austria" in page
    taken = await desk.post(f"{LIST}/new", form | BIKE | {"prices-EUR": "4"}, 409)
    assert "There is a way of delivery of this id already." in taken

    edit = await desk.form(f"{LIST}/ways/bike", "/admin/settings/delivery/ways/bike")
    before = await stored(desk, "bike")
    await desk.post(f"{LIST}/ways/bike", edit)
    assert await stored(desk, "bike") == before, "a round trip"
    await desk.post(f"{LIST}/ways/bike", edit | {"prices-EUR": "4.50", "prices-USD": "5", "countries": ""})
    assert (await stored(desk, "bike")).prices == {"EUR": 450, "USD": 500}
    assert "Nowhere" in await desk.get(LIST)

    assert (await order_of(desk))[-1] == "bike"
    up = await desk.form(LIST, "/admin/settings/delivery/ways/bike/move")
    assert "done=delivery_moved" in await desk.post(f"{LIST}/ways/bike/move", up)
    assert (await order_of(desk))[-2:] == ["bike", "world_standard"]
    assert "done=terms_changed" in await desk.post(f"{LIST}/ways/bike/move", up)

    remove = await desk.form(f"{LIST}/ways/bike", "/admin/settings/delivery/ways/bike/remove")
    assert "done=terms_changed" in await desk.post(f"{LIST}/ways/bike/remove", {"version": "1"})
    assert "done=delivery_removed" in await desk.post(f"{LIST}/ways/bike/remove", remove)
    await desk.get(f"{LIST}/ways/bike", 404)
    await desk.post(f"{LIST}/ways/bike", edit, 404)
    await desk.post(f"{LIST}/ways/bike/remove", remove, 404)
    await desk.post(f"{LIST}/ways/bike/move", up, 404)


@pytest.mark.parametrize(
    "odd",
    [
        {"title-en": "", "title-de": ""},
        {"title-en": "x" * 121},
        {"countries": "Germany"},
        {"except_countries": "*"},
        {"prices-EUR": "much"},
        {"prices-EUR": "-1"},
        {"free_from-EUR": "1.000,50"},
        {"items_max-EUR": "1", "items_min-EUR": "2"},
        {"weight_g_max": "0"},
        {"weight_g_max": "heavy"},
        {"days_min": "3", "days_max": "1"},
        {"days_max": "9999"},
        {"tax_class": "Not a class"},
        {"position": "-1"},
        {"version": "x"},
    ],
)
async def test_what_is_no_way_is_refused_where_it_stands(desk: Browser, odd: dict[str, str]) -> None:
    before = await stored(desk, "de_standard")
    form = await desk.form(f"{LIST}/ways/de_standard", "/admin/settings/delivery/ways/de_standard")
    assert 'id="problems"' in await desk.post(f"{LIST}/ways/de_standard", form | odd, 422)
    assert await stored(desk, "de_standard") == before


async def test_an_id_that_is_none_is_refused(desk: Browser) -> None:
    form = await desk.form(f"{LIST}/new", "/admin/settings/delivery/new")
    for odd in ("", "By bike", "../x"):
        assert 'id="problems"' in await desk.post(f"{LIST}/new", form | BIKE | {"id": odd}, 422)


async def test_of_two_who_change_a_way_the_second_chooses(desk: Browser) -> None:
    await make_bike(desk, "bike-two")
    place = f"{LIST}/ways/bike-two"
    first = await desk.form(place, f"/admin{place}")
    second = dict(first)
    await desk.post(place, first | {"prices-EUR": "5"})
    page = await desk.post(place, second | {"prices-EUR": "6", "countries": "AT"}, 409)
    assert "Somebody else was quicker" in page
    for name in ("prices-EUR-yours", "prices-EUR-theirs", "countries-yours"):
        assert f'id="{name}"' in page
    assert (await stored(desk, "bike-two")).prices == {"EUR": 500}, "nothing was overwritten"


async def test_a_parcel_is_quoted_as_a_cart_would_be(desk: Browser) -> None:
    asked = f"{LIST}/preview?currency=EUR&channel=default"
    page = await desk.get(f"{asked}&country=DE&weight_g=1000&worth=20")
    assert "Standard delivery" in page
    assert "€4.90" in page
    assert "€0.78" in page, "the tax inside"
    assert "eu_standard" in page.partition("Not offered for this parcel")[2]
    free = await desk.get(f"{asked}&country=DE&weight_g=1000&worth=59")
    assert "€4.90" not in free
    assert "€0.00" in free
    assert "Nothing is offered" in await desk.get(f"{asked}&country=DE&weight_g=999999&worth=20")
    for odd in (
        "country=XX&weight_g=1",
        "weight_g=heavy",
        "worth=much",
        "weight_g=1&currency=XXX",
        "weight_g=-1",
    ):
        assert 'id="problems"' in await desk.get(f"{asked}&{odd}", 422), odd
    assert 'id="problems"' in await desk.get(f"{LIST}/preview?weight_g=1&channel=none", 422)
