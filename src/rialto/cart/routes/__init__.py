"""Carts and wishlists on the web, put together here."""

from __future__ import annotations

from typing import Any

from rialto.cart.routes import carts, wishlist

ROUTES: list[Any] = [*carts.ROUTES, *wishlist.ROUTES]
