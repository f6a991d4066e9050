"""Who is asking: principals, the access tokens that carry them, and what their roles allow.

An access token is an EdDSA (Ed25519) JWT of type `at+jwt` (RFC 9068) that lives for minutes. It carries roles,
not permissions, so that what a role may do is decided now (`kernel/roles.py`) and not by an old token. A token is
checked once; until it expires a bounded cache answers for it. Ending a session does not reach access tokens
that are already out: they run for their few minutes (identity documents this).

Nothing here does I/O; given the clock everything is a pure function of its input.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import GuestProtocol, OKPKey
from joserfc.jws import JWSRegistry

from rialto.kernel.clock import Clock
from rialto.kernel.errors import Denied
from rialto.kernel.roles import grants

AUDIENCE = "rialto"
ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"  # noqa: S105
LEEWAY_S = 5  # clocks of one cluster; more would only lengthen stolen tokens
TOKEN_LENGTH_MAX = 4096
CACHE_MAX = 20_000  # about 10 MB; one entry per signed-in caller of the last minutes

KINDS = frozenset({"customer", "staff", "service"})


class AccessTokenRefused(Denied):
    """The bearer token is not one of ours, or its time is over. Always 401."""

    code = "token_refused"
    message = "Please sign in again."

    def __init__(self) -> None:
        super().__init__(signed_in=False)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking. `kind` is guest, customer, staff or service; a guest has no id, roles or session."""

    kind: str
    id: str | None = None
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    session_id: str | None = None


GUEST = Principal(kind="guest")


def allows(principal: Principal, permission: str) -> bool:
    """Whether the principal may do `area.verb`, as granted directly or by `*`, `area.*` or `*.verb`."""
    return grants(principal.permissions, permission)


class Passwords(Protocol):
    """The port that turns passwords into hashes. Slow on purpose, so bounded."""

    async def hash(self, password: str) -> str:
        """A new hash with a new salt. Raises TooMany when the queue is full."""
        ...

    async def verify(self, hashed: str, password: str) -> bool:
        """Whether the password belongs to the hash; the same work for both answers. Raises TooMany."""
        ...

    def needs_rehash(self, hashed: str) -> bool:
        """Whether the hash was made with parameters of an older release."""
        ...


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    aud: str
    sub: str
    kind: str
    exp: int
    nbf: int
    roles: tuple[str, ...] = ()
    sid: str | None = None


class OnlyEdDSA(JWSRegistry):
    """The one algorithm there is here: a token cannot choose.

    RFC 9864 renames it to `Ed25519` because `EdDSA` may also mean Ed448, of which joserfc warns at each use.
    Our keys are Ed25519, and the verifiers in the field know the old name.
    """

    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError(f"only {ALGORITHM} is accepted")
        return self.algorithms[ALGORITHM]


