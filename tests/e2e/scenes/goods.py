"""What scenes need before somebody comes: products with long names, without pictures, too heavy to send; and orders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.e2e.buying import ADDRESS, a_product
from tests.e2e.running_shop import RunningShop, until
from tests.e2e.scenes.scene import Tour

LONG = {
    "title": {
        "en": "Height-adjustable reading and writing-desk lamp with interchangeable hand-folded shades",
        "de": "Höhenverstellbare Schreibtischarbeitsplatzleuchte mit handgefalteten Wechsellampenschirmen",
    },
    "description": {
        "en": "Unpretentiousness, craftsmanship and counterrevolutionary straightforwardness: " * 6,
        "de": "Donaudampfschifffahrtsgesellschaftskapitänskajütenbeleuchtung, wie man sie sich wünscht. " * 6,
    },
}
PLAIN = {
    "bare": ("Matchbox, not yet photographed", "Streichholzschachtel, noch ohne Bild"),
    "scarce": ("Bottle opener Haken", "Flaschenöffner Haken"),
    "gone": ("Bookend Winkel", "Buchstütze Winkel"),
    "dearer": ("Paperweight Kiesel", "Briefbeschwerer Kiesel"),
    "heavy": ("Garden bench of cast iron", "Gartenbank aus Gusseisen"),
}


def put_goods(tour: Tour) -> None:
    """All of them, under names of this tour's own. What is there already stays."""
    shop = tour.shop
    if shop.sees(tour.name("long")):
        return
    pictures = shop.staff("GET", "products/lamp-werkbank")["draft"]["images"]
    colours = ("black", "brass", "celadon", "charcoal", "cobalt", "mustard", "petrol", "terracotta")
    variants = [_variant(tour, f"long-{colour}", colour) for colour in colours]
    long = a_product(
        tour.name("long"),
        **LONG,
        category="kitchen-storage",
        options=["colour"],
        variants=variants,
        images=[{**picture, "options": {}} for picture in pictures],
        unpublish_at="2099-12-31T22:59:59Z",
    )
    left = {variant["sku"]: 9 for variant in variants}
    shop.put_product(long, left=left | {variants[1]["sku"]: 0, variants[2]["sku"]: 2})
    for kind, (english, german) in PLAIN.items():
        draft = a_product(tour.name(kind), category="objects", title={"en": english, "de": german})
        draft["variants"][0]["weight_g"] = 90_000 if kind == "heavy" else 400
        shop.put_product(draft, left=0 if kind == "bare" else 20)


def make_dearer(draft: dict[str, Any]) -> None:
    draft["variants"][0]["prices"]["EUR"] += 700


def order_by_api(
    shop: RunningShop, email: str, language: str, *, skus: Sequence[str] = ("VASE-ARC-SAND-S", "LAMP-LUNA")
) -> str:
    """Places an order as a program would; its id."""

    def ask(method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = shop.http.request(method, f"{shop.url}/v1/{path}", json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.text[:300]}"
        return answer.json()

    cart = f"carts/{ask('POST', 'carts', {'language': language})['id']}"
    for sku in skus:
        ask("POST", f"{cart}/lines", {"sku": sku, "quantity": 1})
    fields = {name.removeprefix("shipping-"): value for name, value in ADDRESS.items()} | {"country": "DE"}
    ask("PUT", f"{cart}/address", {"email": email, "shipping": fields})
    option = ask("GET", f"{cart}/delivery-options")["items"][0]["id"]
    ask("PUT", f"{cart}/delivery", {"option_id": option})
    paid = {"provider": "sandbox", "token": "tok_success"}
    body = {"cart_id": cart.removeprefix("carts/"), "payment": paid}
    return str(ask("POST", "checkout", body, **{"idempotency-key": cart})["id"])


def send_back(shop: RunningShop, order: dict[str, Any]) -> None:
    """Announces all of a shipped order's first line, with the key of whoever bought it."""
    address = f"{shop.url}/v1/orders/{order['id']}/returns"
    answer = shop.http.post(
        address,
        params={"key": order["key"]},
        json={"lines": {order["lines"][0]["id"]: order["lines"][0]["quantity"]}},
        headers={"idempotency-key": order["id"]},
    )
    assert answer.is_success, answer.text[:300]


def keep_accounts(shop: RunningShop, language: str, *, one: str, other: str, moved: str) -> None:
    """Everything that accounts get mail for: one is made twice, its password forgotten and set; the other moves its e-mail."""

    def ask(path: str, body: dict[str, str], **headers: str) -> Any:
        answer = shop.http.post(f"{shop.url}/v1/{path}", json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text[:300]}"
        return answer.json() if answer.content else None

    password = "a-boat-under-the-bridge-7"
    for email in (one, one, other):
        ask("auth/register", {"email": email, "password": password, "name": "Ada", "language": language})
        until(lambda: _letter(shop, one, "verify_email"))
    ask("auth/password/forgot", {"email": one})
    link = re.search(r"token=([^\s&]+)", until(lambda: _letter(shop, one, "reset_password")))
    assert link, "no token in the letter"
    ask("auth/password/reset", {"token": link[1], "password": password})
    access = ask("auth/login", {"email": other, "password": password})["access_token"]
    ask("account/email", {"email": moved, "password": password}, authorization=f"Bearer {access}")
    until(lambda: _letter(shop, one, "already_registered") and _letter(shop, one, "password_changed"))
    until(lambda: _letter(shop, other, "email_change") and _letter(shop, moved, "verify_new_email"))


def _letter(shop: RunningShop, email: str, template: str) -> str:
    """Its plain text; empty where it has not been written yet."""
    return next((str(mail["text"]) for mail in shop.mails(email) if mail["template"] == template), "")


def _variant(tour: Tour, name: str, colour: str) -> dict[str, Any]:
    return {
        "sku": tour.name(name).upper(),
        "options": {"colour": colour},
        "prices": {"EUR": 1_234_900, "USD": 1_349_000},
        "compare_at": {"EUR": 1_499_900, "USD": 1_599_900},
        "weight_g": 900,
    }
