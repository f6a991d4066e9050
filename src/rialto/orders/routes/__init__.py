"""Orders on the web, put together here."""

from __future__ import annotations

from typing import Any

from rialto.orders.routes import orders, own

ROUTES: list[Any] = [*orders.ROUTES, *own.ROUTES]
