"""Identity on the web, one file per noun."""

from __future__ import annotations

from rialto.identity.routes import accounts, signing_in, staff

ROUTES = [*signing_in.ROUTES, *accounts.ROUTES, *staff.ROUTES]
