"""Identity on the web, one file per noun."""

from __future__ import annotations

from rialto.identity.routes import accounts, credentials, sessions, signing_in, staff

ROUTES = [*signing_in.ROUTES, *accounts.ROUTES, *credentials.ROUTES, *sessions.ROUTES, *staff.ROUTES]
