"""Requests that no well-meaning client sends, as bytes on a socket: client libraries would mend or refuse them."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.api.serving import WITHIN_S

# In a path and in a query: control characters, invalid UTF-8, lone surrogates, ways out of a folder, too much.
PIECES = [
    *(b"%00", b"%ff%fe", b"%ed%a0%80", b"\xff\xfe", b"\x00", b"%0d%0aX:y", b"%E2%80%AE", b"%F0%9F%92%A9"),
    *(b"a%2fb", b"%2e%2e", b"..", b"%", b"%zz", b"%25", b"+", b"a;b", b"{x}", b"%5b%5d"),
    *(b"%27%20OR%201=1--", b"9" * 400, b"a" * 3000),
]
VALUES = [
    *PIECES,
    *(b"", b"-1", b"1e3", b"null", b"true", b"1.0", b"0x10", b"NaN", b"%C2%B2", b"1&limit=2&limit=x"),
]
QUERIES = [b"a=b&" * 2000, b"a=b&" * 15_000, b"[]=1&a[b]=2&=&&&;", b"?" * 100]
JUNK: list[Any] = [
    *("\x00", "\ud800", "", " ", "\u202e", "x" * 5000, "💩" * 10, "1e5", ["\x00"], {"\x00": "\x00"}),
    *({"\ud800": "\ud800"}, {"en": "\x00"}, {"en": "\ud800"}, {"a": {"b": []}}, [], {}, None, True),
    *(10**30, -(10**30), 2**63, -(2**63) - 1, -1, 1.5),
]
CONTENT_TYPES = [
    *(b"text/plain", b"", b"application/xml", b"multipart/form-data", b"application/x-www-form-urlencoded"),
    *(b"application/json; charset=utf-16", b"application/msgpack", b"\xff", b"application/json;;"),
]
HEADERS = [
    *(b"if-match: *", b'if-match: W/"1"', b'if-match: "1", "2"', b"if-match: 99999999999999999999"),
    *(b"if-match: -1", b"if-match: \xff", b"if-match: ", b"idempotency-key: ", b"idempotency-key: \xff"),
    *(
        b"idempotency-key: " + b"a" * 300,
        b"idempotency-key: a b",
        b"accept-language: \xff;q=x,,;q=nan,de;q=1e999",
    ),
    *(b"accept-language: " + b"de," * 3000, b"authorization: Basic x", b"authorization: Bearer \xff"),
    *(b"authorization: Bearer " + b"a." * 4000, b"authorization: ", b"cookie: " + b"a=b; " * 2000),
    *(b"host: \xff", b"host: two", b"range: bytes=0-1", b"accept: image/png", b"accept-encoding: \xff"),
    *(b"if-none-match: \xff", b"x-forwarded-for: \xff,999.1.1.1,::1%eth0", b"x-http-method-override: DELETE"),
    *(b"transfer-encoding: chunked", b"origin: null", b"expect: the impossible"),
]


class Answer(NamedTuple):
    status: int
    media_type: str
    body: bytes


def send(url: str, method: str, target: bytes, headers: Sequence[bytes] = (), body: bytes = b"") -> Answer:
    """One request on a connection of its own."""
    place = urlsplit(url)
    given = {line.partition(b":")[0].lower() for line in headers}
    usual = [b"host: shop.example", b"connection: close", b"content-length: %d" % len(body)]
    if body:
        usual.append(b"content-type: application/json")
    lines = [*(line for line in usual if line.partition(b":")[0] not in given), *headers]
    head = b"\r\n".join([b"%s %s HTTP/1.1" % (method.encode(), target), *lines])
    with socket.create_connection((place.hostname, place.port or 80), timeout=WITHIN_S) as line:
        line.sendall(head + b"\r\n\r\n" + body)
        told = b"".join(iter(lambda: line.recv(65_536), b""))
    first, _, rest = told.partition(b"\r\n\r\n")
    media_type = next((one for one in first.split(b"\r\n") if one.lower().startswith(b"content-type:")), b"")
    return Answer(int(first.split(b" ", 2)[1]), media_type.partition(b":")[2].strip().decode(), rest)


def odd_bodies(usual: Any) -> Iterator[bytes]:
    """What is no JSON or too much of it, and the usual body with each of its values replaced."""
    good = json.dumps(usual).encode()
    yield from (b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b"NaN", b"1e999", b'{"a":1,"a":2}')
    yield from (b"\xef\xbb\xbf" + good, good + b"x", good.decode().encode("utf-16"), b'{"\\ud800":1}')
    yield from (b"[" * 100_000, b'{"a":' * 50_000)
    for place in _places(usual, ()):
        for junk in JUNK:
            yield json.dumps(_replaced(usual, place, junk)).encode()


def _places(value: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in inner:
        yield (*above, name)
        yield from _places(below, (*above, name))


def _replaced(value: Any, place: tuple[Any, ...], junk: Any) -> Any:
    found = copy.deepcopy(value)
    around = found
    for name in place[:-1]:
        around = around[name]
    around[place[-1]] = junk
    return found
