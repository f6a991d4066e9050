"""What people see when something is wrong: a page in their language that helps, made without asking any service."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Response

from rialto.catalog.api import ChannelClosed
from rialto.kernel.maintenance import InMaintenance
from rialto.storefront.forms import typed_again
from rialto.storefront.rendering import bare_frame, environment, go
from rialto.storefront.security import HEADERS, content_policy, harden
from rialto.storefront.texts import LANGUAGES
from rialto.storefront.visit import AnyRequest, preferred_language

KINDS = {404: "missing", 403: "foreign", 405: "missing", 410: "missing", 429: "busy", 503: "away"}


def render_error(request: AnyRequest, status: int, error: BaseException | None = None) -> Response[Any]:
    """The page for a failed request. `error` only says how long to wait; its text is never shown, but for
    what the operators themselves wrote about a maintenance.

    Whoever has to sign in first is led there, and back afterwards.
    """
    path = request.scope["path"]
    first = path.strip("/").partition("/")[0]
    language = first if first in LANGUAGES else preferred_language(request, list(LANGUAGES))
    if status == 401:
        return harden(_to_sign_in(request, language))
    kind = KINDS.get(status, "missing" if 400 <= status < 500 else "broken")
    words = ""
    if isinstance(error, InMaintenance):
        kind, words = "maintenance", error.operators_words
    if isinstance(error, ChannelClosed):
        kind = "closed"
    frame = bare_frame(language, path) | {"rest": "", "here": f"/{language}/"}
    html = (
        environment()
        .get_template("pages/error.html")
        .render({**frame, "kind": kind, "status": status, "words": words, **_again(request, status)})
    )
    headers = {"Cache-Control": "no-store", "Content-Language": language}
    wait_s = getattr(error, "retry_after_s", None)
    if status in {429, 503}:
        headers["Retry-After"] = str(max(1, round(wait_s or 5)))
    response = Response(html.encode(), status_code=status, media_type="text/html", headers=headers)
    return harden(response)


CROWDED = {"kind": "crowded", "status": 503, "words": "", "posted": False, "typed": None}


def crowded_pages() -> tuple[dict[str, bytes], dict[str, str]]:
    """What people see whom an overloaded shop cannot take in, by language, and its headers: made once, at the start."""
    pages = {}
    for language in LANGUAGES:
        frame = bare_frame(language, f"/{language}/") | CROWDED
        pages[language] = environment().get_template("pages/error.html").render(frame).encode()
    return pages, {**HEADERS, "Content-Security-Policy": content_policy()}


def _again(request: AnyRequest, status: int) -> dict[str, Any]:
    """For a form that could not be taken: itself, to be sent once more."""
    posted = status == 503 and request.scope.get("method") == "POST"
    typed = typed_again(request.scope) if posted else None
    query = request.scope.get("query_string", b"").decode("latin-1")
    return {
        "posted": posted,
        "typed": typed,
        "action": request.scope["path"] + (f"?{query}" if query else ""),
    }


def _to_sign_in(request: AnyRequest, language: str) -> Response[Any]:
    """And back to where they were; after a form to the page it stood on, as far as the browser says which that is."""
    page, query = request.scope["path"], request.scope.get("query_string", b"").decode("latin-1")
    if request.scope["method"] not in {"GET", "HEAD"}:
        came_from = urlsplit(request.headers.get("referer", ""))
        own = came_from.netloc == request.headers.get("host", "")
        page, query = (came_from.path, came_from.query) if own else (f"/{language}/account", "")
    back = page + (f"?{query}" if query else "")
    return go(f"/{language}/account/sign-in?{urlencode({'next': back})}")


ERROR_PAGES = render_error
