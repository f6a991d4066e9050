"""The other side of `bench/calls.py`: one process that answers the same question in every way that is compared.

`python -m bench.called FOLDER` prints where, in one line of JSON, and answers until it is ended.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import msgspec
import uvloop

from rialto.edge.cached import Receive, Scope, Send
from rialto.edge.internal import InternalCalls, Leaving, Served
from rialto.engines.http_server import listen, serve, server_of
from rialto.engines.internal_tls import InternalTls
from rialto.kernel.calls import bind
from rialto.kernel.clock import SystemClock
from rialto.kernel.ids import RandomIds
from rialto.kernel.keys import Keyring
from rialto.kernel.secrets import Secrets, load_or_make_secrets
from rialto.kernel.service import Frozen, operation
from rialto.kernel.service_tokens import CallerCheck
from rialto.kernel.settings import InternalFiles
from rialto.kernel.wire import signatures_of
from rialto.proxy.certificates import SERVES_AND_CALLS, ensure_local_ca

HOST = "127.0.0.1"
CAFE = "cafe"
GRPC_METHOD = "/rialto.Quoting/quote"


class Line(Frozen):
    sku: str
    quantity: int
    title: str
    amount: int


class Question(Frozen):
    cart_id: str
    currency: str
    lines: tuple[Line, ...]


class Quote(Frozen):
    cart_id: str
    lines: tuple[Line, ...]
    total: int


class Quoting(Protocol):
    """As large as what the shop's services say to each other most: a cart of three lines, about 400 bytes."""

    @operation(idempotent=False)
    async def quote(self, command: Question) -> Quote: ...


class Quoter:
    async def quote(self, command: Question) -> Quote:
        total = sum(line.amount * line.quantity for line in command.lines)
        return Quote(cart_id=command.cart_id, lines=command.lines, total=total)


class Places(msgspec.Struct):
    """`host:port`, or the path of a socket."""

    http: str
    https: str
    tcp: str
    tcp_msgpack: str
    tls: str
    unix: str
    grpc: str = ""


def a_question() -> Question:
    lines = (
        Line(sku=f"LAMP-OAK-{number}", quantity=1 + number, title="A lamp of oiled oak", amount=8900)
        for number in range(3)
    )
    return Question(cart_id="cart_01m8q3f5dme1vv406crrhy1ww9", currency="EUR", lines=tuple(lines))


def internal_tls(folder: Path) -> InternalTls:
    clock = SystemClock()
    made = ensure_local_ca(folder / "tls", ("quoting", HOST), clock, uses=SERVES_AND_CALLS)
    return InternalTls(InternalFiles(certificate=made.certificate, key=made.key, ca=made.ca), clock)


def secrets_of(folder: Path) -> Secrets:
    return load_or_make_secrets(folder / "secrets.json", RandomIds(SystemClock()))


async def bare(_scope: Scope, receive: Receive, send: Send) -> None:
    """The same question without anybody asking who calls and for how long."""
    message = await receive()
    reply = await _answer(message["body"], msgspec.json)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(reply)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": reply})


async def _answer(body: bytes, coder: Any) -> bytes:
    reply: bytes = coder.encode(await Quoter().quote(coder.decode(body, type=Question)))
    return reply


class _Frames:
    def __init__(self, coder: Any) -> None:
        self._coder = coder

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                reply = await _answer(await reader.readexactly(size), self._coder)
                writer.write(len(reply).to_bytes(4, "big") + reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def _shop(folder: Path) -> InternalCalls:
    clock = SystemClock()
    keyring = Keyring(secrets_of(folder), issuer="http://bench", clock=clock, ids=RandomIds(clock))
    check = CallerCheck("quoting", frozenset({CAFE}), keyring, issuer="http://bench", clock=clock)
    calls = bind(Quoting, Quoter(), clock=clock, strict=False)
    served = Served(signatures=signatures_of(Quoting), calls=calls, check=check)
    return InternalCalls({"quoting": served}, bare, clock=clock, leaving=Leaving())


async def _serve(folder: Path) -> None:
    tls, shop, stop = internal_tls(folder), _shop(folder), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    plain, proven = listen(HOST, 0), listen(HOST, 0)
    async with AsyncExitStack() as stack:

        async def framed(coder: Any, **options: Any) -> str:
            server = await asyncio.start_server(_Frames(coder), HOST, 0, **options)
            stack.callback(server.close)
            return f"{HOST}:{server.sockets[0].getsockname()[1]}"

        unix = await asyncio.start_unix_server(_Frames(msgspec.json), folder / "socket")
        stack.callback(unix.close)
        places = Places(
            http=f"{HOST}:{plain.getsockname()[1]}",
            https=f"{HOST}:{proven.getsockname()[1]}",
            tcp=await framed(msgspec.json),
            tcp_msgpack=await framed(msgspec.msgpack),
            tls=await framed(msgspec.json, ssl=tls.server),
            unix=str(folder / "socket"),
            grpc=await _grpc(stack),
        )
        print(msgspec.json.encode(places).decode(), flush=True)
        await serve([(server_of(shop), plain), (server_of(shop, tls.server), proven)], stop)


async def _grpc(stack: AsyncExitStack) -> str:
    """Where it is, or nothing where gRPC is not installed."""
    if importlib.util.find_spec("grpc") is None:
        return ""
    grpc = importlib.import_module("grpc")

    async def quote(body: bytes, _context: Any) -> bytes:
        return await _answer(body, msgspec.json)

    service, _, method = GRPC_METHOD.strip("/").partition("/")
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(quote)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port(f"{HOST}:0")
    await server.start()
    stack.push_async_callback(server.stop, 0)
    return f"{HOST}:{port}"


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1])))
