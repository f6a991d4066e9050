"""Proof of who a database is, by TLS that a real server speaks (pgbouncer before the tests' own: that one has none)."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from rialto.cli.preflight import meet_databases
from rialto.doctor.database import check_database
from rialto.doctor.model import State
from rialto.doctor.replicas import check_replicas
from rialto.kernel.clock import ManualClock, SystemClock
from rialto.kernel.db import DatabaseAddress, connect, parse_database_url
from rialto.kernel.db_tls import AuthoritiesUnusable, NotTrusted, tls_problem, tls_to
from rialto.kernel.errors import Unavailable
from rialto.kernel.migrations import migrate, migrations_of, role_of
from rialto.kernel.settings_reader import SettingWrong
from tests.kernel.bakery import BAKERY
from tests.support.certificates import make_certificates
from tests.support.databases import SECRETS, fresh_database
from tests.support.key_value_servers import free_port
from tests.support.pooler import Pooler, a_pooler

pytestmark = pytest.mark.anyio

At = Callable[..., DatabaseAddress]
PAST = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates: a good one, one for another address, one that has run out, and one of somebody else's authority."""
    kinds = ("good", "elsewhere", "expired", "stranger")
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in kinds}
    make_certificates(folders["good"])
    make_certificates(folders["elsewhere"], address="127.0.0.9")
    make_certificates(folders["expired"], until=PAST)
    make_certificates(folders["stranger"])
    return folders


@pytest.fixture(scope="module")
def servers(postgres: DatabaseAddress, folders: dict[str, Path]) -> Iterator[dict[str, Pooler]]:
    """By what they show; `plain` has no TLS, `old` none that is new enough."""
    with ExitStack() as stack:
        yield {
            "plain": stack.enter_context(a_pooler(postgres)),
            "old": stack.enter_context(
                a_pooler(postgres, certificates=folders["good"], client_tls_protocols="tlsv1.1")
            ),
            **{
                kind: stack.enter_context(a_pooler(postgres, certificates=folder))
                for kind, folder in folders.items()
            },
        }


@pytest.fixture
async def at(
    postgres: DatabaseAddress, servers: dict[str, Pooler], folders: dict[str, Path]
) -> AsyncIterator[At]:
    """A service's way to its database, by a server, a mode and an authority (the good one's by default)."""
    async with fresh_database(postgres, [BAKERY]) as database:
        role = role_of("bakery")

        def address(kind: str, sslmode: str, ca: Path | None = folders["good"] / "ca.pem") -> DatabaseAddress:
            way = servers[kind].to(database, sslmode=sslmode, ca=str(ca) if ca else None)
            return way.as_user(role, SECRETS.database_password(role))

        yield address


async def refusal(address: DatabaseAddress) -> str:
    """What people are told of a connection that is not made."""
    with pytest.raises(Unavailable) as refused:
        await connect(address)
    assert refused.value.text == "The database does not answer at the moment."  # nobody's business in a shop
    sentence = tls_problem(address, refused.value.__cause__)
    assert sentence is not None
    assert SECRETS.database_password(address.user) not in sentence
    return sentence


@pytest.mark.parametrize("sslmode", ["prefer", "require", "verify-ca", "verify-full"])
async def test_a_server_that_proves_itself_is_believed(at: At, sslmode: str) -> None:
    connection = await connect(at("good", sslmode))
    try:
        socket = connection._transport.get_extra_info("ssl_object")
        assert socket.version() in {"TLSv1.2", "TLSv1.3"}
        assert await connection.fetchval("SELECT current_user") == "rialto_bakery"
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("kind", "sslmode", "reason"),
    [
        ("elsewhere", "verify-full", "is for another address"),
        ("expired", "verify-full", "has expired"),
        ("expired", "verify-ca", "has expired"),
        ("stranger", "verify-full", "is signed by an authority that is not trusted here"),
        ("stranger", "verify-ca", "is signed by an authority that is not trusted here"),
        ("stranger", "require", "is signed by an authority that is not trusted here"),
        ("old", "verify-full", "agree on no TLS"),
        ("old", "require", "agree on no TLS"),
        ("plain", "verify-full", "has no TLS"),
        ("plain", "require", "has no TLS"),
    ],
)
async def test_one_that_does_not_is_refused_with_the_reason(
    at: At, kind: str, sslmode: str, reason: str
) -> None:
    own = at(kind, sslmode)
    if kind in {"elsewhere", "expired"}:  # of an authority that is trusted: only the rest is wrong
        own = replace(own, ca=own.ca.replace("good", kind) if own.ca else None)
    assert reason in await refusal(own)


async def test_a_name_is_looked_at_in_the_strictest_mode_only(at: At, folders: dict[str, Path]) -> None:
    connection = await connect(at("elsewhere", "verify-ca", folders["elsewhere"] / "ca.pem"))
    await connection.close()


async def test_without_an_authority_the_machines_own_count(at: At) -> None:
    assert "is signed by" in await refusal(at("good", "verify-full", None))
    connection = await connect(at("good", "require", None))  # which asks for secrecy alone, as elsewhere
    await connection.close()


