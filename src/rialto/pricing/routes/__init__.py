"""Pricing on the web: staff see and set rules and promotions. Shoppers meet pricing through their cart."""

from __future__ import annotations

from typing import Any

from rialto.pricing.routes import codes, promotions, rules

ROUTES: list[Any] = [*rules.ROUTES, *promotions.ROUTES, *codes.ROUTES]
