"""Beside the shop: the API's documentation and the mails that went out, in the viewer and by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.e2e.running_shop import until
from tests.e2e.scenes.goods import keep_accounts, order_by_api, send_back
from tests.e2e.scenes.scene import Scene, Tour, without

VIEWER = "notifications/templates/viewer"
LETTERS = ("order_placed", "order_cancelled", "order_shipped", "order_return")
LETTERS_OF_ARTICLES = ("back_in_stock_confirm", "back_in_stock")
LETTERS_OF_ACCOUNTS = (
    "verify_email",
    "already_registered",
    "reset_password",
    "password_changed",
    "email_change",
    "verify_new_email",
)

DOCS = Scene(
    "docs",
    ("edge/templates/docs.html",),
    "#first-purchase",
    sample="header, nav, h1, .introduction, #first-purchase, #errors, #products article, #types article:nth-child(2)",
)
MAILS_NONE = Scene("mail-none", (f"{VIEWER}/list.html",), "main p a")
MAILS = Scene("mail-list", (f"{VIEWER}/list.html",), ".mails li")
MAIL = Scene("mail", (f"{VIEWER}/mail.html",), "iframe")
LETTER = {
    name: Scene(
        f"letter-{name}",
        tuple(f"notifications/templates/{language}/{name}.html" for language in ("en", "de")),
        ".headline",
    )
    for name in (*LETTERS, *LETTERS_OF_ACCOUNTS, *LETTERS_OF_ARTICLES)
}


def read_beside(tour: Tour) -> Iterator[Scene]:
    page, shop = tour.page, tour.shop
    email = f"{tour.name('mails')}@example.org"
    page.goto(f"{shop.url}/docs")
    yield DOCS
    page.goto(f"{shop.ops}/mail?to=nobody@example.org")
    yield MAILS_NONE
    shipped, cancelled = (order_by_api(shop, email, tour.language) for _ in range(2))
    key = {"idempotency-key": shipped}
    shop.staff("POST", f"orders/{shipped}/ship", {"tracking": "JVGL 0123 4567 8901"}, **key)
    shop.staff("POST", f"orders/{cancelled}/cancel")
    send_back(shop, shop.staff("GET", f"orders/{shipped}"))
    mails = until(lambda: found if len(found := shop.mails(email)) >= 5 else [])
    page.goto(f"{shop.ops}/mail?to={email}")
    yield MAILS
    page.locator(".mails a").first.click()
    page.frame_locator("iframe").locator("h1").wait_for()
    yield MAIL
    yield from read_letters(tour, LETTERS, mails)


def read_letters_of_accounts(tour: Tour) -> Iterator[Scene]:
    one, other, moved = (f"{tour.name(kind)}@example.org" for kind in ("account", "other", "moved"))
    keep_accounts(tour.shop, tour.language, one=one, other=other, moved=moved)
    mails = [mail for email in (one, other, moved) for mail in tour.shop.mails(email)]
    yield from read_letters(tour, LETTERS_OF_ACCOUNTS, mails)


def read_letters(tour: Tour, letters: Sequence[str], mails: Sequence[dict[str, Any]]) -> Iterator[Scene]:
    """Each letter by itself, without the policy that forbids it scripts: ours look at it."""
    tour.page.route("**/mail/*/html", without("content-security-policy"))
    for name in letters:
        letter = next(mail for mail in mails if mail["template"] == name)
        tour.page.goto(f"{tour.shop.ops}/mail/{letter['id']}/html")
        yield LETTER[name]
