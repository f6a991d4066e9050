"""The merchant's API over HTTP: parse, call the core on the writer's thread, render.

Who may call: the merchant with its secret key, the card frame with the
publishable key from the sandbox's own origin, anybody for `/health`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from rialto.kernel.clock import Clock
from rialto.kernel.money import AMOUNT_MAX, EXPONENTS, Currency, Money
from rialto.sandbox import asgi
from rialto.sandbox.api import Authorise, Authorised, IntentView, OpenSession, balance_transaction
from rialto.sandbox.asgi import Request, Response, json_response, problem
from rialto.sandbox.books import PAGE_MAX
from rialto.sandbox.cards import CardForm
from rialto.sandbox.core import Sandbox
from rialto.sandbox.errors import Invalid, Refused, Unavailable
from rialto.sandbox.texts import field_message, known_language
from rialto.sandbox.webhooks import Courier
from rialto.sandbox.writer import Writer

T = TypeVar("T")
LOG = logging.getLogger("rialto.sandbox")
DAWN, DUSK = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The three secrets that shop and sandbox share."""

    publishable_key: str
    secret_key: str
    webhook_secret: str


class AuthoriseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /v1/payment_intents."""

    reference: str
    amount: int
    currency: str
    token: str
    return_url: str | None = None


class MoneyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of capture and refund."""

    amount: int
    currency: str


class SessionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /v1/sessions."""

    amount: int
    currency: str
    return_url: str
    cancel_url: str
    language: str = "en"


class OriginsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PUT /v1/shop-origins."""

    origins: list[str]


class TokenBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /v1/tokens: one card as typed. Never logged, never stored."""

    number: str = ""
    expiry: str = ""
    cvc: str = ""
    name: str = ""
    language: str = "en"


class MerchantApi:
    """The handlers of `/v1` and `/health`."""

    def __init__(
        self, sandbox: Sandbox, writer: Writer, clock: Clock, courier: Courier, *, keys: Keys
    ) -> None:
        """All parts share one event loop; `clock` must be the sandbox's own."""
        self._sandbox = sandbox
        self._writer = writer
        self._clock = clock
        self._courier = courier
        self._secret = f"Bearer {keys.secret_key}".encode()
        self._publishable = f"Bearer {keys.publishable_key}".encode()

    def routes(self) -> asgi.Routes:
        """Path → method → handler; `*` is an id."""
        return {
            ("v1", "payment_intents"): {"POST": self.authorise, "GET": self.find},
            ("v1", "payment_intents", "*"): {"GET": self.get},
            ("v1", "payment_intents", "*", "capture"): {"POST": self.capture},
            ("v1", "payment_intents", "*", "refunds"): {"POST": self.refund},
            ("v1", "payment_intents", "*", "void"): {"POST": self.void},
            ("v1", "sessions"): {"POST": self.open_session},
            ("v1", "balance-transactions"): {"GET": self.balance_transactions},
            ("v1", "tokens"): {"POST": self.create_token},
            ("v1", "shop-origins"): {"PUT": self.put_shop_origins},
            ("v1", "test", "redeliver", "*"): {"POST": self.redeliver},
            ("health",): {"GET": self.health},
        }

    async def authorise(self, request: Request) -> Response:
        """POST /v1/payment_intents → 201 with the intent, whatever its state."""
        self._merchant(request)
        body = _decode(request, AuthoriseBody)
        command = Authorise(
            reference=body.reference,
            amount=_money(body.amount, body.currency),
            token=body.token,
            return_url=body.return_url,
        )
        key = _key(request)
        outcome = await self._change(lambda: self._sandbox.authorise(key, command))
        while outcome.answer_at is not None:
            outcome = await self._slow_answer(outcome, key, command)
        if outcome.reply_lost:
            return Response(0, dropped=True)
        return _replayed(json_response(201, outcome.intent), replayed=outcome.replayed)

    async def find(self, request: Request) -> Response:
        """GET /v1/payment_intents?reference=|idempotency_key= → {items}."""
        self._merchant(request)
        query = request.query()
        reference, key = query.get("reference"), query.get("idempotency_key")
        if not reference and not key:
            raise Refused("validation_failed", "Name a reference or an idempotency_key.")
        items = await self._change(lambda: self._sandbox.find(reference=reference or None, key=key or None))
        return json_response(200, {"items": items})

    async def get(self, request: Request) -> Response:
        """GET /v1/payment_intents/{id} → 200."""
        self._merchant(request)
        return json_response(200, await self._change(lambda: self._sandbox.get(request.argument)))

    async def capture(self, request: Request) -> Response:
        """POST …/capture {amount, currency} → 200 with the intent."""
        return await self._move(request, self._sandbox.capture)

    async def refund(self, request: Request) -> Response:
        """POST …/refunds {amount, currency} → 200 with the intent."""
        return await self._move(request, self._sandbox.refund)

    async def void(self, request: Request) -> Response:
        """POST …/void → 200 with the intent."""
        self._merchant(request)
        key = _key(request)
        view = await self._change(lambda: self._sandbox.void(key, request.argument))
        return json_response(200, view)

    async def open_session(self, request: Request) -> Response:
        """POST /v1/sessions → 201 {id, url, expires_at}."""
        self._merchant(request)
        body = _decode(request, SessionBody)
        command = OpenSession(
            amount=_money(body.amount, body.currency),
            return_url=body.return_url,
            cancel_url=body.cancel_url,
            language=body.language,
        )
        return json_response(201, await self._change(lambda: self._sandbox.open_session(command)))

    async def put_shop_origins(self, request: Request) -> Response:
        """PUT /v1/shop-origins {origins} → 200 with all there are."""
        self._merchant(request)
        body = _decode(request, OriginsBody)
        found = await self._change(lambda: self._sandbox.put_shop_origins(body.origins))
        return json_response(200, {"origins": list(found)})

    async def balance_transactions(self, request: Request) -> Response:
        """GET /v1/balance-transactions?from=&to=&cursor=&limit= → {items, next_cursor}, oldest first."""
        self._merchant(request)
        query = request.query()
        since, until = _instant(query.get("from"), DAWN), _instant(query.get("to"), DUSK)
        after, limit = _whole(query.get("cursor"), 0), _whole(query.get("limit"), PAGE_MAX)
        limit = max(1, min(limit, PAGE_MAX))
        books = self._sandbox.books
        found = await self._writer.run(lambda: books.movements(since, until, after, limit))
        cursor = str(found[-1].seq) if len(found) == limit else None
        items = [balance_transaction(movement) for movement in found]
        return json_response(200, {"items": items, "next_cursor": cursor})

    async def create_token(self, request: Request) -> Response:
        """POST /v1/tokens → 201 {token, label, card, expires_at}; only for the frame on our own origin."""
        if not hmac.compare_digest(request.headers.get(b"authorization", b""), self._publishable):
            raise Refused("unauthenticated", "The publishable key is missing or wrong.")
        host = request.header(b"host")
        if not host or urlsplit(request.header(b"origin")).netloc != host:
            raise Refused("origin_refused", "Cards are only taken from the sandbox's own frame.")
        body = _decode(request, TokenBody)
        form = CardForm(number=body.number, expiry=body.expiry, cvc=body.cvc, name=body.name)
        try:
            return json_response(201, await self._change(lambda: self._sandbox.create_token(form)))
        except Invalid as error:
            language = known_language(body.language)
            errors = [
                {"field": each.field, "code": each.code, "message": field_message(each.code, language)}
                for each in error.problems
            ]
            return problem(error, errors=errors)

    async def redeliver(self, request: Request) -> Response:
        """POST /v1/test/redeliver/{event} → 202; the event is sent once more."""
        self._merchant(request)
        now, outbox = self._clock.now(), self._sandbox.outbox
        if not await self._change(lambda: outbox.redeliver(request.argument, now)):
            raise Refused("not_found", "There is no such event.")
        return json_response(202, {"id": request.argument})

    async def health(self, _request: Request) -> Response:
        """GET /health → 200 when the books answer."""
        waiting = await self._writer.run(self._sandbox.outbox.waiting)
        return json_response(200, {"status": "ok", "webhooks_waiting": waiting})

    async def _move(self, request: Request, operation: Callable[[str, str, Money], IntentView]) -> Response:
        self._merchant(request)
        body = _decode(request, MoneyBody)
        key, amount = _key(request), _money(body.amount, body.currency)
        return json_response(200, await self._change(lambda: operation(key, request.argument, amount)))

    async def _slow_answer(self, outcome: Authorised, key: str, command: Authorise) -> Authorised:
        assert outcome.answer_at is not None
        wait = outcome.answer_at - self._clock.now()
        await self._clock.sleep(max(wait.total_seconds(), 0.001))
        return await self._change(lambda: self._sandbox.authorise(key, command))

    async def _change(self, job: Callable[[], T]) -> T:
        result = await self._writer.run(job)
        self._courier.nudge()
        return result

    def _merchant(self, request: Request) -> None:
        if not hmac.compare_digest(request.headers.get(b"authorization", b""), self._secret):
            raise Refused("unauthenticated", "The secret key is missing or wrong.")


