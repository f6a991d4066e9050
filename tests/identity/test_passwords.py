from __future__ import annotations

import asyncio
import threading

import pytest

from rialto.engines.passwords import MEMORY_KIB, TIME_COST, Argon2Passwords
from rialto.kernel.errors import TooMany

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


def small(**changed: int) -> Argon2Passwords:
    return Argon2Passwords(**{"time_cost": 1, "memory_kib": 8, "threads": 1, **changed})


async def test_a_password_matches_its_hash_and_no_other() -> None:
    passwords = small()
    hashed = await passwords.hash("a long one")
    assert await passwords.verify(hashed, "a long one")
    assert not await passwords.verify(hashed, "another")
    assert hashed != await passwords.hash("a long one")
    passwords.close()


async def test_the_parameters_in_use_are_those_of_the_design() -> None:
    passwords = Argon2Passwords()
    hashed = await passwords.hash("a long one")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (MEMORY_KIB, TIME_COST) == (19_456, 2)
    assert not passwords.needs_rehash(hashed)
    passwords.close()


async def test_a_hash_of_other_parameters_needs_to_be_made_anew() -> None:
    weak, strong = small(), small(time_cost=2)
    hashed = await weak.hash("a long one")
    assert strong.needs_rehash(hashed)
    assert await strong.verify(hashed, "a long one")
    weak.close()
    strong.close()


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "x" * 100_000])
async def test_any_text_is_a_password(text: str) -> None:
    passwords = small()
    assert await passwords.verify(await passwords.hash(text), text)
    passwords.close()


async def test_what_is_no_hash_matches_nothing() -> None:
    passwords = small()
    assert not await passwords.verify("not a hash", "a long one")
    passwords.close()


async def test_a_full_queue_refuses_at_once_and_takes_again_when_there_is_room() -> None:
    passwords = small(queue_max=2)
    gate = threading.Event()
    waiting = [asyncio.create_task(passwords._run(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany) as refused:
        await passwords.hash("one too many")
    assert refused.value.retry_after_s == 1.0
    gate.set()
    await asyncio.gather(*waiting)
    await asyncio.sleep(0)
    await passwords.hash("welcome again")
    passwords.close()


async def test_a_caller_who_leaves_frees_its_place_in_the_queue() -> None:
    passwords = small(queue_max=1)
    gate = threading.Event()
    running = asyncio.create_task(passwords._run(gate.wait))
    queued = asyncio.create_task(passwords.hash("leaves"))
    await asyncio.sleep(0)
    queued.cancel()
    await asyncio.gather(queued, return_exceptions=True)
    await asyncio.sleep(0)
    next_one = asyncio.create_task(passwords.hash("comes"))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(running, next_one)
    passwords.close()
