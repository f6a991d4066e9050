"""TLS to a database: what is asked of its certificate, and in plain words why it was not believed."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from rialto.kernel.db_address import VERIFYING, DatabaseAddress
from rialto.kernel.errors import RialtoError

# OpenSSL's numbers of what is wrong with a certificate, where there is something better to say than it does.
_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by nobody but itself",
    19: "is signed by an authority that is not trusted here",
    20: "is signed by an authority that is not trusted here",
    21: "is signed by an authority that is not trusted here",
    62: "is for another name",
    64: "is for another address",
}
_ADVICE = "Name its authority by RIALTO_DATABASE_CA, or correct the certificate or the URL's host."


class NotTrusted(RialtoError):
    """A database that shall prove who it is did not. Its text says why; waiting does not help."""

    code = "database_not_trusted"


class AuthoritiesUnusable(OSError):
    """The file of authorities cannot be read, or holds no certificate."""


def tls_to(address: DatabaseAddress) -> ssl.SSLContext | str | bool:
    """As asyncpg takes it. Raises AuthoritiesUnusable."""
    if address.is_local:
        return False
    if address.sslmode not in VERIFYING:
        return address.sslmode
    return _context(address.sslmode, address.ca, _changed_at(address.ca))


def tls_problem(address: DatabaseAddress, error: BaseException | None) -> str | None:
    """Sentences for people when a connection failed for want of trust; None for every other reason."""
    where = f"{address.host}:{address.port}"
    if isinstance(error, AuthoritiesUnusable):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _REASONS.get(error.verify_code, f"is not accepted ({error.verify_message})")
        return f"The certificate of the database at {where} {reason}. {_ADVICE}"
    if isinstance(error, ssl.SSLError):
        return (
            f"The database at {where} and Rialto agree on no TLS ({getattr(error, 'reason', None) or error}); "
            "it must offer 1.2 or newer."
        )
    if isinstance(error, ConnectionError) and "rejected SSL" in str(error):
        return (
            f"The database at {where} has no TLS, and the URL says sslmode={address.sslmode}. "
            "Turn it on there (ssl = on), or correct the URL."
        )
    return None


def _changed_at(ca: str | None) -> int:
    """A renewed file is read anew."""
    try:
        return Path(ca).stat().st_mtime_ns if ca else 0
    except OSError as problem:
        raise AuthoritiesUnusable(
            f"The file {ca} of the database's authorities cannot be read ({problem.strerror})."
        ) from problem


# Reading the machine's authorities takes some 20 ms, and a pool opens its connections one after the other.
@lru_cache(maxsize=16)
def _context(sslmode: str, ca: str | None, _changed: int) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as problem:  # SSLError is one: the file holds no certificate
        raise AuthoritiesUnusable(f"The file {ca} holds no certificate of an authority.") from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = sslmode == "verify-full"
    if sslmode == "require" and ca is None:
        context.verify_mode = ssl.CERT_NONE
    return context
