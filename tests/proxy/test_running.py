"""What nginx does with what is rendered: where it sends requests, what it tells the shop of them, what it refuses."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from rialto.app import ALL
from rialto.proxy.routes import answerers
from rialto.proxy.site import Rates
from tests.proxy.running import Asked, Proxy, Said, a_proxy, needs_nginx
from tests.proxy.sites import TOPOLOGIES, a_topology, made_up

pytestmark = needs_nginx


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_every_route_of_every_service_reaches_its_group(topology: str, tmp_path: Path) -> None:
    with a_proxy(tmp_path, topology) as proxy:
        connection = proxy.connect()
        for template, answerer in answerers(a_topology(topology), ALL):
            reply = proxy.ask("GET", made_up(template), over=connection)
            assert (reply.status, reply.headers["x-group"]) == (200, answerer.group), template
        connection.close()


def test_the_shop_is_told_who_asks_by_nginx_alone(tmp_path: Path) -> None:
    forged = {
        "X-Forwarded-For": "198.51.100.7",
        "X-Real-IP": "198.51.100.7",
        "Forwarded": "for=198.51.100.7",
        "X-Forwarded-Host": "evil.example",
        "X-Request-Id": "chosen",
        "Cookie": "access=abc",
        "Accept-Language": "de",
    }
    with a_proxy(tmp_path) as proxy:
        reply = proxy.ask("POST", "/v1/carts?a=%2F", forged, b"{}")
        told = proxy.asked[-1].headers
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["host"] == f"127.0.0.1:{proxy.port}"
    assert told.keys().isdisjoint({"x-real-ip", "forwarded", "x-forwarded-host"})
    assert (told["cookie"], told["accept-language"], proxy.asked[-1].path) == (
        "access=abc",
        "de",
        "/v1/carts?a=%2F",
    )
    assert told["x-request-id"] == reply.headers["x-request-id"] != "chosen"
    assert told["x-request-id"].isalnum()


@pytest.mark.parametrize("path", ["/internal/orders/place", "/metrics", "/health/details", "/internal/"])
def test_the_operations_port_cannot_be_reached(path: str, tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        reply = proxy.ask("GET", path)
        assert (reply.status, json.loads(reply.body)["code"], proxy.asked) == (404, "not_found", [])


@pytest.mark.parametrize(
    "path",
    [
        "/en/../metrics",
        "/en/%2e%2E/metrics",
        "//metrics",
        "/v1/products%2f..%2fx",
        "/en/./c/x",
        "/v1/carts/a%00b",
    ],
)
def test_an_address_that_can_be_read_in_two_ways_is_refused(path: str, tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        reply = proxy.ask("GET", path)
        assert (reply.status, proxy.asked) == (400, [])


def test_other_names_are_refused(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        for host, status in (("evil.example", 421), ("shop.example", 200), ("SHOP.example:443", 200)):
            assert proxy.ask("GET", "/en/", {"Host": host}).status == status, host
        # An address in full decides whom nginx asks; the header must not tell the shop another.
        assert proxy.ask("GET", "https://shop.example/en/", {"Host": "evil.example"}).status == 421
        assert proxy.ask("GET", "https://shop.example/en/?a=b", {"Host": "shop.example"}).status == 200
        assert proxy.asked[-1].path == "/en/?a=b"
        assert {asked.headers["host"] for asked in proxy.asked} == {"shop.example", "SHOP.example:443"}


def test_two_hosts_are_one_too_many(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        connection = proxy.connect()
        connection.putrequest("GET", "/en/")
        connection.putheader("Host", "shop.example")
        connection.endheaders()
        assert connection.getresponse().status == 400
        connection.close()
        assert proxy.asked == []


def test_http_leads_to_https(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        plain = http.client.HTTPConnection("127.0.0.1", int((proxy.site.plain or "").rpartition(":")[2]))
        reply = proxy.ask("GET", "/de/p/tasse?x=1", {"Host": "shop.example"}, over=plain)
        assert reply.status == 308
        port = proxy.port
        assert reply.headers["location"] == f"https://shop.example:{port}/de/p/tasse?x=1"
        assert proxy.ask("GET", "/", {"Host": "evil.example"}, over=plain).status == 421
        plain.close()


def test_http_2_and_no_old_tls(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        context = ssl.create_default_context(cafile=str(proxy.ca))
        context.set_alpn_protocols(["h2", "http/1.1"])
        connection = http.client.HTTPSConnection("127.0.0.1", proxy.port, context=context)
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        assert (connection.sock.selected_alpn_protocol(), connection.sock.version()) == ("h2", "TLSv1.3")
        connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_over_http_2_the_shop_is_told_the_same(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        place = f"https://127.0.0.1:{proxy.port}"
        curl = ("curl", "--silent", "--http2", "--cacert", str(proxy.ca), "--output", str(tmp_path / "body"))
        for target in ("/en/", "/v1/orders?x=%2F"):
            told = (*curl, "--write-out", "%{http_version} %{http_code}", place + target)
            assert (
                subprocess.run(told, capture_output=True, text=True, check=True, timeout=30).stdout == "2 200"
            )
            assert proxy.asked[-1].headers["host"] == f"127.0.0.1:{proxy.port}"
            assert proxy.asked[-1].path == target


def test_every_answer_promises_tls_and_says_little_of_the_server(tmp_path: Path) -> None:
    with a_proxy(tmp_path, hsts_subdomains=True) as proxy:
        for path in ("/en/", "/v1/orders", "/metrics", "/en/..//"):
            reply = proxy.ask("GET", path)
            assert reply.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains", path
            assert reply.headers["server"] == "nginx", path
            assert reply.headers["x-request-id"], path


def test_bodies_are_as_large_as_their_addresses_take(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        body = b"x" * 2_000_000
        reply = proxy.ask("POST", "/v1/carts", body=body)
        assert (reply.status, json.loads(reply.body)["code"]) == (413, "too_large")
        page = proxy.ask("POST", "/de/cart/add", body=body)
        assert (page.status, "Das war zu groß" in page.body.decode()) == (413, True)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert proxy.asked == []
        assert proxy.ask("POST", "/v1/admin/pictures", body=body).status == 200
        assert proxy.ask("POST", "/admin/products/prd_1/pictures", body=body * 10).status == 200
        assert [len(asked.body) for asked in proxy.asked] == [2_000_000, 20_000_000]


def test_long_headers_are_refused(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        assert proxy.ask("GET", "/en/", {"X-Long": "x" * 40_000}).status == 400
        assert proxy.ask("GET", "/en/?" + "x" * 9_000).status == 414
        assert proxy.asked == []


def test_texts_are_packed_on_the_way(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        proxy.says = Said(body=b'{"a":"' + b"a" * 5000 + b'"}')
        packed = proxy.ask("GET", "/v1/orders", {"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert len(packed.body) < 500
        assert "accept-encoding" in packed.headers["vary"].lower()
        assert "content-encoding" not in proxy.ask("GET", "/v1/orders").headers


def test_a_replica_that_is_gone_is_not_noticed(tmp_path: Path) -> None:
    with a_proxy(tmp_path, replicas=2) as proxy:
        proxy.servers["sell-0"].stop()
        statuses = [
            proxy.ask(method, "/v1/orders", body=b"{}" if method == "POST" else None).status
            for method in ("GET", "POST") * 10
        ]
        assert statuses == [200] * 20


@pytest.mark.parametrize(
    ("method", "times"), [("GET", 2), ("POST", 1), ("PATCH", 1), ("PUT", 1), ("DELETE", 1)]
)
def test_only_reading_is_asked_for_again_once_it_was_sent(method: str, times: int, tmp_path: Path) -> None:
    with a_proxy(tmp_path, replicas=2) as proxy:
        proxy.says = Said(cut=True)
        reply = proxy.ask(method, "/v1/account/addresses/1", body=None if method == "GET" else b"{}")
        assert len(proxy.asked) == times
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert json.loads(reply.body)["code"] == "unavailable"


def test_a_failure_that_the_shop_tells_is_passed_on_and_asked_once(tmp_path: Path) -> None:
    with a_proxy(tmp_path, replicas=2) as proxy:
        proxy.says = Said(status=503, headers={"Retry-After": "7"}, body=b'{"code":"unavailable"}')
        reply = proxy.ask("GET", "/v1/orders")
        assert (reply.status, reply.headers["retry-after"], len(proxy.asked)) == (503, "7", 1)


def test_a_shop_that_is_gone_has_a_page_in_the_readers_language(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        for server in proxy.servers.values():
            server.stop()
        for path, headers, sentence in (
            ("/de/cart", {}, "Wir sind gleich wieder da"),
            ("/en/cart", {"Accept-Language": "de"}, "We will be right back"),
            ("/", {"Accept-Language": "de-AT,de;q=0.9"}, "Wir sind gleich wieder da"),
            ("/", {}, "We will be right back"),
        ):
            reply = proxy.ask("GET", path, headers)
            assert (reply.status, sentence in reply.body.decode()) == (503, True), path
            assert reply.headers["content-security-policy"].startswith("default-src 'none'")


def test_too_many_requests_are_told_so(tmp_path: Path) -> None:
    rates = Rates(guest_per_s=1, guest_burst=3, token_per_s=1, token_burst=3, staff_per_s=1, staff_burst=2)
    with a_proxy(tmp_path, rates=rates) as proxy:
        assert [proxy.ask("GET", "/v1/carts/c").status for _ in range(5)] == [200] * 4 + [429]
        reply = proxy.ask("GET", "/v1/carts/c")
        assert reply.headers["content-type"] == "application/problem+json"
        assert (json.loads(reply.body)["code"], reply.headers["retry-after"]) == ("rate_limited", "1")
        page = proxy.ask("GET", "/de/cart")
        assert (page.status, "Einen Augenblick, bitte" in page.body.decode()) == (429, True)
        # Another kind of asking has its own measure; whoever makes up tokens shares one.
        told = [proxy.ask("GET", "/v1/orders", {"Authorization": f"Bearer {n}"}).status for n in range(5)]
        assert told == [200] * 4 + [429]
        assert [proxy.ask("GET", "/admin").status for _ in range(4)] == [200] * 3 + [429]


@pytest.mark.parametrize(
    "path",
    ["/v1/auth/login", "/en/account/sign-in", "/de/account/forgot", "/admin/sign-in", "/v1/account/password"],
)
def test_passwords_are_tried_slowly(path: str, tmp_path: Path) -> None:
    with a_proxy(tmp_path, rates=Rates(sign_in_per_min=1, sign_in_burst=2)) as proxy:
        assert [proxy.ask("POST", path, body=b"{}").status for _ in range(4)] == [200] * 3 + [429]
        assert proxy.ask("POST", "/v1/auth/refresh", body=b"{}").status == 200
        assert proxy.ask("GET", "/en/account/sign-in").status == 200


def test_the_log_holds_nothing_about_people(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        cart = "/v1/carts/cart_0Jx81kq2mzpQe7/codes/SUMMER24"
        proxy.ask(
            "DELETE",
            f"{cart}?mail=a@example.com",
            {"Cookie": "access=secret", "Authorization": "Bearer secret"},
        )
        proxy.ask("GET", "/de/p/tasse-2?q=geheim", {"User-Agent": "somebody's"})
        lines = proxy.log(2)
    told = [json.loads(line) for line in lines]
    assert [one["path"] for one in told] == ["/v1/carts/*/codes/*", "/de/p/tasse-2"]
    assert [(one["method"], one["status"], one["cache"]) for one in told] == [
        ("DELETE", 200, ""),
        ("GET", 200, "MISS"),
    ]
    assert [one["request_id"] for one in told] == [asked.headers["x-request-id"] for asked in proxy.asked]
    forbidden = ("secret", "geheim", "example.com", "SUMMER24", "somebody", '127.0.0.1"')
    assert [word for word in forbidden for line in lines if word in line] == []


def next_or_now(proxy: Proxy, agent: str) -> str:
    return proxy.ask("GET", "/v1/carts/c", {"User-Agent": agent}).headers["x-group"]


def test_a_client_stays_with_its_release(tmp_path: Path) -> None:
    with a_proxy(tmp_path, canary="shop", canary_percent=50) as proxy:
        first = [next_or_now(proxy, f"agent {number}") for number in range(40)]
        assert set(first) == {"shop", "shop.next"}
        assert [next_or_now(proxy, f"agent {number}") for number in range(40)] == first
        # Kept answers of one release are not shown to clients of the other.
        proxy.says = lambda asked: Said(
            headers={"Cache-Control": "public, s-maxage=60"}, body=asked.group.encode()
        )
        for number, group in enumerate(first):
            assert proxy.ask("GET", "/en/", {"User-Agent": f"agent {number}"}).body.decode() == group
        assert len([asked for asked in proxy.asked if asked.path == "/en/"]) == 2


def test_a_next_release_that_is_gone_leaves_its_clients_to_the_present_one(tmp_path: Path) -> None:
    with a_proxy(tmp_path, canary="shop", canary_percent=100) as proxy:
        assert next_or_now(proxy, "a") == "shop.next"
        proxy.servers["shop.next-0"].stop()
        assert [next_or_now(proxy, "a") for _ in range(5)] == ["shop"] * 5


def test_all_of_a_changing_request_arrives(tmp_path: Path) -> None:
    def echo(asked: Asked) -> Said:
        return Said(body=asked.body, headers={"X-Method": asked.method})

    with a_proxy(tmp_path) as proxy:
        proxy.says = echo
        for method in ("PUT", "POST", "PATCH", "DELETE"):
            body = f"{method} ä".encode() * 1000
            reply = proxy.ask(method, "/v1/admin/stock/a%C3%A4b", body=body)
            assert (reply.body, reply.headers["x-method"]) == (body, method)
            assert proxy.asked[-1].path == "/v1/admin/stock/a%C3%A4b"
