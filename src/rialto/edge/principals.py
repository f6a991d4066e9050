"""Whose request it is, found out when a route wants to know; most never do.

Programs show a bearer token. Pages may also be asked with the cookies of a session (`kernel/browser.py`); there a token
whose time is over is nobody's, and no error: the session is renewed, or the visitor signs in again.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from rialto.edge.hardened import FOR_PROGRAMS
from rialto.kernel.auth import GUEST, Principal, TokenVerifier
from rialto.kernel.browser import jar_of
from rialto.kernel.errors import Denied

COOKIES_LENGTH_MAX = 16_000


class Principals:
    """One request's answer. `take` changes it when its session was renewed on the way."""

    def __init__(self, verifier: TokenVerifier, headers: Mapping[bytes, bytes], path: str) -> None:
        self._verifier = verifier
        self._headers = headers
        self._path = path
        self._renewed: str | None = None

    def __call__(self) -> Principal:
        """Raises Denied (401) for a header that is no bearer token of ours."""
        authorization = self._headers.get(b"authorization")
        if authorization is None:
            return self._of_session()
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Denied("Please sign in with a bearer token.", signed_in=False, code="not_signed_in")
        return self._verifier.verify(token.strip())

    def is_staff(self) -> bool:
        """Whether it is a member of staff who asks; a bad token is nobody's."""
        try:
            return self().kind == "staff"
        except Denied:
            return False

    def take(self, access_token: str) -> None:
        """From here on this request is asked with this token of its session."""
        self._renewed = access_token

    def _of_session(self) -> Principal:
        token = self._renewed or self._cookie_token()
        if not token:
            return GUEST
        try:
            return self._verifier.verify(token)
        except Denied:
            return GUEST

    def _cookie_token(self) -> str | None:
        if b"cookie" not in self._headers or self._path.startswith(FOR_PROGRAMS):
            return None
        return cookies_of(self._headers).get(jar_of(self._path).access)


def cookies_of(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """What the browser brought; nothing of a header that is no list of cookies."""
    text = headers.get(b"cookie", b"")[:COOKIES_LENGTH_MAX].decode("latin-1")
    found: SimpleCookie = SimpleCookie()
    try:
        found.load(text)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}
