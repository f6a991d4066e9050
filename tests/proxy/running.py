"""A real nginx with what is rendered, in front of tiny servers that write down what reaches them.

    with a_proxy(tmp_path, "groups") as proxy:
        reply = proxy.ask("GET", "/v1/orders/1")
        assert proxy.asked[-1].group == "sell"

Skipped with a reason where nginx is not installed. Nothing is waited for: started as a daemon, nginx returns when it listens.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rialto.kernel.clock import SystemClock
from rialto.proxy.certificates import ensure_local_ca
from rialto.proxy.nginx import render
from rialto.proxy.site import Rates, Server, Site
from tests.proxy.sites import a_site, a_topology, routes_in

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
WITHIN_S = 20.0
# Tests of something else are not to be told to wait.
NO_LIMITS = Rates(guest_per_s=0, token_per_s=0, staff_per_s=0, sign_in_per_min=0)


@dataclass(frozen=True)
class Asked:
    """What reached a server of a group."""

    group: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """What a server answers; `cut`: it takes the request and closes without a word."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    cut: bool = False


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


Answering = Callable[[Asked], Said]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body at once: nobody waits for an acknowledgement in between
    server: TinyServer

    def handle_any(self) -> None:
        if self.server.stopped:
            self.close_connection = True
            return
        length = int(self.headers.get("content-length") or 0)
        told = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.server.group, self.command, self.path, told, self.rfile.read(length))
        self.server.asked.append(asked)
        said = self.server.answering(asked)
        if said.cut:
            self.close_connection = True
            return
        self.send_response(said.status)
        headers = {"Content-Type": "application/json", "X-Group": asked.group, **said.headers}
        for name, value in {**headers, "Content-Length": str(len(said.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said.body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.handle_any)


class TinyServer(ThreadingHTTPServer):
    """A replica of a group."""

    daemon_threads = True
    stopped = False

    def __init__(self, group: str, asked: list[Asked], answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.group, self.asked, self.answering = group, asked, answering
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """From now on nobody is here, nor behind connections that are still open."""
        self.stopped = True
        self.shutdown()
        self.server_close()


@dataclass
class Proxy:
    site: Site
    ca: Path
    asked: list[Asked]
    servers: dict[str, TinyServer]
    says: Said | Answering = field(default_factory=Said)

    @property
    def port(self) -> int:
        return int(self.site.listen.rpartition(":")[2])

    def connect(self) -> HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.ca))
        return HTTPSConnection("127.0.0.1", self.port, timeout=WITHIN_S, context=context)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        over: HTTPConnection | None = None,
    ) -> Reply:
        """One request, over a connection of its own unless there is one."""
        connection = over or self.connect()
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())
        finally:
            if over is None:
                connection.close()

    def until(self, path: str, wanted: Callable[[Reply], bool]) -> Reply:
        """Ask again and again: kept answers age by the machine's clock."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            reply = self.ask("GET", path)
            if wanted(reply):
                return reply
        raise AssertionError(f"not within {WITHIN_S} s: {path}")

    def log(self, count: int) -> list[str]:
        """The access log, as soon as it has that many lines: nginx writes after it has answered."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            lines = (self.site.folder / "access.log").read_text("utf-8").splitlines()
            if len(lines) >= count:
                return lines
        raise AssertionError(f"not within {WITHIN_S} s: {count} lines")


@contextmanager
def a_proxy(
    folder: Path, topology: str = "groups", *, replicas: int = 1, canary: str | None = None, **changes: Any
) -> Iterator[Proxy]:
    """`canary` names a group that has a next release; its server's group is told as `NAME.next`."""
    where = folder / "nginx"
    where.mkdir(mode=0o700)
    proxy = Proxy(a_site(), folder, [], {})

    def answer(asked: Asked) -> Said:
        return proxy.says if isinstance(proxy.says, Said) else proxy.says(asked)

    def started(group: str, number: int) -> Server:
        server = proxy.servers[f"{group}-{number}"] = TinyServer(group, proxy.asked, answer)
        return Server(address=server.address)

    groups = a_topology(topology).groups
    servers = {group: tuple(started(group, number) for number in range(replicas)) for group in groups}
    tls = ensure_local_ca(folder / "tls", ["127.0.0.1", "shop.example"], SystemClock())
    listen, plain = free_ports(2)
    proxy.ca = tls.ca
    proxy.site = a_site(
        topology,
        **{
            "listen": f"127.0.0.1:{listen}",
            "plain": f"127.0.0.1:{plain}",
            "names": ("127.0.0.1", "shop.example"),
            "certificate": tls.certificate,
            "key": tls.key,
            "folder": where,
            "groups": servers,
            "canary": {canary: (started(f"{canary}.next", 0),)} if canary else {},
            "user": getpass.getuser() if os.geteuid() == 0 else None,
            "rates": NO_LIMITS,
            **changes,
        },
    )
    try:
        with running(proxy.site, topology):
            yield proxy
    finally:
        for server in proxy.servers.values():
            with suppress(OSError):
                server.stop()


@contextmanager
def running(site: Site, topology: str) -> Iterator[None]:
    file = site.folder / "nginx.conf"
    text = render(site, routes_in(topology)).replace("daemon off;", "daemon on;")
    file.write_text(text.replace("worker_processes auto;", "worker_processes 1;"), "utf-8")
    started = nginx("-c", str(file))
    assert started.returncode == 0, started.stderr
    try:
        yield
    finally:
        with suppress(ProcessLookupError, FileNotFoundError, ValueError):
            os.kill(int((site.folder / "nginx.pid").read_text()), signal.SIGTERM)


def nginx(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert NGINX is not None
    command = [NGINX, "-e", "stderr", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def checked(site: Site, folder: Path, topology: str) -> subprocess.CompletedProcess[str]:
    """`nginx -t` of what is rendered for the site, with a certificate and a folder that are there."""
    tls = ensure_local_ca(folder / "tls", site.names, SystemClock())
    site = msgspec.structs.replace(
        site,
        certificate=tls.certificate,
        key=tls.key,
        folder=folder,
        user=getpass.getuser() if os.geteuid() == 0 else None,
    )
    file = folder / "nginx.conf"
    file.write_text(render(site, routes_in(topology)), "utf-8")
    return nginx("-t", "-c", str(file))