class TokenSigner:
    """Makes access tokens with one Ed25519 key. `issuer` is the shop's public URL."""

    def __init__(self, private_key_pem: str, *, issuer: str, clock: Clock) -> None:
        self._key = OKPKey.import_key(private_key_pem)
        self._kid = self._key.thumbprint()
        self._issuer = issuer
        self._clock = clock

    def sign(self, principal: Principal, *, lifetime_s: int, audience: str = AUDIENCE) -> str:
        """A token that says who this is, from now on for `lifetime_s`, to whoever is its audience and to nobody else."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "sub": principal.id,
            "kind": principal.kind,
            "roles": list(principal.roles),
            "sid": principal.session_id,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_s,
        }
        header = {"alg": ALGORITHM, "kid": self._kid, "typ": TOKEN_TYPE}
        return jwt.encode(header, claims, self._key, registry=OnlyEdDSA())

    def public_jwk(self) -> dict[str, str]:
        """The public half as a JWK, with `kid` (RFC 7638 thumbprint), `alg` and `use`."""
        return public_jwk(self._key)


def public_jwk(key: OKPKey) -> dict[str, str]:
    """The public half of a key as it stands in `/.well-known/jwks.json`."""
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return {**public, "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


class TokenVerifier:
    """Checks access tokens against public keys (JWKs), found by their `kid`."""

    def __init__(
        self,
        keys: Sequence[dict[str, str]],
        *,
        issuer: str,
        clock: Clock,
        permissions_of: Callable[[Iterable[str]], frozenset[str]],
        cache_max: int = CACHE_MAX,
        watch: Callable[[bool], Sequence[dict[str, str]] | None] = lambda _at_once: None,
        audience: str = AUDIENCE,
    ) -> None:
        """`permissions_of` says what roles allow; it is asked at each verification, not once per token. A token for another
        audience than `audience` is refused.

        `watch` is asked for other keys than it told last: at each verification, and at once (True) before a token is
        refused because nobody knows its key.
        """
        self._watch = watch
        self._audience = audience
        self._permissions_of = permissions_of
        self._issuer = issuer
        self._clock = clock
        self._cache_max = cache_max
        self._registry = OnlyEdDSA()
        self._keys: dict[str, OKPKey] = {}
        self._cache: OrderedDict[bytes, tuple[int, int, Principal]] = OrderedDict()
        self.replace_keys(keys)

    def replace_keys(self, keys: Sequence[dict[str, str]]) -> None:
        """Trust these keys and no others from now on; what was verified by the old ones is forgotten."""
        self._keys = {
            key["kid"]: OKPKey.import_key({"kty": key["kty"], "crv": key["crv"], "x": key["x"]})
            for key in keys
        }
        self._cache.clear()

    def verify(self, token: str) -> Principal:
        """The token's principal. Raises AccessTokenRefused, and does not say why."""
        self._take_up(at_once=False)
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._cache.get(digest)
        if known is None:
            known = self._verified(token)
            self._remember(digest, known)
        valid_from, valid_until, principal = known
        if not valid_from <= self._clock.now().timestamp() < valid_until:
            self._cache.pop(digest, None)
            raise AccessTokenRefused
        if not principal.roles:
            return principal
        # Roles are for those who work here: a customer's token that names some still allows nothing.
        roles = () if principal.kind == "customer" else principal.roles
        return replace(principal, permissions=self._permissions_of(roles))

    def _verified(self, token: str) -> tuple[int, int, Principal]:
        if len(token) > TOKEN_LENGTH_MAX or not token.isascii():
            raise AccessTokenRefused
        try:
            checked = jwt.decode(token, self._key_of, registry=self._registry)
            claims = msgspec.convert(checked.claims, _Claims)
        # A header of any bytes comes from outside: joserfc answers some of them with its own errors,
        # others with those of base64 and json.
        except (
            JoseError,
            msgspec.ValidationError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise AccessTokenRefused from error
        if (
            checked.header.get("typ") != TOKEN_TYPE
            or claims.iss != self._issuer
            or claims.aud != self._audience
            or claims.kind not in KINDS
        ):
            raise AccessTokenRefused
        return claims.nbf - LEEWAY_S, claims.exp + LEEWAY_S, _principal(claims)

    def _key_of(self, token: GuestProtocol) -> Any:
        kid = str(token.headers().get("kid"))
        if kid not in self._keys:
            self._take_up(at_once=True)
        key = self._keys.get(kid)
        if key is None:
            raise AccessTokenRefused
        return key

    def _take_up(self, *, at_once: bool) -> None:
        keys = self._watch(at_once)
        if keys is not None:
            self.replace_keys(keys)

    def _remember(self, digest: bytes, known: tuple[int, int, Principal]) -> None:
        self._cache[digest] = known
        if len(self._cache) > self._cache_max:
            self._cache.popitem(last=False)


def _principal(claims: _Claims) -> Principal:
    return Principal(
        kind=claims.kind,
        id=claims.sub,
        roles=claims.roles,
        session_id=claims.sid,
    )
