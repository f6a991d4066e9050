"""The sandbox itself: every operation as one plain function call on injected books, clock and randomness.

No network, no waiting, no framework: `http.py` and the simulator both call this
class. Each operation is one unit of the books. Expected refusals are raised as
`Refused`; `Unavailable` means that the books could not be written and that the
outcome has to be asked for.

Idempotency: the answer to a key, also a refusal by state, is kept thirty days
and repeated word for word. What can never be right (a malformed request, a
foreign URL) is refused without using the key up.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from rialto.kernel.clock import rfc3339
from rialto.kernel.money import Money
from rialto.sandbox import model
from rialto.sandbox.api import (
    Authorise,
    Authorised,
    CardView,
    EventBody,
    EventData,
    IntentView,
    OpenSession,
    SessionView,
    TokenView,
    intent_view,
)
from rialto.sandbox.books import ACCOUNTS, Answer, Books, Movement
from rialto.sandbox.cards import Behaviour, CardFacts, CardForm, read_card
from rialto.sandbox.errors import Refused
from rialto.sandbox.model import Decision, Intent, Opening, State, Terms
from rialto.sandbox.origins import check_shop_url, parse_origin, with_parameters
from rialto.sandbox.outbox import Event, Outbox
from rialto.sandbox.vault import Session, Vault

_PRINTABLE = re.compile(r"[!-~]{1,255}", re.ASCII)
_REFERENCE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LANGUAGES = ("en", "de")


class Now(Protocol):
    """The part of the kernel's clock that is needed here."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


# Of a shop with as many shop fronts as it may have, each with some host names.
ORIGINS_MAX = 1000


