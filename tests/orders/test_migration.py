"""Orders from before accounts are found by their e-mails."""

from __future__ import annotations

from importlib import resources

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.email import bucket_of_hash, email_hash
from rialto.kernel.ids import to_uuid
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio


def backfill() -> str:
    """The migration's statement that fills the directory."""
    text = resources.files("rialto.orders").joinpath("sql/0002_accounts.sql").read_text("utf-8")
    start = text.index("INSERT INTO email_orders")
    return text[start : text.index(";", start)]


async def test_the_migration_makes_of_old_orders_what_a_start_makes_of_new_ones(
    postgres: DatabaseAddress,
) -> None:
    async with a_shop(postgres, background=False) as shop:
        cart = await shop.cart({"PENCIL": 1}, email="Ada.Lovelace@Example.ORG")
        order = (await shop.checkout(cart)).order
        await shop.checkout(await shop.cart({"PENCIL": 1}), "tok_declined")
        written = await shop.sql("DELETE FROM orders.email_orders RETURNING bucket, email_hash, order_id")
        statement = (
            backfill().replace("contacts AS", "orders.contacts AS").replace("orders AS", "orders.orders AS")
        )
        await shop.sql(statement.replace("INTO email_orders", "INTO orders.email_orders"))
        (row,) = await shop.sql("SELECT bucket, email_hash, order_id FROM orders.email_orders")
        digest = email_hash("ada.lovelace@example.org")
        assert tuple(row) == (bucket_of_hash(digest), digest, to_uuid(order.id))
        assert row in written
