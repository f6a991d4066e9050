"""Synonyms and pins at the desk: made, edited by two, removed."""

from __future__ import annotations

import pytest

from rialto.catalog.api import Catalog, Pins, PutSynonyms, Synonyms
from rialto.kernel.service import Nothing
from tests.admin.merchants_desk import Browser

pytestmark = pytest.mark.anyio


async def test_synonyms_are_made_edited_by_two_and_removed(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    assert "There are none yet." in await desk.get("/search")
    new = await desk.form("/search/synonyms/new", "/admin/search/synonyms/new")
    typed = new | {"id": "lights", "language": "de", "terms": "Leuchte\nLampe", "one_way": "1"}
    for odd, told in (
        ({"id": "Not one"}, 'href="#id"'),
        ({"terms": "Lampe"}, "At least two different words"),
        ({"terms": "Lampe\na b c d e f"}, "a b c d e f: At most five words."),
        ({"language": "xx"}, "No channel of the shop speaks"),
    ):
        assert told in await desk.post("/search/synonyms/new", typed | odd, 422)
    assert await desk.post("/search/synonyms/new", typed) == "/admin/search?done=rule_saved"
    stored = Synonyms(id="lights", language="de", terms=["Leuchte", "Lampe"], one_way=True, version=1)
    assert (await catalog.search_rules(Nothing())).synonyms == [stored]
    assert "Leuchte → Lampe" in await desk.get("/search")
    taken = await desk.post("/search/synonyms/new", typed | {"terms": "Mond\nSonne"}, 409)
    assert "Somebody else was quicker" in taken

    address = "/search/synonyms/lights"
    mine = await desk.form(address, f"/admin{address}")
    await desk.post(address, mine)
    assert (await catalog.search_rules(Nothing())).synonyms == [stored], "as it was shown, nothing changes"
    theirs = Synonyms(id="lights", language="de", terms=["Leuchte", "Strahler"])
    await catalog.put_synonyms(PutSynonyms(synonyms=theirs, expected_version=1))
    page = await desk.post(address, mine | {"terms": "Leuchte\nLicht"}, 409)
    assert "Strahler" in page
    assert "done=rule_changed" in await desk.post(f"{address}/remove", {"version": "1"})
    assert len((await catalog.search_rules(Nothing())).synonyms) == 1
    chosen = {**mine, "version": "2", "terms": "Leuchte\nLicht", "one_way": ""}
    await desk.post(address, chosen)
    assert (await catalog.search_rules(Nothing())).synonyms[0].terms == ["Leuchte", "Licht"]
    assert "done=rule_removed" in await desk.post(f"{address}/remove", {"version": "3"})
    assert await desk.post(f"{address}/remove", {"version": "3"}) == "/admin/search", "gone is gone"
    assert (await catalog.search_rules(Nothing())).synonyms == []
    await desk.get(address, 404)
    await desk.post(address, chosen, 404)


async def test_products_are_pinned_to_a_query(desk: Browser) -> None:
    catalog = desk.shop.app[Catalog]
    new = await desk.form("/search/pins/new", "/admin/search/pins/new")
    typed = new | {"id": "gifts", "language": "en", "query": "gift", "products": "lamp"}
    page = await desk.post("/search/pins/new", typed | {"products": "lamp\nno-such-lamp"}, 422)
    assert "no-such-lamp: There is no such product." in page
    await desk.post("/search/pins/new", typed)
    stored = Pins(id="gifts", language="en", query="gift", products=["lamp"], version=1)
    assert (await catalog.search_rules(Nothing())).pins == [stored]
    assert "Another rule pins" in await desk.post("/search/pins/new", typed | {"id": "presents"}, 409)
    await desk.post("/search/pins/gifts/remove", {"version": "1"})
    assert (await catalog.search_rules(Nothing())).pins == []
    await desk.get("/search/pins/gifts", 404)
    await desk.get("/search/spells/new", 404)
