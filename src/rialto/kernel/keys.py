"""The keys that rotate, as this process knows them: what signs access tokens and what seals.

`rialto keys rotate` writes another secrets file beside the running shop. Each process looks whether the file changed,
at most once a second, and at once when it meets a token or a seal of a key that it does not know: so that nobody is
turned away because one process was quicker than another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from joserfc.jwk import OKPKey

from rialto.kernel.auth import TokenSigner, public_jwk
from rialto.kernel.clock import Clock
from rialto.kernel.ids import Ids
from rialto.kernel.sealing import SealBroken, Sealer
from rialto.kernel.secrets import Secrets, SecretsBroken, read_secrets

LOOK_EVERY_S = 1.0

Jwk = dict[str, str]
log = structlog.get_logger("rialto.keys")


class SecretsFile:
    """Tells the file's secrets when it is asked first, and again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def __call__(self) -> Secrets | None:
        """None while nothing changed. What cannot be read is logged once, and what is known stays."""
        state = self._state()
        if state is None or state == self._seen:
            return None
        self._seen = state
        try:
            return read_secrets(self._path)
        except SecretsBroken as error:
            log.warning("the changed secrets file is not taken up", error=error.text)
            return None

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


class Keyring:
    """`issuer` is the shop's public URL; `reread` is asked for other secrets, None when there are none."""

    def __init__(
        self,
        secrets: Secrets,
        reread: Callable[[], Secrets | None] = lambda: None,
        *,
        issuer: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._ids = ids
        self._reread = reread
        self._looked_at: float | None = None
        self._looks = self._told_after = 0
        self._told: list[Jwk] = []
        self._take(secrets)

    def signer(self) -> TokenSigner:
        """Signs with the newest key."""
        self._look()
        return self._signer

    def public_keys(self, *, at_once: bool = False) -> list[Jwk]:
        """As they stand in `/.well-known/jwks.json`: the newest, and former ones while tokens of theirs run.

        `at_once`: after looking whether there are others by now.
        """
        self._look(at_once=at_once)
        now = self._clock.now()
        return [self._signer.public_jwk(), *(jwk for jwk, until in self._former if until > now)]

    def news(self, at_once: bool) -> list[Jwk] | None:
        """The public keys if they are others than this told last. For `TokenVerifier`, which watches by it."""
        self._look(at_once=at_once)
        if self._told_after == self._looks:
            return None
        self._told_after = self._looks
        keys = self.public_keys()
        if keys == self._told:
            return None
        self._told = keys
        return keys

    def seal(self, purpose: str, secret: bytes, *, owner: bytes) -> bytes:
        self._look()
        return self._sealer(purpose).seal(secret, owner=owner)

    def open(self, purpose: str, sealed: bytes, *, owner: bytes) -> bytes:
        """Raises SealBroken."""
        self._look()
        try:
            return self._sealer(purpose).open(sealed, owner=owner)
        except SealBroken:
            self._look(at_once=True)
            return self._sealer(purpose).open(sealed, owner=owner)

    def is_current(self, purpose: str, sealed: bytes, *, owner: bytes) -> bool:
        """Whether the newest key has sealed it."""
        self._look()
        return self._sealer(purpose).is_current(sealed, owner=owner)

    def _look(self, *, at_once: bool = False) -> None:
        now = self._clock.monotonic()
        if not at_once and self._looked_at is not None and now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        self._looks += 1
        secrets = self._reread()
        if secrets is not None and secrets != self._secrets:
            self._take(secrets)
            log.info("keys were taken up", kid=self._signer.public_jwk()["kid"])

    def _take(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._signer = TokenSigner(secrets.signing_key, issuer=self._issuer, clock=self._clock)
        self._former: list[tuple[Jwk, datetime]] = [
            (public_jwk(OKPKey.import_key(former.public_key)), former.until)
            for former in secrets.former_signing_keys
        ]
        self._sealers: dict[str, Sealer] = {}

    def _sealer(self, purpose: str) -> Sealer:
        if purpose not in self._sealers:
            self._sealers[purpose] = Sealer(self._secrets.sealing_keys(purpose), self._ids)
        return self._sealers[purpose]
