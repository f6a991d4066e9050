"""A shop with nothing in it, run under the real supervisor: `python fake_shop.py run '<settings as JSON>'`.

`part PORT` is a worker or the sandbox: it shares its port and answers every request with 200.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from rialto.cli.plan import Plan
from rialto.cli.progress import Progress
from rialto.cli.run import Hooks, run


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class _Server(HTTPServer):
    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def part(port: int) -> None:
    if port == int(os.environ.get("FAKE_SANDBOX_PORT", "0")) and any(
        name.startswith("RIALTO_") for name in os.environ
    ):
        sys.exit("the provider was given the shop's settings")
    with _Server(("127.0.0.1", port), _Answers) as server:
        server.serve_forever()


def shop(settings: dict[str, object]) -> int:
    here = (sys.executable, __file__)
    port, sandbox_port = int(str(settings["port"])), int(str(settings["sandbox_port"]))
    serve = (*here, "fail") if settings.get("serve_fails") else (*here, "part", str(port))
    plan = Plan(
        data=Path(str(settings["data"])),
        host="127.0.0.1",
        port=port,
        ops_port=int(str(settings["ops_port"])),
        sandbox_port=sandbox_port,
        workers=int(str(settings.get("workers", 1))),
        database_url=None if settings.get("database") else "postgresql://elsewhere",
        environment={**os.environ, "RIALTO_PORT": str(port), "FAKE_SANDBOX_PORT": str(sandbox_port)},
        durable=False,
        serve=serve,
        sandbox=(*here, "part", str(sandbox_port)),
    )
    hooks = Hooks(
        prepare=lambda: "secret",
        migrate=lambda _: None,
        seed=lambda _: None,
        greeting=lambda: ("The shop is open",),
    )
    return run(plan, hooks, Progress(time.monotonic))


if __name__ == "__main__":
    if sys.argv[1] == "fail":
        sys.exit("boom: no such table")
    if sys.argv[1] == "part":
        part(int(sys.argv[2]))
    sys.exit(shop(json.loads(sys.argv[2])))
