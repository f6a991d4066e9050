"""A shop front's name, e-mail, notice and pages: what is kept of them, and what is refused. Its colours and logo: test_looks.py."""

from __future__ import annotations

from typing import Any

import pytest

from rialto.catalog.api import ShopProfile
from rialto.catalog.model.profile import (
    EMAIL_LENGTH_MAX,
    NAME_LENGTH_MAX,
    NOTICE_LENGTH_MAX,
    PAGE_LENGTH_MAX,
    decide_profile,
)
from rialto.kernel.errors import Invalid

pytestmark = pytest.mark.fast


def decided(**fields: Any) -> ShopProfile:
    return decide_profile(ShopProfile(), ShopProfile(**fields), 0, ["en", "de"])


def test_what_surrounds_a_text_and_what_is_empty_is_not_kept() -> None:
    kept = decided(
        name="  Under the Bridge ",
        email=" shop@example.org ",
        notice={"en": " Closed on Monday.\r\n", "de": "  "},
        pages={"imprint": {"en": "One.\r\n\r\nTwo.", "de": ""}, "terms": {"de": " \n"}},
    )
    assert (kept.name, kept.email, kept.version) == ("Under the Bridge", "shop@example.org", 1)
    assert kept.notice == {"en": "Closed on Monday."}
    assert kept.pages == {"imprint": {"en": "One.\n\nTwo."}}


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"name": "x" * (NAME_LENGTH_MAX + 1)}, "name", "too_long"),
        ({"name": "a\x00b"}, "name", "not_valid"),
        ({"email": "shop"}, "email", "not_valid"),
        ({"email": "shop@example.o"}, "email", "not_valid"),
        ({"email": f"{'x' * EMAIL_LENGTH_MAX}@example.org"}, "email", "not_valid"),
        ({"notice": {"en": "x" * (NOTICE_LENGTH_MAX + 1)}}, "notice.en", "too_long"),
        ({"notice": {"en": "one\ntwo"}}, "notice.en", "not_valid"),
        ({"notice": {"fr": "Fermé"}}, "notice.fr", "language_unknown"),
        ({"pages": {"jokes": {"en": "One."}}}, "pages.jokes", "page_unknown"),
        ({"pages": {"terms": {"fr": "Un."}}}, "pages.terms.fr", "language_unknown"),
        ({"pages": {"terms": {"en": "x" * (PAGE_LENGTH_MAX + 1)}}}, "pages.terms.en", "too_long"),
    ],
)
def test_what_is_wrong_with_a_profile_is_named(fields: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        decided(**fields)
    assert [(fault.path, fault.code) for fault in refused.value.fields] == [(path, code)]
