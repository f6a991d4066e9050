"""Calls between processes over HTTP/1.1 with connections kept open: the engine behind `kernel.remote.Transport`.

aiohttp carries them, which the shop has anyway. With certificates (engines/internal_tls.py) each connection is TLS.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import aiohttp
import structlog

from rialto.engines.internal_tls import InternalTls, why
from rialto.kernel.remote import Answer, AnswerLost, NotSent

CONNECT_S = 1.0
# Shorter than the server keeps an idle connection (http_server.KEEP_ALIVE_S): the server must not be the one to close it.
KEPT_S = 8.0
PER_REPLICA = 64

log = structlog.get_logger("rialto.calls")


class HttpCalls:
    """See `kernel.remote.Transport`. Connections are made when they are first wanted."""

    def __init__(self, tls: InternalTls | None = None) -> None:
        self._tls = tls
        self._scheme = "https" if tls else "http"
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, address: str, path: str, body: bytes, headers: Mapping[str, str], *, group: str
    ) -> Answer:
        try:
            async with self._open().post(
                f"{self._scheme}://{address}{path}",
                data=body,
                headers=headers,
                allow_redirects=False,
                ssl=self._tls.client if self._tls else True,
                # Addresses come and go; what stays is the group's name.
                server_hostname=group if self._tls else None,
            ) as answer:
                content = await answer.read()
                told = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, told, content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            _tell(error, address, group)
            raise NotSent(repr(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            if _tell(error, address, group):
                raise NotSent(repr(error)) from error
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


def _tell(error: aiohttp.ClientError | OSError, address: str, group: str) -> bool:
    """Whether the two sides do not take each other's certificates, which a person must mend.

    With TLS 1.3 ours is judged after our side has finished, so the refusal comes as an alert where the answer was expected:
    nothing that was sent has been read then. Often the connection is reset before the alert is read; then nobody here knows,
    and the log of the other side has the reason.
    """
    inner = (getattr(error, name, None) for name in ("certificate_error", "os_error", "__cause__"))
    found = next(
        (one for one in inner if isinstance(one, ssl.SSLError) and _is_about_certificates(one)), None
    )
    if found is not None:
        log.warning("a certificate is refused", address=address, group=group, reason=why(found))
    return found is not None


def _is_about_certificates(error: ssl.SSLError) -> bool:
    reason = error.reason or ""
    return "CERTIFICATE" in reason or "UNKNOWN_CA" in reason
