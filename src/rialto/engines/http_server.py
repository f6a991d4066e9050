"""The HTTP server: uvicorn inside our own event loop, several sockets in one process.

Each worker binds the public port with SO_REUSEPORT, so that the kernel spreads connections over workers and a
worker can be replaced while the others serve.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Protocol

import uvicorn

HEADER_BYTES_MAX = 32_768
KEEP_ALIVE_S = 15
GRACE_S = 3


class Server(uvicorn.Server):
    """One socket. Signals are ours: whoever runs the process decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int, *, shared: bool = True) -> socket.socket:
    """A listening socket, by default one that other workers may share. Raises OSError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def telling_who_left(app: Any) -> Any:
    """The application, told in each request's scope how to find out whether whoever asked has gone (`rialto.has_left`).

    ASGI tells it only to those who wait for a message; uvicorn keeps it where `receive` belongs to.
    """

    async def call(scope: Any, receive: Any, send: Any) -> None:
        cycle = receive.__self__
        scope["rialto.has_left"] = lambda: cycle.disconnected
        await app(scope, receive, send)

    return call


def server_of(app: Any, tls: ssl.SSLContext | None = None) -> Server:
    """With a context everything at this socket is TLS."""
    config = uvicorn.Config(
        telling_who_left(app),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=HEADER_BYTES_MAX,
        backlog=2048,
        ssl_context_factory=(lambda _config, _default: tls) if tls is not None else None,
    )
    return Server(config)


class Leaving(Protocol):
    """Told of a stop while everything still runs."""

    def begin(self) -> None: ...


async def serve(
    servers: list[tuple[Server, socket.socket]],
    stop: asyncio.Event,
    *,
    leaving: Leaving | None = None,
    drain_s: float = 0.0,
) -> None:
    """Serve all sockets until `stop` is set, then finish what is running, for GRACE_S at most.

    With `drain_s` everything is served for so long after the stop, while `leaving` has whoever asks go to others.
    """
    async with asyncio.TaskGroup() as group:
        for server, bound in servers:
            group.create_task(server.serve(sockets=[bound]))
        await stop.wait()
        if leaving is not None:
            leaving.begin()
        await asyncio.sleep(drain_s)
        for server, _ in servers:
            server.should_exit = True
