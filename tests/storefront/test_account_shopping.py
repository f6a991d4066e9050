"""Shopping with an account: one cart everywhere, saved addresses, own orders; and nothing lost when a session ends."""

from __future__ import annotations

import re

import pytest

from rialto.kernel.db import DatabaseAddress
from tests.storefront.customers import Browser, People, customers_of
from tests.storefront.shopping import ADDRESS, Page
from tests.support.shop import ADDRESS as KEPT

pytestmark = pytest.mark.anyio

EMAIL = "ada@example.org"
SAVED = {
    f"shipping-{name}": getattr(KEPT, name) or ""
    for name in ("name", "line1", "city", "postal_code", "country")
}


async def test_one_cart_wherever_one_is_signed_in(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada = people.browser()
        await people.join(ada, EMAIL)
        await ada.add("PENCIL", 60)
        phone = people.browser()
        await phone.add("PENCIL", 50)
        await phone.add("VASE")
        answer = await phone.sign_in(EMAIL, next="/en/checkout/address")
        assert answer.headers["location"].startswith("/en/cart?conflict=")
        cart = await phone.page(answer.headers["location"])
        assert "Pencil: 110 are more than a cart may hold. There are 99 now." in cart.one("main").text
        assert quantities(await ada.page("cart")) == quantities(cart) == ["99", "1"]
        forged = await phone.page(
            "cart?conflict=not_sold.1.0.<b>Buy+elsewhere</b>&conflict=x&conflict=not_sold.a.b.c"
        )
        assert "elsewhere" not in forged.one("main").text
        assert forged.one("main").text.count("One article: not sold any more") == 1
        line = cart.all("input", name="line")[0].attributes["value"]
        assert (await phone.post("cart/change", {"line": line, "quantity": "2"})).status_code == 303
        assert quantities(await ada.page("cart")) == ["2", "1"]
        assert (await ada.get("cart/count.json")).json() == {"count": 3}
        await another_currency_takes_the_lines_along(phone, ada)
        await phone.sent("account/sign-out")
        assert not quantities(await phone.page("cart"))
        await phone.sign_in(EMAIL)
        assert quantities(await phone.page("cart")) == ["2", "1"]


async def another_currency_takes_the_lines_along(phone: Browser, ada: Browser) -> None:
    await phone.post("preferences", {"currency": "USD", "language": "en"})
    assert "$" in (await phone.page("cart")).one("main").text
    assert not quantities(await ada.page("cart"))
    await phone.post("preferences", {"currency": "EUR", "language": "en"})
    assert quantities(await phone.page("cart")) == ["2", "1"]


def quantities(page: Page) -> list[str]:
    return [field.attributes["value"] for field in page.all("input", name="quantity", type="number")]


async def test_from_a_saved_address_to_the_order_and_once_more(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada, guest = people.browser(), people.browser()
        await guest.add("PENCIL")
        thanks = await guest.page(await guest.check_out(ADDRESS | {"email": EMAIL}))
        offer = next(link for link in thanks.all("a") if "account/register?" in link.attributes["href"])
        assert "email=ada%40example.org" in offer.attributes["href"]
        form = await guest.page(offer.attributes["href"])
        assert form.one("input", name="email").attributes["value"] == EMAIL
        await people.join(ada, EMAIL)
        await people.shop.settle()
        await ada.sent("account/addresses/new", SAVED | {"key": "k1"})
        await ada.add("LAMP")
        page = await ada.page("checkout/address")
        assert page.one("input", name="email").attributes["value"] == EMAIL
        saved, other = page.all("input", name="saved")
        assert ("checked" in saved.attributes, "checked" in other.attributes) == (True, False)
        chosen = {"email": EMAIL, "saved": saved.attributes["value"], "shipping-line1": "ignored"}
        assert (await ada.post("checkout/address", chosen)).headers["location"] == "/en/checkout/delivery"
        again = await ada.page("checkout/address")
        assert "checked" in again.all("input", name="saved")[0].attributes
        assert again.one("input", id="shipping-line1").attributes["value"] == KEPT.line1
        order = await ada.check_out(chosen)
        assert not [
            link for link in (await ada.page(order)).all("a") if "register" in link.attributes["href"]
        ]
        await people.shop.settle()
        await own_orders_are_listed_and_shown(people, ada)
        await what_was_bought_is_bought_again(people, ada, guest)


async def own_orders_are_listed_and_shown(people: People, ada: Browser) -> None:
    listed = await ada.page("account/orders")
    links = [
        link.attributes["href"]
        for link in listed.all("a")
        if re.fullmatch(r"/en/orders/ord_\w+", link.attributes["href"])
    ]
    assert len(links) == 2  # the guest's order came along
    page = await ada.page(links[0])
    assert KEPT.line1 in page.one("main").text
    assert (await people.browser().get(links[0])).status_code == 404
    stranger = people.browser()
    await people.join(stranger, "eve@example.org")
    assert (await stranger.get(links[0])).status_code == 404
    assert (await stranger.post(f"{links[0][4:]}/cancel")).status_code == 404
    assert (await stranger.post(f"{links[0][4:]}/reorder")).status_code == 404
    cancelled = await ada.sent(f"{links[0][4:]}/cancel")
    assert cancelled.one("p", class_="confirmation")
    assert (await ada.get("account/orders?cursor=nonsense")).headers["location"] == "/en/account/orders"
    await ada.lose_session()
    lapsed = await ada.get(links[0])
    assert lapsed.headers["location"].startswith("/en/account/sign-in?next=%2Fen%2Forders%2F")
    await ada.sign_in(EMAIL)


async def what_was_bought_is_bought_again(people: People, ada: Browser, guest: Browser) -> None:
    listed = await ada.page("account/orders")
    link = next(a.attributes["href"] for a in listed.all("a") if "/orders/ord_" in a.attributes["href"])
    cart = await ada.sent(f"{link[4:]}/reorder")
    assert quantities(cart) == ["1"]
    key = (await ada.page(link)).all("input", name="key")[0].attributes["value"]
    assert quantities(await guest.sent(f"{link[4:]}/reorder", {"key": key})) == ["1"]


async def test_a_session_that_ends_in_the_middle_of_checkout_loses_nothing(postgres: DatabaseAddress) -> None:
    async with customers_of(postgres) as people:
        ada = people.browser()
        await people.join(ada, EMAIL)
        await ada.add("LAMP", 2)
        await ada.lose_session()
        empty = await ada.page("cart")
        assert "sign in, and it is back" in empty.one("main").text
        page = await ada.refused("checkout/address", ADDRESS, status=200)
        assert "what you have just typed" in page.one("p", class_="notice").text
        hidden = {name: page.all("input", name=name)[0].attributes["value"] for name in ("next", "typed")}
        wrong = await ada.refused("account/sign-in", {"email": EMAIL, "password": "no", **hidden}, status=401)
        assert wrong.all("input", name="typed")[0].attributes["value"] == hidden["typed"]
        signed = await ada.sign_in(EMAIL, **hidden)
        assert signed.headers["location"] == "/en/checkout/address"
        back = await ada.page("checkout/address")
        for field in ("shipping-line1", "shipping-city", "email"):
            assert back.one("input", id=field).attributes["value"] == ADDRESS[field]
        assert quantities(await ada.page("cart")) == ["2"]
        await half_an_address_is_kept_too(ada)
        for step in ("delivery", "payment", "review"):
            await ada.lose_session()
            answer = await ada.get(f"checkout/{step}")
            assert answer.headers["location"] == f"/en/account/sign-in?next=%2Fen%2Fcheckout%2F{step}"
            assert (
                "Your cart is kept"
                in (await ada.page(answer.headers["location"])).one("p", class_="notice").text
            )
            assert (await ada.sign_in(EMAIL, next=f"/en/checkout/{step}")).headers["location"].endswith(step)
        placed = await ada.check_out()
        assert "/thanks" in placed
        await ada.lose_session()
        await ada.sent("account/sign-out")
        assert not (await ada.page("cart")).problems


async def half_an_address_is_kept_too(ada: Browser) -> None:
    await ada.lose_session()
    half = ADDRESS | {"shipping-city": "", "shipping-line1": "Typed Street 9"}
    page = await ada.refused("checkout/address", half, status=200)
    hidden = {name: page.all("input", name=name)[0].attributes["value"] for name in ("next", "typed")}
    answer = await ada.sign_in(EMAIL, **hidden)
    assert answer.status_code == 422
    shown = Page(answer.text)
    assert shown.one("input", id="shipping-line1").attributes["value"] == "Typed Street 9"
    assert "town or city" in shown.problems
    assert (await ada.get("account")).status_code == 200
    await ada.lose_session()
    nonsense = await ada.sign_in(EMAIL, typed="{nonsense", next="/en/cart")
    assert nonsense.headers["location"] == "/en/cart"
