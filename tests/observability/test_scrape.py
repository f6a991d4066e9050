"""What a scrape tells of a shop in which something happened."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rialto.engines.measured_provider import measured
from rialto.inventory.api import OutOfStock
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Conflict, OutcomeUnknown, Unavailable
from rialto.kernel.money import Currency, Money
from rialto.kernel.telemetry import Metrics
from rialto.observability.reading import Reading, read_text
from rialto.payments.provider import Answer, InPages, Statement, TokenRefused
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio


async def scraped(shop: Shop) -> Reading:
    return read_text((await shop.app.watch.scrape()).decode(), 0.0)


async def test_orders_stock_and_mails_are_told_as_they_stand(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await shop.buy("LAMP")
        await shop.buy("LAMP", token="tok_3ds")
        await shop.settle()
        told = await scraped(shop)
        assert told.total("rialto_orders_unfinished", after="orders.awaits_customer") == 1
        assert told.total("rialto_reservations_held") == 1
        assert told.total("rialto_reservations_overdue") == 0
        assert told.total("rialto_mails_waiting") == 0
        assert told.total("rialto_outbox_waiting") == 0
        assert told.total("rialto_events_published_total", type="orders.placed") == 1
        assert told.total("rialto_event_delivery_seconds_count", consumer="reporting")
        assert told.total("rialto_operations_total", operation="checkout", outcome="placed") == 1
        assert told.total("rialto_operations_total", operation="checkout", outcome="action") == 1
        assert told.total("rialto_pool_limit", service="orders") == 3
        assert told.total("rialto_build_info", group="one") == 1


async def test_what_is_held_too_long_and_who_is_stuck_is_told_by_its_age(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False, clock=ManualClock()) as shop:
        await shop.buy("LAMP", token="tok_3ds")
        shop.clock.advance(3600)
        told = await scraped(shop)
        assert told.total("rialto_orders_unfinished_oldest_seconds") == pytest.approx(3600, abs=1)
        assert told.total("rialto_reservations_overdue") == 1
        assert told.total("rialto_reservations_overdue_oldest_seconds") == pytest.approx(
            3600 - 15 * 60, abs=1
        )
        assert (told.total("rialto_outbox_waiting", service="orders") or 0) >= 2
        assert told.total("rialto_outbox_oldest_seconds", service="orders") == pytest.approx(3600, abs=1)


async def test_refusals_for_lack_of_stock_are_counted_where_they_happen(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        await shop.put_stock("LAMP", 1)
        await shop.put_stock("LAMP", 0, "rotterdam")
        late = await shop.cart({"LAMP": 1})
        await shop.buy("LAMP")
        with pytest.raises(OutOfStock):
            await shop.checkout(late)
        told = await scraped(shop)
        assert told.total("rialto_operations_total", operation="checkout", outcome="out_of_stock") == 1


async def test_a_shop_without_a_database_still_answers_a_scrape(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False) as shop:
        await shop.sql("ALTER TABLE inventory.reservations RENAME TO gone")
        told = await scraped(shop)
        assert told.total("rialto_reservations_held") is None
        assert told.total("rialto_outbox_waiting", service="inventory") is None
        assert told.total("rialto_outbox_waiting", service="orders") == 0
        assert told.total("rialto_failures_total", where="gauges inventory") == 1
        await shop.sql("ALTER TABLE inventory.gone RENAME TO reservations")
        assert (await scraped(shop)).total("rialto_reservations_held") == 0


async def test_pages_behind_the_cache_have_their_routes_names(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as shop:
        for _ in range(3):
            assert (await shop.web.get("/v1/products")).status_code == 200
        told = await scraped(shop)
        assert told.total("rialto_requests_total", route="/v1/products", status="200") == 1
        assert told.total("rialto_cached_answers_total", route="/v1/products", outcome="miss") == 1
        assert told.total("rialto_cached_answers_total", route="/v1/products", outcome="hit") == 2
        assert told.total("rialto_requests_in_flight") == 0


class Till:
    """A provider that answers what it is told to."""

    name = "till"

    def __init__(self, says: object) -> None:
        self.says = says

    async def get(self, _reference: str) -> object:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    statement = get


NOTHING = Money.zero(Currency("EUR"))


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (Answer(reference="r", state="authorised", captured=NOTHING, refunded=NOTHING), "authorised"),
        (Answer(reference="r", state="of its own", captured=NOTHING, refunded=NOTHING), "other"),
        (Statement(items=[]), "done"),
        (TokenRefused("expired"), "refused"),
        (OutcomeUnknown(), "unknown"),
        (Unavailable(), "unavailable"),
        (Conflict("No."), "failed"),
    ],
    ids=str,
)
async def test_a_provider_is_measured_and_nothing_it_says_is_changed(says: object, outcome: str) -> None:
    metrics = Metrics()
    watched = measured(Till(says), ManualClock(), metrics)  # type: ignore[arg-type]
    if isinstance(says, Exception):
        with pytest.raises(type(says)) as raised:
            await watched.get("r")
        assert raised.value is says
    else:
        assert await watched.get("r") is says
    labels = {"provider": "till", "call": "get", "outcome": outcome}
    assert metrics.registry.get_sample_value("rialto_provider_calls_seconds_count", labels) == 1


class TillInPages(Till):
    """One that asks for cards within the shop's pages."""

    def __init__(self) -> None:
        super().__init__("")
        self.told: list[str] = []

    async def allow_origins(self, origins: Sequence[str]) -> None:
        self.told += origins


async def test_what_a_provider_offers_beside_the_contract_is_offered_still() -> None:
    metrics, till = Metrics(), TillInPages()
    watched = measured(till, ManualClock(), metrics)  # type: ignore[arg-type]
    assert isinstance(watched, InPages)
    await watched.allow_origins(["https://trade.example"])
    assert till.told == ["https://trade.example"]
    assert not isinstance(measured(Till(""), ManualClock(), metrics), InPages)  # type: ignore[arg-type]
