"""A checkout whose database goes while the provider has the money in its hands."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from rialto.edge.classes import BUYING
from tests.degradation.living import SLACK_S, checkout, furnished, is_sound, ready_cart
from tests.support.outages import own_server
from tests.support.process import Answer, Disconnected, database_from, real_shop

pytestmark = pytest.mark.crash


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_a_checkout_that_is_cut_in_the_middle_is_finished_once(how: str) -> None:
    """The provider is slow: it has the money when the database goes."""
    with own_server() as server:
        template = asyncio.run(furnished(server.address))
        with real_shop(server.address) as shop, database_from(shop, template):
            shop.start()
            cart = ready_cart(shop)
            first: list[Answer] = []

            def buy() -> None:
                with suppress(Disconnected):
                    first.append(checkout(shop, cart, "cut", "tok_slow"))

            buying = threading.Thread(target=buy)
            buying.start()
            begun = "SELECT count(*) AS count FROM payments.payments"
            shop.until(lambda: shop.sql(begun)[0]["count"] == 1, "the payment has begun")
            getattr(server, how)()
            buying.join(BUYING.seconds + 2 * SLACK_S)
            assert not buying.is_alive(), "it waits for longer than its class allows"
            assert [answer.status for answer in first] in ([503], [202]), first
            server.back()
            shop.until(lambda: checkout(shop, cart, "cut", "tok_slow").status == 201, "it is finished")
            is_sound(shop, orders=1)
