"""The documents' own database: reviews wait, and everything else goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Unavailable
from tests.degradation.people import Three, problem_of, three
from tests.support.databases import fresh_database
from tests.support.fault_proxy import FaultProxy, Mode, fault_proxy
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio

# Counted as its usual time for each answer: ten times that, twice or more for a question, is more than a page waits.
USUALLY_S = 0.08
REVIEW = {"rating": 5, "title": "Bright", "body": "It stands on my desk and is bright.", "name": "Ada"}


@dataclass
class Trouble:
    people: Three
    line: FaultProxy
    order: str
    key: str
    product: str


@pytest.fixture(scope="module")
async def trouble(postgres: DatabaseAddress) -> AsyncIterator[Trouble]:
    socket = f"{postgres.host}/.s.PGSQL.{postgres.port}"
    async with fresh_database(postgres, []) as documents, fault_proxy(socket, least_s=USUALLY_S) as line:
        by_line = msgspec.structs.replace(documents, host="127.0.0.1", port=line.port, sslmode="disable")
        async with a_shop(postgres, documents=by_line, reviews_at_once=True) as shop:
            people = await three(shop)
            order = (await shop.buy("LAMP")).order
            product = (await people.client.get("/v1/products/lamp")).json()["id"]
            await shop.settle()
            yield Trouble(people, line, order.id, order.key, product)
            await line.be("pass")
            await people.close()


LIMITS = {"refuse": 11, "swallow": 12, "slow": 13, "half": 14}


def review_path(trouble: Trouble) -> str:
    return f"/v1/products/{trouble.product}/reviews"


async def test_documents_nothing_wrong(trouble: Trouble) -> None:
    """So that the others find reviews to miss."""
    body = {**REVIEW, "order_id": trouble.order, "order_key": trouble.key}
    answer = await trouble.people.client.ask("POST", review_path(trouble), json=body)
    assert answer.status_code == 201, answer.text
    await counted(trouble.people)
    await trouble.people.shop.settle()


async def counted(people: Three) -> None:
    """Ratings follow the store's feed at times of their own; the first connection may still be a dead one."""

    async def caught_up() -> bool:
        with suppress(Unavailable):
            followed: int = await people.shop.app.handlers["reviews"].follow()
            return followed == 0
        return False

    await people.shop.until(caught_up)


@pytest.mark.parametrize("mode", ["refuse", "swallow", "slow", "half"])
async def test_documents(trouble: Trouble, mode: Mode) -> None:
    people = trouble.people
    await trouble.line.be(mode)
    # The shopper: pages without the texts of reviews, at worst; a cart and an order are what they always are.
    await people.shopper.browse()
    where = await people.shopper.buy()
    assert "/thanks" in where
    # The program: orders go on; reviews are asked for again later.
    assert (await people.client.buy(f"documents-{mode}", "PENCIL")).status_code == 201
    # What is kept ready is shown as it was; anything else has to be read.
    read = await people.client.ask("GET", f"{review_path(trouble)}?limit={LIMITS[mode]}")
    if mode == "half":
        assert read.status_code in {200, 503}
    else:
        problem_of(read, "unavailable")
    # The merchant works.
    await people.merchant.works()
    await trouble.line.be("pass")
    people.shop.clock.advance(10)
    await people.come_back()

    async def answers() -> bool:
        return (await people.client.ask("GET", review_path(trouble))).status_code == 200

    await people.shop.until(answers)
    await counted(people)
    await people.all_is_well(f"documents-{mode}-over")
