"""`python -m rialto.sandbox`: the sandbox provider as a process.

Prints one line when it answers. Ends with one plain sentence and a code other
than 0 when it cannot start; with 0 on SIGTERM and Ctrl-C.
"""

from __future__ import annotations

import argparse
import base64
import errno
import logging
import os
import random
import secrets
import signal
import socket
import sys
from pathlib import Path

import msgspec
import uvloop

from rialto.kernel.clock import SystemClock
from rialto.sandbox.books import Books
from rialto.sandbox.core import Sandbox
from rialto.sandbox.errors import Unavailable
from rialto.sandbox.http import Keys
from rialto.sandbox.model import Terms
from rialto.sandbox.origins import parse_origin
from rialto.sandbox.server import assembled, bound, http_post, running, serve


def main(arguments: list[str] | None = None) -> int:
    """Parse, open, serve; answers the process's exit code."""
    options = _parser().parse_args(arguments)
    # uvicorn raises the signal again when it is done; by then the work is complete.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(message)s", stream=sys.stderr)
    try:
        keys = load_keys(Path(options.secret_file))
        listener = _listen(options.host, options.port)
        books = Books(options.books)
    except _CannotStart as error:
        return _refuse(str(error))
    except Unavailable:
        return _refuse("The sandbox's books cannot be opened: not a database, or no permission.")
    try:
        uvloop.run(_run(options, keys, listener, books))
    finally:
        books.close()
    return 0


def load_keys(path: Path) -> Keys:
    """The shared secrets; made (mode 0600) when the file is absent."""
    try:
        if not path.exists():
            _make_keys(path)
        return msgspec.json.decode(path.read_bytes(), type=Keys)
    except OSError as error:
        raise _CannotStart(f"The secret file cannot be used: {os.strerror(error.errno or 0)}.") from error
    except msgspec.DecodeError as error:
        raise _CannotStart("The secret file is not the expected JSON.") from error


class _CannotStart(Exception):
    """The sentence for the person who started the process."""


async def _run(options: argparse.Namespace, keys: Keys, listener: socket.socket, books: Books) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    public_url = options.public_url or f"http://{host}:{listener.getsockname()[1]}"
    clock = SystemClock()
    sandbox = Sandbox(
        books,
        clock,
        random.SystemRandom(),
        shop_origins=tuple(options.shop_origin),
        public_url=public_url,
        terms=Terms(slow_s=options.slow_seconds, challenge_s=options.challenge_seconds),
    )
    async with http_post() as post:
        parts = assembled(sandbox, clock, keys, post, webhook_url=options.webhook_url)
        async with running(parts):
            sys.stdout.write(f"sandbox payment provider ready on {public_url}\n")
            sys.stdout.flush()
            await serve(parts.app, listener)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rialto-sandbox", description="A payment provider for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--books", required=True, help="the SQLite file")
    parser.add_argument("--secret-file", required=True, help="JSON with the three shared keys")
    parser.add_argument("--webhook-url", default="", help="where events are sent; none when empty")
    parser.add_argument("--shop-origin", type=_origin, action="append", required=True, help="may be repeated")
    parser.add_argument("--public-url", type=_origin, help="how browsers reach this process")
    parser.add_argument("--slow-seconds", type=int, default=8)
    parser.add_argument("--challenge-seconds", type=int, default=600)
    return parser


def _origin(text: str) -> str:
    try:
        return parse_origin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _listen(host: str, port: int) -> socket.socket:
    try:
        return bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _CannotStart(
                f"Port {port} is in use by another program; choose one with --port."
            ) from error
        raise _CannotStart(f"Port {port} cannot be opened: {os.strerror(error.errno or 0)}.") from error


def _make_keys(path: Path) -> None:
    keys = Keys(
        publishable_key=f"pk_sandbox_{secrets.token_urlsafe(24)}",
        secret_key=f"sk_sandbox_{secrets.token_urlsafe(32)}",
        webhook_secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(keys))


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
