"""Identity on the web, one file per noun."""

from __future__ import annotations

from rialto.identity.routes import accounts, addresses, credentials, profile, sessions, signing_in, staff

ROUTES = [
    *signing_in.ROUTES,
    *accounts.ROUTES,
    *credentials.ROUTES,
    *profile.ROUTES,
    *addresses.ROUTES,
    *sessions.ROUTES,
    *staff.ROUTES,
]
