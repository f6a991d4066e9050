"""Who asks: what a request's Authorization header holds, by the operation that is asked for."""

from __future__ import annotations

import itertools
import re

from rialto.identity.api import Identity, LinkToken, PutStaff, Register, SignIn, Tokens
from tests.api.roles import MAY
from tests.api.serving import Served
from tests.support.shop import Shop

PASSWORD = "correct horse battery"
# Somebody whose e-mail, password and sessions requests may name. Who asks is somebody else.
OWNER = "owner@rialto.test"
LINK = re.compile(r"[?&]token=([\w.-]+)")
# After these there may be no account, or no session, left to ask anything with.
ENDING = {"erase_account", "end_session", "end_other_sessions", "change_password", "change_email"}

_numbers = itertools.count(1)


async def sign_in(shop: Shop, email: str) -> Tokens:
    """Of somebody without a second factor."""
    tokens = (await shop.app[Identity].sign_in(SignIn(email=email, password=PASSWORD))).tokens
    assert tokens is not None
    return tokens


async def hire(shop: Shop, email: str, role: str) -> None:
    await shop.app[Identity].put_staff(PutStaff(email=email, name="Olga", password=PASSWORD, roles=[role]))


async def register(shop: Shop, email: str) -> None:
    await shop.app[Identity].register(Register(email=email, password=PASSWORD, name="Ada"))


async def enrol(shop: Shop, email: str) -> None:
    """A customer who registered and followed the link."""
    await register(shop, email)
    await shop.settle()
    letter = next(mail for mail in reversed(shop.mail.sent) if mail.to == email)
    found = LINK.search(letter.text)
    assert found is not None
    await shop.app[Identity].verify_email(LinkToken(token=found[1]))


class Guest:
    """Nobody in particular."""

    def __init__(self, served: Served) -> None:
        self.served = served

    def token(self, _operation: str) -> str | None:
        return None

    def may(self, _operation: str) -> bool:
        """Whether the operation, if it is for somebody with a token, is for this one."""
        return True


class Chief(Guest):
    """The owner of the shop. Signs in again long before a token's time is over by the shop's clock."""

    name = "chief"
    role = "owner"

    def __init__(self, served: Served) -> None:
        super().__init__(served)
        self._email = ""
        self._token = ""
        self._good_until = 0.0

    def token(self, operation: str) -> str | None:
        return self.served.run(self._newcomer if operation in ENDING else self._usual)

    async def enter(self, shop: Shop, email: str) -> None:
        await hire(shop, email, self.role)

    async def enter_briefly(self, shop: Shop, email: str) -> None:
        await self.enter(shop, email)

    async def _usual(self, shop: Shop) -> str:
        if not self._email:
            self._email = self._next_email()
            await self.enter(shop, self._email)
        if shop.clock.monotonic() >= self._good_until:
            tokens = await sign_in(shop, self._email)
            self._token = tokens.access_token
            self._good_until = shop.clock.monotonic() + tokens.expires_in / 2
        return self._token

    async def _newcomer(self, shop: Shop) -> str:
        email = self._next_email()
        await self.enter_briefly(shop, email)
        return (await sign_in(shop, email)).access_token

    def _next_email(self) -> str:
        return f"{self.name}{next(_numbers)}@example.org"


class Clerk(Chief):
    """Somebody on staff who packs parcels: some of the operations for staff are theirs, most are not."""

    name = "clerk"
    role = "fulfilment"

    def may(self, operation: str) -> bool:
        return operation in MAY[self.role]


class Customer(Chief):
    """Somebody with an account and a proven e-mail."""

    name = "ada"

    async def enter(self, shop: Shop, email: str) -> None:
        await enrol(shop, email)

    async def enter_briefly(self, shop: Shop, email: str) -> None:
        await register(shop, email)  # the link takes seconds to come
