"""Loading a file from the public web for somebody who only gave its address, and from nowhere else.

An address may lead to machines that trust ours: so only http and https are spoken, a host's name is resolved once and
the connection goes to the very address that was judged, and every redirect is judged anew. Addresses that are not of
the public internet are refused: private, loopback, link-local, shared, multicast, reserved ones, and those that hold
one of these inside (IPv4 mapped or translated into IPv6).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from rialto.kernel.errors import Invalid, Unavailable

REDIRECTS_MAX = 3
RESOLVE_S = 5.0
CONNECT_S = 5.0
READ_S = 10.0
ALL_S = 30.0
CHUNK_BYTES = 65_536
URL_LENGTH_MAX = 2_000
MOVED = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}
AGENT = "Rialto"

IpAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

# Beside what Python knows, and that differs between its releases: networks for protocols, relays and documents, and the
# IPv6 ones whose addresses stand for IPv4 ones (the mapped are looked into): 6to4, Teredo, NAT64, compatible.
_REFUSED = tuple(
    ip_network(one)
    for one in (
        "192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "2001::/23", "2002::/16", "64:ff9b::/96", "64:ff9b:1::/48",
        "::/96", "100::/64", "3fff::/20", "5f00::/16",
    )
)  # fmt: skip


class AddressRefused(Invalid):
    """The address is none that we go to; the text says why, without what it led to."""

    code = "address_refused"


class AnswerRefused(Invalid):
    """There was an answer, but not one that can be used."""

    code = "answer_refused"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said: its status, its headers by lower-case name, its body piece by piece."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


Open = Callable[[str, str], AbstractAsyncContextManager[Answer]]


def is_public(address: str) -> bool:
    """Whether it is an address of the public internet. False for what is no address at all."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return False
        if found.ipv4_mapped is not None:
            return _is_public(found.ipv4_mapped)
        if found.is_site_local:
            return False
    return _is_public(found)


def _is_public(address: IpAddress) -> bool:
    """Each property asked for itself: which networks `is_global` knows differs between releases of Python."""
    if any(address.version == network.version and address in network for network in _REFUSED):
        return False
    return address.is_global and not (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )


class PublicWeb:
    """`resolve` asks for a host's addresses, `open_at` connects to one of them; both are replaced in tests."""

    def __init__(self, resolve: Resolve, open_at: Open) -> None:
        self._resolve = resolve
        self._open_at = open_at

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        """The file's content. Raises AddressRefused, AnswerRefused, Unavailable."""
        try:
            async with asyncio.timeout(ALL_S):
                return await self._follow(url, bytes_max)
        except TimeoutError as error:
            raise Unavailable("It took too long.") from error

    async def _follow(self, url: str, bytes_max: int) -> bytes:
        for _ in range(REDIRECTS_MAX + 1):
            address = await self._judged(url)
            async with self._open_at(url, address) as answer:
                if answer.status in MOVED and "location" in answer.headers:
                    url = urljoin(url, answer.headers["location"])
                    continue
                return await _content(answer, bytes_max)
        raise AnswerRefused(f"It leads on more than {REDIRECTS_MAX} times.")

    async def _judged(self, url: str) -> str:
        """The one address that is connected to. If any that the name has is not public, none is."""
        host, port = _place(url)
        addresses = await self._resolve(host, port)
        if not addresses:
            raise Unavailable("There is no such host.")
        if not all(is_public(address) for address in addresses):
            raise AddressRefused("This host is not on the public internet.")
        return min(addresses, key=lambda address: ":" in address)  # not every machine speaks IPv6


def _place(url: str) -> tuple[str, int]:
    """Host and port. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("This is not an address.") from error
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or {" ", "\\"} & set(url):
        raise AddressRefused("This is not an address.")
    if parts.scheme not in PORTS or not parts.hostname:
        raise AddressRefused("Only http and https addresses are loaded.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("An address with a password is not loaded.")
    port = PORTS[parts.scheme] if port is None else port
    if port not in PORTS.values() and port < 1024:
        raise AddressRefused("Nothing is loaded from this port.")
    return parts.hostname, port


async def _content(answer: Answer, bytes_max: int) -> bytes:
    if answer.status != 200:
        raise AnswerRefused(f"The answer was {answer.status}.")
    # A small answer can unpack to one without end.
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerRefused("It is packed, which was not asked for.")
    too_large = AnswerRefused(f"It is larger than {bytes_max} bytes.")
    length = answer.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > bytes_max):
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for chunk in answer.chunks:
        size += len(chunk)
        if size > bytes_max:
            raise too_large
        parts.append(chunk)
    return b"".join(parts)


def make_public_web() -> PublicWeb:
    """The real one: names from the machine's resolver, connections by aiohttp."""
    return PublicWeb(resolve_host, open_at)


async def resolve_host(host: str, port: int) -> list[str]:
    """All addresses of a host, once each. Raises Unavailable."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Unavailable("There is no such host.") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@asynccontextmanager
async def open_at(url: str, address: str) -> AsyncIterator[Answer]:
    """GET an address of the web from this very machine: no proxy, cookie, redirect or unpacking. Raises Unavailable."""
    connector = aiohttp.TCPConnector(
        resolver=_Pinned(address), socket_factory=_only_to(address), use_dns_cache=False, limit=1
    )
    timeout = aiohttp.ClientTimeout(total=ALL_S, sock_connect=CONNECT_S, sock_read=READ_S)
    headers = {"User-Agent": AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                headers=headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            ) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            yield Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                chunks=response.content.iter_chunked(CHUNK_BYTES),
            )
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Unavailable("It could not be loaded.") from error


def _only_to(address: str) -> Callable[[AddrInfoType], socket.socket]:
    """The last fence: whatever a library takes for the host of an address, nothing else is connected to."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = info
        if ip_address(str(place[0])) != ip_address(address):
            raise OSError("this is not the address that was judged")
        return socket.socket(family, kind, protocol)

    return make


class _Pinned(AbstractResolver):
    """Answers the address that was judged, whatever the name would lead to by now."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the interface's
    ) -> list[ResolveResult]:
        kind = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host,
                host=self._address,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""
