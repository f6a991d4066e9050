"""What nginx says itself: problems for programs, a plain page for people, in German below `/de` and for whoever asks for it.

The codes are the shop's own. Nothing here is kept, framed or sniffed.
"""

from __future__ import annotations

import html
import json
import re

from rialto.edge.hardened import DEFAULTS, ELSEWHERE, FOR_PROGRAMS, NOTHING_HERE
from rialto.proxy.site import Site
from rialto.proxy.words import block, told_always

# status → the shop's code for it, its title and what it tells programs
PROBLEMS = {
    400: (
        "malformed",
        "Bad request",
        "An address is written plainly: no encoded slashes and no dots between slashes.",
    ),
    413: ("too_large", "Too large", "The body is larger than this address takes."),
    421: ("misdirected", "Misdirected request", "This is another shop."),
    429: ("rate_limited", "Too many requests", "Too many requests; please wait a moment."),
    503: ("unavailable", "Unavailable", "The shop cannot be reached; please try again in a moment."),
}
PAGES = {
    "en": {
        413: ("That was too large", "What you sent is larger than this page takes."),
        429: (
            "One moment, please",
            "Those were a great many requests at once. Please wait a moment and try again.",
        ),
        503: ("We will be right back", "The shop cannot be reached just now. Please try again in a moment."),
    },
    "de": {
        413: ("Das war zu groß", "Was Sie gesendet haben, ist größer, als diese Seite annimmt."),
        429: (
            "Einen Augenblick, bitte",
            "Das waren sehr viele Anfragen auf einmal. Bitte warten Sie kurz und versuchen Sie es noch einmal.",
        ),
        503: (
            "Wir sind gleich wieder da",
            "Der Shop ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
        ),
    },
}
RETRY = frozenset({429, 503})
HOME = {"en": "To the home page", "de": "Zur Startseite"}
UNDER = "/.edge"


def problem(status: int) -> str:
    """A problem's body, as it can stand between single quotes."""
    code, title, detail = PROBLEMS[status]
    told = {
        "type": f"urn:rialto:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return json.dumps(told, separators=(",", ":"))


def audience_maps() -> list[str]:
    """`$audience`: who reads what nginx says. Needs `$raw_path`."""
    programs = "|".join(re.escape(address) for address in FOR_PROGRAMS)
    return [
        *block("map $http_accept_language $spoken", ["default en;", '"~*^de" de;']),
        *block(
            "map $raw_path $audience",
            ["default $spoken;", f'"~^(?:{programs})" programs;', '"~^/de(?:/|$)" de;', '"~^/en(?:/|$)" en;'],
        ),
    ]


def errors() -> list[str]:
    """To be inherited by all locations: what becomes of refusals of nginx's own. The shop's pass as they are."""
    return [
        # What is sent on to one of these two may still fail there.
        "recursive_error_pages on;",
        "error_page 418 = @kept;",
        "error_page 419 = @once;",
        *(f"error_page {status} {UNDER}/{status}/$audience;" for status in (413, 429)),
        # A replica that cannot be reached is no more the client's business than one that says so itself.
        f"error_page 502 504 =503 {UNDER}/503/$audience;",
    ]


def hidden() -> list[str]:
    """Addresses of the operations port, which is nowhere in this configuration: the shop's public port has them neither."""
    return [
        line
        for address in ELSEWHERE
        for line in block(
            f"location ^~ {address}",
            ["default_type application/problem+json;", f"return 404 '{NOTHING_HERE.decode()}';"],
        )
    ]


def answers(site: Site) -> list[str]:
    """The locations that `errors` leads to."""
    return [
        line
        for status in sorted(PAGES["en"])
        for audience in ("programs", *sorted(PAGES))
        for line in _answer(site, status, audience)
    ]


def _answer(site: Site, status: int, audience: str) -> list[str]:
    kind = "application/problem+json" if audience == "programs" else "text/html"
    body = problem(status) if audience == "programs" else page(status, audience)
    return block(
        f"location = {UNDER}/{status}/{audience}",
        [
            "internal;",
            f"default_type {kind};",
            *(["charset utf-8;"] if audience != "programs" else []),
            *told_always(site),
            *(f'add_header {name.decode()} "{value.decode()}" always;' for name, value in DEFAULTS),
            *(["add_header retry-after 1 always;"] if status in RETRY else []),
            f"return {status} '{body}';",
        ],
    )


def page(status: int, language: str) -> str:
    """A whole page without anything beside its text: where it is shown, nothing else may be there to load."""
    title, sentence = (html.escape(text) for text in PAGES[language][status])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head><body><main><h1>{title}</h1><p>{sentence}</p>"
        f'<p><a href="/{language}/">{HOME[language]}</a></p></main></body></html>'
    )
