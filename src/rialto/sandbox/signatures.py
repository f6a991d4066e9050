"""Webhook signatures after Standard Webhooks (standardwebhooks.com), as pure functions.

The secret is `whsec_` + base64, or any other text, which is then used as its
bytes. Both sides use this file's rules, but the shop has its own copy of them:
a provider and its customer share a document, not a library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

_PREFIX = "whsec_"


class SignatureRefused(Exception):
    """The message is not from who it claims, or too old; `args[0]` says why."""


def sign(secret: str, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Answer the three headers that go with `body`."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + _mac(secret, event_id, timestamp, body),
    }


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime, *, tolerance_s: int = 300
) -> str:
    """Check a received webhook and answer its id; raise `SignatureRefused` otherwise.

    Header names are compared without case. Several space-separated signatures
    are allowed (while a secret is being changed): one right one is enough.
    Repeats are not recognised here; the caller remembers the ids it has seen.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event_id = given.get("webhook-id", "")
    stamp = given.get("webhook-timestamp", "")
    if not event_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        raise SignatureRefused("webhook-id or webhook-timestamp is missing or malformed")
    if abs(now.timestamp() - int(stamp)) > tolerance_s:
        raise SignatureRefused("the timestamp is outside the tolerance")
    expected = _mac(secret, event_id, int(stamp), body).encode()
    for candidate in given.get("webhook-signature", "").split():
        version, _, signature = candidate.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), expected):
            return event_id
    raise SignatureRefused("no signature matches")


def _mac(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    message = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return base64.b64encode(hmac.digest(_key(secret), message, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error as error:
            raise SignatureRefused("the webhook secret is not valid base64") from error
    return secret.encode()
