"""Certificates by which the shop's processes know each other: TLS on the operations port, both sides proven (mTLS).

Whoever has a certificate of the authority in RIALTO_INTERNAL_CA gets a connection; which service calls, and whether it may, is
still said by the token in each call. The side that is called proves by its certificate that it is of the group that is meant:
it holds the group's name as a DNS name (docs/adr/0024-calls-measured-and-proven.md).

Files that change are read again for new connections, so certificates may live for hours.
"""

from __future__ import annotations

import ssl

import structlog

from rialto.kernel.clock import Clock
from rialto.kernel.settings import InternalFiles
from rialto.kernel.settings_reader import SettingWrong

LOOK_EVERY_S = 5.0
# Strangers may knock as often as they like; the log is not theirs.
TOLD_EVERY_S = 1.0

Stamps = tuple[tuple[int, int], ...]

log = structlog.get_logger("rialto.internal")


class InternalTls:
    """Two contexts over the same files: `server` for the operations port, `client` for calls. Raises SettingWrong."""

    def __init__(self, files: InternalFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._refusals = _Refusals(clock)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.verify_mode = ssl.CERT_REQUIRED
        self.server.sslobject_class = type("Told", (_Told,), {"refusals": self._refusals})
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
        for context in (self.server, self.client):
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._seen = self._stamps()
            self._load(self.server, self.client)
        except (OSError, ssl.SSLError) as error:
            raise SettingWrong(
                f"RIALTO_INTERNAL_CERTIFICATE, RIALTO_INTERNAL_KEY and RIALTO_INTERNAL_CA cannot be used: {why(error)}."
            ) from error
        self._failed: Stamps | None = None

    def renew(self) -> bool:
        """Read the files again if they changed: True when connections from now on use others.

        Files that do not go together (being replaced one by one) are left until they do. An authority that is no longer in its
        file is trusted until the process ends.
        """
        try:
            stamps = self._stamps()
            if stamps in {self._seen, self._failed}:
                return False
            # Tried on others first: a context that was given half of a pair would refuse everybody.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._load(self.server, self.client)
        except (OSError, ssl.SSLError) as error:
            log.warning("the internal certificate cannot be renewed", reason=why(error))
            self._failed = stamps if not isinstance(error, FileNotFoundError) else None
            return False
        self._seen = stamps
        log.info("the internal certificate is renewed")
        return True

    async def watch(self) -> None:
        """Look for other files again and again, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            self.renew()

    def _load(self, *contexts: ssl.SSLContext) -> None:
        for context in contexts:
            context.load_cert_chain(self._files.certificate, self._files.key)
            context.load_verify_locations(self._files.ca)

    def _stamps(self) -> Stamps:
        found = (self._files.certificate, self._files.key, self._files.ca)
        return tuple((stat.st_mtime_ns, stat.st_ino) for stat in (path.stat() for path in found))


class _Refusals:
    """Tells the log who is refused, not more often than it can take."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0.0

    def note(self, error: ssl.SSLError) -> None:
        now = self._clock.monotonic()
        if now >= self._next:
            self._next = now + TOLD_EVERY_S
            log.warning("a caller is refused at the operations port", reason=why(error))


class _Told(ssl.SSLObject):
    """A connection that is being made: event loops say nowhere why one was refused."""

    refusals: _Refusals

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.refusals.note(error)
            raise


def why(error: OSError) -> str:
    """For the log, in a few words: what is wrong with a certificate, a file or a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return f"{(error.strerror or str(error)).lower()}: {error.filename}" if error.filename else str(error)


def choose_internal_tls(files: InternalFiles | None, clock: Clock) -> InternalTls | None:
    """None where calls go without. Raises SettingWrong."""
    return None if files is None else InternalTls(files, clock)
