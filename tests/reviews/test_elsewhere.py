"""Documents in a database of their own: the shop's has none of them, and the shop works all the same."""

from __future__ import annotations

import random

import pytest

from rialto.app import ALL, App
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.errors import Unavailable
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import RandomIds
from rialto.reviews.api import ListReviews, Reviews
from rialto.reviews.store import REVIEWS
from tests.reviews.builders import MUG, a_review
from tests.support.databases import SECRETS, fresh_database, in_database
from tests.support.provider import InProcessProvider, make_sandbox
from tests.support.surroundings import RecordingMail, ShopClock, engines_of
from tests.support.values import settings_in

pytestmark = pytest.mark.anyio


def app_with(address: DatabaseAddress, documents: DatabaseAddress) -> App:
    clock = ShopClock()
    provider = InProcessProvider(make_sandbox(clock, random.Random(1)), clock, SECRETS)
    engines = engines_of(
        address,
        clock=clock,
        ids=RandomIds(clock, random.Random(1)),
        provider=provider,
        mail=RecordingMail(),
        faults=NoFaults(),
        documents_address=documents,
    )
    return App(settings_in(), engines, [service for service in ALL if service.name != "search"])


async def test_documents_are_kept_where_the_setting_says(postgres: DatabaseAddress) -> None:
    async with fresh_database(postgres, ALL) as address, fresh_database(postgres, []) as elsewhere:
        app = app_with(address, elsewhere)
        await app.documents.put(REVIEWS, a_review(), expected=0)
        assert len((await app[Reviews].list(ListReviews(product_id=MUG))).items) == 1
        while await app.handlers["reviews"].follow():
            pass
        assert await app.audit() == []
        await app.close()
        counts = []
        for place in (address, elsewhere):
            connection = await connect(place)
            counts.append(await connection.fetchval("SELECT count(*) FROM documents.documents"))
            await connection.close()
        assert counts == [0, 2]


async def test_a_store_that_is_away_is_said_to_be(postgres: DatabaseAddress) -> None:
    async with fresh_database(postgres, ALL) as address:
        app = app_with(address, in_database(postgres, "no_such_database"))
        with pytest.raises(Unavailable):
            await app[Reviews].list(ListReviews(product_id=MUG))
        assert (await app.details())["database"] == "ok"
        await app.close()
