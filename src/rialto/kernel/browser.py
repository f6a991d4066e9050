"""Being signed in with a browser: the cookies that hold a session's tokens.

Pages only. `/v1` is asked with bearer tokens and never looks at a cookie, so nothing that a browser sends by itself
counts there. Both tokens are out of scripts' reach; SameSite=Lax and the pages' own refusal of foreign posts
keep other sites from acting with them. Customers and staff have a jar each: who works in the shop may also buy there, and
what shows one page of the back office to a customer's session does not exist.
"""

from __future__ import annotations

from typing import Final

from litestar.datastructures import Cookie

from rialto.kernel.service import Frozen

# Kept as long as a session lives (identity ends it after thirty days).
REFRESH_S = 30 * 24 * 3600


class Jar(Frozen):
    """The names of the cookies for one kind of people, and the path below which a browser sends them.

    `kept`: they outlive the browser; without it they go when it is closed.
    """

    access: str
    refresh: str
    path: str
    kept: bool


SHOP: Final = Jar(access="access", refresh="refresh", path="/", kept=True)
ADMIN: Final = Jar(access="staff_access", refresh="staff_refresh", path="/admin", kept=False)


def jar_of(path: str) -> Jar:
    """Whose cookies count at this address."""
    return ADMIN if path == ADMIN.path or path.startswith(f"{ADMIN.path}/") else SHOP


def signed_in(jar: Jar, *, access: str, refresh: str, expires_in: int, secure: bool) -> list[Cookie]:
    """The cookies of a session. `expires_in` is the access token's life in seconds."""
    return [
        _cookie(jar, jar.access, access, expires_in, secure=secure),
        _cookie(jar, jar.refresh, refresh, REFRESH_S if jar.kept else None, secure=secure),
    ]


def signed_out(jar: Jar, *, secure: bool) -> list[Cookie]:
    """Takes both cookies away."""
    return [_cookie(jar, name, "", 0, secure=secure) for name in (jar.access, jar.refresh)]


def _cookie(jar: Jar, name: str, value: str, max_age_s: int | None, *, secure: bool) -> Cookie:
    return Cookie(
        key=name, value=value, path=jar.path, max_age=max_age_s, httponly=True, secure=secure, samesite="lax"
    )
