from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from litestar import Response, get, post
from litestar.params import FromPath

from rialto.edge.gate import Gate
from rialto.edge.principals import cookies_of
from rialto.edge.renewing import staying_signed_in
from rialto.edge.web import AnyRequest, web_app
from rialto.identity.api import RefreshWith, TokenRefused, Tokens
from rialto.kernel import browser
from rialto.kernel.auth import Principal, TokenSigner, TokenVerifier
from rialto.kernel.browser import ADMIN, SHOP, Jar, jar_of
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Unavailable
from rialto.kernel.http import about, principal_of
from rialto.kernel.telemetry import Metrics
from tests.edge.apps import render_error
from tests.edge.asgi import Reply, ask
from tests.support.databases import SECRETS
from tests.support.values import built_in, seeded_ids

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

ISSUER = "http://shop.example"
LIFETIME_S = 600
REFRESH = "the-refresh-token"


class Renewals:
    """As much of `Identity` as renewing needs."""

    def __init__(self, clock: ManualClock) -> None:
        self.signer = TokenSigner(SECRETS.signing_key, issuer=ISSUER, clock=clock)
        self.asked: list[str] = []
        self.is_away = False

    async def refresh(self, command: RefreshWith) -> Tokens:
        self.asked.append(command.refresh_token)
        if self.is_away:
            raise Unavailable
        if command.refresh_token != REFRESH:
            raise TokenRefused
        return Tokens(access_token=self.token(), refresh_token="the-next", expires_in=LIFETIME_S)

    def token(self, kind: str = "customer") -> str:
        return self.signer.sign(Principal(kind=kind, id=f"{kind}_1"), lifetime_s=LIFETIME_S)


class Visits:
    """A shop whose pages say who is asking."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.identity = Renewals(self.clock)
        app = web_app(
            [page, leave, desk, style, by_program],
            dependencies={},
            render_error=render_error,
            is_ready=lambda: True,
            middleware=[staying_signed_in(self.identity, secure=True)],  # type: ignore[arg-type]
        )
        self.gate = Gate(
            app,
            clock=self.clock,
            ids=seeded_ids(),
            metrics=Metrics(),
            verifier=TokenVerifier(
                [self.identity.signer.public_jwk()],
                issuer=ISSUER,
                clock=self.clock,
                permissions_of=built_in,
            ),
            limiter=None,
            trusted_proxies=(),
        )

    async def ask(self, path: str, cookies: dict[str, str], *, method: str = "GET") -> Reply:
        text = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return await ask(self.gate, path, method=method, headers=[(b"cookie", text.encode())])


@get("/{lang:str}/account")
async def page(lang: FromPath[str], request: AnyRequest) -> str:
    return f"{lang} {principal_of(request).id}"


@post("/{lang:str}/sign-out", status_code=200)
async def leave(lang: FromPath[str]) -> Response[str]:
    response = Response(lang)
    response.cookies.extend(browser.signed_out(SHOP, secure=True))
    return response


@get("/admin/orders")
async def desk(request: AnyRequest) -> str:
    return str(principal_of(request).id)


@get("/assets/{name:str}")
async def style(name: FromPath[str], request: AnyRequest) -> str:
    return f"{name} {principal_of(request).id}"


@get("/v1/mine", **about("mine", "Mine", tag="health"))
async def by_program(request: AnyRequest) -> str:
    return principal_of(request).kind


def set_by(reply: Reply) -> dict[str, str]:
    lines = [value for name, value in reply.headers if name == "set-cookie"]
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


async def test_a_page_knows_its_visitor_by_cookie() -> None:
    visits = Visits()
    reply = await visits.ask("/en/account", {"access": visits.identity.token(), "refresh": REFRESH})
    assert reply.body == b"en customer_1"
    assert (visits.identity.asked, set_by(reply)) == ([], {})


async def test_no_cookie_counts_for_a_program() -> None:
    visits = Visits()
    reply = await visits.ask("/v1/mine", {"access": visits.identity.token(), "refresh": REFRESH})
    assert reply.body == b"guest"
    assert visits.identity.asked == []


async def test_a_session_whose_token_ran_out_is_renewed_on_the_way() -> None:
    visits = Visits()
    old = visits.identity.token()
    visits.clock.advance(LIFETIME_S + 60)
    reply = await visits.ask("/en/account", {"access": old, "refresh": REFRESH})
    assert reply.body == b"en customer_1"
    cookies = set_by(reply)
    assert cookies["refresh"].startswith("the-next;")
    for said in cookies.values():
        assert all(word in said for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))


async def test_a_session_that_ended_takes_its_cookies_with_it() -> None:
    visits = Visits()
    reply = await visits.ask("/en/account", {"refresh": "overtaken"})
    assert (reply.status, reply.body) == (200, b"en None")
    assert set(set_by(reply)) == {"access", "refresh"}
    assert all("Max-Age=0" in said for said in set_by(reply).values())


async def test_whose_page_it_is_cannot_be_told_while_identity_is_away() -> None:
    visits = Visits()
    visits.identity.is_away = True
    reply = await visits.ask("/en/account", {"refresh": REFRESH})
    assert reply.status == 503
    assert set_by(reply) == {}


async def test_what_a_page_says_of_the_session_counts_more_than_its_renewal() -> None:
    visits = Visits()
    reply = await visits.ask("/en/sign-out", {"refresh": REFRESH}, method="POST")
    lines = [value for name, value in reply.headers if name == "set-cookie"]
    assert len(lines) == 2
    assert all("Max-Age=0" in line for line in lines)


async def test_pictures_renew_nobody() -> None:
    visits = Visits()
    reply = await visits.ask("/assets/shop.css", {"refresh": REFRESH})
    assert reply.body == b"shop.css None"
    assert visits.identity.asked == []


async def test_staff_and_customers_have_a_jar_each() -> None:
    visits = Visits()
    customer, staff = visits.identity.token(), visits.identity.token("staff")
    both = {"access": customer, "staff_access": staff}
    assert (await visits.ask("/admin/orders", both)).body == b"staff_1"
    assert (await visits.ask("/en/account", both)).body == b"en customer_1"
    assert (await visits.ask("/admin/orders", {"access": customer})).body == b"None"


@pytest.mark.parametrize("text", [b"\xff\xfe=\x01", b"access=; =;;;", b"a=b; access", b"access=x\x00y"])
async def test_a_cookie_header_of_any_bytes_is_nobodys(text: bytes) -> None:
    visits = Visits()
    reply = await ask(visits.gate, "/en/account", headers=[(b"cookie", text)])
    assert (reply.status, reply.body) == (200, b"en None")
    assert isinstance(cookies_of({b"cookie": text}), dict)


def test_a_jar_belongs_to_its_addresses_only() -> None:
    found: dict[str, Jar] = {
        path: jar_of(path) for path in ("/admin", "/admin/orders", "/administer", "/en/")
    }
    assert found == {"/admin": ADMIN, "/admin/orders": ADMIN, "/administer": SHOP, "/en/": SHOP}


def test_staffs_session_ends_with_the_browser() -> None:
    def life(jar: Jar) -> list[Any]:
        made = browser.signed_in(jar, access="a", refresh="r", expires_in=LIFETIME_S, secure=False)
        return [cookie.max_age for cookie in made]

    assert life(ADMIN) == [LIFETIME_S, None]
    assert life(SHOP) == [LIFETIME_S, timedelta(days=30).total_seconds()]
