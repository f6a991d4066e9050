"""The rules of an address book."""

from __future__ import annotations

import hashlib

import msgspec

from rialto.identity.api import AddAddress

ADDRESSES_MAX = 50


def request_hash(command: AddAddress) -> bytes:
    """What a repeated request is recognised by: everything but its key."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(command, key=None))).digest()
