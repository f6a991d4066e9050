"""Orders on the web, put together here."""

from __future__ import annotations

from typing import Any

from rialto.orders.routes import checkout, orders, own, staff

ROUTES: list[Any] = [*checkout.ROUTES, *orders.ROUTES, *staff.ROUTES, *own.ROUTES]
