"""Answers that processes make for each other: a second level behind a Cache, kept at the key-value server.

An answer goes with what its maker had taken in of the events (partition → position). A process takes over what was made by
one that knew at least as much, so nobody is shown less than a moment before; what it goes by for itself is not weakened.
An answer's time runs from when it was made, whoever holds it.

What comes back from the server is sealed with the shop's secret: whoever can write there cannot put words into its mouth.
Nothing here raises for a server that is away: then each process makes its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec

from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable
from rialto.kernel.keyvalue import VALUE_BYTES_MAX, KeyValues

V = TypeVar("V")

SEAL_BYTES = 16
KNOWN_FOR_S_MIN = 0.2  # what ends sooner is not worth the way


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    made_at: float  # seconds since 1970
    ttl_s: float
    as_of: dict[int, int]
    value: bytes


class SharedAnswers(Generic[V]):
    """Of one kind. `name` tells release and shape, too, so that a release reads what it understands."""

    def __init__(
        self,
        name: str,
        key_values: KeyValues,
        *,
        secret: str,
        clock: Clock,
        encode: Callable[[V], bytes],
        decode: Callable[[bytes], V],
        as_of: Callable[[], Mapping[int, int] | None],
    ) -> None:
        """`as_of` is what this process has taken in; None while it does not know. `decode` raises msgspec.DecodeError."""
        self._name = name
        self._key_values = key_values
        self._secret = secret.encode()[:64]
        self._clock = clock
        self._encode = encode
        self._decode = decode
        self._as_of = as_of

    def mark(self) -> object:
        return self._as_of()

    async def load(self, key: str) -> tuple[V, float] | None:
        name = self._named(key)
        try:
            sealed = await self._key_values.get(name)
        except Unavailable:
            return None
        opened = self._opened(name, sealed)
        if opened is None:
            return None
        try:
            kept = msgspec.msgpack.decode(opened, type=_Kept)
            left_s = kept.ttl_s - max(0.0, self._clock.now().timestamp() - kept.made_at)
            if left_s < KNOWN_FOR_S_MIN or not self._is_as_good(kept.as_of):
                return None
            return self._decode(kept.value), left_s
        except msgspec.DecodeError:
            return None

    async def save(self, key: str, value: V, *, ttl_s: float, mark: object) -> None:
        """`mark` is from before the value was made."""
        if not isinstance(mark, Mapping):
            return
        made = _Kept(
            made_at=self._clock.now().timestamp(), ttl_s=ttl_s, as_of=dict(mark), value=self._encode(value)
        )
        name, body = self._named(key), msgspec.msgpack.encode(made)
        if len(body) + SEAL_BYTES > VALUE_BYTES_MAX:
            return
        try:
            await self._key_values.put(name, self._seal(name, body) + body, ttl_s=ttl_s)
        except Unavailable:
            return

    def _is_as_good(self, as_of: Mapping[int, int]) -> bool:
        known = self._as_of()
        return known is not None and all(
            as_of.get(partition, 0) >= position for partition, position in known.items()
        )

    def _named(self, key: str) -> str:
        return f"{self._name}:{hashlib.blake2b(key.encode(), digest_size=20).hexdigest()}"

    def _seal(self, name: str, body: bytes) -> bytes:
        """Of a value under its name: one cannot be passed off as another."""
        sealing = hashlib.blake2b(name.encode() + b"\n", key=self._secret, digest_size=SEAL_BYTES)
        sealing.update(body)
        return sealing.digest()

    def _opened(self, name: str, sealed: bytes | None) -> bytes | None:
        if sealed is None:
            return None
        seal, body = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
        return body if hmac.compare_digest(seal, self._seal(name, body)) else None
