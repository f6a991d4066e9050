"""What nginx keeps and for whom; and that no price at a checkout ever comes from there."""

from __future__ import annotations

import gzip
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rialto.app import ALL
from rialto.edge.cached import ANONYMOUS
from rialto.proxy.routes import answerers
from tests.proxy.running import Asked, Said, a_proxy, needs_nginx
from tests.proxy.sites import a_topology, made_up

pytestmark = needs_nginx

FOR_LONG = Said(headers={"Cache-Control": "public, max-age=0, s-maxage=300"})
KEPT = (
    "/v1/products",
    "/v1/products/cup",
    "/v1/products/cup/reviews",
    "/v1/suggest?q=c",
    "/en/",
    "/de/p/tasse",
    "/docs",
)


def own_addresses() -> list[str]:
    """All that is not the same for everybody, by the shop's own word."""
    paths = {made_up(template, "en") for template, _ in answerers(a_topology("groups"), ALL)}
    return sorted(path for path in paths if not ANONYMOUS.match(path.encode()))


def test_what_is_the_same_for_everybody_is_asked_for_once(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = FOR_LONG
        for path in KEPT:
            told = [proxy.ask(method, path).headers["x-cache"] for method in ("GET", "GET", "HEAD")]
            assert told == ["MISS", "HIT", "HIT"], path
        assert [asked.path for asked in proxy.asked] == list(KEPT)


def test_carts_checkout_accounts_and_staff_are_never_kept_whatever_is_said(tmp_path: Path) -> None:
    """A price at the checkout is one that the shop has just worked out, even if an answer forgot to say `no-store`."""
    with a_proxy(tmp_path) as proxy:
        proxy.says = FOR_LONG
        connection = proxy.connect()
        paths = own_addresses()
        for path in paths:
            for _ in range(2):
                assert "x-cache" not in proxy.ask("GET", path, over=connection).headers, path
        connection.close()
        assert [asked.path for asked in proxy.asked] == [path for path in paths for _ in range(2)]
    wanted = (
        "/v1/carts/en",
        "/en/cart",
        "/en/checkout/review",
        "/en/checkout/payment",
        "/v1/orders/en",
        "/admin",
    )
    assert set(wanted) <= set(paths)


@pytest.mark.parametrize("path", KEPT)
def test_whatever_changes_or_carries_a_token_goes_past(path: str, tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = FOR_LONG
        proxy.ask("GET", path)
        assert "x-cache" not in proxy.ask("POST", path, body=b"{}").headers
        assert "x-cache" not in proxy.ask("GET", path, {"Authorization": "Bearer x"}).headers
        assert [asked.headers.get("authorization") for asked in proxy.asked] == [None, None, "Bearer x"]


def test_the_shop_does_not_learn_who_asks_for_what_is_kept(tmp_path: Path) -> None:
    told = {
        "Cookie": "access=abc; currency=USD; member=1",
        "User-Agent": "somebody",
        "X-Any": "thing",
        "Range": "bytes=0-1",
    }
    with a_proxy(tmp_path) as proxy:
        proxy.ask("GET", "/en/", {**told, "Accept-Language": "fr", "If-None-Match": '"x"'})
    assert set(proxy.asked[-1].headers) == {
        *("host", "x-request-id", "x-forwarded-for", "x-forwarded-proto", "accept-encoding", "cookie"),
    }
    assert proxy.asked[-1].headers["cookie"].strip("; ") == "currency=USD"


def seen(asked: Asked) -> Said:
    """An answer that tells what it could have depended on."""
    told = {name: asked.headers.get(name, "") for name in ("cookie", "accept-language", "host", "origin")}
    return Said(headers=FOR_LONG.headers, body=json.dumps(told).encode())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"Cookie": "currency=USD"}, {"Cookie": "currency=EUR"}),
        ({"Cookie": "currency=USD"}, {"Cookie": "Currency=USD; currency=EUR"}),
        ({"Cookie": "currency=USD"}, {"Cookie": "xcurrency=USD"}),
        ({"Cookie": "language=de"}, {"Cookie": "currency=de"}),
        ({"Cookie": "currency=USD"}, {}),
        ({"Accept-Language": "de"}, {"Accept-Language": "en"}),
        ({"Host": "shop.example"}, {"Host": "127.0.0.1"}),
        ({"Host": "shop.example"}, {"Host": "shop.example:1"}),
    ],
)
def test_nobody_gets_what_was_made_for_another(
    first: dict[str, str], second: dict[str, str], tmp_path: Path
) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = seen
        replies = [proxy.ask("GET", "/v1/products", headers) for headers in (first, second, first, second)]
        assert [reply.headers["x-cache"] for reply in replies] == ["MISS", "MISS", "HIT", "HIT"]
        assert (replies[0].body, replies[1].body) == (replies[2].body, replies[3].body)
        assert replies[0].body != replies[1].body


def test_a_header_that_was_not_passed_on_makes_no_second_answer(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={**FOR_LONG.headers, "Vary": "Cookie, Accept-Encoding"})
        strangers: list[dict[str, str]] = [
            {},
            {"Cookie": "access=abc"},
            {"User-Agent": "x"},
            {"Cookie": "currency=!"},
        ]
        told = [proxy.ask("GET", "/en/", headers).headers["x-cache"] for headers in strangers]
        assert told == ["MISS", "HIT", "HIT", "HIT"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private, max-age=9"},
        {},
        {**FOR_LONG.headers, "Set-Cookie": "a=b"},
    ],
)
def test_what_does_not_say_so_is_not_kept(headers: dict[str, str], tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers=headers)
        assert [proxy.ask("GET", "/en/").headers["x-cache"] for _ in range(2)] == ["MISS", "MISS"]


