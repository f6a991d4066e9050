"""Keys and values that processes may share: answers, counts, and what somebody may still do today.

The port behind `RIALTO_CACHE_URL`. Every entry has an end, and an engine may forget anything before it: never the only
record of anything that matters. So whoever asks here must do without an answer: a server that is away, slow or empty
costs speed, or what processes know of each other, and nothing else.

Values, counts and buckets live apart: the same key may be used once for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from rialto.kernel.service import Frozen

VALUE_BYTES_MAX = 1_000_000
SCHEMES = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}  # whether by TLS
PORT = 6379
DATABASE_MAX = 65_535


class KeyValues(Protocol):
    """Each call takes a moment at most (the engine says how long), or raises Unavailable: nothing is known then, a count or
    a bucket may have changed. After some failures callers do not wait at all for a while.

    `shared` says whether other processes see what is put here.
    """

    @property
    def shared(self) -> bool: ...

    async def check(self) -> None:
        """At a start. Raises SettingWrong for what no waiting makes better (a wrong password), else Unavailable."""
        ...

    async def get(self, key: str) -> bytes | None: ...

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those that are there."""
        ...

    async def put(self, key: str, value: bytes, *, ttl_s: float, only_if_absent: bool = False) -> bool:
        """Keep it for `ttl_s` seconds; whether it was kept. Of many that put only if absent, one does.

        Raises ValueError for a value above VALUE_BYTES_MAX and for a time that is none.
        """
        ...

    async def drop(self, keys: Iterable[str]) -> None:
        """Forget values, counts and buckets of these keys. Idempotent."""
        ...

    async def add(self, key: str, by: int, *, ttl_s: float) -> int:
        """The count after adding to it. It ends `ttl_s` after its first addition, whatever is added later."""
        ...

    async def take(self, key: str, *, per_s: float, burst: float, cost: float = 1.0) -> float:
        """Take `cost` from the key's bucket and return 0.0; or take nothing and return in how many seconds it will be there.

        A bucket holds `burst` at first and gains `per_s` with each second, up to `burst`. A cost above the burst is
        treated as the burst.
        """
        ...

    async def charge(self, key: str, *, per_s: float, burst: float, cost: float) -> float:
        """Take `cost` whether it is there or not: somebody was let through already. The bucket owes one burst at most.

        Returns in how many seconds one more will be there, 0.0 for now.
        """
        ...

    async def close(self) -> None: ...


class KeyValueAddress(Frozen):
    """Where a server is. `ca` is the file with the authority that its certificate must come from; None: the system's."""

    host: str
    port: int = PORT
    database: int = 0
    user: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None

    @property
    def place(self) -> str:
        """For people: nothing of it is secret."""
        return f"{self.host}:{self.port}"


def parse_cache_url(url: str, ca: str | None = None) -> KeyValueAddress:
    """`redis://`, `valkey://`, or by TLS `rediss://` and `valkeys://`, then `[[user]:password@]host[:port][/database]`.

    Raises ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not the URL of a key-value server")
    return KeyValueAddress(
        host=parts.hostname,
        port=parts.port or PORT,
        database=_database(parts),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=SCHEMES[parts.scheme],
        ca=ca,
    )


def _database(parts: SplitResult) -> int:
    text = parts.path.strip("/")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= DATABASE_MAX):
        raise ValueError("a database has a number")
    return int(text)


def check_value(value: bytes, ttl_s: float) -> None:
    """What engines ask of a value before they keep it. Raises ValueError."""
    if len(value) > VALUE_BYTES_MAX:
        raise ValueError(f"a value has at most {VALUE_BYTES_MAX} bytes")
    check_time(ttl_s)


def check_time(ttl_s: float) -> None:
    """Raises ValueError."""
    if ttl_s <= 0:
        raise ValueError("an entry is kept for some time")


def check_bucket(per_s: float, burst: float, cost: float) -> None:
    """Raises ValueError."""
    if per_s <= 0 or burst < 1 or cost <= 0:
        raise ValueError("a bucket has a rate, a burst of at least one, and is asked for something")
