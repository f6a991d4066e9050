"""Taking over a catalogue at the desk: shown first, then done; what cannot be read says so and changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rialto.admin.uploads import BYTES_MAX, Handed, UploadGone, UploadRefused, Uploads
from rialto.catalog.api import Catalog, ProductNotFound, ProductRef
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.ids import OrderId
from tests.admin.merchants_desk import Browser, Form, back_office, fields_of

GOODS = (
    "slug,sku,title_en,title_de,price_EUR,stock_berlin\nurn,URN-1,Urn,Urne,12.50,4\nbad,,Bad,Schlecht,1,\n"
)


async def hand_in(desk: Browser, files: dict[str, str], **fields: str) -> tuple[int, str]:
    answer = await desk.web.post(
        "/admin/import",
        data={"format": "csv", "warehouse": "berlin", "language": "en", "currency": "", **fields},
        files=[("files", (name, text.encode())) for name, text in files.items()],
    )
    return answer.status_code, answer.text


@pytest.mark.anyio
async def test_what_was_looked_at_is_what_is_loaded(postgres: DatabaseAddress) -> None:
    async with back_office(postgres) as desk:
        status, page = await hand_in(desk, {"goods.csv": GOODS})
        assert status == 200
        assert "What the files would change" in page
        assert "goods.csv, line 3 (bad)" in page
        with pytest.raises(ProductNotFound):
            await desk.shop.app[Catalog].get_product(ProductRef(ref="urn"))
        form: Form = fields_of(page, "/admin/import/apply")
        done = await desk.post("/import/apply", form, status=200)
        assert "Imported" in done
        product = await desk.shop.app[Catalog].get_product(ProductRef(ref="urn"))
        assert product.draft.variants[0].prices == {"EUR": 1250}
        assert await desk.shop.available("URN-1") == 4
        # The files are gone with it: sent again nothing happens, and it is said.
        again = await desk.post("/import/apply", form, status=404)
        assert "not kept any more" in again
        # A second import of the same shows what differs.
        _, page = await hand_in(desk, {"goods.csv": GOODS.replace("12.50", "13")})
        assert "variants.URN-1.prices.EUR" in page
        for files in ({"goods.csv": "slug,sku\n\x00"}, {"goods.csv": ""}, {"../x y.csv": GOODS}, {}):
            status, page = await hand_in(desk, files)
            assert status == 422, files
            assert 'id="problems"' in page
        status, page = await hand_in(desk, {"goods.csv": GOODS}, currency="EURO")
        assert status == 422


PAST = (
    "number,status,started_at,placed_at,currency,email,shipping_name,line1,postal_code,city,country,items_total,total,line,sku,title,"
    "quantity,shipped,unit_price,line_total\n"
    "R-7,completed,2025-01-02T03:04:05Z,2025-01-02T03:04:05Z,EUR,ada@example.org,Ada,Weg 1,10115,Berlin,DE,12.50,12.50,1,CUP,Cup,"
    "1,1,12.50,12.50\n"
)


@pytest.mark.anyio
async def test_orders_from_elsewhere_are_marked_and_offer_nothing(postgres: DatabaseAddress) -> None:
    async with back_office(postgres) as desk:
        status, page = await hand_in(desk, {"orders.csv": PAST})
        assert status == 200
        form: Form = fields_of(page, "/admin/import/apply")
        assert "Orders" in await desk.post("/import/apply", form, status=200)
        await desk.shop.settle()
        listed = await desk.get("/orders?q=R-7")
        order_id = re.findall(r"/admin/orders/(ord_\w+)", listed)[0]
        assert "imported" in listed
        shown = await desk.get(f"/orders/{order_id}")
        assert "Taken over from another system on" in shown
        assert "It was paid elsewhere." in shown
        for verb in ("ship", "cancel", "refund"):
            assert f"/admin/orders/{order_id}/{verb}" not in shown
        order = await desk.shop.order(OrderId(order_id))
        theirs = (await desk.shop.web.get(f"/en/orders/{order_id}?key={order.key}")).text
        assert "This order is from our former shop." in theirs
        assert f"/en/orders/{order_id}/return" not in theirs
        assert f"/en/orders/{order_id}/reorder" in theirs
        back = await desk.shop.web.get(f"/en/orders/{order_id}/return?key={order.key}")
        assert (back.status_code, "units-" in back.text) == (200, False)


@pytest.mark.fast
def test_files_are_kept_for_an_hour_and_by_plain_names(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    uploads = Uploads(folder)
    one = Handed(name="a.csv", content=b"x")
    for wrong in (
        [],
        [one, one],
        [Handed(name=".a", content=b"")],
        [Handed(name="a", content=b"x" * (BYTES_MAX + 1))],
    ):
        with pytest.raises(UploadRefused):
            uploads.keep("a" * 20, wrong, now=0)
    uploads.keep("a" * 20, [Handed(name="C:\\exports\\a.csv", content=b"x")], now=0)
    assert uploads.find("a" * 20).name == "a.csv"
    for wrong_token in ("", "..", "../x", "b" * 20, "A" * 20):
        with pytest.raises(UploadGone):
            uploads.find(wrong_token)
    later = uploads.find("a" * 20).stat().st_mtime + 3601
    uploads.keep("c" * 20, [one, Handed(name="b.csv", content=b"y")], now=later)
    with pytest.raises(UploadGone):
        uploads.find("a" * 20)
    assert uploads.find("c" * 20).is_dir()
    uploads.drop("c" * 20)
    with pytest.raises(UploadGone):
        uploads.find("c" * 20)
