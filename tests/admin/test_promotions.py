"""Promotions and their codes at the desk."""

from __future__ import annotations

import pytest

from rialto.pricing.api import PercentOff, Pricing, PromotionRef, Tiered
from tests.admin.merchants_desk import Browser

pytestmark = pytest.mark.anyio

LIST = "/promotions"


async def test_a_promotion_is_made_changed_tried_and_ended(desk: Browser) -> None:
    pricing = desk.shop.app[Pricing]
    assert "/admin/promotions/new" in await desk.get(LIST)
    form = await desk.form(f"{LIST}/new", "/admin/promotions/new")
    form |= {"id": "spring", "title-en": "Spring <sale>", "percent": "12,5"}
    place = await desk.post(f"{LIST}/new", form)
    assert place == "/admin/promotions/spring?done=promotion_saved"
    stored = (await pricing.promotion(PromotionRef(id="spring"))).promotion
    assert (stored.title, stored.benefit, stored.active) == (
        {"en": "Spring <sale>"},
        PercentOff(percent="12.5"),
        True,
    )
    assert "Spring &lt;sale&gt;" in await desk.get(LIST)
    assert "There is a promotion of this id" in await desk.post(f"{LIST}/new", form | {"percent": "9"}, 409)

    edit = await desk.form(f"{LIST}/spring", "/admin/promotions/spring")
    tiers = {
        "benefit": "tiers",
        "tiers": "3: 10\n50.00 EUR + 55 USD: 20",
        "products": "lamp",
        "collections": "gifts\nnew-things",
        "needs_code": "1",
    }
    await desk.post(f"{LIST}/spring", edit | tiers)
    stored = (await pricing.promotion(PromotionRef(id="spring"))).promotion
    assert isinstance(stored.benefit, Tiered)
    assert [tier.items for tier in stored.benefit.tiers] == [{}, {"EUR": 5000, "USD": 5500}]
    assert (len(stored.applies_to.products), stored.needs_code) == (1, True)
    assert stored.applies_to.collections == ["gifts", "new-things"]
    again = await desk.form(f"{LIST}/spring", "/admin/promotions/spring")
    assert (again["products"], again["tiers"]) == ("lamp", "3: 10\n50.00 EUR + 55.00 USD: 20")
    await desk.post(f"{LIST}/spring", again)
    assert (await pricing.promotion(PromotionRef(id="spring"))).promotion == stored, "a round trip"

    for odd in (
        {"tiers": "nonsense"},
        {"products": "no-such-thing"},
        {"benefit": "percent", "percent": "0"},
        {"position": "x"},
        {"starts_at": "tomorrow"},
        {"items_min-EUR": "1.000,50"},
        {"title-en": ""},
    ):
        fresh = await desk.form(f"{LIST}/spring", "/admin/promotions/spring")
        assert 'id="problems"' in await desk.post(f"{LIST}/spring", fresh | odd, 422), odd

    tried = await desk.get(f"{LIST}/preview?items=LAMP+3&currency=EUR&channel=default")
    assert "It needs a code that is good now." in tried
    await desk.get(f"{LIST}/preview?items=NOTHING&currency=EUR", 422)
    await desk.get(f"{LIST}/preview?items=LAMP+x&currency=EUR", 422)

    version = fields = await desk.form(f"{LIST}/spring", "/admin/promotions/spring/end")
    assert "done=promotion_changed" in await desk.post(f"{LIST}/spring/end", {"version": "1"})
    assert "done=promotion_ended" in await desk.post(f"{LIST}/spring/end", version)
    assert fields["version"] != (await desk.form(f"{LIST}/spring", "/admin/promotions/spring/end"))["version"]
    ended = await desk.form(f"{LIST}/spring", "/admin/promotions/spring/end")
    assert "done=promotion_removed" in await desk.post(f"{LIST}/spring/remove", ended)
    await desk.get(f"{LIST}/spring", 404)


async def test_of_two_who_edit_a_promotion_the_second_chooses(desk: Browser) -> None:
    form = await desk.form(f"{LIST}/new", "/admin/promotions/new")
    await desk.post(f"{LIST}/new", form | {"id": "sale", "title-en": "Sale", "percent": "10"})
    first = await desk.form(f"{LIST}/sale", "/admin/promotions/sale")
    second = dict(first)
    await desk.post(f"{LIST}/sale", first | {"percent": "20"})
    page = await desk.post(f"{LIST}/sale", second | {"percent": "30", "title-de": "Angebot"}, 409)
    assert "Somebody else was quicker" in page
    for name in ("percent-yours", "percent-theirs", "title-de-yours"):
        assert f'id="{name}"' in page
    stored = (await desk.shop.app[Pricing].promotion(PromotionRef(id="sale"))).promotion
    assert stored.benefit == PercentOff(percent="20"), "nothing was overwritten"


async def test_codes_are_made_and_blocked(desk: Browser) -> None:
    form = await desk.form(f"{LIST}/new", "/admin/promotions/new")
    await desk.post(
        f"{LIST}/new", form | {"id": "club", "title-en": "Club", "percent": "10", "needs_code": "1"}
    )
    codes = f"{LIST}/club/codes"
    assert "There are no codes yet" in await desk.get(codes)
    await desk.post(f"{codes}/batch", {"batch": "fair", "count": "60"})
    assert "There is a batch of this name" in await desk.post(
        f"{codes}/batch", {"batch": "fair", "count": "60"}, 409
    )
    await desk.post(f"{codes}/batch", {"batch": "", "count": "60"}, 422)
    await desk.post(codes, {"code": "club27", "uses_max": "5", "customer_max": ""})
    await desk.post(codes, {"code": "!", "uses_max": "5"}, 422)
    first = await desk.get(codes)
    assert "CLUB27" in first
    assert "cursor=" in first, "there are more than fit"
    assert "CLUB27" not in await desk.get(f"{codes}?batch=fair")
    await desk.get(f"{codes}?cursor=nonsense")
    await desk.post(f"{codes}/CLUB27/block", {})
    assert "Blocked" in await desk.get(codes)
    await desk.post(f"{codes}/NONE/block", {}, 404)
    await desk.get(f"{LIST}/none/codes", 404)
