"""Card tokens and hosted sessions in the books.

A token stands for a card that was typed once: brand, last four digits and
behaviour, never the number. It pays for one intent and lives fifteen minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from rialto.kernel.money import Currency, Money
from rialto.sandbox.books import Books, instant, micros
from rialto.sandbox.cards import WELL_KNOWN_TOKENS, Behaviour, CardFacts
from rialto.sandbox.errors import Refused

ADD_TOKEN = "INSERT INTO tokens (id, brand, last4, behaviour, expires_at) VALUES (?, ?, ?, ?, ?)"  # noqa: S105
TOKEN = "SELECT brand, last4, behaviour, expires_at, used_by FROM tokens WHERE id = ?"  # noqa: S105
USE_TOKEN = "UPDATE tokens SET used_by = ? WHERE id = ? AND used_by IS NULL"  # noqa: S105
ADD_SESSION = """
    INSERT INTO sessions (id, amount, currency, language, return_url, cancel_url, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
SESSION = """
    SELECT amount, currency, language, return_url, cancel_url, expires_at, token, label FROM sessions WHERE id = ?"""
COMPLETE_SESSION = "UPDATE sessions SET token = ?, label = ? WHERE id = ? AND token IS NULL"
PURGE_TOKENS = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE expires_at < ? LIMIT 1000)"
PURGE_SESSIONS = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ? LIMIT 1000)"
KEPT_AFTER_EXPIRY = timedelta(days=1)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One visit to the hosted page; `token` and `label` are set once it was filled in."""

    id: str
    amount: Money
    language: str
    return_url: str
    cancel_url: str
    expires_at: datetime
    token: str | None = None
    label: str | None = None


class Vault:
    """The tokens and sessions tables of the books."""

    def __init__(self, books: Books) -> None:
        """Use the tables of `books`; its units and its one-thread rule apply."""
        self._execute = books.execute

    def add_token(self, token: str, card: CardFacts, expires_at: datetime) -> None:
        """Keep what a fresh token stands for."""
        row = (token, card.brand, card.last4, card.behaviour, micros(expires_at))
        self._execute(ADD_TOKEN, row)

    def use_token(self, token: str, intent_id: str, at: datetime) -> CardFacts:
        """Claim a token for one intent. Raises `token_unknown`, `token_used` or `token_expired`.

        The well-known test tokens may be used any number of times.
        """
        if token in WELL_KNOWN_TOKENS:
            return WELL_KNOWN_TOKENS[token]
        row = self._execute(TOKEN, (token,)).fetchone()
        if row is None:
            raise Refused("token_unknown", "There is no such token.")
        if instant(row[3]) <= at:
            raise Refused("token_expired", "The token is too old; ask for the card again.")
        if self._execute(USE_TOKEN, (intent_id, token)).rowcount != 1:
            raise Refused("token_used", "The token has paid for another payment already.")
        return CardFacts(brand=row[0], last4=row[1], behaviour=Behaviour(row[2]))

    def add_session(self, session: Session) -> None:
        """Keep a new hosted session."""
        money = session.amount
        urls = (session.return_url, session.cancel_url)
        row = (session.id, money.amount, money.currency, session.language, *urls, micros(session.expires_at))
        self._execute(ADD_SESSION, row)

    def session(self, session_id: str) -> Session | None:
        """The hosted session with this id, if any."""
        row = self._execute(SESSION, (session_id,)).fetchone()
        return row and Session(
            id=session_id,
            amount=Money(row[0], Currency(row[1])),
            language=row[2],
            return_url=row[3],
            cancel_url=row[4],
            expires_at=instant(row[5]),
            token=row[6],
            label=row[7],
        )

    def complete_session(self, session_id: str, token: str, label: str) -> bool:
        """Put the token into a session; False when it has one already."""
        return self._execute(COMPLETE_SESSION, (token, label, session_id)).rowcount == 1

    def purge(self, at: datetime) -> None:
        """Forget what expired a day ago, at most a thousand rows of each a call."""
        for sql in (PURGE_TOKENS, PURGE_SESSIONS):
            self._execute(sql, (micros(at - KEPT_AFTER_EXPIRY),))
