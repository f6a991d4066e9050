"""Who works, in which language, on which address: what every page of the back office knows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response
from litestar.datastructures import Cookie

from rialto.admin.texts import texts_of
from rialto.identity.api import Identity, StaffMember, StaffMemberRef, StaffNotFound
from rialto.kernel.browser import ADMIN
from rialto.kernel.errors import Denied
from rialto.kernel.http import Injected, principal_of
from rialto.kernel.roles import grants
from rialto.kernel.service import Frozen
from rialto.kernel.settings import Settings
from rialto.storefront.texts import LANGUAGES, Texts
from rialto.storefront.visit import LANGUAGE_COOKIE, YEAR_S, preferred_language

AnyRequest = Request[Any, Any, Any]

HOME = ADMIN.path
SIGN_IN = f"{HOME}/sign-in"
NEXT_LENGTH_MAX = 1000


class Desk(Frozen):
    """One request's surroundings, of somebody who is signed in."""

    path: str
    query: tuple[tuple[str, str], ...]
    language: str
    staff: StaffMember
    permissions: frozenset[str]
    session_id: str | None
    settings: Settings

    @property
    def texts(self) -> Texts:
        return texts_of(self.language)

    def may(self, permission: str) -> bool:
        return grants(self.permissions, permission)

    def asked(self, name: str) -> str:
        """The last value of a query parameter; empty where there is none."""
        return dict(self.query).get(name, "")


async def open_desk(request: AnyRequest, identity: Injected[Identity], settings: Injected[Settings]) -> Desk:
    """Litestar dependency `desk`, behind a guard that lets only staff pass.

    Raises Denied (401) for somebody who was disabled since the access token was made.
    """
    principal = principal_of(request)
    try:
        staff = await identity.staff_member(StaffMemberRef(staff_id=principal.id or ""))
    except StaffNotFound:
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in") from None
    return Desk(
        path=request.scope["path"],
        query=tuple(sorted(request.query_params.multi_items())),  # one address per list, whatever the order
        language=language_of(request),
        staff=staff,
        permissions=principal.permissions,
        session_id=principal.session_id,
        settings=settings,
    )


def language_of(request: AnyRequest) -> str:
    """As chosen here or in the shop before, else as the browser says."""
    return preferred_language(request, list(LANGUAGES))


def remember_language(response: Response[Any], language: str, *, secure: bool) -> None:
    response.cookies.append(
        Cookie(key=LANGUAGE_COOKIE, value=language, path="/", max_age=YEAR_S, secure=secure, samesite="lax")
    )


def local_path(text: str) -> str:
    """An address of the back office to go on to, as it was sent to us; the start page for anything else.

    Signing in and out are no place to come back to.
    """
    parts = urlsplit(text) if text.isprintable() and len(text) <= NEXT_LENGTH_MAX else None
    is_ours = (
        parts is not None
        and not parts.scheme
        and not parts.netloc
        and "\\" not in text
        and (parts.path == HOME or parts.path.startswith(f"{HOME}/"))
        and ".." not in parts.path.split("/")
        and not parts.path.startswith((SIGN_IN, f"{HOME}/sign-out"))
    )
    return text if is_ours else HOME


def sign_in_url(request: AnyRequest) -> str:
    """Where to sign in, and to come back from: to the page, or to the one whose form was sent."""
    if request.scope["method"] in {"GET", "HEAD"}:
        query = request.scope["query_string"].decode("latin-1")
        here = request.scope["path"] + (f"?{query}" if query else "")
    else:
        form = urlsplit(request.headers.get("referer", ""))
        own = form.netloc == request.headers.get("host", "")
        here = form.path + (f"?{form.query}" if form.query else "") if own else HOME
    place = local_path(here)
    return SIGN_IN if place == HOME else f"{SIGN_IN}?{urlencode({'next': place})}"
