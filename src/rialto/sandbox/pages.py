"""The pages a buyer sees: the card frame, the hosted page, the 3-D Secure page.

Only the frame uses JavaScript. A card number is never written back into a page,
and a browser is sent nowhere but to the shop's own origins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rialto.kernel.money import Currency, Money
from rialto.sandbox.api import IntentView
from rialto.sandbox.asgi import Request, Response, Routes
from rialto.sandbox.cards import TEST_CARDS, CardForm, brand_of
from rialto.sandbox.core import Sandbox
from rialto.sandbox.errors import STATUS, Invalid, Refused, Unavailable
from rialto.sandbox.model import Decision, State
from rialto.sandbox.texts import TEXTS, known_language
from rialto.sandbox.vault import Session
from rialto.sandbox.webhooks import Courier
from rialto.sandbox.writer import Writer

_HERE = Path(__file__).parent
_TYPES = {
    ".svg": b"image/svg+xml",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
}
_THEMES = frozenset({"light", "dark"})
_ERROR_PAGES = {"not_found": "missing", "session_closed": "gone", "unavailable": "busy"}
_FIELDS = ("number", "expiry", "cvc", "name")


class Statics:
    """Style and script under names that contain their own hash, kept in memory."""

    def __init__(self, folder: Path) -> None:
        """Read the folder once."""
        self.names: dict[str, str] = {}
        self._files: dict[str, tuple[bytes, bytes]] = {}
        for path in sorted(folder.iterdir()):
            body = path.read_bytes()
            name = f"{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
            self.names[path.name] = f"/static/{name}"
            self._files[name] = (body, _TYPES[path.suffix])

    async def serve(self, request: Request) -> Response:
        """GET /static/{name}; any other name is `not_found`."""
        if request.argument not in self._files:
            raise Refused("not_found", "There is no such file.")
        body, kind = self._files[request.argument]
        headers = (
            (b"content-type", kind),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"x-content-type-options", b"nosniff"),
        )
        return Response(200, body, headers)


class Pages:
    """The handlers of `/frame`, `/pay/{session}`, `/challenge/{id}` and `/static/{name}`."""

    def __init__(self, sandbox: Sandbox, writer: Writer, courier: Courier, publishable_key: str) -> None:
        """All parts share one event loop."""
        self._sandbox = sandbox
        self._writer = writer
        self._courier = courier
        self._publishable_key = publishable_key
        self._statics = Statics(_HERE / "static")
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = self._statics.names
        self._templates.globals["test_cards"] = [
            {"number": _grouped(number), "brand": brand_of(number), "behaviour": behaviour.value}
            for number, behaviour in TEST_CARDS.items()
        ]

    def routes(self) -> Routes:
        """Path → method → handler."""
        return {
            ("frame",): {"GET": self.frame},
            ("pay", "*"): {"GET": self.session, "POST": self.pay},
            ("challenge", "*"): {"GET": self.challenge, "POST": self.answer},
            ("static", "*"): {"GET": self._statics.serve},
        }

    async def frame(self, request: Request) -> Response:
        """GET /frame?language=&theme=&origin=: the card fields for an iframe in the shop's page."""
        asked = request.query().get("origin", "")
        origins = self._sandbox.shop_origins
        parent = asked if asked in origins else origins[0]
        values = {"publishable_key": self._publishable_key, "parent": parent, "framed": True}
        return self._page(request, "frame.html", 200, values, ancestors=" ".join(origins))

    async def session(self, request: Request) -> Response:
        """GET /pay/{session}: the hosted form."""
        try:
            session = await self._writer.run(lambda: self._sandbox.session(request.argument))
        except (Refused, Unavailable) as error:
            return self._error_page(request, error)
        return self._session_page(request, session, CardForm(), {})

    async def pay(self, request: Request) -> Response:
        """POST /pay/{session}: 303 to the shop with `token` and `label`, or the form again with 422."""
        fields = request.form()
        form = CardForm(**{name: fields.get(name, "") for name in _FIELDS})
        try:
            session = await self._writer.run(lambda: self._sandbox.session(request.argument))
            url = await self._writer.run(lambda: self._sandbox.pay_session(request.argument, form))
        except Invalid as error:
            problems = {each.field: each.code for each in error.problems}
            return self._session_page(request, session, form, problems)
        except (Refused, Unavailable) as error:
            return self._error_page(request, error)
        return _see_other(url)

    async def challenge(self, request: Request) -> Response:
        """GET /challenge/{id}: confirm, refuse or leave; after an answer only the way back."""
        try:
            intent = await self._writer.run(lambda: self._sandbox.challenge(request.argument))
        except (Refused, Unavailable) as error:
            return self._error_page(request, error)
        language = _language(request)
        values = {
            "intent": intent,
            "amount": _price(Money(intent.amount, Currency(intent.currency)), language),
            "open": intent.state == State.REQUIRES_ACTION,
        }
        return self._page(request, "challenge.html", 200, values)

    async def answer(self, request: Request) -> Response:
        """POST /challenge/{id} with `decision` accept, refuse or leave: 303 to the intent's return_url."""
        decision = request.form().get("decision", "")
        try:
            intent = await self._writer.run(lambda: self._answered(request.argument, decision))
        except (Refused, Unavailable) as error:
            return self._error_page(request, error)
        self._courier.nudge()
        assert intent.return_url is not None, "3-D Secure without a return_url is refused when it is opened"
        return _see_other(intent.return_url)

    def _answered(self, challenge_id: str, decision: str) -> IntentView:
        if decision in set(Decision):
            try:
                return self._sandbox.answer_challenge(challenge_id, Decision(decision))
            except Refused as error:
                if error.code != "challenge_closed":
                    raise
        # Left, or answered before: the shop asks for the state anyway.
        return self._sandbox.challenge(challenge_id)

    def _session_page(
        self, request: Request, session: Session, form: CardForm, problems: dict[str, str]
    ) -> Response:
        language = known_language(session.language)
        texts = TEXTS[language]
        values = {
            "amount": _price(session.amount, language),
            "cancel_url": session.cancel_url,
            # Number and security code are typed again: they must not appear in a page.
            "typed": {"expiry": form.expiry[:20], "name": form.name[:120]},
            "problems": {field: texts[code] for field, code in problems.items()},
        }
        return self._page(request, "pay.html", 422 if problems else 200, values, language=language)

    def _error_page(self, request: Request, error: Refused | Unavailable) -> Response:
        code = error.code if isinstance(error, Refused) else "unavailable"
        values = {"kind": _ERROR_PAGES.get(code, "missing")}
        status = 410 if code == "session_closed" else STATUS[code]
        return self._page(request, "message.html", status, values)

    def _page(
        self,
        request: Request,
        template: str,
        status: int,
        values: Mapping[str, object],
        *,
        language: str = "",
        ancestors: str = "'none'",
    ) -> Response:
        language = language or _language(request)
        theme = request.query().get("theme", "")
        common = {"t": TEXTS[language], "language": language, "theme": theme if theme in _THEMES else "auto"}
        html = self._templates.get_template(template).render({**common, **values})
        return Response(status, html.encode(), self._headers(ancestors))

    def _headers(self, ancestors: str) -> tuple[tuple[bytes, bytes], ...]:
        # Browsers apply form-action to the redirect after a form too, so the shop stands in it.
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            f"base-uri 'none'; form-action 'self' {' '.join(self._sandbox.shop_origins)}; "
            f"frame-ancestors {ancestors}"
        )
        return (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"same-origin"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        )


def _see_other(url: str) -> Response:
    return Response(303, b"", ((b"location", url.encode()), (b"cache-control", b"no-store")))


def _language(request: Request) -> str:
    return known_language(request.query().get("language") or request.header(b"accept-language"))


def _price(amount: Money, language: str) -> str:
    return str(format_currency(amount.decimal(), amount.currency, locale=language))


def _grouped(number: str) -> str:
    if len(number) == 15:
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
