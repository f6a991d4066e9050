"""What only a server can suffer: killed, paused, emptied, full, wrongly addressed, spoken to by TLS. The bounds of the tests
are wide, since machines are busy; the engine's own are told by its settings."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rialto.engines.redis_keyvalue import FAILURES_MIN, OPENED_WITHIN_S, REST_S, STUCK_S, RedisKeyValues
from rialto.kernel.clock import Clock, ManualClock, SystemClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.keyvalue import KeyValueAddress
from rialto.kernel.limits import SharedLimiter, Throttle
from rialto.kernel.settings import SettingWrong
from rialto.kernel.telemetry import Metrics
from tests.support.key_value_servers import KeyValueServer, find_server, free_port, key_value_server
from tests.tidy.sources import ROOT

pytestmark = pytest.mark.anyio

LONG_S = 60.0
SLOWLY = 1e-6
# Of calls that must not be the reason of a failure; and how long a call may have taken that waits for LIMIT_S.
PATIENT_S = 5.0
AT_ONCE_S = 2.0


@pytest.fixture(scope="module", params=["valkey", "redis"])
def program(request: pytest.FixtureRequest) -> Path:
    found = find_server(request.param)
    if found is None:
        pytest.skip(f"there is no {request.param}-server on this machine")
    return found


@pytest.fixture
def server(program: Path) -> Iterator[KeyValueServer]:
    with key_value_server(program) as running:
        yield running


@asynccontextmanager
async def client_of(
    server: KeyValueServer,
    *,
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    limit_s: float = PATIENT_S,
    secret: str = "secret",
    **address: Any,
) -> AsyncIterator[RedisKeyValues]:
    made = RedisKeyValues(
        KeyValueAddress(**{"host": "127.0.0.1", "port": server.port, **address}),
        secret=secret,
        clock=clock or SystemClock(),
        metrics=metrics or Metrics(),
        limit_s=limit_s,
    )
    try:
        yield made
    finally:
        await made.close()


async def fails(engine: RedisKeyValues) -> None:
    """One call, which is told so before long."""
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        await engine.get("a")
    assert time.monotonic() - begun < AT_ONCE_S


async def until_answered(engine: RedisKeyValues, clock: ManualClock) -> bytes | None:
    """The first answer. The clock that counts the rests is moved, nothing is waited for."""
    for _ in range(50):
        clock.advance(REST_S)
        try:
            return await engine.get("a")
        except Unavailable:
            continue
    raise AssertionError("the server is back and nobody asks it")


def outcome(metrics: Metrics, name: str) -> float:
    return metrics.registry.get_sample_value("rialto_key_values_total", {"outcome": name}) or 0.0


def resting(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("rialto_key_values_resting")


async def test_killed_it_costs_some_short_failures_then_nothing_and_it_comes_back(
    server: KeyValueServer,
) -> None:
    clock, metrics = ManualClock(), Metrics()
    async with client_of(server, clock=clock, metrics=metrics) as engine:
        await engine.put("a", b"1", ttl_s=LONG_S)
        assert await engine.take("b", per_s=SLOWLY, burst=1) == 0.0
        server.kill()
        for _ in range(FAILURES_MIN):
            await fails(engine)
        assert (outcome(metrics, "failed"), outcome(metrics, "resting"), resting(metrics)) == (3, 0, 1)
        for _ in range(20):
            await fails(engine)
        assert (outcome(metrics, "failed"), outcome(metrics, "resting")) == (3, 20)
        server.start()
        assert await until_answered(engine, clock) is None
        assert resting(metrics) == 0
        assert await engine.take("b", per_s=SLOWLY, burst=1) == 0.0  # the script is unknown to the new one
        assert (outcome(metrics, "hit"), outcome(metrics, "miss")) == (0, 1)


async def test_a_single_restart_is_not_even_noticed(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        await engine.put("a", b"1", ttl_s=LONG_S)
        server.kill()
        server.start()
        # The first may meet the old connection; a shop without an answer goes on.
        for _ in range(FAILURES_MIN - 1):
            try:
                assert await engine.get("a") is None
            except Unavailable:
                continue
        assert await engine.get("a") is None


async def test_paused_a_call_waits_for_its_bound_and_not_longer(server: KeyValueServer) -> None:
    clock, metrics = ManualClock(), Metrics()
    async with client_of(server, clock=clock, metrics=metrics, limit_s=PATIENT_S) as patient:
        await patient.put("a", b"1", ttl_s=LONG_S)
        async with client_of(server, clock=clock, metrics=metrics, limit_s=0.1) as engine:
            assert await patient.get("a") == b"1"
            server.pause()
            for _ in range(FAILURES_MIN + 5):
                await fails(engine)
            assert outcome(metrics, "resting") == 5
            server.go_on()
            assert await until_answered(engine, clock) == b"1"


async def test_a_connection_that_has_been_silent_for_long_is_given_up(server: KeyValueServer) -> None:
    """The other end may be gone without a word, and every packet to it be lost: a new connection finds the way."""
    clock = ManualClock()
    async with client_of(server, clock=clock, limit_s=0.1) as engine:
        await until_answered(engine, clock)
        before = clients_of(server)
        server.pause()
        await fails(engine)
        clock.advance(STUCK_S + 0.1)
        await fails(engine)
        server.go_on()
        await until_answered(engine, clock)
        assert not before & clients_of(server)


def clients_of(server: KeyValueServer) -> set[str]:
    """The ids of connections, without the one that asks."""
    lines = [line for line in "\n".join(server.ask("CLIENT", "LIST")).split("\n") if "cmd=client" not in line]
    return {line.split(" ")[0] for line in lines if line.startswith("id=")}


async def test_emptied_it_has_forgotten_and_goes_on(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        await engine.put("a", b"1", ttl_s=LONG_S)
        await engine.add("a", 5, ttl_s=LONG_S)
        await engine.take("a", per_s=SLOWLY, burst=1)
        server.ask("FLUSHALL")
        server.ask("SCRIPT", "FLUSH")
        assert await engine.get("a") is None
        assert await engine.add("a", 1, ttl_s=LONG_S) == 1
        assert await engine.take("a", per_s=SLOWLY, burst=1) == 0.0


async def test_full_it_refuses_and_that_is_no_more_than_an_absence(program: Path) -> None:
    options = ("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    with key_value_server(program, *options) as server:
        async with client_of(server, clock=ManualClock()) as engine:
            puts = (engine.put(str(number), b"x" * 200_000, ttl_s=LONG_S) for number in range(20))
            answers = await asyncio.gather(*puts, return_exceptions=True)
            assert any(isinstance(answer, Unavailable) for answer in answers)
            assert answers[0] is True


async def test_a_caller_who_leaves_disturbs_nobody(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        for number in range(20):
            await engine.put(str(number), str(number).encode(), ttl_s=LONG_S)
        server.pause()
        asked = [asyncio.ensure_future(engine.get(str(number))) for number in range(20)]
        for _ in range(5):
            await asyncio.sleep(0)
        for one in asked[::2]:
            one.cancel()
        server.go_on()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert answers[1::2] == [str(number).encode() for number in range(1, 20, 2)]
        assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
        assert len(clients_of(server)) == 1


async def test_callers_in_a_long_line_are_refused_and_not_piled_up(server: KeyValueServer) -> None:
    async with client_of(server, clock=ManualClock()) as engine:
        await engine.get("a")
        server.pause()
        asked = [asyncio.ensure_future(engine.get("a")) for _ in range(1100)]
        done, waiting = await asyncio.wait(asked, timeout=AT_ONCE_S, return_when=asyncio.FIRST_COMPLETED)
        assert done
        assert all(isinstance(one.exception(), Unavailable) for one in done)
        server.go_on()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_every_entry_belongs_to_the_shop_and_has_an_end_and_names_no_client(
    server: KeyValueServer,
) -> None:
    async with client_of(server) as engine:
        await engine.put("page", b"1", ttl_s=LONG_S)
        await engine.put("page", b"1", ttl_s=LONG_S, only_if_absent=True)
        await engine.add("page", 1, ttl_s=LONG_S)
        await engine.take("gate:203.0.113.9", per_s=1, burst=10)
        await engine.charge("gate:203.0.113.9", per_s=1, burst=10, cost=3)
        names = [line for line in server.ask("KEYS", "*") if line]
        assert len(names) == 3
        assert all(name.startswith("rialto:") and "203" not in name for name in names)
        assert all(0 < int(server.ask("PTTL", name)[0]) <= LONG_S * 1000 for name in names)


async def test_a_full_bucket_leaves_nothing_behind(server: KeyValueServer) -> None:
    async with client_of(server) as engine:
        await engine.take("b", per_s=1000, burst=1)
        while server.ask("DBSIZE") != ["0"]:
            assert await engine.get("nothing") is None


async def test_shops_and_databases_share_a_server_and_nothing_else(server: KeyValueServer) -> None:
    async with (
        client_of(server) as ours,
        client_of(server, secret="another") as theirs,
        client_of(server, database=1) as elsewhere,
    ):
        await ours.put("a", b"ours", ttl_s=LONG_S)
        assert await theirs.get("a") is None
        assert await elsewhere.get("a") is None
        await theirs.put("a", b"theirs", ttl_s=LONG_S)
        assert await ours.get("a") == b"ours"


async def test_a_limit_holds_over_processes_and_each_goes_on_alone_without_the_server(
    server: KeyValueServer,
) -> None:
    clock = ManualClock()
    async with client_of(server, clock=clock) as one, client_of(server, clock=clock) as other:
        limits = [SharedLimiter("gate", e, per_s=SLOWLY, burst=20, clock=clock) for e in (one, other)]
        throttles = [Throttle("sign-in", e, per_s=SLOWLY, burst=10, clock=clock) for e in (one, other)]
        passed = throttled = 0
        for _ in range(30):
            for limit, throttle in zip(limits, throttles, strict=True):
                passed += limit.take("client") == 0.0
                throttled += await throttle.take("client") == 0.0
                await limit.settled()
        assert 20 <= passed <= 22  # a lot is two, and each process may be one lot ahead
        assert throttled == 10
        server.kill()
        alone = SharedLimiter("gate", one, per_s=SLOWLY, burst=20, clock=clock)
        assert [alone.take("client") for _ in range(21)].count(0.0) == 20
        await alone.settled()
        assert alone.take("other") == 0.0
        assert await throttles[0].take("other") == 0.0


async def test_a_wrong_password_is_told_at_the_start_in_one_sentence(program: Path) -> None:
    with key_value_server(program, "--requirepass", "open sesame") as server:
        async with client_of(server, password="open sesame") as engine:
            await engine.check()
            assert await engine.get("a") is None
        async with client_of(server, user="default", password="open sesame", database=3) as engine:
            await engine.check()
        wrong: list[dict[str, Any]] = [
            {"password": "wrong"},
            {"user": "nobody", "password": "open sesame"},
            {},
        ]
        for given in wrong:
            async with client_of(server, **given) as engine:
                with pytest.raises(SettingWrong) as refused:
                    await engine.check()
                assert f"RIALTO_CACHE_URL: the server at 127.0.0.1:{server.port}" in refused.value.text
                assert "sesame" not in refused.value.text
                with pytest.raises(Unavailable):
                    await engine.get("a")


async def test_the_rights_that_the_manual_names_are_enough(program: Path) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    [rights] = re.findall(r"`(\+ping [^`]*~rialto:\*)`", manual)
    with key_value_server(program) as server:
        server.ask("ACL", "SETUSER", "shop", "on", ">pass", *rights.split())
        server.ask("ACL", "SETUSER", "default", "off")
        async with client_of(server, user="shop", password="pass", database=2) as engine:
            await engine.check()
            assert await engine.put("a", b"1", ttl_s=LONG_S, only_if_absent=True)
            assert await engine.get_many(["a"]) == {"a": await engine.get("a")}
            assert await engine.add("a", 2, ttl_s=LONG_S) == 2
            assert await engine.take("a", per_s=SLOWLY, burst=1) == 0.0
            assert await engine.charge("a", per_s=SLOWLY, burst=1, cost=1) > 0
            await engine.drop(["a"])


async def test_a_user_who_may_not_run_scripts_is_told_at_the_start(program: Path) -> None:
    with key_value_server(program) as server:
        server.ask("ACL", "SETUSER", "shop", "on", ">pass", "+ping", "+get", "~*")
        async with client_of(server, user="shop", password="pass") as engine:
            with pytest.raises(SettingWrong, match="refuses"):
                await engine.check()


async def test_a_database_that_is_not_there_is_told_at_the_start(server: KeyValueServer) -> None:
    async with client_of(server, database=999) as engine:
        with pytest.raises(SettingWrong, match="RIALTO_CACHE_URL"):
            await engine.check()


async def test_a_server_that_is_away_at_the_start_is_no_reason_not_to_start(program: Path) -> None:
    away = KeyValueServer(program=program, folder=Path("/nonexistent"), port=free_port())
    async with client_of(away) as engine:
        with pytest.raises(Unavailable, match=f"127.0.0.1:{away.port} does not answer"):
            await engine.check()


class Authority:
    """Makes certificates for 127.0.0.1, in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.folder = folder
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        made = self._builder(self.name, self.key.public_key()).add_extension(constraints, critical=True)
        self.file = self._write(f"{name}.pem", made.sign(self.key, hashes.SHA256()))

    def certify(self, host: str) -> tuple[str, str]:
        """The files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        made = self._builder(subject, key.public_key()).add_extension(names, critical=False)
        secret = self.folder / "server.key"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return self._write("server.pem", made.sign(self.key, hashes.SHA256())), str(secret)

    def _builder(self, subject: x509.Name, key: Any) -> x509.CertificateBuilder:
        now = SystemClock().now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )

    def _write(self, name: str, certificate: x509.Certificate) -> str:
        path = self.folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)


def by_tls(authority: Authority, host: str = "127.0.0.1") -> tuple[str, ...]:
    """Options for a server with a certificate. The wheel's Valkey is built without TLS: there these tests skip."""
    certificate, key = authority.certify(host)
    return (
        *("--tls-cert-file", certificate, "--tls-key-file", key),
        *("--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no"),
    )


