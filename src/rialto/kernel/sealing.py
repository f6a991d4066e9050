"""Secrets that must be kept and read again: encrypted at rest, tied to what they belong to.

AES-256-GCM with keys derived from the shop's secrets; whoever has the database alone reads nothing, and a
sealed text moved to another row does not open. The first key seals, those before it still open.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rialto.kernel.ids import Ids

NONCE_BYTES = 12


class SealBroken(ValueError):
    """Not sealed with any of these keys, or not for this owner."""


class Sealer:
    """Keys are 64 hexadecimal digits each, as `Secrets.sealing_keys` gives them."""

    def __init__(self, keys: Sequence[str], ids: Ids) -> None:
        self._ciphers = [AESGCM(bytes.fromhex(key)) for key in keys]
        self._ids = ids

    def seal(self, secret: bytes, *, owner: bytes) -> bytes:
        """The nonce, drawn anew each time, and what was sealed with it."""
        nonce = self._ids.below(1 << 8 * NONCE_BYTES).to_bytes(NONCE_BYTES, "big")
        return nonce + self._ciphers[0].encrypt(nonce, secret, owner)

    def open(self, sealed: bytes, *, owner: bytes) -> bytes:
        """Raises SealBroken."""
        for cipher in self._ciphers:
            with suppress(InvalidTag, ValueError):
                return _opened(cipher, sealed, owner)
        raise SealBroken

    def is_current(self, sealed: bytes, *, owner: bytes) -> bool:
        """Whether the key that seals now has sealed it; else it is worth sealing anew."""
        with suppress(InvalidTag, ValueError):
            _opened(self._ciphers[0], sealed, owner)
            return True
        return False


def _opened(cipher: AESGCM, sealed: bytes, owner: bytes) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner)
