"""The storefront over in-memory services, for page tests and for looking at pages while they are made.

`python -m tests.storefront.fixture_shop [port] [sandbox address]` serves it.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.kernel.auth import GUEST
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.http import status_of
from rialto.kernel.ids import RandomIds
from rialto.kernel.keys import Keyring
from rialto.kernel.remembering import Remembered
from rialto.kernel.settings import Settings
from rialto.payments.api import HostedPage, HostedPageAt
from rialto.storefront.routes import ROUTES, render_error
from tests.pricing.peers import Peer
from tests.storefront.fixture_reviews import FixtureReviews
from tests.storefront.fixture_sales import FixtureCarts, FixtureOrders
from tests.storefront.fixture_search import FixtureSearch
from tests.support.databases import SECRETS

# Nobody listens there: the provider's frame stays away.
NOBODY = "http://127.0.0.1:9"


class FixturePayments:
    """The provider's page, as far as the shop sees it."""

    def __init__(self) -> None:
        self.away = False
        self.started: list[HostedPage] = []

    async def hosted_page(self, command: HostedPage) -> HostedPageAt:
        if self.away:
            raise Unavailable
        self.started.append(command)
        return HostedPageAt(url="http://127.0.0.1:9/pay/session")


@dataclass
class FixtureShop:
    app: Litestar
    search: FixtureSearch
    carts: FixtureCarts
    orders: FixtureOrders
    payments: FixturePayments
    reviews: FixtureReviews


def fixture_shop(port: int = 8000, sandbox_url: str = NOBODY) -> FixtureShop:
    clock = ManualClock()
    ids = RandomIds(clock, random.Random(7))
    settings = Settings(
        public_url=f"http://127.0.0.1:{port}",
        sandbox_url=sandbox_url,
        data=Path("no-data"),
        secret_file=Path("no-secrets"),
    )
    search = FixtureSearch()
    carts = FixtureCarts(search, ids, clock)
    orders = FixtureOrders(carts, ids, clock)
    payments = FixturePayments()
    reviews = FixtureReviews(orders, ids, clock)
    for draft in search.drafts.values():
        if draft.featured:  # what the read model says is rated
            reviews.publish(search.ids[draft.slug], 12)
    services: dict[str, Any] = {
        "search": search,
        "carts": carts,
        "orders": orders,
        "payments": payments,
        "reviews": reviews,
        "notifications": Peer(),
        "identity": Peer(),  # whoever comes is a guest, of whom nothing is asked
        "ids": ids,
        "remembered": Remembered(
            MemoryKeyValues(clock), Keyring(SECRETS, issuer=settings.public_url, clock=clock, ids=ids)
        ),
        "clock": clock,
        "settings": settings,
    }
    app = Litestar(
        route_handlers=list(ROUTES),
        dependencies={name: _provided(service) for name, service in services.items()},
        exception_handlers={RialtoError: _refused, HTTPException: _failed},
        middleware=[_from_here],
        openapi_config=None,
    )
    return FixtureShop(app=app, search=search, carts=carts, orders=orders, payments=payments, reviews=reviews)


def _from_here(app: ASGIApp) -> ASGIApp:
    """As the gate does: every request comes from some client, and here from a guest."""

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        scope["rialto.client"] = "192.0.2.1"  # type: ignore[typeddict-unknown-key]
        scope["rialto.principal"] = lambda: GUEST  # type: ignore[typeddict-unknown-key]
        await app(scope, receive, send)

    return known


def _provided(service: Any) -> Provide:
    def give() -> Any:
        return service

    return Provide(give, sync_to_thread=False)


def _refused(request: Request[Any, Any, Any], error: RialtoError) -> Response[Any]:
    return render_error(request, status_of(error), error)


def _failed(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return render_error(request, error.status_code, error)


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    provider = sys.argv[2] if len(sys.argv) > 2 else NOBODY
    uvicorn.run(fixture_shop(chosen, provider).app, host="127.0.0.1", port=chosen, log_level="warning")
