"""What a card can do: be confirmed, refused, left alone, declined, slow, silent. One order or none, and always told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.buying import (
    DECLINED,
    LOST_ANSWER,
    NO_FUNDS,
    SLOW,
    SUCCESS,
    THREE_D_SECURE,
    enter_card,
    expect_thanks,
    go_to_review,
    press_order,
    the_one_order,
)
from tests.e2e.conftest import Windows
from tests.e2e.running_shop import RunningShop

PRODUCT = "/en/p/lamp-luna"


def order_with(page: Page, shop: RunningShop, email: str, card: str) -> None:
    go_to_review(page, shop.url + PRODUCT, email, card=card)
    press_order(page)


def decide(page: Page, decision: str) -> None:
    """On the bank's page."""
    expect(page).to_have_url(re.compile("/challenge/"))
    page.locator(f"button[value={decision}]").click()


def pay_with_another(page: Page) -> None:
    """On the payment page again, told why."""
    expect(page).to_have_url(re.compile("/checkout/payment"))
    expect(page.locator("#problems")).to_be_focused()
    enter_card(page, SUCCESS)
    press_order(page)
    expect_thanks(page)


@pytest.mark.parametrize("script", [True, False])
def test_a_confirmed_payment_makes_the_order(
    shop: RunningShop, window: Windows, email: str, script: bool
) -> None:
    with window(script=script) as page:
        order_with(page, shop, email, THREE_D_SECURE)
        decide(page, "accept")
        expect_thanks(page)
    assert the_one_order(shop, email)["payment_status"] == "authorised"


def test_after_a_refused_confirmation_another_card_pays(
    shop: RunningShop, window: Windows, email: str
) -> None:
    with window() as page:
        order_with(page, shop, email, THREE_D_SECURE)
        decide(page, "refuse")
        expect(page.locator("#problems")).to_contain_text("not confirmed with your bank")
        pay_with_another(page)
    assert the_one_order(shop, email)["payment_status"] == "authorised"


def test_a_confirmation_left_alone_can_be_taken_up_again(
    shop: RunningShop, window: Windows, email: str
) -> None:
    with window() as page:
        order_with(page, shop, email, THREE_D_SECURE)
        decide(page, "leave")
        expect(page.locator("h1")).to_contain_text("Your bank would like a confirmation")
        page.locator("main a.button").click()
        decide(page, "accept")
        expect_thanks(page)
    assert the_one_order(shop, email)["payment_status"] == "authorised"


@pytest.mark.parametrize(
    ("card", "told"),
    [(DECLINED, "declined the card"), (NO_FUNDS, "not enough funds")],
    ids=["declined", "funds"],
)
def test_after_a_declined_card_another_one_pays(
    shop: RunningShop, window: Windows, email: str, card: str, told: str
) -> None:
    with window() as page:
        order_with(page, shop, email, card)
        expect(page.locator("#problems")).to_contain_text(told)
        pay_with_another(page)
    assert the_one_order(shop, email)["payment_status"] == "authorised"


def test_a_lost_answer_is_asked_for_and_charged_once(shop: RunningShop, window: Windows, email: str) -> None:
    with window() as page:
        order_with(page, shop, email, LOST_ANSWER)
        expect_thanks(page)
    order = the_one_order(shop, email)
    assert order["payment_status"] == "authorised"
    assert len(shop.orders_of(email)) == 1


def test_a_slow_answer_is_waited_for(shop: RunningShop, window: Windows, email: str) -> None:
    with window() as page:
        order_with(page, shop, email, SLOW)
        expect_thanks(page)
    assert the_one_order(shop, email)["payment_status"] == "authorised"


@pytest.mark.parametrize("script", [True, False])
def test_while_the_provider_is_silent_the_page_waits_and_turns_by_itself(
    shop: RunningShop, window: Windows, email: str, script: bool
) -> None:
    with window(script=script) as page:
        go_to_review(page, shop.url + PRODUCT, email)
        with shop.provider_silent():
            press_order(page)
            expect(page.locator("h1")).to_contain_text("One moment, please")
        expect_thanks(page)  # nothing is pressed
    assert the_one_order(shop, email)["payment_status"] == "authorised"
    assert len(shop.orders_of(email)) == 1
