"""Calls between processes with both sides proven: who is let in, who is not, what the log says, certificates that are renewed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from rialto.edge.cached import Receive, Scope, Send
from rialto.engines.http_calls import HttpCalls
from rialto.engines.http_server import listen, serve, server_of
from rialto.engines.internal_tls import InternalTls
from rialto.kernel.clock import Clock, ManualClock, SystemClock
from rialto.kernel.remote import AnswerLost, NotSent
from rialto.kernel.settings import InternalFiles, read_settings
from rialto.kernel.settings_reader import SettingWrong
from rialto.proxy.certificates import SERVES, SERVES_AND_CALLS, ensure_local_ca

pytestmark = pytest.mark.anyio

# What was made then has ended, whatever the clock says.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


def files_in(
    folder: Path, *names: str, clock: Clock | None = None, uses: Sequence[Any] = SERVES_AND_CALLS
) -> InternalFiles:
    """A certificate for these names by the authority that lives in the folder."""
    made = ensure_local_ca(folder, names or ("sell", "127.0.0.1"), clock or SystemClock(), uses=uses)
    return InternalFiles(certificate=made.certificate, key=made.key, ca=made.ca)


async def hello(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@dataclass(frozen=True)
class Door:
    """An operations port, and calls to it by whoever has some files."""

    port: int
    tls: InternalTls

    async def call(self, files: InternalFiles, *, group: str = "sell") -> bytes:
        calls = HttpCalls(InternalTls(files, SystemClock()))
        try:
            answer = await calls.post(f"127.0.0.1:{self.port}", "/", b"?", {}, group=group)
        finally:
            await calls.close()
        return answer.body


@asynccontextmanager
async def a_door(files: InternalFiles) -> AsyncIterator[Door]:
    tls, stop = InternalTls(files, SystemClock()), asyncio.Event()
    bound = listen("127.0.0.1", 0)
    async with asyncio.TaskGroup() as group:
        group.create_task(serve([(server_of(hello, tls.server), bound)], stop))
        yield Door(bound.getsockname()[1], tls)
        stop.set()


def reasons(said: Sequence[Any], event: str) -> list[str]:
    return [line["reason"] for line in said if line["event"] == event]


REFUSED_HERE = "a caller is refused at the operations port"
REFUSED_THERE = "a certificate is refused"


async def test_who_has_a_certificate_of_the_authority_is_let_in(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    async with a_door(files) as door:
        assert await door.call(files) == b"hello"
        assert await door.call(files, group="127.0.0.1") == b"hello"  # as programs that watch reach it


async def test_who_has_none_is_refused_and_the_log_says_so(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    plain = HttpCalls()
    with structlog.testing.capture_logs() as said:
        async with a_door(files) as door, aiohttp.ClientSession() as session:
            context = ssl.create_default_context(cafile=files.ca)
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"https://127.0.0.1:{door.port}/", ssl=context)
            with pytest.raises(AnswerLost):
                await plain.post(f"127.0.0.1:{door.port}", "/", b"?", {}, group="sell")
    await plain.close()
    assert reasons(said, REFUSED_HERE)[0] == "peer did not return a certificate"


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        ("of another authority", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("not for calling", "unsuitable certificate purpose"),
    ],
)
async def test_a_certificate_that_does_not_do_is_refused_before_anything_is_read(
    tmp_path: Path, stranger: str, reason: str
) -> None:
    files = files_in(tmp_path / "ours")
    theirs = {
        "of another authority": lambda: files_in(tmp_path / "theirs"),
        "expired": lambda: files_in(_same_authority(tmp_path), clock=ManualClock(LONG_AGO)),
        "not for calling": lambda: files_in(_same_authority(tmp_path), uses=SERVES),
    }[stranger]()
    trusting = InternalFiles(certificate=theirs.certificate, key=theirs.key, ca=files.ca)
    with structlog.testing.capture_logs() as said:
        async with a_door(files) as door:
            # With TLS 1.3 the caller may have sent its request by then, and cannot tell whether it was read.
            with pytest.raises((NotSent, AnswerLost)):
                await door.call(trusting)
    assert reasons(said, REFUSED_HERE) == [reason]


def _same_authority(folder: Path) -> Path:
    """A folder with our authority, in which another certificate is made."""
    other = folder / "another"
    other.mkdir()
    for name in ("ca.pem", "ca.key"):
        (other / name).write_bytes((folder / "ours" / name).read_bytes())
    return other


async def test_a_replica_that_proves_to_be_of_another_group_is_not_asked(tmp_path: Path) -> None:
    files = files_in(tmp_path, "shop")
    with structlog.testing.capture_logs() as said:
        async with a_door(files) as door:
            with pytest.raises(NotSent):
                await door.call(files, group="sell")
            assert await door.call(files, group="shop") == b"hello"
    assert "match" in reasons(said, REFUSED_THERE)[0]


async def test_tls_before_1_2_is_refused(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    old = ssl.create_default_context(cafile=files.ca)
    old.load_cert_chain(files.certificate, files.key)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with structlog.testing.capture_logs() as said:
        async with a_door(files) as door, aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"https://127.0.0.1:{door.port}/", ssl=old)
    assert reasons(said, REFUSED_HERE) == ["unsupported protocol"]


async def test_a_renewed_certificate_is_used_from_the_next_connection_on(tmp_path: Path) -> None:
    files = files_in(tmp_path / "ours")
    async with a_door(files) as door:
        assert not door.tls.renew()
        # Names are added: made anew, by the same authority.
        files_in(tmp_path / "ours", "sell", "shed")
        with pytest.raises(NotSent):
            await door.call(files, group="shed")
        assert door.tls.renew()
        assert await door.call(files, group="shed") == b"hello"


async def test_half_of_a_pair_is_left_until_the_other_half_is_there(tmp_path: Path) -> None:
    files = files_in(tmp_path / "ours")
    other = files_in(tmp_path / "theirs", "sell", "shed")
    async with a_door(files) as door:
        files.certificate.write_bytes(other.certificate.read_bytes())
        with structlog.testing.capture_logs() as said:
            assert not door.tls.renew()
            assert not door.tls.renew()
        assert reasons(said, "the internal certificate cannot be renewed") == ["key values mismatch"]
        files.key.write_bytes(other.key.read_bytes())
        files.ca.write_bytes(other.ca.read_bytes())
        assert door.tls.renew()
        assert await door.call(other, group="shed") == b"hello"


async def test_a_file_that_is_gone_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    files = files_in(tmp_path / "ours")
    async with a_door(files) as door:
        kept = files.key.read_bytes()
        files.key.unlink()
        assert not door.tls.renew()
        files.key.write_bytes(kept)
        assert door.tls.renew()
        assert await door.call(files) == b"hello"


def test_files_that_cannot_be_used_are_refused_by_name(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    with pytest.raises(SettingWrong, match=r"RIALTO_INTERNAL_CERTIFICATE.*no such file"):
        InternalTls(
            InternalFiles(certificate=tmp_path / "none.pem", key=files.key, ca=files.ca), SystemClock()
        )
    with pytest.raises(SettingWrong, match="RIALTO_INTERNAL_CA go together"):
        read_settings({"RIALTO_INTERNAL_KEY": str(files.key)}, data_default=tmp_path)
