from __future__ import annotations

from tests.admin.working import Browser, email_of, form_of
from tests.api.serving import Served
from tests.support.shop import Shop


def test_what_could_not_be_taken_in_is_shown_and_tried_again(served: Served, owner: Browser) -> None:
    assert "Nothing is parked" in owner.page("/admin/system").one("main").text
    served.run(_park)
    page = owner.page("/admin/system")
    assert "orders.placed" in page.one("main").text
    assert "notifications" in page.one("main").text
    assert "orders.placed" in owner.page("/admin").one("main").text
    sent = form_of(page, "/admin/system/replay")
    for odd in ({"consumer": "odd"}, {"stream": "odd"}, {"stream": "00000000-0000-7000-8000-000000000000"}):
        assert owner.post("/admin/system/replay", sent | odd).status_code == 409
    done = owner.post("/admin/system/replay", sent)
    assert done.headers["location"] == "/admin/system?done=replayed"
    assert "Nothing is parked" in owner.page("/admin/system?done=replayed").one("main").text


async def _park(shop: Shop) -> None:
    """An event that notifications has put aside, as after failing five times."""
    order = (await shop.buy("PENCIL")).order
    await shop.settle()
    await shop.sql(
        """INSERT INTO notifications.dead_letters
        SELECT 'notifications', bucket, stream, version, type, schema_version, 'orders', body, meta, at, 'KeyError', at
        FROM orders.events WHERE type = 'orders.placed' ORDER BY at DESC LIMIT 1"""
    )
    assert order.placed_at is not None


def test_only_those_who_keep_the_shop_running_see_the_system(served: Served) -> None:
    with Browser(served) as viewer:
        viewer.sign_in(email_of("viewer"))
        assert viewer.get("/admin/system").status_code == 200
        refused = viewer.post("/admin/system/replay", {"consumer": "reporting", "stream": ""})
        assert (refused.status_code, "system.replay" in refused.text) == (403, True)
