"""A page that arrives in two pieces is not drawn before the second: half of it would stand elsewhere than the whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.e2e.judging import SHIFTS
from tests.e2e.running_shop import PASSWORD, RunningShop
from tests.e2e.windows import watched_window

# Where each is cut: behind the first part of a row that is laid out as a whole.
CUT = {
    "/en/p/vase-arc": '<div class="header__tools">',
    "/en/nothing": '<footer class="footer">',
    "/admin/products": "</tr>\n<tr",
}
# Half of it is there, and so is its style: whoever draws halves draws this one now.
TIME_TO_DRAW = """async () => {
  while (![...document.styleSheets].some((sheet) => sheet.href)) await new Promise((done) => setTimeout(done, 20));
  await new Promise((done) => setTimeout(done, 300));
}"""
FIRST_DRAWN = "() => performance.getEntriesByName('first-paint')[0]?.startTime"
READ = "() => performance.getEntriesByType('navigation')[0].responseEnd"


@contextmanager
def halting(shop: RunningShop, cuts: dict[str, str], go_on: threading.Event) -> Iterator[str]:
    """The shop's address behind a line that halts within a page until `go_on` is set."""

    class Line(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = {"cookie": self.headers.get("cookie", "")}
            got = shop.http.get(shop.url + self.path, headers=asked)
            body, cut = got.content, cuts.get(self.path, "").encode()
            first = body.index(cut) + len(cut) if cut else len(body)
            self.send_response(got.status_code)
            for name in ("content-type", "content-security-policy"):
                if name in got.headers:
                    self.send_header(name, got.headers[name])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:first])
            if cut and go_on.wait(60):
                self.wfile.write(body[first:])

        def log_message(self, *_: object) -> None:
            """Nobody reads along."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        # Under the shop's name: cookies are the name's, at whichever port.
        yield f"http://{urlsplit(shop.url).hostname}:{server.server_port}"
    finally:
        go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("path", CUT)
def test_half_a_page_is_not_drawn(shop: RunningShop, browser: Browser, path: str) -> None:
    go_on = threading.Event()
    with (
        halting(shop, CUT, go_on) as line,
        watched_window(browser, (*shop.origins, line), width=1440) as page,
    ):
        if path.startswith("/admin"):
            page.goto(f"{shop.url}/admin/products")
            page.fill("#email", "admin@rialto.test")
            page.fill("#password", PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.locator(".table").wait_for()
        page.goto(line + path, wait_until="commit")
        page.locator("head [rel=stylesheet]").wait_for(state="attached")
        page.evaluate(TIME_TO_DRAW)
        go_on.set()
        page.wait_for_load_state()
        page.wait_for_function(FIRST_DRAWN)
        drawn_at, read_at = page.evaluate(FIRST_DRAWN), page.evaluate(READ)
        assert drawn_at >= read_at
        assert page.evaluate(SHIFTS) == 0