def test_a_query_that_the_shop_does_not_keep_is_not_kept(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = FOR_LONG
        assert "x-cache" not in proxy.ask("GET", f"/v1/products?q={'x' * 2000}").headers
        assert proxy.ask("GET", "/v1/products?q=a").headers["x-cache"] == "MISS"
        assert proxy.ask("GET", "/v1/products?q=b").headers["x-cache"] == "MISS"


def test_who_has_it_already_is_told_so(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={**FOR_LONG.headers, "ETag": '"one"'})
        proxy.ask("GET", "/en/")
        reply = proxy.ask("GET", "/en/", {"If-None-Match": '"one"'})
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", '"one"')


def test_packed_once_and_unpacked_for_whoever_cannot(tmp_path: Path) -> None:
    text = b'{"a":"' + b"a" * 3000 + b'"}'
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={**FOR_LONG.headers, "Content-Encoding": "gzip"}, body=gzip.compress(text))
        plain = proxy.ask("GET", "/en/")
        packed = proxy.ask("GET", "/en/", {"Accept-Encoding": "gzip"})
        assert (plain.body, gzip.decompress(packed.body)) == (text, text)
        assert (packed.headers["x-cache"], len(proxy.asked)) == ("HIT", 1)


def test_many_at_once_are_one_question(tmp_path: Path) -> None:
    arrived = threading.Event()

    def slowly(asked: Asked) -> Said:
        arrived.wait(0.05)
        return FOR_LONG

    with a_proxy(tmp_path) as proxy, ThreadPoolExecutor(12) as pool:
        proxy.says = slowly
        replies = list(pool.map(lambda _: proxy.ask("GET", "/v1/products"), range(12)))
        assert {reply.status for reply in replies} == {200}
        assert len(proxy.asked) < 6


def test_an_old_answer_is_shown_while_it_is_made_anew(tmp_path: Path) -> None:
    def numbered(_: Asked) -> Said:
        control = "public, s-maxage=1, stale-while-revalidate=60"
        return Said(headers={"Cache-Control": control}, body=str(len(proxy.asked)).encode())

    with a_proxy(tmp_path) as proxy:
        proxy.says = numbered
        assert proxy.ask("GET", "/en/").body == b"1"
        old = proxy.until("/en/", lambda reply: reply.headers["x-cache"] != "HIT")
        assert (old.headers["x-cache"], old.body) == ("STALE", b"1")
        assert proxy.until("/en/", lambda reply: reply.headers["x-cache"] == "HIT").body == b"2"


def test_an_old_answer_is_shown_while_the_shop_cannot_make_it(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={"Cache-Control": "public, s-maxage=1, stale-if-error=60"}, body=b"old")
        proxy.ask("GET", "/en/")
        for server in proxy.servers.values():
            server.stop()
        reply = proxy.until("/en/", lambda reply: reply.headers.get("x-cache") != "HIT")
        assert (reply.status, reply.headers["x-cache"], reply.body) == (200, "STALE", b"old")


@pytest.mark.parametrize("status", [404, 403, 301])
def test_what_is_gone_is_no_failure(status: int, tmp_path: Path) -> None:
    """nginx would take a 404 for an error in which the old answer is shown: a hidden product would be there for an hour."""
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={"Cache-Control": "public, s-maxage=1, stale-if-error=60"}, body=b"old")
        proxy.ask("GET", "/en/p/cup")
        proxy.says = Said(status=status, headers={"Cache-Control": "no-store"}, body=b"gone")
        reply = proxy.until("/en/p/cup", lambda reply: reply.headers.get("x-cache") != "HIT")
        assert (reply.status, reply.body) == (status, b"gone")


def test_a_failure_of_the_shop_is_one(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={"Cache-Control": "public, s-maxage=1, stale-if-error=60"}, body=b"old")
        proxy.ask("GET", "/en/p/cup")
        proxy.says = Said(status=503, headers={"Cache-Control": "no-store"}, body=b"failed")
        reply = proxy.until("/en/p/cup", lambda reply: reply.headers.get("x-cache") != "HIT")
        assert (reply.status, reply.body) == (200, b"old")


def test_without_leave_no_old_answer_is_shown(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(headers={"Cache-Control": "public, s-maxage=1"}, body=b"old")
        proxy.ask("GET", "/v1/products")
        for server in proxy.servers.values():
            server.stop()
        reply = proxy.until("/v1/products", lambda reply: reply.headers.get("x-cache") != "HIT")
        assert (reply.status, json.loads(reply.body)["code"]) == (503, "unavailable")


def test_scripts_of_other_sites_get_answers_of_their_own(tmp_path: Path) -> None:
    mine, others = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}
    with a_proxy(tmp_path, origins=("https://app.example",)) as proxy:
        proxy.says = seen
        told = [
            json.loads(proxy.ask("GET", "/v1/products", who).body)["origin"]
            for who in (mine, others, mine, {})
        ]
        assert told == ["https://app.example", "", "https://app.example", ""]
        assert len(proxy.asked) == 2
        assert json.loads(proxy.ask("GET", "/en/", mine).body)["origin"] == ""


def test_everything_that_is_written_is_in_the_folder(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = FOR_LONG
        proxy.ask("GET", "/en/")
        kept = [file for file in (proxy.site.folder / "cache").rglob("*") if file.is_file()]
        assert len(kept) == 1
        assert re.fullmatch(r"[0-9a-f]{32}", kept[0].name)
        # Of the temporary folders none is below the system's.
        folders = {file.name for file in proxy.site.folder.iterdir() if file.is_dir()}
        assert {
            "cache",
            "temp-client_body",
            "temp-proxy",
            "temp-fastcgi",
            "temp-uwsgi",
            "temp-scgi",
        } <= folders
