"""Waiting for what is sold out, from the product's page over the mails to the end of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.e2e.buying import press_next
from tests.e2e.running_shop import until
from tests.e2e.scenes.beside import LETTERS_OF_ARTICLES, read_letters
from tests.e2e.scenes.goods import put_goods
from tests.e2e.scenes.scene import Scene, Tour, of_shop

SOLD_OUT = of_shop("product-sold-out", "product", "form.waiting:not([hidden])")
ASK = of_shop("waiting-ask", "waiting", "#email:not([aria-invalid])")
ASK_PROBLEMS = of_shop("waiting-ask-problems", "waiting", "#problems")
ACCEPTED = of_shop("waiting-accepted", "waiting", "[data-waiting-state='accepted']")
CONFIRM = of_shop("waiting-confirm", "waiting", "[data-waiting-state='confirm']")
CONFIRMED = of_shop("waiting-confirmed", "waiting", "[data-waiting-state='confirmed']")
END = of_shop("waiting-end", "waiting", "[data-waiting-state='end']")
ENDED = of_shop("waiting-ended", "waiting", "[data-waiting-state='ended']")


def wait_for_goods(tour: Tour) -> Iterator[Scene]:
    page, email = tour.page, f"{tour.name('waiting')}@example.org"
    put_goods(tour)
    tour.open(f"p/{tour.name('bare')}")
    yield SOLD_OUT
    page.locator(".waiting a").click()
    yield ASK
    press_next(page)
    yield ASK_PROBLEMS
    page.fill("#email", email)
    press_next(page)
    yield ACCEPTED
    question = until(lambda: _newest(tour, email, "back_in_stock_confirm"))
    page.goto(_link(question, "confirm"))
    yield CONFIRM
    press_next(page)
    yield CONFIRMED
    tour.shop.put_stock(tour.name("bare").upper(), berlin=3)
    told = until(lambda: _newest(tour, email, "back_in_stock"))
    tour.shop.put_stock(tour.name("bare").upper(), berlin=0)
    yield from read_letters(tour, LETTERS_OF_ARTICLES, [question, told])
    page.goto(_link(told, "end"))
    yield END
    press_next(page)
    yield ENDED


def _newest(tour: Tour, email: str, template: str) -> dict[str, Any]:
    return next((mail for mail in tour.shop.mails(email) if mail["template"] == template), {})


def _link(mail: dict[str, Any], page: str) -> str:
    found = re.search(rf"https?://\S+/back-in-stock/{page}\?token=\S+", mail["text"])
    assert found is not None
    return found[0]
