"""Who may pass, where it is not a permission that decides; and what routes read of a request."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.handlers.base import BaseRouteHandler

from rialto.identity.api import Proof
from rialto.kernel.errors import Denied, Invalid
from rialto.kernel.http import client_of, principal_of

AnyRequest = Request[Any, Any, Any]
NO_STORE = CacheControlHeader(no_store=True)

KEY_NOT_VALID = Invalid(
    "An Idempotency-Key has 1 to 255 visible ASCII characters.", code="idempotency_key_not_valid"
)
# In OpenAPI's form, since here it may be left out.
KEY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Made by the client, one per thing meant to be created: repeated, nothing is made twice.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_KEY = re.compile(r"[!-~]{1,255}")


def key_of(request: AnyRequest) -> str | None:
    """The Idempotency-Key, if the client made one. Raises Invalid."""
    found = request.headers.get("idempotency-key")
    if found is not None and not _KEY.fullmatch(found):
        raise KEY_NOT_VALID
    return found


def account_of(request: AnyRequest) -> str:
    """The id of whoever is asking, behind a guard that lets no guest pass."""
    account_id = principal_of(request).id
    assert account_id is not None, "a route for somebody signed in has no guard"
    return account_id


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any customer or member of staff."""
    if principal_of(connection).kind not in {"customer", "staff"}:
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")


def proof_of(request: AnyRequest, password: str | None) -> Proof:
    """What may prove that the owner asks: the password, or the session by its age."""
    principal = principal_of(request)
    return Proof(
        account_id=account_of(request),
        session_id=principal.session_id,
        password=password,
        client=client_of(request),
    )


signed_in.audience = "a customer or a member of staff"  # type: ignore[attr-defined]
signed_in.lets_staff_in = True  # type: ignore[attr-defined]  # so that staff's log has what staff do here
