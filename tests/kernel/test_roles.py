from __future__ import annotations

import asyncio

import pytest

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.roles import BUILT_IN, EVERYTHING, REFRESH_S, TRUSTED_S, RoleBook, Roles, grants

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Identity:
    """Answers with roles or not at all, and counts."""

    def __init__(self) -> None:
        self.roles: Roles = BUILT_IN
        self.fails = False
        self.asked = 0

    async def load(self) -> Roles:
        self.asked += 1
        await asyncio.sleep(0)
        if self.fails:
            raise Unavailable
        return self.roles


def a_book() -> tuple[RoleBook, Identity, ManualClock]:
    clock, identity = ManualClock(), Identity()
    return RoleBook(identity.load, clock=clock), identity, clock


async def test_a_change_of_a_role_is_known_within_seconds() -> None:
    book, identity, clock = a_book()
    await book.refresh()
    assert book.permissions_of(["viewer"]) == {"*.read"}
    identity.roles = {**BUILT_IN, "viewer": frozenset({"catalog.read"})}
    clock.advance(REFRESH_S)
    await book.refresh()
    assert book.permissions_of(["viewer"]) == {"catalog.read"}


async def test_identity_is_not_asked_again_before_its_time_nor_twice_at_once() -> None:
    book, identity, clock = a_book()
    await asyncio.gather(*(book.refresh() for _ in range(20)))
    clock.advance(REFRESH_S - 0.1)
    await book.refresh()
    assert identity.asked == 1


async def test_what_could_not_be_asked_for_half_a_minute_allows_nothing_but_to_the_owner() -> None:
    book, identity, clock = a_book()
    await book.refresh()
    identity.fails = True
    clock.advance(TRUSTED_S - 0.1)
    await book.refresh()
    assert book.permissions_of(["viewer"]) == {"*.read"}
    clock.advance(REFRESH_S)
    await book.refresh()
    assert book.permissions_of(["viewer"]) == frozenset()
    assert book.permissions_of(["owner"]) == EVERYTHING


async def test_before_the_first_answer_nothing_is_allowed() -> None:
    book, identity, _ = a_book()
    assert book.permissions_of(["viewer"]) == frozenset()
    identity.fails = True
    await book.refresh()
    assert book.permissions_of(["viewer"]) == frozenset()
    assert book.permissions_of([]) == frozenset()


async def test_while_identity_does_not_answer_it_is_left_alone_for_a_while() -> None:
    book, identity, _ = a_book()
    identity.fails = True
    await asyncio.gather(*(book.refresh() for _ in range(20)))
    assert identity.asked == 1


async def test_nobody_waits_for_an_answer_while_what_is_known_will_do() -> None:
    clock, asked, answered = ManualClock(), asyncio.Event(), asyncio.Event()
    count = 0

    async def load() -> Roles:
        nonlocal count
        count += 1
        if count > 1:
            asked.set()
            await answered.wait()
        return BUILT_IN

    book = RoleBook(load, clock=clock)
    await book.refresh()
    clock.advance(REFRESH_S)
    waiting = asyncio.create_task(book.refresh())
    await asked.wait()
    await book.refresh()
    assert book.permissions_of(["viewer"]) == {"*.read"}
    answered.set()
    await waiting
    assert count == 2


async def test_an_answer_that_took_long_is_not_asked_for_again_at_once() -> None:
    clock = ManualClock()
    asked = 0

    async def load() -> Roles:
        nonlocal asked
        asked += 1
        clock.advance(10)
        raise Unavailable

    book = RoleBook(load, clock=clock)
    await book.refresh()
    await book.refresh()
    assert asked == 1


@pytest.mark.parametrize(
    ("granted", "permission", "covered"),
    [
        ({"*"}, "orders.*", True),
        ({"*"}, "*.read", True),
        ({"orders.*"}, "orders.read", True),
        ({"orders.*"}, "orders.*", True),
        ({"orders.*"}, "*.read", False),
        ({"*.read"}, "orders.*", False),
        ({"*.read"}, "orders.read", True),
        ({"*.read"}, "*.read", True),
        ({"orders.read"}, "orders.*", False),
        ({"orders.*"}, "*", False),
        (set(), "orders.read", False),
    ],
)
def test_a_pattern_is_granted_as_such_or_by_everything(
    granted: set[str], permission: str, covered: bool
) -> None:
    assert grants(granted, permission) is covered
