"""Calls between processes over HTTP/1.1 with connections kept open: the engine behind `kernel.remote.Transport`.

aiohttp carries them, which the shop has anyway.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from rialto.kernel.remote import Answer, AnswerLost, NotSent

CONNECT_S = 1.0
# Shorter than the server keeps an idle connection (http_server.KEEP_ALIVE_S): the server must not be the one to close it.
KEPT_S = 8.0
PER_REPLICA = 64


class HttpCalls:
    """See `kernel.remote.Transport`. Connections are made when they are first wanted."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def post(self, address: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            async with self._open().post(
                f"http://{address}{path}", data=body, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                told = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, told, content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(repr(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise AnswerLost(repr(error)) from error

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=PER_REPLICA,
                    keepalive_timeout=KEPT_S,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The caller's time limit ends a call; only connecting has one of its own, since nothing is sent by then.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session
