"""From a template and what it shows to a page: the frame around it, and that nobody keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.response import Redirect
from markupsafe import Markup, escape

from rialto.admin import navigation
from rialto.admin.assets import assets
from rialto.admin.desk import Desk
from rialto.admin.tables import Column
from rialto.admin.texts import texts_of
from rialto.storefront import formats
from rialto.storefront.assets import assets as shop_assets
from rialto.storefront.security import content_policy
from rialto.storefront.texts import LANGUAGES

PAGE = Response[bytes]
NO_STORE = "no-store"
COME_BACK_S = 5  # to a page that says that something is away
_INDENT = re.compile(r"\n\s+")


@cache
def environment() -> Environment:
    """Jinja, strict: a missing value is an error in the tests, not a gap on a page."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals.update(
        asset=assets().url,
        shop_asset=shop_assets().url,
        drawing=lambda name: Markup(shop_assets().body(name).decode()),  # noqa: S704  our own files
        country_name=formats.country_name,
        column=Column,
    )
    env.filters.update(
        data=formats.as_data,
        lines=_lines,
        money=formats.money,
        day=formats.day,
        moment=formats.moment,
        time=formats.moment_and_time,
        number=formats.number,
        rate=formats.rate,
    )
    return env


def page(desk: Desk, template: str, *, section: str, status: int = 200, **context: Any) -> PAGE:
    """A page for somebody at the desk. `section` is the navigation's entry it belongs to.

    `?done=` in its address shows that sentence, if there is one: what was just done is told once and kept nowhere.
    """
    frame = {
        **bare_frame(desk.language, desk.path),
        "desk": desk,
        "section": section,
        "groups": navigation.shown_groups(desk.permissions),
        "done": desk.texts.sentences.get(f"done.{desk.asked('done')}", ""),
    }
    shadowed = frame.keys() & context.keys()
    assert not shadowed, f"a page shadows the frame's {shadowed}"
    return render(template, frame | context, status=status)


def render(template: str, context: Mapping[str, Any], *, status: int = 200) -> PAGE:
    """A page with what it is given and nothing else: for those who are not signed in."""
    html = _INDENT.sub("\n", environment().get_template(template).render(context))
    headers = {
        "Cache-Control": NO_STORE,
        "Content-Language": str(context["language"]),
        "Content-Security-Policy": content_policy(),
    }
    if status == 503:
        headers["Retry-After"] = str(COME_BACK_S)
    return Response(html.encode(), status_code=status, media_type="text/html", headers=headers)


def bare_frame(language: str, path: str) -> dict[str, Any]:
    """What every page needs, signed in or not."""
    return {"t": texts_of(language), "language": language, "languages": LANGUAGES, "path": path}


def go(url: str, status: Literal[302, 303] = 303) -> Redirect:
    """To another page, never remembered by a cache."""
    return Redirect(url, status_code=status, headers={"Cache-Control": NO_STORE})


def _lines(text: str) -> Markup:
    """What stands in a textarea: its line breaks are no indentation of ours, to be taken out of the page."""
    return escape(text).replace("\n", Markup("&#10;"))
