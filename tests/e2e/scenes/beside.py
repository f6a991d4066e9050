"""Beside the shop: the API's documentation and the mails that went out, in the viewer and by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.running_shop import until
from tests.e2e.scenes.goods import order_by_api
from tests.e2e.scenes.scene import Scene, Tour, without

VIEWER = "notifications/templates/viewer"
LETTERS = ("order_placed", "order_cancelled", "order_shipped")

DOCS = Scene(
    "docs",
    ("edge/templates/docs.html",),
    "#first-purchase",
    sample="header, nav, h1, .introduction, #first-purchase, #errors, #products article, #types article:nth-child(2)",
)
MAILS_NONE = Scene("mail-none", (f"{VIEWER}/list.html",), "main p a")
MAILS = Scene("mail-list", (f"{VIEWER}/list.html",), ".mails li")
MAIL = Scene("mail", (f"{VIEWER}/mail.html",), "iframe")
LETTER = tuple(
    Scene(
        f"letter-{name}",
        tuple(f"notifications/templates/{language}/{name}.html" for language in ("en", "de")),
        ".headline",
    )
    for name in LETTERS
)


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
    mails = until(lambda: found if len(found := shop.mails(email)) >= 4 else [])
    page.goto(f"{shop.ops}/mail?to={email}")
    yield MAILS
    page.locator(".mails a").first.click()
    page.frame_locator("iframe").locator("h1").wait_for()
    yield MAIL
    page.route("**/mail/*/html", without("content-security-policy"))
    for name, scene in zip(LETTERS, LETTER, strict=True):
        letter = next(mail for mail in mails if mail["template"] == name)
        page.goto(f"{shop.ops}/mail/{letter['id']}/html")
        yield scene
