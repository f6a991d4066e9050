"""A shop with a streaming replica: what is read there, by whom, and what its loss does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from rialto.kernel.auth import Principal, TokenSigner
from rialto.kernel.ids import STAFF
from tests.support.databases import SECRETS
from tests.support.replicas import Pair, a_primary_with_replica
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with a_primary_with_replica() as both:
        yield both


class Staff:
    """Somebody at a browser or a program that keeps nothing, as `headers` say."""

    def __init__(self, shop: Shop, **headers: str) -> None:
        signer = TokenSigner(SECRETS.signing_key, issuer=shop.app.settings.public_url, clock=shop.clock)
        token = signer.sign(
            Principal(kind="staff", id=STAFF.new(shop.app.engines.ids, 0), roles=("owner",)), lifetime_s=600
        )
        self.shop = shop
        self.headers = {"authorization": f"Bearer {token}", **headers}

    async def position(self) -> str:
        """After a change, and so after all that was changed before."""
        counted = {"warehouse": "berlin", "on_hand": 30}
        answer = await self.shop.web.put("/v1/admin/stock/LAMP", json=counted, headers=self.headers)
        self.shop.web.cookies.clear()
        return answer.headers["rialto-position"]

    async def orders(self) -> int:
        answer = await self.shop.web.get("/v1/admin/orders", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])


@pytest.fixture
async def shop(pair: Pair) -> AsyncIterator[Shop]:
    pair.start()
    async with a_shop(pair.primary, replica=pair.replica, background=False) as shop:
        await shop.buy("LAMP")
        # The web is made when it is first asked, which may take longer than a look at a replica counts.
        assert await Staff(shop).orders() == 1
        await shop.app.copied.standbys.look()
        pair.catch_up()
        await shop.app.copied.standbys.look()
        yield shop


async def test_who_wrote_sees_it_and_others_what_the_replica_has(pair: Pair, shop: Shop) -> None:
    program, browser = Staff(shop), Staff(shop, cookie="cart=x")
    with pair.paused():
        await shop.buy("LAMP")
        await shop.app.copied.standbys.look()
        assert await browser.orders() == 1, "it is the replica that answers, and it has not heard of it"
        assert await program.orders() == 2, "who says nothing is answered by the primary"
        position = await program.position()
        await shop.app.copied.standbys.look()
        assert await Staff(shop, **{"rialto-position": position}).orders() == 2
        assert await browser.orders() == 1
    pair.catch_up()
    await shop.app.copied.standbys.look()
    assert await browser.orders() == 2


@pytest.mark.parametrize("trouble", ["killed", "stopped"])
async def test_a_replica_that_is_lost_is_missed_by_nobody(pair: Pair, shop: Shop, trouble: str) -> None:
    browser = Staff(shop, cookie="cart=x")
    assert await browser.orders() == 1
    if trouble == "killed":
        pair.kill()
    else:
        pair.stop()
    assert await browser.orders() == 1, "the statement is asked again at the primary"
    await shop.buy("LAMP")
    assert await browser.orders() == 2
    pair.start()
    pair.catch_up()
    with pair.paused():
        await shop.app.copied.standbys.look()
        await shop.buy("LAMP")
        assert await browser.orders() == 2, "it answers again"


async def test_a_replica_that_hangs_is_not_asked_any_more(pair: Pair, shop: Shop) -> None:
    browser = Staff(shop, cookie="cart=x")
    assert await browser.orders() == 1
    pair.freeze()
    try:
        await shop.buy("LAMP")
        assert await browser.orders() == 2, "whoever is there when it begins to hang waits for two seconds"
        await shop.app.copied.standbys.look()
        assert shop.app.copied.standbys.choose() is None
        assert list(shop.app.copied.standbys.behind().values()) == [None]
    finally:
        pair.thaw()


async def test_buying_asks_the_primary_only(pair: Pair, shop: Shop) -> None:
    with pair.paused():
        answer = await shop.buy("LAMP")
        assert (await shop.order(answer.order.id)).status == "placed"
    assert await shop.audit() == []
