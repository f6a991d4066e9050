"""The description of the whole shop's API, without a database behind it."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from rialto.app import ALL, ROUTE_NAMES
from rialto.edge.web import web_app
from rialto.storefront.routes import ROUTES as STOREFRONT
from rialto.storefront.routes import render_error
from tests.edge.asgi import ask

NAMES = [*(ROUTE_NAMES.get(service.name, service.name) for service in ALL), "settings", "clock", "ids"]


@cache
def shop_app() -> Any:
    routes = [route for service in ALL for route in service.routes]
    return web_app(
        [*routes, *STOREFRONT],
        dependencies={name: object() for name in [*NAMES, "hosted_payment", "remembered"]},
        render_error=render_error,
        is_ready=lambda: True,
    )


async def document() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((await ask(shop_app(), "/openapi.json")).body)
    return found
