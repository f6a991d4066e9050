"""A certificate for a shop that has none from an authority: one authority of its own, and what it vouches for.

For laptops and tests. Whoever trusts `ca` (a browser, curl) trusts every certificate the folder's key makes, so the key
stays in the folder, mode 0600. Made once and kept; renewed when they near their end or when names are added.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rialto.kernel.clock import Clock
from rialto.kernel.service import Frozen

CA_LIVES = timedelta(days=3650)
# Apple's systems take no server certificate that lives longer, from whomever.
LIVES = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=30)
SERVES = (ExtendedKeyUsageOID.SERVER_AUTH,)
SERVES_AND_CALLS = (*SERVES, ExtendedKeyUsageOID.CLIENT_AUTH)
EARLIER = timedelta(minutes=5)  # for clocks that are a little behind


class LocalTls(Frozen):
    """Files in PEM. `ca` is what clients are told to trust; `certificate` and `key` are the server's."""

    ca: Path
    certificate: Path
    key: Path


def ensure_local_ca(
    folder: Path, names: Sequence[str], clock: Clock, *, uses: Sequence[x509.ObjectIdentifier] = SERVES
) -> LocalTls:
    """The certificate for these names (host names or IP addresses), made now if it is not there.

    Idempotent: what is there and holds for 30 more days stays as it is. A certificate that misses a name, or that another
    authority made, is made anew; the authority too when it nears its end, and clients must then trust the new one. Not for
    two callers at once: whoever starts the cluster calls it. `uses` is what the certificate is good for, `SERVES` or
    `SERVES_AND_CALLS`, the same for a folder every time.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = LocalTls(ca=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key")
    now = clock.now()
    ca_key, ca = _authority(folder / "ca.key", made.ca, now)
    wanted = sorted(dict.fromkeys(names))
    if not _holds(made, ca, wanted, now):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _vouched(key, ca_key, ca, names=wanted, uses=uses, now=now)
        # The old certificate goes first: cut off in between, the next call sees that one is missing.
        made.certificate.unlink(missing_ok=True)
        _write_key(made.key, key)
        _write(made.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return made


def _authority(
    key_file: Path, file: Path, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    found = _read(key_file, file)
    if found is not None and found[1].not_valid_after_utc - RENEWED_BEFORE > now:
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Rialto local authority {now:%Y-%m-%d}")])
    usage = _usage(signs=False, vouches=True)
    certificate = (
        _begun(name, name, key.public_key(), now=now, lives=CA_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.unlink(missing_ok=True)
    _write_key(key_file, key)
    _write(file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return key, certificate


def _vouched(
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    *,
    names: Sequence[str],
    uses: Sequence[x509.ObjectIdentifier],
    now: datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    lives = min(LIVES, ca.not_valid_after_utc - now)
    public, its = key.public_key(), ca_key.public_key()
    return (
        _begun(subject, ca.subject, public, now=now, lives=lives)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True, vouches=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(its), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, lives: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + lives)
    )


def _usage(*, signs: bool, vouches: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=vouches,
        crl_sign=vouches,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text.strip("[]")))
    except ValueError:
        return x509.DNSName(text)


def _holds(made: LocalTls, ca: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    found = _read(made.key, made.certificate)
    if found is None:
        return False
    certificate = found[1]
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    try:
        certificate.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError):  # another authority's
        return False
    lasting = certificate.not_valid_after_utc - RENEWED_BEFORE > now
    return lasting and all(_name(name) in list(alternatives) for name in names)


def _read(key_file: Path, file: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    """What the two files hold, if they are there, can be read and belong together."""
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return key, certificate


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(file, plain, 0o600)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable for others in between."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(file)
