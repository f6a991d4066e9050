"""Every page in every state, as a list and as walks that lead there: for looking at them and for checking them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.scenes import (
    beside,
    browsing,
    merchant,
    outage,
    owning,
    paying,
    reviewing,
    taking_over,
    terms,
    waiting,
    working,
)
from tests.e2e.scenes.scene import Scene, Tour, Walk

WALKS: tuple[Walk, ...] = (
    browsing.look_around,
    browsing.look_at_products,
    browsing.read_information,
    paying.fill_the_cart,
    paying.find_no_delivery,
    paying.confirm_with_the_bank,
    paying.pay_elsewhere,
    reviewing.review,
    waiting.wait_for_goods,
    outage.shop_without_database,
    owning.get_in,
    owning.keep_an_account,
    owning.keep_others_out,
    beside.read_beside,
    beside.read_letters_of_accounts,
    working.work,
    working.look_after_orders,
    merchant.keep_the_goods,
    merchant.keep_collections,
    merchant.keep_the_shop,
    taking_over.take_over,
    terms.set_terms,
)


def _listed() -> Iterator[Scene]:
    for module in (
        *(browsing, paying, reviewing, waiting, outage, owning, beside),
        *(working, merchant, taking_over, terms),
    ):
        for value in vars(module).values():
            several = (
                value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
            )
            yield from (each for each in several if isinstance(each, Scene))


SCENES: tuple[Scene, ...] = tuple(_listed())

__all__ = ["SCENES", "WALKS", "Scene", "Tour", "Walk"]
