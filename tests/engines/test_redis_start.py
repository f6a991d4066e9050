"""What is told at a start: wrong words, rights, databases, certificates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rialto.engines.redis_keyvalue import OPENED_WITHIN_S, RedisKeyValues
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.keyvalue import KeyValueAddress
from rialto.kernel.settings_reader import SettingWrong
from rialto.kernel.telemetry import Metrics
from tests.engines.key_value_clients import Authority, by_tls, client_of, program, server
from tests.support.key_value_servers import KeyValueServer, free_port, key_value_server
from tests.tidy.sources import ROOT

pytestmark = pytest.mark.anyio

LONG_S = 60.0
SLOWLY = 1e-6

__all__ = ["program", "server"]


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