async def test_by_tls_the_certificate_must_come_from_the_authority_that_was_named(
    program: Path, tmp_path: Path
) -> None:
    ours, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "stranger")
    with key_value_server(program, *by_tls(ours), tls=True) as server:
        async with client_of(server, tls=True, ca=ours.file) as engine:
            await engine.check()
            await engine.put("a", b"x" * 100_000, ttl_s=LONG_S)
            assert len(await engine.get("a") or b"") == 100_000
        for ca in (stranger.file, None):
            async with client_of(server, tls=True, ca=ca) as engine:
                with pytest.raises(SettingWrong, match="is not trusted") as refused:
                    await engine.check()
                assert "RIALTO_CACHE_CA" in refused.value.text
                with pytest.raises(Unavailable):
                    await engine.get("a")


async def test_by_tls_the_certificate_must_name_the_host(program: Path, tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    with key_value_server(program, *by_tls(ours, "127.0.0.2"), tls=True) as server:
        async with client_of(server, tls=True, ca=ours.file) as engine:
            with pytest.raises(SettingWrong, match="is not trusted"):
                await engine.check()


async def test_tls_with_a_server_that_has_none_is_told_at_the_start(server: KeyValueServer) -> None:
    async with client_of(server, tls=True) as engine:
        with pytest.raises((SettingWrong, Unavailable), match=f"127.0.0.1:{server.port}"):
            await engine.check()


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_that_cannot_be_read_is_told_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingWrong, match=f"RIALTO_CACHE_CA is {file}"):
        RedisKeyValues(
            KeyValueAddress(host="cache.example", tls=True, ca=str(file)),
            secret="secret",
            clock=ManualClock(),
            metrics=Metrics(),
        )


def test_opening_may_take_longer_than_a_call() -> None:
    """Or a far server, to which shaking hands takes three journeys, would never be reached."""
    assert OPENED_WITHIN_S > 1
