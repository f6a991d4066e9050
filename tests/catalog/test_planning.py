"""Published at a time: what a plan makes of a product, and the job that follows it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from rialto.catalog.api import (
    Catalog,
    Product,
    ProductDraft,
    ProductInvalid,
    ProductRef,
    PutProduct,
    PutProducts,
    SetPublished,
)
from rialto.catalog.events import EVENTS, ProductPublished
from rialto.catalog.model.planning import as_planned, next_moment
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.events import EventTypes, load
from rialto.kernel.ids import bucket_of, to_uuid
from tests.catalog.builders import a_draft, open_catalog
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)  # where a ManualClock begins
HOUR = timedelta(hours=1)


async def put(catalog: Catalog, **fields: Any) -> Product:
    return (await catalog.put_product(PutProduct(draft=a_draft(**fields)))).product


async def stored(catalog: Catalog) -> Product:
    return await catalog.get_product(ProductRef(ref="vase"))


def plan_of(draft: ProductDraft) -> tuple[bool, datetime | None, datetime | None]:
    return draft.published, draft.publish_at, draft.unpublish_at


async def told(env: TestEnv, product: Product) -> list[bool]:
    """For each publication, whether shoppers may see it."""
    async with env.db.read() as session:
        events = await load(session, EventTypes(EVENTS), bucket_of(product.id), to_uuid(product.id))
    return [one.document.draft.published for one in events if isinstance(one, ProductPublished)]


@pytest.mark.parametrize(
    ("published", "begin", "end", "then"),
    [
        (True, None, None, (True, None, None)),
        (False, None, None, (False, None, None)),
        (True, NOW + HOUR, None, (False, NOW + HOUR, None)),
        (False, NOW, None, (True, None, None)),
        (True, None, NOW + HOUR, (True, None, NOW + HOUR)),
        (True, None, NOW, (False, None, None)),
        (False, NOW - HOUR, NOW + HOUR, (True, None, NOW + HOUR)),
        (True, NOW - 2 * HOUR, NOW - HOUR, (False, None, None)),
        (True, NOW + HOUR, NOW + 2 * HOUR, (False, NOW + HOUR, NOW + 2 * HOUR)),
    ],
)
def test_a_moment_that_has_come_is_done_and_taken_out(
    published: bool, begin: datetime | None, end: datetime | None, then: tuple[Any, ...]
) -> None:
    draft = a_draft(published=published, publish_at=begin, unpublish_at=end)
    after = as_planned(draft, NOW)
    assert plan_of(after) == then
    assert as_planned(after, NOW) == after
    assert next_moment(after) == min((at for at in then[1:] if at), default=None)


async def test_a_product_is_published_and_hidden_on_time_and_each_is_told_once(
    postgres: DatabaseAddress,
) -> None:
    async with open_catalog(postgres) as (catalog, env):
        begin, end = NOW + HOUR, NOW + 3 * HOUR
        product = await put(catalog, publish_at=begin, unpublish_at=end)
        assert plan_of(product.draft) == (False, begin, end)
        assert await env.handlers.follow_plans() == 0
        env.clock.advance(3599)
        assert await env.handlers.follow_plans() == 0
        env.clock.advance(1)
        assert await env.handlers.follow_plans() == 1
        assert await env.handlers.follow_plans() == 0
        assert plan_of((await stored(catalog)).draft) == (True, None, end)
        env.clock.advance(2 * 3600)
        assert await env.handlers.follow_plans() == 1
        after = await stored(catalog)
        assert plan_of(after.draft) == (False, None, None)
        assert (after.version, after.changed_at) == (3, end)
        assert await told(env, product) == [False, True, False]


async def test_two_workers_at_once_publish_each_product_once(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        drafts = [a_draft(f"vase-{number}", publish_at=NOW + HOUR) for number in range(60)]
        await catalog.put_products(PutProducts(drafts=drafts))
        env.clock.advance(3600)
        done = sum(await asyncio.gather(*(env.handlers.follow_plans() for _ in range(4))))
        while more := await env.handlers.follow_plans():
            done += more
        assert done == 60
        for draft in drafts:
            product = await catalog.get_product(ProductRef(ref=draft.slug))
            assert (product.version, product.draft.published) == (2, True)
            assert await told(env, product) == [False, True]


async def test_saving_the_plan_again_after_it_was_done_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await put(catalog, publish_at=NOW + HOUR)
        env.clock.advance(3600)
        await env.handlers.follow_plans()
        before = await stored(catalog)
        assert await put(catalog, publish_at=NOW + HOUR) == before
        assert before.draft.published


async def test_whoever_publishes_by_hand_does_not_wait(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        product = await put(catalog, publish_at=NOW + HOUR, unpublish_at=NOW + 2 * HOUR)
        command = SetPublished(id=product.id, published=True, expected_version=1)
        shown = await catalog.set_published(command)
        assert plan_of(shown.draft) == (True, None, NOW + 2 * HOUR)
        env.clock.advance(3600)
        assert await env.handlers.follow_plans() == 0
        env.clock.advance(3600)
        assert await env.handlers.follow_plans() == 1
        assert not (await stored(catalog)).draft.published


async def test_moments_are_kept_in_utc(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, _):
        east = (NOW + HOUR).astimezone(timezone(2 * HOUR))
        product = await put(catalog, publish_at=east)
        assert product.draft.publish_at == NOW + HOUR
        assert (product.draft.publish_at or NOW).tzinfo == UTC
        assert await put(catalog, publish_at=NOW + HOUR) == product


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"publish_at": datetime(2026, 2, 1)}, "publish_at", "not_valid"),  # noqa: DTZ001
        ({"unpublish_at": datetime(1970, 1, 1, tzinfo=UTC)}, "unpublish_at", "not_valid"),
        ({"publish_at": datetime(9999, 12, 31, tzinfo=UTC)}, "publish_at", "not_valid"),
        ({"publish_at": NOW + HOUR, "unpublish_at": NOW + HOUR}, "unpublish_at", "ends_before_start"),
    ],
)
async def test_a_moment_that_is_none_is_refused(
    postgres: DatabaseAddress, fields: dict[str, Any], path: str, code: str
) -> None:
    async with open_catalog(postgres) as (catalog, _):
        with pytest.raises(ProductInvalid) as refused:
            await put(catalog, **fields)
        assert [(one.path, one.code) for one in refused.value.fields] == [(path, code)]


async def test_what_an_earlier_release_stored_is_still_read(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        before = await put(catalog)
        body = msgspec.to_builtins(before.draft)
        del body["publish_at"], body["unpublish_at"]
        async with env.db.write() as session:
            text = msgspec.json.encode(body).decode()
            await session.run("UPDATE products SET draft = $1::json", text)
        assert await stored(catalog) == before
