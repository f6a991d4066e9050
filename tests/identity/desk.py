"""Identity opened for a test: real argon2id with the smallest parameters, its operations counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from rialto.engines.passwords import Argon2Passwords
from rialto.identity.api import (
    DueLetter,
    LetterNotFound,
    LetterRef,
    LinkToken,
    PutStaff,
    Register,
    SignIn,
    Tokens,
)
from rialto.identity.events import EVENTS
from rialto.identity.handlers import IdentityHandlers
from rialto.identity.model.fields import email_hash
from rialto.identity.service import SERVICE
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.events import Event, EventTypes
from rialto.kernel.ids import ACCOUNT, LETTER
from tests.support.env import TestEnv, open_service

PASSWORD = "correct horse battery"
EMAIL = "anna@rialto.test"


class CountedPasswords(Argon2Passwords):
    """The engine, with a list of what was asked of it and something that happens beside the next one."""

    def __init__(self, *, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_kib=8, threads=1)
        self.asked: list[str] = []
        self.beside_verify: Callable[[], Awaitable[object]] | None = None

    async def hash(self, password: str) -> str:
        self.asked.append("hash")
        return await super().hash(password)

    async def verify(self, hashed: str, password: str) -> bool:
        self.asked.append("verify")
        matches = await super().verify(hashed, password)
        beside, self.beside_verify = self.beside_verify, None
        if beside is not None:
            await beside()
        return matches


@dataclass(frozen=True)
class Desk:
    handlers: IdentityHandlers
    passwords: CountedPasswords
    env: TestEnv

    async def letters(self) -> list[DueLetter]:
        """What notifications would mail, in the order of asking."""
        async with self.env.db.read() as session:
            rows = await session.all("SELECT id FROM letters ORDER BY requested_at, id")
        found = []
        for row in rows:
            with suppress(LetterNotFound):
                found.append(await self.handlers.letter(LetterRef(letter_id=LETTER.of(row["id"]))))
        return found

    async def token(self, template: str) -> str:
        """The token in the link of the newest letter of a kind."""
        links = [letter.link for letter in await self.letters() if letter.template == template]
        return (links[-1] or "").partition("?token=")[2]

    async def events(self) -> list[Event]:
        """All that was published, in the order of the streams' making."""
        types = EventTypes(EVENTS)
        async with self.env.db.read() as session:
            rows = await session.all(
                "SELECT type, schema_version, body::text AS body FROM events ORDER BY at, stream, version"
            )
        return [types.decode(row["type"], row["schema_version"], row["body"]) for row in rows]

    async def customer(self, *, verified: bool = True, **registering: str) -> str:
        """The id of a customer who registered, and verified the e-mail."""
        command = registration(**registering)
        await self.handlers.register(command)
        account = await self.handlers.account_of(email_hash(command.email))
        assert account is not None
        if verified:
            await self.handlers.verify_email(LinkToken(token=await self.token("verify_email")))
        return ACCOUNT.of(account.id)

    async def sign_in(self, command: SignIn) -> Tokens:
        """For accounts without a second factor."""
        tokens = (await self.handlers.sign_in(command)).tokens
        assert tokens is not None
        return tokens

    @asynccontextmanager
    async def with_passwords(
        self, *, time_cost: int
    ) -> AsyncIterator[tuple[IdentityHandlers, CountedPasswords]]:
        """The same shop in a release with other parameters."""
        passwords = CountedPasswords(time_cost=time_cost)
        self.env._engines["passwords"] = passwords
        try:
            yield SERVICE.build(self.env), passwords
        finally:
            passwords.close()


@asynccontextmanager
async def open_identity(postgres: DatabaseAddress) -> AsyncIterator[Desk]:
    passwords = CountedPasswords()
    try:
        async with open_service(SERVICE, postgres, engines={"passwords": passwords}) as env:
            yield Desk(env.handlers, passwords, env)
    finally:
        passwords.close()


def anna(
    *, email: str = EMAIL, name: str = "Anna", password: str = PASSWORD, roles: tuple[str, ...] = ("owner",)
) -> PutStaff:
    return PutStaff(email=email, name=name, password=password, roles=list(roles))


def signing_in(*, email: str = EMAIL, password: str = PASSWORD, client: str = "") -> SignIn:
    return SignIn(email=email, password=password, client=client)


def registration(*, email: str = EMAIL, key: str | None = None, **changed: str) -> Register:
    values: dict[str, Any] = {"password": PASSWORD, "name": "Anna", **changed}
    return Register(email=email, key=key, **values)
