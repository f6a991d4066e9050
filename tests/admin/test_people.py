"""Staff, roles, the log, and reviews to decide on."""

from __future__ import annotations

import httpx
import pytest

from rialto.catalog.api import Catalog, ProductRef
from rialto.identity.api import Identity
from rialto.kernel.service import Nothing
from rialto.reviews.api import Draft, ReviewRef, Reviews, WriteReview
from tests.admin.merchants_desk import Browser
from tests.api.people import PASSWORD, hire

pytestmark = pytest.mark.anyio


async def test_staff_and_roles_are_kept_and_what_they_do_is_logged(desk: Browser) -> None:
    identity = desk.shop.app[Identity]
    await desk.post(
        "/roles/new",
        {"name": "gardener", "permissions": ["catalog.read", "pricing.read"], "more": "orders.*"},
    )
    roles = {role.name: role.permissions for role in (await identity.list_roles(Nothing())).items}
    assert sorted(roles["gardener"]) == ["catalog.read", "orders.*", "pricing.read"]
    await desk.post("/roles/new", {"name": "Odd name", "permissions": "catalog.read"}, 422)
    await desk.post("/roles/new", {"name": "gardener", "permissions": "catalog.read"}, 409)
    edit = await desk.form("/roles/gardener", "/admin/roles/gardener")
    await desk.post("/roles/gardener", edit | {"permissions": "catalog.read", "more": ""})
    assert "Somebody else was quicker" in await desk.post("/roles/gardener", edit, 409)

    newcomer = {"email": "gil@staff.test", "name": "Gil", "password": PASSWORD, "roles": ["gardener"]}
    await desk.post("/staff", newcomer | {"password": "short"}, 422)
    await desk.post("/staff", newcomer)
    gil = next(one for one in (await identity.list_staff(Nothing())).items if one.name == "Gil")
    assert "Gil" in await desk.get("/staff")
    assert "role is built in" in await desk.post("/roles/viewer/remove", {}, 409)
    assert "Somebody has this role" in await desk.post("/roles/gardener/remove", {}, 409)
    await desk.post(f"/staff/{gil.id}", {"roles": ["viewer", "gardener"]})
    await desk.post(f"/staff/{gil.id}", {"roles": ["astronaut"]}, 422)
    await desk.get("/staff/stf_none", 404)

    log = await desk.get(f"/log?object={gil.id}")
    assert log.count("assign") >= 2
    assert "refused (422)" in log
    assert "nothing" not in await desk.get("/log?since=2020-01-01T00:00")
    await desk.get("/log?since=yesterday", 422)
    await desk.get("/log?cursor=nonsense", 422)

    async with another(desk) as guest:
        browser = Browser(desk.shop, guest)
        await browser.sign_in("gil@staff.test")
        await browser.get("/products")
        await browser.get("/staff", 403)
        await browser.post("/staff", newcomer, 403)
        assert "/admin/staff" not in await browser.get("/products")
        await desk.post(f"/staff/{gil.id}/disable", {})
        assert (await guest.get("/admin/products")).status_code == 303
    owner = next(one for one in (await identity.list_staff(Nothing())).items if one.roles == ["owner"])
    await desk.post(f"/staff/{owner.id}/disable", {}, 409)


def another(desk: Browser) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=desk.shop.app.web())
    return httpx.AsyncClient(transport=transport, base_url=desk.shop.app.settings.public_url)


async def test_reviews_are_published_and_rejected_as_they_were_read(desk: Browser) -> None:
    shop = desk.shop
    order = (await shop.buy("LAMP")).order
    product = await shop.app[Catalog].get_product(ProductRef(ref="lamp"))
    draft = Draft(rating=4, title="Bright & warm", body="It lights the room.", name="Ada")
    written = await shop.app[Reviews].write(
        WriteReview(product_id=product.id, order_id=order.id, order_key=order.key, draft=draft)
    )
    page = await desk.get("/reviews")
    assert "Bright &amp; warm" in page
    assert "4 stars" in page
    place = f"/reviews/{written.id}"
    form = await desk.form("/reviews", f"/admin{place}?status=pending")
    await desk.post(place, form | {"status": "published", "revision": "99"}, 409)
    await desk.post(place, form | {"status": "sorcery"}, 422)
    assert "done=review_published" in await desk.post(place, form | {"status": "published"})
    assert "Bright" not in await desk.get("/reviews")
    published = await desk.form("/reviews?status=published", f"/admin{place}?status=published")
    await desk.post(place, published | {"status": "rejected", "reason": "Of another product"})
    review = await shop.app[Reviews].inspect(ReviewRef(id=written.id))
    assert (review.status, review.reason) == ("rejected", "Of another product")
    await desk.get("/reviews?status=nonsense&cursor=nonsense")
    await desk.post("/reviews/rev_none", form | {"status": "published"}, 404)


async def test_who_may_not_is_told_which_permission_is_missing(desk: Browser) -> None:
    await hire(desk.shop, "vera@staff.test", "fulfilment")
    async with another(desk) as guest:
        browser = Browser(desk.shop, guest)
        await browser.sign_in("vera@staff.test")
        for address, permission in (
            ("/promotions", "pricing.read"),
            ("/reviews", "reviews.moderate"),
            ("/log", "staff.audit"),
            ("/products/new", "catalog.write"),
        ):
            assert permission in await browser.get(address, 403)
