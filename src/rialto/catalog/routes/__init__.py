"""Where the catalogue is on the web: the staff's side of it. Shoppers browse `search`."""

from __future__ import annotations

from typing import Any

from rialto.catalog.routes import collections, fronts, pictures, products, profile, search_rules, selling

ROUTES: list[Any] = [
    *products.ROUTES,
    *pictures.ROUTES,
    *search_rules.ROUTES,
    *collections.ROUTES,
    *profile.ROUTES,
    *fronts.ROUTES,
    *selling.ROUTES,
]