class App:
    """The whole HTTP face of one sandbox as an ASGI application."""

    def __init__(self, routes: asgi.Routes) -> None:
        """`routes` are the API's and the pages' together."""
        self._routes = routes

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Serve one request; every refusal becomes problem details."""
        if scope["type"] != "http":
            return
        await asgi.respond(await self._answer(scope, receive), scope, receive, send)

    async def _answer(self, scope: asgi.Scope, receive: asgi.Receive) -> Response:
        try:
            handler, argument = self._handler(scope["path"], scope["method"])
            request = Request(scope, await asgi.read_body(scope, receive))
            request.argument = argument
            return await handler(request)
        except Refused as error:
            return problem(error)
        except Unavailable:
            return problem(
                Refused("unavailable", "The books cannot be written; ask again with the same key.")
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the request loop must survive
            # No traceback: it could show what was typed into a card field.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            LOG.error(  # noqa: TRY400
                "request failed: %s in %s line %s", type(error).__name__, frame.name, frame.lineno
            )
            return json_response(500, {"code": "internal_error", "status": 500, "title": "Internal error"})

    def _handler(self, path: str, method: str) -> tuple[asgi.Handler, str]:
        found = asgi.find(self._routes, path)
        if found is None:
            raise Refused("not_found", "There is nothing at this address.")
        methods, argument = found
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise Refused("method_not_allowed", f"This address answers {', '.join(methods)}.")
        return handler, argument


def _decode(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec names the field and the expected type, never the value.
        raise Refused("validation_failed", f"The body is not valid: {error}") from None


def _money(amount: int, currency: str) -> Money:
    if currency not in EXPONENTS:
        raise Refused("currency_invalid", "The currency is not an ISO 4217 code.")
    if not 0 < amount <= AMOUNT_MAX:
        raise Refused("amount_invalid", "An amount is a whole number of minor units above zero.")
    return Money(amount, Currency(currency))


def _key(request: Request) -> str:
    key = request.header(b"idempotency-key")
    if not key:
        raise Refused("idempotency_key_missing", "This operation needs an Idempotency-Key header.")
    return key


def _instant(text: str | None, default: datetime) -> datetime:
    if not text:
        return default
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused("validation_failed", "from and to are RFC 3339 instants such as 2026-01-05T09:00:00Z.")
    return at


def _whole(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refused("validation_failed", "cursor and limit are whole numbers.")
    return int(text)


def _replayed(response: Response, *, replayed: bool) -> Response:
    if not replayed:
        return response
    headers = (*response.headers, (b"idempotent-replayed", b"true"))
    return msgspec.structs.replace(response, headers=headers)
