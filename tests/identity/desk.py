"""Identity opened for a test: real argon2id with the smallest parameters, its operations counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rialto.engines.passwords import Argon2Passwords
from rialto.identity.api import PutStaff, SignIn, Tokens
from rialto.identity.handlers import IdentityHandlers
from rialto.identity.service import SERVICE
from rialto.kernel.db import DatabaseAddress
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
