"""A shop's own authority: made once, kept as long as it holds, its keys nobody else's."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from rialto.kernel.clock import ManualClock
from rialto.proxy.certificates import LIVES, RENEWED_BEFORE, LocalTls, ensure_local_ca

pytestmark = pytest.mark.fast

NAMES = ("localhost", "127.0.0.1", "::1", "shop.example")
DAY_S = 86_400


def certificate_of(made: LocalTls) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.certificate.read_bytes())


def test_the_certificate_is_for_the_names_and_vouched_for_by_the_authority(tmp_path: Path) -> None:
    made = ensure_local_ca(tmp_path / "tls", NAMES, ManualClock())
    certificate = certificate_of(made)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(names.get_values_for_type(x509.DNSName)) == ["localhost", "shop.example"]
    assert sorted(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(made.ca.read_bytes()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    made = ensure_local_ca(tmp_path / "tls", NAMES, ManualClock())
    modes = {file.name: file.stat().st_mode & 0o777 for file in made.ca.parent.iterdir()}
    assert modes == {"ca.key": 0o600, "server.key": 0o600, "ca.pem": 0o644, "server.pem": 0o644}
    assert made.ca.parent.stat().st_mode & 0o777 == 0o700


def test_what_holds_is_kept(tmp_path: Path) -> None:
    clock = ManualClock()
    first = [file.read_bytes() for file in _files(ensure_local_ca(tmp_path, NAMES, clock))]
    clock.advance((LIVES - RENEWED_BEFORE).total_seconds() - DAY_S)
    fewer = ensure_local_ca(tmp_path, NAMES[:2], clock)
    assert [file.read_bytes() for file in _files(fewer)] == first


def test_a_certificate_near_its_end_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    clock = ManualClock()
    made = ensure_local_ca(tmp_path, NAMES, clock)
    authority, former = made.ca.read_bytes(), certificate_of(made)
    clock.advance((LIVES - RENEWED_BEFORE).total_seconds() + DAY_S)
    ensure_local_ca(tmp_path, NAMES, clock)
    assert made.ca.read_bytes() == authority
    assert certificate_of(made).not_valid_after_utc > former.not_valid_after_utc + timedelta(days=300)


def test_a_new_name_needs_a_new_certificate(tmp_path: Path) -> None:
    clock = ManualClock()
    former = certificate_of(ensure_local_ca(tmp_path, NAMES, clock))
    assert certificate_of(ensure_local_ca(tmp_path, (*NAMES, "new.example"), clock)) != former


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem", "server.key", "server.pem"])
def test_what_is_lost_or_broken_is_made_anew_as_a_pair_that_fits(tmp_path: Path, lost: str) -> None:
    clock = ManualClock()
    made = ensure_local_ca(tmp_path, NAMES, clock)
    (tmp_path / lost).write_text("broken", "utf-8")
    ensure_local_ca(tmp_path, NAMES, clock)
    certificate_of(made).verify_directly_issued_by(x509.load_pem_x509_certificate(made.ca.read_bytes()))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate, made.key)


def test_an_authority_near_its_end_is_replaced(tmp_path: Path) -> None:
    clock = ManualClock()
    former = ensure_local_ca(tmp_path, NAMES, clock).ca.read_bytes()
    clock.advance(timedelta(days=3640).total_seconds())
    made = ensure_local_ca(tmp_path, NAMES, clock)
    assert made.ca.read_bytes() != former
    assert certificate_of(made).not_valid_after_utc > clock.now() + timedelta(days=300)


def _files(made: LocalTls) -> tuple[Path, ...]:
    return (made.ca, made.certificate, made.key)