class Sandbox:
    """The provider. See the module's docstring for the rules that hold for every method."""

    def __init__(
        self,
        books: Books,
        clock: Now,
        source: random.Random,
        *,
        shop_origins: tuple[str, ...] = ("http://shop.test",),
        public_url: str = "http://sandbox.test",
        terms: Terms | None = None,
    ) -> None:
        """`source` must be `random.SystemRandom` outside tests: ids of challenges are secrets."""
        self.books = books
        self.vault = Vault(books)
        self.outbox = Outbox(books, source)
        self.clock = clock
        self._given_origins = shop_origins
        self.shop_origins = self._all_origins()
        self.public_url = public_url
        self.terms = terms or Terms()
        self._source = source

    def put_shop_origins(self, origins: Sequence[str]) -> tuple[str, ...]:
        """Where the shop is, beside the addresses it was started with: these and no others. All there are now.

        Raises `origin_not_valid` and changes nothing.
        """
        if len(origins) > ORIGINS_MAX:
            raise Refused("origin_not_valid", f"At most {ORIGINS_MAX} origins.")
        try:
            parsed = sorted({parse_origin(origin) for origin in origins})
        except ValueError as error:
            raise Refused("origin_not_valid", str(error)) from error
        self.books.put_shop_origins(parsed)
        self.shop_origins = self._all_origins()
        return self.shop_origins

    def _all_origins(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._given_origins, *self.books.shop_origins())))

    def create_token(self, form: CardForm) -> TokenView:
        """Turn typed card data into a single-use token. Raises `Invalid("card_refused")`."""
        at = self.clock.now()
        return self._token(read_card(form, at), at)

    def authorise(self, key: str, command: Authorise) -> Authorised:
        """Ask the card. A decline is an intent in state `declined`, not an error.

        Raises `reference_invalid`, `amount_invalid`, `return_url_refused`,
        `return_url_missing` (3-D Secure only), `token_unknown`, `token_used`,
        `token_expired`, `idempotency_key_reused`.
        """
        if not _REFERENCE.fullmatch(command.reference):
            raise Refused("reference_invalid", "A reference has 1 to 200 characters, none of them a control.")
        _check_amount(command.amount)
        if command.return_url is not None:
            check_shop_url(command.return_url, self.shop_origins)
        fresh, view = self._once(key, ("authorise", command), lambda at: self._open(key, command, at))
        if view.state == State.PROCESSING:
            intent = fresh or self.books.intent(view.id)
            answer_at = intent.due_at if intent else None
            return Authorised(intent=view, replayed=fresh is None, answer_at=answer_at)
        lost = fresh is not None and fresh.card.behaviour is Behaviour.LOST_REPLY
        return Authorised(intent=view, replayed=fresh is None, reply_lost=lost)

    def get(self, intent_id: str) -> IntentView:
        """The intent as it stands now. Raises `not_found`."""
        with self.books.unit():
            return self._view(self._load(intent_id, self.clock.now()))

    def find(self, *, reference: str | None = None, key: str | None = None) -> list[IntentView]:
        """What became of a request: by merchant reference (newest first, at most 100) or idempotency key."""
        with self.books.unit():
            if key is not None:
                by_key = self.books.intent_by_key(key)
                found = [by_key] if by_key and reference in {None, by_key.reference} else []
            else:
                found = self.books.intents_by_reference(reference or "")
            at = self.clock.now()
            return [self._view(self._ripened(intent, at)) for intent in found]

    def capture(self, key: str, intent_id: str, amount: Money) -> IntentView:
        """Take money of an authorisation; several captures may share it.

        Raises `intent_not_capturable`, `amount_exceeds_authorised`, `currency_mismatch`.
        """
        return self._move("capture", key, intent_id, amount)

    def refund(self, key: str, intent_id: str, amount: Money) -> IntentView:
        """Give captured money back. Raises `intent_not_refundable`, `amount_exceeds_captured`, `currency_mismatch`."""
        return self._move("refund", key, intent_id, amount)

    def void(self, key: str, intent_id: str) -> IntentView:
        """Release what was not captured, or end an intent before its authorisation. Raises `intent_not_voidable`."""

        def act(at: datetime) -> Intent:
            before = self._load(intent_id, at)
            return self._save(model.voided(before), before, at)

        return self._once(key, ("void", intent_id), act)[1]

    def challenge(self, challenge_id: str) -> IntentView:
        """The intent behind a 3-D Secure page. Raises `not_found`."""
        with self.books.unit():
            return self._view(self._challenged(challenge_id, self.clock.now()))

    def answer_challenge(self, challenge_id: str, decision: Decision) -> IntentView:
        """The cardholder's answer; the first one counts. Raises `not_found`, `challenge_closed`."""
        at = self.clock.now()
        with self.books.unit():
            before = self._challenged(challenge_id, at)
        with self.books.unit():
            after = model.challenge_answered(before, decision, at, self.terms)
            return self._view(self._save(after, before, at))

    def open_session(self, command: OpenSession) -> SessionView:
        """Prepare a hosted page. Raises `amount_invalid`, `return_url_refused`."""
        _check_amount(command.amount)
        session = Session(
            id=self._id("ses"),
            amount=command.amount,
            language=command.language if command.language in _LANGUAGES else _LANGUAGES[0],
            return_url=check_shop_url(command.return_url, self.shop_origins),
            cancel_url=check_shop_url(command.cancel_url, self.shop_origins),
            expires_at=self.clock.now() + timedelta(seconds=self.terms.session_s),
        )
        with self.books.unit():
            self.vault.add_session(session)
        url = f"{self.public_url}/pay/{session.id}"
        return SessionView(id=session.id, url=url, expires_at=rfc3339(session.expires_at))

    def session(self, session_id: str) -> Session:
        """A hosted session that can still be filled in or was. Raises `not_found`, `session_closed`."""
        session = self.vault.session(session_id)
        if session is None:
            raise Refused("not_found", "There is no such session.")
        if session.expires_at <= self.clock.now():
            raise Refused("session_closed", "The session is too old.")
        return session

    def pay_session(self, session_id: str, form: CardForm) -> str:
        """Take the card of a hosted page and answer where to send the browser.

        A repeated form answers the same token. Raises as `session` and `create_token`.
        """
        at = self.clock.now()
        with self.books.unit():
            session = self.session(session_id)
            if session.token is None:
                card = read_card(form, at)
                fresh = self._token(card, at)
                self.vault.complete_session(session_id, fresh.token, fresh.label)
                session = msgspec.structs.replace(session, token=fresh.token, label=fresh.label)
        return with_parameters(session.return_url, token=session.token or "", label=session.label or "")

    def settle_due(self, limit: int = 200) -> int:
        """Do what the passing of time does: end slow answers, abandoned challenges, old authorisations.

        Answers how many intents changed. Every other operation does the same for
        its own intent first, so calling this late delays webhooks, not truth.
        """
        at = self.clock.now()
        with self.books.unit():
            due = self.books.due_intents(at, limit)
            for intent in due:
                self._ripened(intent, at)
        return len(due)

    def next_due_at(self) -> datetime | None:
        """When `settle_due` has something to do next, for a simulator that jumps from one instant to the next."""
        return self.books.next_due_at()

    def purge(self) -> None:
        """Forget old keys, tokens, sessions and confirmed events; money is never forgotten."""
        at = self.clock.now()
        with self.books.unit():
            self.books.purge_answers(at)
            self.vault.purge(at)
            self.outbox.purge(at)

    def _token(self, card: CardFacts, at: datetime) -> TokenView:
        token, expires_at = self._id("tok"), at + timedelta(seconds=self.terms.token_s)
        with self.books.unit():
            self.vault.add_token(token, card, expires_at)
        shown = CardView(brand=card.brand, last4=card.last4)
        return TokenView(token=token, label=card.label, card=shown, expires_at=rfc3339(expires_at))

    def _open(self, key: str, command: Authorise, at: datetime) -> Intent:
        intent_id = self._id("pi")
        card = self.vault.use_token(command.token, intent_id, at)
        if card.behaviour is Behaviour.CHALLENGE and command.return_url is None:
            raise Refused("return_url_missing", "3-D Secure needs an address to come back to.")
        asked = Opening(
            id=intent_id,
            challenge_id=self._id("ch"),
            reference=command.reference,
            idempotency_key=key,
            amount=command.amount,
            return_url=command.return_url,
        )
        return self._save(model.opened(asked, card, at, self.terms), None, at)

    def _move(self, kind: str, key: str, intent_id: str, amount: Money) -> IntentView:
        rule = {"capture": model.captured, "refund": model.refunded}[kind]

        def act(at: datetime) -> Intent:
            before = self._load(intent_id, at)
            after = self._save(rule(before, amount), before, at)
            debit, credit = ACCOUNTS[kind]
            movement = Movement(
                seq=0,
                id=self._id("txn"),
                kind=kind,
                intent_id=intent_id,
                reference=after.reference,
                idempotency_key=key,
                debit=debit,
                credit=credit,
                amount=amount,
                created_at=at,
            )
            self.books.add_movement(movement)
            return after

        _check_amount(amount)
        return self._once(key, (kind, intent_id, amount), act)[1]

    def _once(
        self, key: str, request: object, act: Callable[[datetime], Intent]
    ) -> tuple[Intent | None, IntentView]:
        """Do `act` under `key`, or repeat what was answered: then there is no fresh intent."""
        if not _PRINTABLE.fullmatch(key):
            raise Refused(
                "idempotency_key_missing", "An Idempotency-Key of 1 to 255 plain characters is needed."
            )
        fingerprint = hashlib.blake2b(msgspec.json.encode(request), digest_size=16).digest()
        with self.books.unit():
            known = self.books.answer(key)
            if known is not None:
                return None, self._repeated(known, fingerprint)
            fresh: Intent | None = None
            refusal: Refused | None = None
            try:
                with self.books.unit():
                    fresh = act(self.clock.now())
            except Refused as error:
                refusal = error
            view = self._view(fresh) if fresh else None
            body = msgspec.json.encode(view) if view else str(refusal and refusal.detail).encode()
            code = refusal.code if refusal else None
            answer = Answer(fingerprint=fingerprint, refused_code=code, body=body)
            self.books.record_answer(key, answer, self.clock.now())
        if view is None:
            assert refusal is not None
            raise refusal
        return fresh, view

    def _repeated(self, known: Answer, fingerprint: bytes) -> IntentView:
        if known.fingerprint != fingerprint:
            raise Refused("idempotency_key_reused", "This Idempotency-Key belongs to another request.")
        if known.refused_code is not None:
            raise Refused(known.refused_code, known.body.decode())
        view = msgspec.json.decode(known.body, type=IntentView)
        if view.state != State.PROCESSING:
            return view
        # Not answered yet: time may have ended it, which also writes the answer that is given from now on.
        return self._view(self._load(view.id, self.clock.now()))

    def _load(self, intent_id: str, at: datetime) -> Intent:
        intent = self.books.intent(intent_id)
        if intent is None:
            raise Refused("not_found", "There is no such payment intent.")
        return self._ripened(intent, at)

    def _challenged(self, challenge_id: str, at: datetime) -> Intent:
        intent = self.books.intent_by_challenge(challenge_id)
        if intent is None:
            raise Refused("not_found", "There is no such challenge.")
        return self._ripened(intent, at)

    def _ripened(self, intent: Intent, at: datetime) -> Intent:
        while (after := model.ripened(intent, at, self.terms)) is not None:
            intent = self._save(after, intent, at)
        return intent

    def _save(self, after: Intent, before: Intent | None, at: datetime) -> Intent:
        view = self._view(after)
        if before is None:
            self.books.add_intent(after)
        else:
            self.books.save_intent(after)
            if before.state is State.PROCESSING:
                self.books.refresh_answer(after.idempotency_key, msgspec.json.encode(view))
        kind = model.event_type(after, before)
        if kind is not None:
            event_id = self._id("evt")
            body = EventBody(id=event_id, type=kind, created_at=rfc3339(at), data=EventData(intent=view))
            self.outbox.add(Event(id=event_id, type=kind, body=msgspec.json.encode(body)), after.id, at)
        return after

    def _view(self, intent: Intent) -> IntentView:
        return intent_view(intent, self.public_url)

    def _id(self, prefix: str) -> str:
        value = self._source.getrandbits(130)
        return f"{prefix}_" + "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def _check_amount(amount: Money) -> None:
    if amount.amount <= 0:
        raise Refused("amount_invalid", "An amount is a whole number of minor units above zero.")
