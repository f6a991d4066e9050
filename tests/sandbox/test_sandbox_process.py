"""The process as the supervisor starts it: real sockets, real signals."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.sandbox.builders import BACK, SHOP

pytestmark = pytest.mark.crash


def command(folder: Path, port: int, shop: str = SHOP) -> list[str]:
    paths = ["--books", str(folder / "books"), "--secret-file", str(folder / "secret")]
    return [sys.executable, "-m", "rialto.sandbox", "--port", str(port), "--shop-origin", shop, *paths]


@contextmanager
def a_process(folder: Path, shop: str = SHOP) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(command(folder, 0, shop), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().rpartition(" ")[2].strip()
        finally:
            process.kill()


def authorise(url: str, secret: str, token: str, key: str) -> tuple[int, dict[str, object]]:
    body = {"reference": key, "amount": 1000, "currency": "EUR", "token": token, "return_url": BACK}

    async def call() -> tuple[int, dict[str, object]]:
        headers = {"authorization": f"Bearer {secret}", "idempotency-key": key}
        # A connector that never retries on another connection: a lost answer must show.
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
            session.post(f"{url}/v1/payment_intents", json=body, headers=headers) as reply,
        ):
            return reply.status, await reply.json()

    return asyncio.run(call())


def test_the_process_answers_loses_an_answer_and_ends_in_order(tmp_path: Path) -> None:
    with a_process(tmp_path) as (process, url):
        secret_file = tmp_path / "secret"
        assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
        secret = json.loads(secret_file.read_bytes())["secret_key"]
        assert authorise(url, secret, "tok_success", "a")[1]["state"] == "authorised"
        with pytest.raises(aiohttp.ServerDisconnectedError):
            authorise(url, secret, "tok_lost_reply", "b")
        assert authorise(url, secret, "tok_lost_reply", "b")[1]["state"] == "authorised"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_books_outlive_kill_nine(tmp_path: Path) -> None:
    with a_process(tmp_path) as (process, url):
        secret = json.loads((tmp_path / "secret").read_bytes())["secret_key"]
        answer = authorise(url, secret, "tok_success", "a")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with a_process(tmp_path) as (_, url):
        assert authorise(url, secret, "tok_success", "a") == answer


def test_a_busy_port_ends_with_one_plain_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            command(tmp_path, taken.getsockname()[1]), capture_output=True, text=True, check=False, timeout=20
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is in use by another program" in done.stderr


def test_a_broken_secret_file_or_books_end_with_one_plain_sentence(tmp_path: Path) -> None:
    for name, word in (("secret", "secret file"), ("books", "books")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(b"broken" * 1000)
        done = subprocess.run(command(folder, 0), capture_output=True, text=True, check=False, timeout=20)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert word in done.stderr
        assert str(tmp_path) not in done.stderr
