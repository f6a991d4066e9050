"""Address, delivery and payment of a cart, and its end."""

from __future__ import annotations

import pytest

from rialto.cart.api import (
    AddLine,
    CartNotFound,
    CartOrdered,
    CartRef,
    ChangeCode,
    ChangeLine,
    CloseCart,
    SetAddress,
    SetDelivery,
)
from rialto.cart.handlers.ending import EXPIRED_AT_ONCE
from rialto.cart.reactions import close_ordered_carts
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import ORDER, CartId, OrderId, bucket_of, to_uuid
from rialto.kernel.money import EUR, Money
from rialto.orders.events import OrderPlaced
from rialto.pricing.api import DeliveryUnavailable
from tests.cart.shop import Shop, a_payment_for, an_address, an_address_for

pytestmark = pytest.mark.anyio

DAY_S = 24 * 3600


def an_order_of(shop: Shop, cart_id: CartId) -> OrderId:
    return ORDER.new(shop.env.ids, bucket_of(cart_id))


async def test_an_address_is_kept_and_billing_follows_shipping(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    await shop.carts.set_address(an_address_for(cart.id, city="  Berlin "))
    kept = await shop.get(cart.id)
    assert (kept.email, kept.shipping, kept.billing) == ("ada@example.org", an_address(), an_address())


async def test_a_billing_address_of_its_own_is_kept(shop: Shop) -> None:
    cart = await shop.a_cart()
    billing = an_address(name="Miller Ltd", country="FR")
    command = SetAddress(cart_id=cart.id, email="ada@example.org", shipping=an_address(), billing=billing)
    answer = await shop.carts.set_address(command)
    assert (answer.billing, answer.country) == (billing, "DE")
    assert await shop.get(cart.id) == answer
    assert await shop.carts.set_address(command) == answer


async def test_a_faulty_address_changes_nothing(shop: Shop) -> None:
    cart = await shop.a_cart()
    with pytest.raises(Invalid) as refused:
        await shop.carts.set_address(an_address_for(cart.id, email="nobody", postal_code="\x00"))
    assert {problem.path for problem in refused.value.fields} == {"email", "shipping.postal_code"}
    assert await shop.get(cart.id) == cart


async def test_taxes_follow_the_shipping_country(shop: Shop) -> None:
    cart = await shop.a_cart("book")
    answer = await shop.carts.set_address(an_address_for(cart.id, country="fr"))
    assert answer.country == "FR"
    assert (answer.totals.total, answer.totals.tax) == (Money(2140, EUR), Money(112, EUR))


async def test_personal_data_stands_in_contacts_alone(shop: Shop) -> None:
    cart = await shop.a_cart()
    await shop.carts.set_address(an_address_for(cart.id))
    (contact,) = await shop.rows("SELECT email FROM contacts WHERE cart_id = $1", to_uuid(cart.id))
    assert contact["email"] == "ada@example.org"
    (row,) = await shop.rows("SELECT carts::text AS text FROM carts")
    assert "ada" not in row["text"].lower()


async def test_options_are_those_of_the_carts_country_in_its_language(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    options = await shop.carts.delivery_options(CartRef(cart_id=cart.id))
    assert [(option.id, option.title) for option in options.items] == [("standard", {"en": "Standard"})]
    await shop.carts.set_address(an_address_for(cart.id, country="FR"))
    german = await shop.carts.delivery_options(CartRef(cart_id=cart.id, language="de"))
    assert [(option.id, option.title) for option in german.items] == [("abroad", {"de": "Standardversand"})]


async def test_a_chosen_delivery_is_counted(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    answer = await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id="standard"))
    assert answer.delivery is not None
    assert (answer.delivery.option_id, answer.delivery.title) == ("standard", "Standard")
    assert (answer.delivery.delivered_on_from, answer.delivery.price) == ("2026-01-06", Money(490, EUR))
    assert (answer.totals.delivery, answer.totals.total) == (Money(490, EUR), Money(1680, EUR))
    assert await shop.get(cart.id) == answer
    assert await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id="standard")) == answer


@pytest.mark.parametrize("option", ["abroad", "drone", "", "\x00", "x" * 9999])
async def test_a_delivery_that_is_not_offered_is_refused(shop: Shop, option: str) -> None:
    cart = await shop.a_cart("cup")
    with pytest.raises(DeliveryUnavailable):
        await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id=option))
    assert await shop.get(cart.id) == cart


async def test_an_empty_cart_cannot_be_delivered(shop: Shop) -> None:
    cart = await shop.a_cart()
    assert (await shop.carts.delivery_options(CartRef(cart_id=cart.id))).items == []
    with pytest.raises(DeliveryUnavailable):
        await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id="standard"))


async def test_a_delivery_that_does_not_serve_the_new_country_is_dropped(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id="standard"))
    abroad = await shop.carts.set_address(an_address_for(cart.id, country="FR"))
    assert (abroad.delivery, abroad.totals.delivery) == (None, Money(0, EUR))
    home = await shop.carts.set_address(an_address_for(cart.id))
    assert home.delivery is None


async def test_a_delivery_that_the_cart_outgrew_is_dropped(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    await shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id="standard"))
    heavy = await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup", quantity=60))
    assert heavy.delivery is None


