"""A certificate authority and a server's certificate, made for one test run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

# Far around whatever the clock says: nothing is known by the date here.
FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36_500)


def make_certificates(folder: Path, *, address: str = "127.0.0.1", until: datetime = UNTIL) -> None:
    """`ca.pem`, `server.pem` for this address and `server.key` in an empty folder."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Test CA", ca_key.public_key(), signed_by="Test CA", key=ca_key, is_ca=True)
    server = _certificate(
        address, key.public_key(), signed_by="Test CA", key=ca_key, is_ca=False, until=until
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )


def _certificate(
    name: str,
    public: ec.EllipticCurvePublicKey,
    *,
    signed_by: str,
    key: ec.EllipticCurvePrivateKey,
    is_ca: bool,
    until: datetime = UNTIL,
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(signed_by))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if not is_ca:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False
        )
    return made.sign(key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
