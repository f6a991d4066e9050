"""Trying changes without making them."""

from __future__ import annotations

import msgspec
import pytest

from rialto.catalog.api import AttributeDefinition, Category, ListProducts, PutProduct, Rehearsal
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.service import Nothing
from tests.catalog.builders import VASES, a_draft, a_variant, open_catalog, with_title

pytestmark = pytest.mark.anyio


async def test_a_rehearsal_says_what_would_happen_and_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        stored = (await catalog.put_product(PutProduct(draft=a_draft()))).product
        async with env.db.read() as session:
            before = await session.value("SELECT count(*) FROM events")
        socket = AttributeDefinition(code="socket", label={"en": "Socket"}, values={"e27": {"en": "E27"}})
        lamp = a_draft(
            "lamp",
            category="lamps",
            attributes={"socket": "e27"},
            options=[],
            images=[],
            variants=[a_variant("LAMP", options={})],
        )
        verdicts = await catalog.rehearse(
            Rehearsal(
                attributes=[socket, msgspec.structs.replace(socket, code="No Code")],
                categories=[
                    Category(slug="lamps", title={"en": "Lamps"}),
                    msgspec.structs.replace(VASES, parent="x"),
                ],
                products=[
                    a_draft(),
                    with_title(a_draft(), "Another title"),
                    lamp,
                    a_draft("thief"),
                    msgspec.structs.replace(a_draft("thief"), variants=stored.draft.variants),
                ],
            )
        )
        assert [verdict.outcome for verdict in verdicts.attributes] == ["saved", "refused"]
        assert [verdict.outcome for verdict in verdicts.categories] == ["saved", "refused"]
        outcomes = [verdict.outcome for verdict in verdicts.products]
        assert outcomes == ["unchanged", "changed", "created", "created", "refused"]
        assert verdicts.products[-1].code == "sku_taken"
        assert [verdict.before for verdict in verdicts.products] == [None, stored.draft, None, None, None]
        assert (await catalog.list_products(ListProducts())).items == [stored]
        assert "lamps" not in {category.slug for category in (await catalog.categories(Nothing())).items}
        async with env.db.read() as session:
            assert await session.value("SELECT count(*) FROM events") == before
