"""Secrets that must be kept and read again: encrypted at rest, tied to what they belong to.

AES-256-GCM with a key derived from the shop's secrets; whoever has the database alone reads nothing, and a
sealed text moved to another row does not open.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rialto.kernel.ids import Ids

NONCE_BYTES = 12


class SealBroken(ValueError):
    """Not sealed with this key, or not for this owner."""


class Sealer:
    """`key` is 64 hexadecimal digits, as `Secrets.derive` gives them."""

    def __init__(self, key: str, ids: Ids) -> None:
        self._cipher = AESGCM(bytes.fromhex(key))
        self._ids = ids

    def seal(self, secret: bytes, *, owner: bytes) -> bytes:
        """The nonce, drawn anew each time, and what was sealed with it."""
        nonce = self._ids.below(1 << 8 * NONCE_BYTES).to_bytes(NONCE_BYTES, "big")
        return nonce + self._cipher.encrypt(nonce, secret, owner)

    def open(self, sealed: bytes, *, owner: bytes) -> bytes:
        """Raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner)
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error