@pytest.mark.parametrize("content", [None, "no certificate at all"])
async def test_a_file_of_authorities_must_hold_some(at: At, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    assert str(file) in await refusal(at("good", "verify-full", file))


async def test_a_renewed_file_of_authorities_is_read_anew(
    at: At, folders: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "authorities.pem"
    shutil.copy(folders["stranger"] / "ca.pem", file)
    await refusal(at("good", "verify-full", file))
    shutil.copy(folders["good"] / "ca.pem", file)
    await (await connect(at("good", "verify-full", file))).close()


async def test_a_start_stops_with_a_sentence(at: At) -> None:
    with pytest.raises(SettingWrong, match="is signed by an authority that is not trusted here"):
        await meet_databases([at("good", "verify-full"), at("stranger", "verify-full")])
    await meet_databases(
        [at("good", "verify-full"), at("stranger", "prefer"), at("stranger", "require", None)]
    )
    await meet_databases([replace(at("good", "verify-full"), port=1)])  # away: it may come yet


@pytest.mark.parametrize("command", ["migrate", "serve", "audit", "doctor"])
async def test_every_command_says_it(at: At, tmp_path: Path, command: str) -> None:
    address = at("plain", "verify-full")
    (tmp_path / "secrets.json").touch(mode=0o600)
    (tmp_path / "secrets.json").write_bytes(msgspec.json.encode(SECRETS))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
    ports = {f"RIALTO_{name}PORT": str(free_port()) for name in ("", "OPS_", "SANDBOX_")}
    told = {
        "RIALTO_DATA": str(tmp_path),
        "RIALTO_DATABASE_URL": f"postgresql://{address.user}@127.0.0.1:{address.port}/shop?sslmode=verify-full",
        "RIALTO_DATABASE_CA": str(address.ca),
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "rialto.cli", command],
        env={**plain, **ports, **told},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {1, 2}
    assert f"The database at 127.0.0.1:{address.port} has no TLS" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


async def test_migrations_say_it_too(at: At) -> None:
    with pytest.raises(NotTrusted, match="has no TLS"):
        await migrate(replace(at("plain", "verify-full"), direct=None), [BAKERY], SECRETS, ManualClock())


async def test_the_doctor_says_it_of_the_database_and_of_a_replica(at: At) -> None:
    expired = replace(at("stranger", "verify-full"), direct=None)
    [found] = await check_database(expired, migrations_of([BAKERY]), SECRETS, SystemClock())
    assert (found.state, "is signed by" in found.text) == (State.FAIL, True)
    [found] = await check_replicas(at("good", "verify-full"), [expired])
    assert (found.name, found.state, "is signed by" in found.text) == ("replica", State.FAIL, True)


@pytest.mark.fast
def test_a_url_says_how_a_database_proves_itself() -> None:
    plain = parse_database_url("postgresql://rialto@db/rialto?sslmode=verify-full", ca="/our.pem")
    assert (plain.sslmode, plain.ca, plain.pooled) == ("verify-full", "/our.pem", False)
    named = parse_database_url(
        "postgresql://rialto@db/rialto?sslmode=verify-ca&sslrootcert=/its.pem", ca="/our.pem"
    )
    assert named.ca == "/its.pem"
    system = parse_database_url(
        "postgresql://rialto@db/rialto?sslmode=verify-full&sslrootcert=system", ca="/our.pem"
    )
    assert system.ca is None
    assert parse_database_url("postgresql://rialto@db/rialto?pooler=transaction").pooled
    with pytest.raises(ValueError, match="not the URL"):
        parse_database_url("postgresql://rialto@db/rialto?pooler=session")


@pytest.mark.fast
@pytest.mark.parametrize(
    ("sslmode", "has_authority", "verifies", "names"),
    [
        ("verify-full", True, True, True),
        ("verify-full", False, True, True),
        ("verify-ca", True, True, False),
        ("require", True, True, False),
        ("require", False, False, False),
    ],
)
def test_a_mode_asks_for_what_it_says(
    tmp_path: Path, *, sslmode: str, has_authority: bool, verifies: bool, names: bool
) -> None:
    make_certificates(tmp_path)
    ca = str(tmp_path / "ca.pem") if has_authority else None
    context = tls_to(DatabaseAddress(host="db", user="rialto", sslmode=sslmode, ca=ca))
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode is ssl.CERT_REQUIRED, context.check_hostname) == (verifies, names)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.fast
def test_a_socket_has_no_tls_and_other_modes_are_the_drivers() -> None:
    assert tls_to(DatabaseAddress(host="/run/pg", user="rialto", sslmode="verify-full")) is False
    assert tls_to(DatabaseAddress(host="db", user="rialto")) == "prefer"


@pytest.mark.fast
def test_authorities_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    for file, content in ((tmp_path / "missing.pem", None), (tmp_path / "empty.pem", "no certificate")):
        if content is not None:
            file.write_text(content)
        address = DatabaseAddress(host="db", user="rialto", sslmode="verify-full", ca=str(file))
        with pytest.raises(AuthoritiesUnusable) as refused:
            tls_to(address)
        assert str(file) in str(tls_problem(address, refused.value))


async def test_a_server_that_knows_no_tls_is_told_so() -> None:
    """A server of its own, which says no as PostgreSQL does: one byte."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        address = DatabaseAddress(host="127.0.0.1", port=port, user="rialto", sslmode="verify-full")
        with pytest.raises(NotTrusted, match=f"The database at 127.0.0.1:{port} has no TLS"):
            await migrate(address, [BAKERY], SECRETS, ManualClock())


@pytest.mark.fast
def test_everything_but_trust_is_nothing_of_tls() -> None:
    address = DatabaseAddress(host="db", user="rialto")
    assert tls_problem(address, ConnectionRefusedError()) is None
    assert tls_problem(address, None) is None
    expired = ssl.SSLCertVerificationError()
    expired.verify_code, expired.verify_message = 10, "certificate has expired"
    assert "has expired. Name its authority" in str(tls_problem(address, expired))
    expired.verify_code = 999
    assert "is not accepted (certificate has expired)" in str(tls_problem(address, expired))
    assert "agree on no TLS" in str(tls_problem(address, ssl.SSLError(1, "no protocols available")))
