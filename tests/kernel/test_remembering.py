"""What somebody was shown last: kept sealed, for a while, and missed without harm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.keys import Keyring
from rialto.kernel.keyvalue import VALUE_BYTES_MAX
from rialto.kernel.remembering import Remembered
from rialto.kernel.secrets import Secrets, make_secrets
from tests.support.databases import SECRETS
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast


class Watched(MemoryKeyValues):
    """The real engine, of which a test sees what was put, and which can be away."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.put_so_far: dict[str, bytes] = {}
        self.away = False

    async def get(self, key: str) -> bytes | None:
        self._check()
        return await super().get(key)

    async def put(self, key: str, value: bytes, *, ttl_s: float, only_if_absent: bool = False) -> bool:
        self._check()
        self.put_so_far[key] = value
        return await super().put(key, value, ttl_s=ttl_s, only_if_absent=only_if_absent)

    async def drop(self, keys: Iterable[str]) -> None:
        self._check()
        await super().drop(keys)

    def _check(self) -> None:
        if self.away:
            raise Unavailable


def remembered_in(key_values: MemoryKeyValues, secrets: Secrets = SECRETS) -> Remembered:
    keyring = Keyring(secrets, issuer="http://shop.test", clock=ManualClock(), ids=seeded_ids(3))
    return Remembered(key_values, keyring)


def test_it_is_recalled_until_its_time_is_over_or_it_is_forgotten() -> None:
    async def check() -> None:
        clock = ManualClock()
        remembered = remembered_in(MemoryKeyValues(clock))
        await remembered.keep("one", b"first", ttl_s=10)
        await remembered.keep("one", b"last", ttl_s=10)
        await remembered.keep("two", b"other", ttl_s=10)
        assert await remembered.recall("one") == b"last"
        await remembered.forget("two")
        assert await remembered.recall("two") is None
        clock.advance(11)
        assert await remembered.recall("one") is None

    asyncio.run(check())


def test_neither_name_nor_content_can_be_read_where_it_is_kept() -> None:
    async def check() -> None:
        key_values = Watched(ManualClock())
        await remembered_in(key_values).keep("cart:secret-name", b"three lamps", ttl_s=10)
        ((name, value),) = key_values.put_so_far.items()
        assert "secret-name" not in name
        assert b"lamps" not in value

    asyncio.run(check())


def test_what_another_shop_sealed_or_stands_under_another_name_is_as_good_as_nothing() -> None:
    async def check() -> None:
        key_values = Watched(ManualClock())
        other = remembered_in(key_values, make_secrets(seeded_ids(99)))
        await other.keep("one", b"theirs", ttl_s=10)
        remembered = remembered_in(key_values)
        assert await remembered.recall("one") is None
        await remembered.keep("one", b"mine", ttl_s=10)
        ((name, value),) = key_values.put_so_far.items()
        await remembered.keep("two", b"other", ttl_s=10)
        second = next(found for found in key_values.put_so_far if found != name)
        await key_values.put(second, value, ttl_s=10)
        assert await remembered.recall("two") is None

    asyncio.run(check())


def test_a_server_that_is_away_is_missed_without_harm() -> None:
    async def check() -> None:
        key_values = Watched(ManualClock())
        remembered = remembered_in(key_values)
        key_values.away = True
        await remembered.keep("one", b"first", ttl_s=10)
        assert await remembered.recall("one") is None
        await remembered.forget("one")

    asyncio.run(check())


def test_what_is_too_large_is_not_kept() -> None:
    async def check() -> None:
        remembered = remembered_in(MemoryKeyValues(ManualClock()))
        await remembered.keep("one", b"x" * VALUE_BYTES_MAX, ttl_s=10)
        assert await remembered.recall("one") is None

    asyncio.run(check())
