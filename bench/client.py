"""A lean HTTP/1.1 client for one keep-alive connection: on two cores the measuring must not cost what is measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """One request at a time, JSON in and out."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.turned_away = 0

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The answer's JSON. Stops the program for anything but a 2xx."""
        answer = await self._ask(method, path, body, headers)
        return json.loads(answer) if answer else None

    async def get(self, path: str) -> bytes:
        """The answer as it is. Stops the program for anything but a 2xx."""
        return await self._ask("GET", path, None, None)

    async def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> bytes:
        """Who is told that the shop is too busy comes back when told, as people and programs should."""
        while True:
            head, answer = await self._once(method, path, body, headers)
            if head[9] == "2":
                return answer
            wait_s = head.partition("retry-after:")[2].partition("\r\n")[0].strip()
            if head[9:12] != "503" or not wait_s.isdecimal():
                raise SystemExit(f"{method} {path}: {head[9:12]} {answer.decode()}")
            self.turned_away += 1
            await asyncio.sleep(int(wait_s))

    async def _once(
        self, method: str, path: str, body: Any, headers: Mapping[str, str] | None
    ) -> tuple[str, bytes]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            f"Content-Length: {len(content)}",
        ]
        lines += ["Content-Type: application/json"] if content else []
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
        answer = await self._reader.readexactly(length)
        return head, answer

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
