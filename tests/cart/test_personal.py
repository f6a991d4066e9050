"""What carts keep about a person is told to them, and deleted for good."""

from __future__ import annotations

from typing import Any

import pytest

from rialto.cart.api import AddLine, CartNotFound, CartRef, KeptCart, WishRef
from rialto.cart.reactions import forget_erased_account
from rialto.identity.api import AccountRef
from rialto.identity.events import CustomerErased
from rialto.kernel.consumers import Delivery
from rialto.kernel.events import Envelope
from rialto.kernel.ids import AccountId, bucket_of, to_uuid
from tests.cart.shop import Shop, a_payment_for, an_address_for, lines_of
from tests.support.personal import places_of

pytestmark = pytest.mark.anyio

MARKS: dict[str, Any] = {"email": "marker-mail@example.org", "name": "Marker Name", "line1": "Markerstreet 1"}


async def a_busy_account(shop: Shop) -> AccountId:
    """With an open cart, a merged one and a wish, each holding something personal."""
    ada = shop.an_account()
    guest = await shop.a_cart("lamp")
    await shop.carts.set_address(an_address_for(guest.id, **MARKS))
    await shop.carts.set_payment(a_payment_for(guest.id, label="Marker Card"))
    await shop.merge(guest.id, ada)
    await shop.carts.wish(WishRef(account_id=ada, item="cup"))
    return ada


async def erase(shop: Shop, owner: AccountId) -> None:
    now = shop.env.clock.now()
    envelope = Envelope(
        service="identity",
        bucket=bucket_of(owner),
        stream=to_uuid(owner),
        version=3,
        type=CustomerErased.TYPE,
        schema_version=1,
        body=b"{}",
        meta=b"{}",
        at=now,
    )
    async with shop.env.db.write() as session:
        event = CustomerErased(account_id=owner, erased_at=now)
        await forget_erased_account(shop.carts, event, Delivery(envelope, session))


async def test_the_export_tells_all_carts_and_wishes_of_the_account_and_no_others(shop: Shop) -> None:
    ada = await a_busy_account(shop)
    await a_busy_account(shop)
    told = await shop.carts.personal_export(AccountRef(account_id=ada))
    (cart,) = told.carts
    assert isinstance(cart, KeptCart)
    assert (cart.email, cart.status, [line.sku for line in cart.lines]) == (MARKS["email"], "open", ["lamp"])
    assert cart.shipping is not None
    assert cart.shipping.line1 == MARKS["line1"]
    assert [wish.item for wish in told.wishes] == ["cup"]


async def test_an_account_without_anything_has_an_empty_export(shop: Shop) -> None:
    told = await shop.carts.personal_export(AccountRef(account_id=shop.an_account()))
    assert (told.carts, told.wishes) == ([], [])


async def test_after_forgetting_nothing_personal_is_left_anywhere(shop: Shop) -> None:
    ada = await a_busy_account(shop)
    marks = ["marker-mail", "Marker Name", "Markerstreet", "Marker Card", ada, str(to_uuid(ada))]
    assert await places_of(shop.env.db, *marks) != {}
    for _ in range(2):
        await shop.carts.forget(AccountRef(account_id=ada))
    assert await places_of(shop.env.db, *marks) == {}


async def test_others_keep_what_is_theirs(shop: Shop) -> None:
    ada, bob = await a_busy_account(shop), await a_busy_account(shop)
    await shop.carts.forget(AccountRef(account_id=ada))
    assert lines_of(await shop.account_cart(bob)) == {"lamp": 1}


async def test_an_erased_account_is_forgotten_and_once_more_when_its_tokens_have_run_out(shop: Shop) -> None:
    ada = await a_busy_account(shop)
    await erase(shop, ada)
    cart = await shop.account_cart(ada)
    assert cart.lines == []
    await shop.carts.set_address(an_address_for(cart.id, account_id=ada, **MARKS))
    assert await shop.carts.erase_late() == 0
    shop.env.clock.advance(1801)
    assert await shop.carts.erase_late() == 1
    assert await places_of(shop.env.db, "arker", ada, str(to_uuid(ada))) == {}
    with pytest.raises(CartNotFound):
        await shop.carts.get(CartRef(cart_id=cart.id, account_id=ada))


async def test_a_cart_that_was_forgotten_takes_no_line_any_more(shop: Shop) -> None:
    ada = shop.an_account()
    cart = await shop.account_cart(ada, "cup")

    async def it_is_forgotten() -> None:
        shop.till.meanwhile = None
        await shop.carts.forget(AccountRef(account_id=ada))

    shop.till.meanwhile = it_is_forgotten
    with pytest.raises(CartNotFound):
        await shop.carts.add_line(AddLine(cart_id=cart.id, account_id=ada, sku="lamp"))
