"""What a shop keeps of a person, over all services: handed out, and erased.

A service that keeps anything of people says so in its declaration (`Service.personal`), with two functions over its
handlers. Identity asks all of them; none knows another. Both must be safe to call again: an erasure goes on until
every service has done its part.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rialto.kernel.service import Nothing, operation


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whose data. `emails` are the account's, the present one first, then those it had before and nobody else has
    now: some services know people by nothing else.
    """

    account_id: str
    emails: tuple[str, ...]


# What JSON can say, by the name of a document such as `orders`.
Documents = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """`export(handlers, person)` hands out all that is kept; `erase(handlers, person)` leaves nothing of it.

    What the law says must stay (an issued invoice) stays, in a store of its own. Nothing kept: no documents, and
    nothing to erase. Both may raise Unavailable; then they are asked again.
    """

    export: Callable[[Any, Person], Awaitable[Documents]]
    erase: Callable[[Any, Person], Awaitable[None]]


class Keeper(Protocol):
    """One service's part, here or elsewhere. Both operations may be repeated."""

    @operation(idempotent=True, timeout_s=60)
    async def export(self, person: Person) -> dict[str, Any]: ...

    @operation(idempotent=True, timeout_s=60)
    async def erase(self, person: Person) -> Nothing: ...


class ServiceKeeper:
    """The part of one service in this process."""

    def __init__(self, personal: PersonalData, handlers: Any) -> None:
        self._personal = personal
        self._handlers = handlers

    async def export(self, person: Person) -> dict[str, Any]:
        return dict(await self._personal.export(self._handlers, person))

    async def erase(self, person: Person) -> Nothing:
        await self._personal.erase(self._handlers, person)
        return Nothing()


class Keepers:
    """The services that keep something of people, in the order they were plugged in."""

    def __init__(self) -> None:
        self._keepers: dict[str, Keeper] = {}

    def add(self, service: str, keeper: Keeper) -> None:
        self._keepers[service] = keeper

    async def export(self, person: Person) -> dict[str, Documents]:
        """Each service's documents, by the service's name. Raises what a service raises."""
        return {service: await keeper.export(person) for service, keeper in self._keepers.items()}

    async def erase(self, person: Person) -> None:
        """Every service's part, one after the other. Raises what a service raises; then call again."""
        for keeper in self._keepers.values():
            await keeper.erase(person)
