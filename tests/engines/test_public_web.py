"""Loading from the public web: where we go, and where nobody can lead us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from rialto.engines.public_web import (
    AddressRefused,
    Answer,
    AnswerRefused,
    PublicWeb,
    is_public,
    open_at,
    resolve_host,
)
from rialto.kernel.errors import Unavailable

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.215.14"


@pytest.mark.fast
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.0.9", "192.88.99.1", "192.0.2.1", "198.18.0.1", "198.51.100.7",
        "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "fe80::1",
        "fe80::1%eth0", "2606:4700::1%1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
        "2001::1", "2002:7f00:1::1", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "3fff::1", "2001:20::1",
        "", "localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "1.2.3", "93.184.215.14 ",
    ],
)  # fmt: skip
def test_addresses_of_a_house_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.fast
@pytest.mark.parametrize(
    "address",
    [PUBLIC, "8.8.8.8", "172.32.0.1", "11.0.0.1", "2606:4700:4700::1111", "::ffff:93.184.215.14"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@dataclass
class Web:
    """Names and servers of a test: what was asked and connected to is noted."""

    names: Mapping[str, list[str]] = field(default_factory=lambda: {"shop.test": [PUBLIC]})
    answers: Mapping[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    opened: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(f"{host}:{port}")
        return self.names.get(host, [host] if host[:1].isdigit() or ":" in host else [])

    @asynccontextmanager
    async def open_at(self, url: str, address: str) -> AsyncIterator[Answer]:
        self.opened.append((url, address))
        status, headers, body = self.answers[url]
        yield Answer(status=status, headers=headers, chunks=pieces(body))

    async def fetch(self, url: str, *, bytes_max: int = 100) -> bytes:
        return await PublicWeb(self.resolve, self.open_at).fetch(url, bytes_max=bytes_max)


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 7):
        yield body[start : start + 7]


@pytest.mark.fast
async def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    web = Web(answers={"https://shop.test/a.png": (200, {"content-length": "4"}, b"four")})
    assert await web.fetch("https://shop.test/a.png") == b"four"
    assert web.asked == ["shop.test:443"]
    assert web.opened == [("https://shop.test/a.png", PUBLIC)]


@pytest.mark.fast
@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.test/a", "file:///etc/passwd", "gopher://shop.test/", "data:image/png;base64,", "//shop.test/a",
        "/etc/passwd", "", "http://", "http:///a", "https://user:secret@shop.test/a", "https://user@shop.test/a",
        "http://shop.test:22/", "http://shop.test:0/", "http://shop.test:99999/", "http://shop.test:x/",
        "http://shop.test/a b", "http://shop.test\\@127.0.0.1/", "http://shop.test\\.inside.test/", "http://shop.test/\r\nX: y", "http://shöp.test/", "http://[::1", "http://[::1]/",
        "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1:8000/",
        "http://inside.test/", "http://both.test/", "http://mapped.test/", "https://shop.test/" + "a" * 2000,
    ],
)  # fmt: skip
async def test_nobody_leads_us_into_the_house(url: str) -> None:
    names = {
        "shop.test": [PUBLIC],
        "inside.test": ["10.0.0.7"],
        "both.test": [PUBLIC, "127.0.0.1"],
        "mapped.test": ["::ffff:192.168.0.1"],
    }
    web = Web(names=names)
    with pytest.raises(AddressRefused):
        await web.fetch(url)
    assert web.opened == []


@pytest.mark.fast
async def test_a_redirect_is_judged_anew() -> None:
    answers = {
        "http://shop.test/a": (302, {"location": "https://cdn.test/b"}, b""),
        "https://cdn.test/b": (301, {"location": "/c"}, b""),
        "https://cdn.test/c": (200, {}, b"here"),
        "http://shop.test/in": (307, {"location": "http://127.0.0.1:9000/"}, b""),
        "http://shop.test/file": (302, {"location": "file:///etc/passwd"}, b""),
        "http://shop.test/round": (302, {"location": "/round"}, b""),
    }
    names = {"shop.test": [PUBLIC], "cdn.test": ["8.8.8.8"]}
    web = Web(names=names, answers=answers)
    assert await web.fetch("http://shop.test/a") == b"here"
    assert web.opened == [
        ("http://shop.test/a", PUBLIC),
        ("https://cdn.test/b", "8.8.8.8"),
        ("https://cdn.test/c", "8.8.8.8"),
    ]
    for url in ("http://shop.test/in", "http://shop.test/file"):
        with pytest.raises(AddressRefused):
            await web.fetch(url)
    web.opened.clear()
    with pytest.raises(AnswerRefused, match="more than 3"):
        await web.fetch("http://shop.test/round")
    assert len(web.opened) == 4


@pytest.mark.fast
async def test_a_name_that_changes_its_mind_is_asked_each_time() -> None:
    """The second look-up of a rebinding name is judged like the first."""
    turns = iter([[PUBLIC], ["127.0.0.1"]])

    async def resolve(_host: str, _port: int) -> list[str]:
        return next(turns)

    web = Web(answers={"http://shop.test/a": (302, {"location": "/b"}, b"")})
    with pytest.raises(AddressRefused):
        await PublicWeb(resolve, web.open_at).fetch("http://shop.test/a", bytes_max=10)
    assert web.opened == [("http://shop.test/a", PUBLIC)]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, {}, b""),
        (204, {}, b""),
        (302, {}, b""),
        (200, {"content-length": "101"}, b""),
        (200, {"content-length": "9" * 30}, b""),
        (200, {}, b"x" * 101),
        (200, {"content-length": "5"}, b"x" * 101),
        (200, {"content-encoding": "gzip"}, b"x"),
    ],
)
async def test_an_answer_that_cannot_be_used_is_refused(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    web = Web(answers={"http://shop.test/a": (status, headers, body)})
    with pytest.raises(AnswerRefused):
        await web.fetch("http://shop.test/a")


@pytest.mark.fast
async def test_a_file_of_just_the_size_is_taken_and_an_unknown_name_is_not_there() -> None:
    web = Web(answers={"http://shop.test:8080/a": (200, {}, b"x" * 100)})
    assert len(await web.fetch("http://shop.test:8080/a")) == 100
    with pytest.raises(Unavailable):
        await web.fetch("http://nowhere.test/a")


async def test_the_real_connection_is_pinned_and_carries_nothing() -> None:
    """A server of this machine under a name that does not exist; an address that is not the judged one is not reached."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://pictures.invalid:{port}/a.png"
        async with open_at(url, "127.0.0.1") as answer:
            assert (answer.status, answer.headers["location"]) == (302, "/b")
            assert b"".join([chunk async for chunk in answer.chunks]) == b"hi"
        with pytest.raises(Unavailable):
            async with open_at(f"http://127.0.0.1:{port}/", "127.0.0.2"):
                pass
    assert len(heard) == 1
    assert heard[0].startswith(b"GET /a.png HTTP/1.1\r\n")
    assert f"Host: pictures.invalid:{port}".encode() in heard[0]
    assert b"Accept-Encoding: identity" in heard[0]
    assert b"Cookie" not in heard[0]
    with pytest.raises(Unavailable):
        async with open_at(url, "127.0.0.1"):
            pass


async def test_the_machines_resolver_is_asked_and_its_answer_judged() -> None:
    found = await resolve_host("127.0.0.1", 80)
    assert found == ["127.0.0.1"]
    assert not any(is_public(address) for address in await resolve_host("localhost", 80))
    with pytest.raises(Unavailable):
        await resolve_host("a" * 300, 80)