async def test_a_payment_is_kept_for_checkout_and_only_its_label_is_shown(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    answer = await shop.carts.set_payment(a_payment_for(cart.id))
    assert answer.payment_label == "Visa •••• 4242"
    ready = await shop.carts.for_checkout(CartRef(cart_id=cart.id))
    assert ready.payment == a_payment_for(cart.id).payment


async def test_a_card_number_is_refused_and_nothing_is_kept(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    with pytest.raises(Invalid) as refused:
        await shop.carts.set_payment(a_payment_for(cart.id, token="4242 4242 4242 4242"))
    assert refused.value.stable_code == "card_number_refused"
    assert (await shop.carts.for_checkout(CartRef(cart_id=cart.id))).payment is None


async def test_an_ordered_cart_is_shown_and_refuses_every_change(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    await shop.carts.set_payment(a_payment_for(cart.id))
    order_id = an_order_of(shop, cart.id)
    await shop.carts.close(CloseCart(cart_id=cart.id, order_id=order_id))
    shown = await shop.get(cart.id)
    assert (shown.status, shown.order_id, shown.payment_label) == ("ordered", order_id, None)
    refused = [
        shop.carts.add_line(AddLine(cart_id=cart.id, sku="lamp")),
        shop.carts.change_line(ChangeLine(cart_id=cart.id, line_id=cart.lines[0].id, quantity=0)),
        shop.carts.set_address(an_address_for(cart.id)),
        shop.carts.set_delivery(SetDelivery(cart_id=cart.id, option_id="standard")),
        shop.carts.set_payment(a_payment_for(cart.id)),
        shop.carts.add_code(ChangeCode(cart_id=cart.id, code="X")),
        shop.carts.remove_code(ChangeCode(cart_id=cart.id, code="X")),
        shop.carts.for_checkout(CartRef(cart_id=cart.id)),
        shop.carts.accept_total(CartRef(cart_id=cart.id)),
    ]
    for attempt in refused:
        with pytest.raises(CartOrdered) as error:
            await attempt
        assert error.value.extra == {"order_id": order_id}
    assert await shop.get(cart.id) == shown


async def test_closing_again_is_fine_for_the_same_order_only(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    order_id, other = an_order_of(shop, cart.id), an_order_of(shop, cart.id)
    await shop.carts.close(CloseCart(cart_id=cart.id, order_id=order_id))
    await shop.carts.close(CloseCart(cart_id=cart.id, order_id=order_id))
    with pytest.raises(CartOrdered) as refused:
        await shop.carts.close(CloseCart(cart_id=cart.id, order_id=other))
    assert refused.value.extra == {"order_id": order_id}


async def test_a_cart_that_is_not_there_cannot_be_closed(shop: Shop) -> None:
    cart = await shop.a_cart()
    missing = CartId(cart.id[:-1] + ("0" if cart.id[-1] != "0" else "1"))
    with pytest.raises(CartNotFound):
        await shop.carts.close(CloseCart(cart_id=missing, order_id=an_order_of(shop, cart.id)))


async def test_a_placed_order_closes_its_cart_once(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    first, second = an_order_of(shop, cart.id), an_order_of(shop, cart.id)
    for order_id in (first, first, second):
        await deliver(shop, cart.id, order_id)
    shown = await shop.get(cart.id)
    assert (shown.status, shown.order_id) == ("ordered", first)


async def deliver(shop: Shop, cart_id: CartId, order_id: OrderId) -> None:
    now = shop.env.clock.now()
    event = OrderPlaced(
        order_id=order_id,
        number="R-1",
        cart_id=cart_id,
        language="en",
        total=Money(1190, EUR),
        skus={"cup": 1},
        placed_at=now,
    )
    async with shop.env.db.write() as session:
        await close_ordered_carts(shop.carts, [event], session)


async def test_forgotten_carts_are_deleted_with_all_that_belongs_to_them(shop: Shop) -> None:
    old = await shop.a_cart("cup")
    await shop.carts.set_address(an_address_for(old.id))
    shop.env.clock.advance(40 * DAY_S)
    fresh = await shop.a_cart("cup")
    shop.env.clock.advance(21 * DAY_S)
    assert await shop.carts.expire() == 1
    assert await shop.carts.expire() == 0
    with pytest.raises(CartNotFound):
        await shop.get(old.id)
    assert await shop.get(fresh.id) == fresh
    assert await shop.rows("SELECT 1 FROM contacts") == []
    assert len(list(await shop.rows("SELECT 1 FROM cart_lines"))) == 1


async def test_a_touched_cart_is_not_forgotten(shop: Shop) -> None:
    cart = await shop.a_cart("cup")
    shop.env.clock.advance(59 * DAY_S)
    await shop.carts.add_line(AddLine(cart_id=cart.id, sku="cup"))
    shop.env.clock.advance(59 * DAY_S)
    assert await shop.carts.expire() == 0


async def test_carts_are_deleted_in_bounded_batches(shop: Shop) -> None:
    for _ in range(EXPIRED_AT_ONCE + 1):
        await shop.a_cart()
    shop.env.clock.advance(61 * DAY_S)
    assert [await shop.carts.expire() for _ in range(3)] == [EXPIRED_AT_ONCE, 1, 0]
