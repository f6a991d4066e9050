"""Who calls whom: tokens by which services know each other, and the table of who may.

A service token is an access token (kernel/auth.py) of kind `service` that is meant for one service and lives for a
minute: stolen from a log it opens nothing else, and nothing soon after. It is signed by the shop's own key, which
every process has by its secrets file, and refused at the public port, whose audience is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rialto.kernel.auth import Principal, TokenVerifier
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Denied
from rialto.kernel.keys import LOOK_EVERY_S, Keyring
from rialto.kernel.service import Service

LIFETIME_S = 60
RENEW_S = 30
# Pages and routes of a process: whatever a person may ask the shop for, and what they are allowed is checked there.
WEB = "web"


class CallerRefused(Denied):
    """A process that is not of this shop, or a service that has no business with this one."""

    code = "caller_refused"
    message = "This is not yours to call."


def audience_of(service: str) -> str:
    return f"rialto/internal/{service}"


def callers_of(services: Iterable[Service]) -> Mapping[str, frozenset[str]]:
    """Service → who may call it: those that say they need it, and the web."""
    everyone = tuple(services)
    return {
        called.name: frozenset({WEB, *(one.name for one in everyone if called.api in one.needs)})
        for called in everyone
    }


class ServiceTokens:
    """Makes tokens and keeps each for half of its life."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock
        self._made: dict[tuple[str, str], tuple[float, str]] = {}

    def __call__(self, caller: str, service: str) -> str:
        """A token by which `caller` is known to `service`."""
        now = self._clock.monotonic()
        until, token = self._made.get((caller, service), (0.0, ""))
        if now < until:
            return token
        principal = Principal(kind="service", id=caller)
        token = self._keyring.signer().sign(principal, lifetime_s=LIFETIME_S, audience=audience_of(service))
        self._made[caller, service] = (now + RENEW_S, token)
        return token


class CallerCheck:
    """Finds out who calls one service of this process."""

    def __init__(
        self, service: str, allowed: frozenset[str], keyring: Keyring, *, issuer: str, clock: Clock
    ) -> None:
        self._allowed = allowed
        self._verifier = TokenVerifier(
            keyring.public_keys(),
            issuer=issuer,
            clock=clock,
            permissions_of=lambda _roles: frozenset(),
            watch=_Watched(keyring, clock),
            audience=audience_of(service),
        )

    def __call__(self, authorization: str) -> str:
        """The calling service's name. Raises AccessTokenRefused, CallerRefused."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise CallerRefused(signed_in=False)
        principal = self._verifier.verify(token)
        if principal.kind != "service" or principal.id not in self._allowed:
            raise CallerRefused
        return principal.id


class _Watched:
    """Tells one verifier of other keys, and looks for them at most once a second."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock
        self._told = keyring.public_keys()
        self._looked_at = clock.monotonic()

    def __call__(self, at_once: bool) -> list[dict[str, str]] | None:
        now = self._clock.monotonic()
        if not at_once and now - self._looked_at < LOOK_EVERY_S:
            return None
        self._looked_at = now
        keys = self._keyring.public_keys(at_once=at_once)
        if keys == self._told:
            return None
        self._told = keys
        return keys
