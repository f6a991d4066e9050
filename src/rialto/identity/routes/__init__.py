"""Identity on the web, one file per noun."""

from __future__ import annotations

from rialto.identity.routes import (
    accounts,
    addresses,
    credentials,
    own_data,
    passkeys,
    profile,
    roles,
    second_factors,
    sessions,
    signing_in,
    staff,
)

ROUTES = [
    *signing_in.ROUTES,
    *second_factors.ROUTES,
    *passkeys.ROUTES,
    *accounts.ROUTES,
    *credentials.ROUTES,
    *profile.ROUTES,
    *own_data.ROUTES,
    *addresses.ROUTES,
    *sessions.ROUTES,
    *staff.ROUTES,
    *roles.ROUTES,
]
