"""`python -m bench calls`: what a call to another process costs, beside what would carry it instead.

One process asks, another answers; CPU of both per call, the same command and reply in each, sixteen calls under way. Each kind is
measured in rounds that alternate, and the least is told: other programs make the rest dearer. gRPC is among them where
`grpcio` happens to be installed; the project does not need it.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import uvloop

from bench.called import (
    CAFE,
    GRPC_METHOD,
    Places,
    Quoting,
    a_question,
    internal_tls,
    secrets_of,
)
from bench.machine import cpu_seconds
from rialto.engines.http_calls import HttpCalls
from rialto.engines.internal_tls import InternalTls
from rialto.kernel.calls import connect
from rialto.kernel.clock import SystemClock
from rialto.kernel.ids import RandomIds
from rialto.kernel.keys import Keyring
from rialto.kernel.remote import Peer, RemoteService
from rialto.kernel.replicas import Replicas
from rialto.kernel.service_tokens import ServiceTokens
from rialto.kernel.telemetry import Metrics
from rialto.kernel.wire import signatures_of

CALLS = 3000
ROUNDS = 3
AT_ONCE = 16
HEADERS = {"content-type": "application/json"}
# What the others are compared with.
OURS = "a call as the shop makes it"

Call = Callable[[], Awaitable[object]]


def measure() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="rialto-bench-calls-") as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.called", folder], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            places = msgspec.json.decode(server.stdout.readline(), type=Places)
            found = uvloop.run(_measure(Path(folder), places, server.pid))
        finally:
            server.terminate()
            server.communicate(timeout=20)
    least = found[OURS]
    lines = [
        f"calls              {name:<46} {cpu * 1e6:6.0f} µs CPU of both sides, {cpu / least:4.2f} of {OURS}"
        for name, cpu in found.items()
    ]
    missing = (
        []
        if importlib.util.find_spec("grpc")
        else ["calls              gRPC: skipped, grpcio is not installed"]
    )
    return [*lines, *missing]


async def _measure(folder: Path, places: Places, pid: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        kinds = await _kinds(folder, places, stack)
        for call in kinds.values():
            await _run(call, CALLS // 10)
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, call in kinds.items():
                ours, theirs = time.process_time(), cpu_seconds([pid])
                await _run(call, CALLS)
                used = time.process_time() - ours + cpu_seconds([pid]) - theirs
                found[name].append(used / CALLS)
    return {name: min(each) for name, each in found.items()}


async def _run(call: Call, count: int) -> None:
    async def one_after_another() -> None:
        for _ in range(count // AT_ONCE):
            await call()

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


async def _kinds(folder: Path, places: Places, stack: AsyncExitStack) -> dict[str, Call]:
    tls = internal_tls(folder)
    plain, proven = HttpCalls(), HttpCalls(tls)
    stack.push_async_callback(plain.close)
    stack.push_async_callback(proven.close)
    question = a_question()
    kinds: dict[str, Call] = {
        OURS: _as_the_shop(folder, places.http, plain).quote_of(question),
        "the same with both sides proven (mTLS)": _as_the_shop(folder, places.https, proven).quote_of(
            question
        ),
        "HTTP/1.1 alone (aiohttp, uvicorn), no checks": _bare_http(plain, places.http),
        "the same, mTLS": _bare_http(proven, places.https),
    }
    for name, where, wire in (
        ("frames over TCP, JSON", places.tcp, "json"),
        ("frames over TCP, msgpack", places.tcp_msgpack, "msgpack"),
        ("frames over TCP, JSON, mTLS", places.tls, "json"),
        ("frames over a Unix socket, JSON", places.unix, "json"),
    ):
        kinds[name] = await _framed(where, wire, stack, tls if where == places.tls else None)
    if places.grpc and importlib.util.find_spec("grpc"):
        kinds["gRPC (HTTP/2), JSON"] = await _grpc(places.grpc, stack)
    return kinds


class _Shop:
    """A service elsewhere, as `elsewhere.py` puts one together."""

    def __init__(self, remote: RemoteService) -> None:
        self._quoting: Quoting = connect(Quoting, remote.caller(CAFE))

    def quote_of(self, question: object) -> Call:
        return functools.partial(self._quoting.quote, question)  # type: ignore[arg-type]


def _as_the_shop(folder: Path, address: str, transport: HttpCalls) -> _Shop:
    clock = SystemClock()
    ids = RandomIds(clock)
    keyring = Keyring(secrets_of(folder), issuer="http://bench", clock=clock, ids=ids)

    async def resolve(name: str) -> Sequence[str]:
        return [name]

    replicas = Replicas([address], resolve, clock=clock, ids=ids)
    return _Shop(
        RemoteService(
            "quoting",
            Peer("quoting", replicas, transport),
            clock=clock,
            ids=ids,
            metrics=Metrics(),
            token_of=ServiceTokens(keyring, clock),
        )
    )


def _bare_http(transport: HttpCalls, address: str) -> Call:
    signature = signatures_of(Quoting)["quote"]
    question = a_question()

    async def call() -> object:
        body = signature.encode(question)
        answer = await transport.post(address, "/bare", body, HEADERS, group="quoting")
        return signature.decode_reply(answer.body)

    return call


async def _framed(where: str, wire: str, stack: AsyncExitStack, tls: InternalTls | None) -> Call:
    """Connections that are kept, each for one call at a time; a frame is its length and its body."""
    signature = signatures_of(Quoting)["quote"]
    coder = msgspec.msgpack if wire == "msgpack" else msgspec.json
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(AT_ONCE):
        if where.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(where)
        else:
            host, _, port = where.partition(":")
            context = tls.client if tls else None
            name = "quoting" if tls else None
            reader, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=name)
        stack.callback(writer.close)
        free.put_nowait((reader, writer))
    question = a_question()

    async def call() -> object:
        reader, writer = await free.get()
        body = coder.encode(question)
        writer.write(len(body).to_bytes(4, "big") + body)
        reply = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        free.put_nowait((reader, writer))
        return coder.decode(reply, type=signature.reply)

    return call


async def _grpc(address: str, stack: AsyncExitStack) -> Call:
    grpc = importlib.import_module("grpc")
    signature = signatures_of(Quoting)["quote"]
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
    asked = channel.unary_unary(GRPC_METHOD)
    question = a_question()

    async def call() -> object:
        return signature.decode_reply(await asked(signature.encode(question)))

    return call
