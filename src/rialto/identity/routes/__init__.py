"""Identity on the web, one file per noun."""

from __future__ import annotations

from rialto.identity.routes import signing_in, staff

ROUTES = [*signing_in.ROUTES, *staff.ROUTES]
