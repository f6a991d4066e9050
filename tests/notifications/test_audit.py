"""I7: a mail that is missing, one that is there twice, and what is neither; on a whole shop."""

from __future__ import annotations

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.notifications.audit import QUEUED_WITHIN
from rialto.orders.api import Order, ShipOrder
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio


async def a_shipped_order(shop: Shop) -> Order:
    """Placed, and shipped in one parcel; all mails are out, and their time is over."""
    order = (await shop.buy()).order
    await shop.settle()
    await shop.orders.ship(ShipOrder(order_id=order.id, step="parcel-1"))
    await shop.settle()
    shop.clock.advance(QUEUED_WITHIN.total_seconds() + 1)
    return order


async def told(shop: Shop) -> list[tuple[str, str, str]]:
    return [(one.invariant, one.subject, one.text) for one in await shop.audit()]


async def test_what_was_placed_and_shipped_has_its_mails(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await a_shipped_order(shop)
        assert {mail.subject for mail in shop.mail.sent} != set()
        assert await told(shop) == []


async def test_each_missing_mail_is_found(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        order = await a_shipped_order(shop)
        await shop.sql("DELETE FROM notifications.mails")
        assert await told(shop) == [
            ("I7", order.id, "has no mail order_placed"),
            ("I7", f"{order.id}/parcel-1", "has no mail order_shipped"),
        ]


async def test_a_mail_that_still_has_time_is_not_missing(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await shop.buy()
        await shop.settle()
        await shop.sql("DELETE FROM notifications.mails")
        assert await told(shop) == []


async def test_an_order_without_an_address_to_write_to_gets_no_mail(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await a_shipped_order(shop)
        await shop.sql("DELETE FROM notifications.mails")
        await shop.sql("DELETE FROM orders.contacts")
        assert await told(shop) == []


async def test_two_mails_of_one_cause_are_found(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        order = await a_shipped_order(shop)
        await shop.sql("ALTER TABLE notifications.mails DROP CONSTRAINT mails_cause_template_key")
        await shop.sql(
            "INSERT INTO notifications.mails SELECT '018f3b1c-8c00-7001-8000-0000000000ff', cause, template, language,"
            " recipient, subject, text, html, state, attempts, next_attempt_at, created_at, sent_at, error"
            " FROM notifications.mails WHERE template = 'order_placed'"
        )
        assert await told(shop) == [("I7", order.id, "has 2 mails order_placed")]
