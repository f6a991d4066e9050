"""What browsers are told not to do holds for every page of both kinds, by where it is declared."""

from __future__ import annotations

import pytest
from litestar import Router

from rialto.admin.routes import ROUTES as ADMIN
from rialto.storefront.routes import ROUTES as STOREFRONT
from rialto.storefront.security import HEADERS, content_policy, harden, own_posts_only

pytestmark = pytest.mark.fast

PROVIDER = "https://pay.example"


@pytest.mark.parametrize("provider", [None, PROVIDER])
def test_the_policy_names_sources_and_no_wildcards(provider: str | None) -> None:
    directives = dict(part.split(" ", 1) for part in content_policy(provider).split("; "))
    sources = {source for listed in directives.values() for source in listed.split()}
    # `data:` is for pictures alone; a scheme for anything else would be a wildcard.
    assert sources <= {"'self'", "'none'", "data:", PROVIDER}
    assert [name for name, listed in directives.items() if "data:" in listed] == ["img-src"]
    assert [name for name, listed in directives.items() if PROVIDER in listed] == (
        ["frame-src", "form-action"] if provider else []
    )
    assert directives["default-src"] == directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == directives["object-src"] == "'none'"


@pytest.mark.parametrize("router", [*STOREFRONT, *ADMIN])
def test_every_page_refuses_foreign_posts_and_is_hardened(router: Router) -> None:
    assert own_posts_only in router.guards
    # The framework wraps it, so that it can be waited for.
    assert getattr(router.after_request, "func", None) is harden


def test_browsers_are_told_not_to_sniff_and_not_to_tell() -> None:
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["Referrer-Policy"] == "same-origin"
    assert HEADERS["Cross-Origin-Opener-Policy"] == "same-origin"
