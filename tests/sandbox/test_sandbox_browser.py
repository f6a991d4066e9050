"""The frame and the pages in Chromium: a shop on another origin, no accessibility finding."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.sandbox.test_sandbox_process import a_process

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

SHOP_PAGE = """<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Shop</title><main><h1>Shop</h1>
<iframe id="frame" title="Card" src="{sandbox}/frame?language={language}&origin={shop}" width="100%" height="300"></iframe>
<button id="pay">Pay</button></main><script>
const got = [];
addEventListener("message", (event) => {{ if (event.origin === "{sandbox}") got.push(event.data); }});
pay.onclick = () => frame.contentWindow.postMessage({{ type: "rialto-sandbox:submit" }}, "{sandbox}");
</script>"""


@dataclass(frozen=True, kw_only=True)
class World:
    """A shop's page, another site's page, and the sandbox process between them."""

    browser: Browser
    sandbox: str
    shop: str
    stranger: str
    secret: str

    def post(self, path: str, body: dict[str, object]) -> Any:
        headers = {
            "authorization": f"Bearer {self.secret}",
            "idempotency-key": json.dumps(body)[:200].replace(" ", ""),
        }
        request = urllib.request.Request(self.sandbox + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def page(self, *, dark: bool = False, scripts: bool = True) -> Page:
        context = self.browser.new_context(
            viewport={"width": 320, "height": 700},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        return context.new_page()

    def session(self) -> str:
        back = f"{self.shop}/back?order=1"
        body = {
            "amount": 1999,
            "currency": "EUR",
            "return_url": back,
            "cancel_url": self.shop,
            "language": "de",
        }
        return str(self.post("/v1/sessions", body)["url"])

    def challenge(self, reference: str) -> str:
        body = {
            "reference": reference,
            "amount": 1,
            "currency": "EUR",
            "token": "tok_3ds",
            "return_url": f"{self.shop}/back",
        }
        return str(self.post("/v1/payment_intents", body)["next_action"]["url"])


@contextmanager
def a_site(pages: dict[str, str]) -> Iterator[str]:
    """Serve one page, whatever is asked for, on an origin of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(pages.get("page", "ok").encode())

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    shop_pages: dict[str, str] = {}
    stranger_pages: dict[str, str] = {}
    with (
        a_site(shop_pages) as shop,
        a_site(stranger_pages) as stranger,
        a_process(folder, shop) as (_, sandbox),
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        shop_pages["page"] = SHOP_PAGE.format(sandbox=sandbox, shop=shop, language="de")
        stranger_pages["page"] = SHOP_PAGE.format(sandbox=sandbox, shop=shop, language="en")
        secret = json.loads((folder / "secret").read_bytes())["secret_key"]
        yield World(browser=browser, sandbox=sandbox, shop=shop, stranger=stranger, secret=secret)


def test_the_shop_gets_a_token_and_never_the_number(world: World) -> None:
    page = world.page()
    page.goto(world.shop)
    frame = page.frame_locator("#frame")
    frame.locator("#number").press_sequentially("4242424242424242")
    frame.locator("#expiry").press_sequentially("1234")
    frame.locator("#cvc").press_sequentially("123")
    frame.locator("#name").fill("Ada")
    page.click("#pay")
    page.wait_for_function("got.some((message) => message.type === 'rialto-sandbox:token')")
    messages = page.evaluate("got")
    assert messages[-1]["label"] == "Visa •••• 4242"
    assert messages[-1]["token"].startswith("tok_")
    assert "42424242" not in json.dumps(messages).replace(" ", "")
    assert {"rialto-sandbox:ready", "rialto-sandbox:height"} <= {message["type"] for message in messages}


def test_wrong_fields_are_said_beside_them_and_the_first_has_the_focus(world: World) -> None:
    page = world.page()
    page.goto(world.shop)
    frame = page.frame_locator("#frame")
    frame.locator("#name").fill("Ada")
    page.click("#pay")
    frame.locator("#cvc[aria-invalid=true]").wait_for()
    assert frame.locator("#number-error").inner_text() == "Geben Sie die Kartennummer ein."
    assert frame.locator("#number").evaluate("field => document.activeElement === field")
    [error] = [message for message in page.evaluate("got") if message["type"] == "rialto-sandbox:error"]
    assert error["fields"] == ["number", "expiry", "cvc"]
    assert Axe().run(page).violations_count == 0


def test_another_site_cannot_show_the_frame(world: World) -> None:
    page = world.page()
    page.goto(world.stranger)
    assert page.frame_locator("#frame").locator("#number").count() == 0
    assert page.evaluate("got") == []


def test_the_hosted_page_works_without_javascript(world: World) -> None:
    page = world.page(scripts=False)
    page.goto(world.session())
    page.click("button[type=submit]")
    assert page.locator("[aria-invalid=true]").count() == 4
    for name, value in (("number", "4000002760003184"), ("expiry", "12/34"), ("cvc", "123"), ("name", "Ada")):
        page.fill(f"#{name}", value)
    page.click("button[type=submit]")
    assert page.url.startswith(f"{world.shop}/back?order=1&token=tok_")


def test_the_challenge_works_without_javascript_and_by_keyboard(world: World) -> None:
    page = world.page(scripts=False)
    page.goto(world.challenge("ord_keyboard"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.shop}/back")


@pytest.mark.parametrize("dark", [False, True])
def test_no_page_has_an_accessibility_finding_or_scrolls_sideways_at_320_pixels(
    world: World, dark: bool
) -> None:
    page = world.page(dark=dark)
    for url in (
        world.session(),
        world.challenge(f"ord_{dark}"),
        f"{world.sandbox}/pay/none",
        world.shop,
    ):
        page.goto(url)
        inner = page.frame_locator("#frame") if url == world.shop else page
        inner.locator("main").wait_for()
        for summary in inner.locator("summary").all():
            summary.click()
        assert [found["id"] for found in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
