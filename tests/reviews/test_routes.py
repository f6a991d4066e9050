"""Reviews over HTTP in a whole shop: bought, written, moderated, shown with the product, and all of it audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rialto.identity.api import Identity, PutStaff
from rialto.kernel.db import DatabaseAddress
from rialto.orders.api import Order
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio

TEXT = {"rating": 4, "title": "Good", "body": "Bright enough.", "name": "Ada L."}
PASSWORD = "correct horse battery"


@pytest.fixture
async def shop(postgres: DatabaseAddress) -> AsyncIterator[Shop]:
    async with a_shop(postgres) as opened:
        yield opened


async def product_of(shop: Shop, slug: str = "lamp") -> dict[str, Any]:
    found: dict[str, Any] = (await shop.web.get(f"/v1/products/{slug}")).json()
    return found


async def bought(shop: Shop, sku: str = "LAMP") -> Order:
    return (await shop.buy(sku)).order


async def write(shop: Shop, order: Order, **changed: Any) -> httpx.Response:
    body = {**TEXT, "order_id": order.id, "order_key": order.key, **changed}
    product_id = changed.pop("product_id", order.lines[0].product_id)
    body.pop("product_id", None)
    return await shop.web.post(f"/v1/products/{product_id}/reviews", json=body)


async def token(shop: Shop, *roles: str) -> dict[str, str]:
    email = f"{'-'.join(roles)}@rialto.test"
    await shop.app[Identity].put_staff(
        PutStaff(email=email, name="Staff", password=PASSWORD, roles=list(roles))
    )
    tokens = await shop.web.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
    return {"Authorization": f"Bearer {tokens.json()['access_token']}"}


async def decide(shop: Shop, review_id: str, status: str, staff: dict[str, str]) -> httpx.Response:
    path = f"/v1/admin/reviews/{review_id}"
    seen = await shop.web.get(path, headers=staff)
    return await shop.web.put(
        path, json={"status": status}, headers={**staff, "If-Match": seen.headers["etag"]}
    )


async def test_from_the_purchase_to_the_stars_beside_the_product(shop: Shop) -> None:
    order = await bought(shop)
    assert (await product_of(shop))["rating"] is None
    written = await write(shop, order)
    assert written.status_code == 201
    assert written.headers["etag"] == '"1"'
    assert written.json()["status"] == "pending"
    own = await shop.web.get(written.headers["location"], params={"key": order.key})
    assert own.json()["items"] == [written.json()]

    product_id = order.lines[0].product_id
    path = f"/v1/products/{product_id}/reviews"
    assert (await shop.web.get(path)).json()["items"] == []
    staff = await token(shop, "support")
    [waiting] = (await shop.web.get("/v1/admin/reviews", headers=staff)).json()["items"]
    assert waiting["order_id"] == order.id
    decided = await decide(shop, waiting["id"], "published", staff)
    assert (decided.status_code, decided.json()["status"]) == (200, "published")

    async def rated() -> bool:
        return bool((await product_of(shop))["rating"] == {"average": 400, "count": 1})

    await shop.until(rated)
    answer = await shop.web.get(path)
    assert "s-maxage" in answer.headers["cache-control"]
    assert f"product:{product_id}" in answer.headers["surrogate-key"]
    assert answer.json()["summary"] == {"count": 1, "average_hundredths": 400, "histogram": [0, 0, 0, 1, 0]}
    [shown] = answer.json()["items"]
    assert shown["name"] == "Ada L."
    assert "order_id" not in shown
    listed = (await shop.web.get("/v1/products", params={"sort": "rating"})).json()
    assert listed["items"][0]["id"] == product_id
    page = (await shop.web.get("/de/p/lamp")).text
    assert "4 von 5 Sternen" in page
    assert '"reviewCount":1' in page
    await shop.settle()
    assert await shop.audit() == []


async def test_an_author_changes_and_deletes_with_the_orders_key(shop: Shop) -> None:
    order = await bought(shop)
    review_id = (await write(shop, order)).json()["id"]
    path, key = f"/v1/reviews/{review_id}", {"key": order.key}
    missing = await shop.web.put(path, params=key, json=TEXT)
    assert (missing.status_code, missing.json()["code"]) == (400, "if_match_missing")
    edited = await shop.web.put(path, params=key, json={**TEXT, "rating": 2}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"')
    stale = await shop.web.put(path, params=key, json={**TEXT, "rating": 3}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert (await shop.web.put(path, json=TEXT, headers={"If-Match": '"2"'})).status_code == 404
    assert (await shop.web.delete(path)).status_code == 404
    assert (await shop.web.delete(path, params=key)).status_code == 204
    assert (await shop.web.delete(path, params=key)).status_code == 404


async def test_who_did_not_buy_does_not_review(shop: Shop) -> None:
    order = await bought(shop)
    other = await product_of(shop, "vase")
    refused = await write(shop, order, product_id=other["id"])
    assert (refused.status_code, refused.json()["code"]) == (403, "not_bought")
    for key in ("wrong", None):
        assert (await write(shop, order, order_key=key)).status_code == 404
    declined = await shop.buy("LAMP", token="tok_declined")
    assert (await write(shop, declined.order)).json()["code"] == "not_bought"
    assert (await write(shop, order)).status_code == 201
    again = await write(shop, order, rating=1)
    assert (again.status_code, again.json()["code"]) == (409, "already_reviewed")


async def test_faults_are_told_by_field(shop: Shop) -> None:
    order = await bought(shop)
    answer = await write(shop, order, title="see http://x.example", body="<b>x</b>")
    assert answer.status_code == 422
    assert {(one["path"], one["code"]) for one in answer.json()["errors"]} == {
        ("title", "links_not_allowed"),
        ("body", "markup_not_allowed"),
    }
    assert (await write(shop, order, rating=6)).status_code == 422
    bad = await shop.web.post("/v1/reviews/rev_x/reports", json={"reason": "because"})
    assert bad.status_code == 422


async def test_visitors_report_and_staff_see_why(shop: Shop) -> None:
    order = await bought(shop)
    review_id = (await write(shop, order)).json()["id"]
    path = f"/v1/reviews/{review_id}/reports"
    assert (await shop.web.post(path, json={"reason": "personal"})).status_code == 404
    staff = await token(shop, "owner")
    await decide(shop, review_id, "published", staff)
    for _ in range(2):
        assert (await shop.web.post(path, json={"reason": "personal"})).status_code == 204
    seen = (await shop.web.get(f"/v1/admin/reviews/{review_id}", headers=staff)).json()
    assert seen["reports"] == [{"reason": "personal", "count": 1}]
    assert seen["status"] == "published"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/admin/reviews"), ("GET", "/v1/admin/reviews/rev_x"), ("PUT", "/v1/admin/reviews/rev_x")],
)
async def test_moderation_is_for_those_who_may(shop: Shop, method: str, path: str) -> None:
    decision = {"status": "rejected"} if method == "PUT" else None
    assert (await shop.web.request(method, path, json=decision)).status_code == 401
    for role in ("viewer", "catalog", "fulfilment"):
        refused = await shop.web.request(method, path, json=decision, headers=await token(shop, role))
        assert refused.status_code == 403
