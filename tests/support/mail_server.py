"""A mail server for tests: it speaks SMTP, answers each command as told, and keeps what it was given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Server:
    """A mail server that answers each command as told."""

    def __init__(self, **answers: str) -> None:
        self.answers = {
            "EHLO": "250-test\r\n250 AUTH PLAIN", "AUTH": "235 ok", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 kept", "RSET": "250 ok", "QUIT": "221 bye",
            **answers,
        }  # fmt: skip
        self.heard: list[str] = []
        self.message = b""
        self.messages: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            self.heard.append(line.decode().strip())
            answer = self.answers[line.decode().split()[0].upper()]
            writer.write(f"{answer}\r\n".encode())
            if answer.startswith("354"):
                self.message = await reader.readuntil(b"\r\n.\r\n")
                self.messages.append(self.message)
                writer.write(f"{self.answers['.']}\r\n".encode())
            if line.startswith(b"QUIT"):
                break
        writer.close()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[str]:
    listener = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    async with listener:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
