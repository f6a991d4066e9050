"""What somebody was shown last, kept for a while: for when it cannot be asked for any more.

Kept where processes share keys and values (kernel/keyvalue.py), or in the process. It is people's data: it is sealed, and
neither its name nor its content can be read at the server. Never the only record of anything, and never what something
is decided by.
"""

from __future__ import annotations

import hashlib

from rialto.kernel.errors import Unavailable
from rialto.kernel.keys import Keyring
from rialto.kernel.keyvalue import VALUE_BYTES_MAX, KeyValues
from rialto.kernel.sealing import NONCE_BYTES, SealBroken

PURPOSE = "remembered"
TAG_BYTES = 16


class Remembered:
    """See the module. Nothing here raises for a server that is away."""

    def __init__(self, key_values: KeyValues, keyring: Keyring) -> None:
        self._key_values = key_values
        self._keyring = keyring

    async def keep(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """In the place of what was kept before. What is too large, or meets a server that is away, is not kept."""
        if len(value) + NONCE_BYTES + TAG_BYTES > VALUE_BYTES_MAX:
            return
        name = _named(key)
        try:
            await self._key_values.put(
                name, self._keyring.seal(PURPOSE, value, owner=name.encode()), ttl_s=ttl_s
            )
        except Unavailable:
            return

    async def recall(self, key: str) -> bytes | None:
        name = _named(key)
        try:
            sealed = await self._key_values.get(name)
            return None if sealed is None else self._keyring.open(PURPOSE, sealed, owner=name.encode())
        except (Unavailable, SealBroken):
            return None

    async def forget(self, key: str) -> None:
        """Idempotent. While the server is away it forgets by itself, later."""
        try:
            await self._key_values.drop([_named(key)])
        except Unavailable:
            return


def _named(key: str) -> str:
    return f"remembered:{hashlib.blake2b(key.encode(), digest_size=20).hexdigest()}"
