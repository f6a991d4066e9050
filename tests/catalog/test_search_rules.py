"""Synonyms and pins: what staff may say about searching, and that all of it is told."""

from __future__ import annotations

from typing import Any

import pytest

from rialto.catalog import store
from rialto.catalog.api import (
    Pins,
    PutPins,
    PutProduct,
    PutSynonyms,
    QueryPinned,
    SearchRuleChanged,
    SearchRuleInvalid,
    SearchRuleNotFound,
    SearchRuleRef,
    SearchRules,
    Synonyms,
)
from rialto.catalog.events import EVENTS, SearchRulesChanged
from rialto.catalog.model.search_rules import RULES_MAX
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.events import Event, EventTypes, load
from rialto.kernel.service import Nothing
from tests.catalog.builders import a_draft, open_catalog
from tests.support.env import TestEnv

pytestmark = pytest.mark.anyio


def some_synonyms(name: str = "lamps", **fields: Any) -> Synonyms:
    return Synonyms(**{"id": name, "language": "en", "terms": ["lamp", "light"], **fields})


def some_pins(name: str = "gifts", **fields: Any) -> Pins:
    return Pins(**{"id": name, "language": "en", "query": "gift", "products": ["vase"], **fields})


async def told(env: TestEnv) -> list[Event]:
    async with env.db.read() as session:
        return await load(session, EventTypes(EVENTS), store.LISTS_BUCKET, store.list_stream("search_rules"))


async def test_every_change_of_a_rule_counts_up_and_tells_all_rules(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_product(PutProduct(draft=a_draft()))
        made = await catalog.put_synonyms(
            PutSynonyms(synonyms=some_synonyms(terms=[" lamp ", "night  light", "LAMP"]))
        )
        assert (made.version, made.terms) == (1, ["lamp", "night light"])
        again = await catalog.put_synonyms(PutSynonyms(synonyms=made))
        assert again == made
        changed = await catalog.put_synonyms(
            PutSynonyms(synonyms=some_synonyms(one_way=True), expected_version=1)
        )
        assert changed.version == 2
        pins = await catalog.put_pins(PutPins(pins=some_pins()))
        rules = SearchRules(synonyms=[changed], pins=[pins])
        assert await catalog.search_rules(Nothing()) == rules
        await catalog.remove_synonyms(SearchRuleRef(id="lamps"))
        await catalog.remove_pins(SearchRuleRef(id="gifts"))
        assert await told(env) == [
            SearchRulesChanged(rules=SearchRules(synonyms=[made])),
            SearchRulesChanged(rules=SearchRules(synonyms=[changed])),
            SearchRulesChanged(rules=rules),
            SearchRulesChanged(rules=SearchRules(pins=[pins])),
            SearchRulesChanged(rules=SearchRules()),
        ]


async def test_nobody_overwrites_a_rule_they_have_not_seen(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        await catalog.put_product(PutProduct(draft=a_draft()))
        await catalog.put_synonyms(PutSynonyms(synonyms=some_synonyms()))
        await catalog.put_pins(PutPins(pins=some_pins()))
        other = some_synonyms(terms=["lamp", "lantern"])
        for version in (0, 2):
            with pytest.raises(SearchRuleChanged):
                await catalog.put_synonyms(PutSynonyms(synonyms=other, expected_version=version))
        with pytest.raises(SearchRuleChanged):
            await catalog.put_pins(PutPins(pins=some_pins(query="present")))
        with pytest.raises(SearchRuleNotFound):
            await catalog.put_synonyms(PutSynonyms(synonyms=some_synonyms("none"), expected_version=1))
        with pytest.raises(QueryPinned):
            await catalog.put_pins(PutPins(pins=some_pins("more", query=" GIFT ")))
        for name in ("none", "No slug", "\x00"):
            with pytest.raises(SearchRuleNotFound):
                await catalog.remove_synonyms(SearchRuleRef(id=name))
            with pytest.raises(SearchRuleNotFound):
                await catalog.remove_pins(SearchRuleRef(id=name))
        assert len(await told(env)) == 2


async def test_what_is_wrong_is_named_and_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        for fields, path, code in (
            ({"name": "No"}, "id", "slug_not_valid"),
            ({"language": "fr"}, "language", "language_not_offered"),
            ({"terms": ["lamp", "Lamp "]}, "terms", "too_few"),
            ({"terms": [f"lamp {n}" for n in range(21)]}, "terms", "too_many"),
            ({"terms": ["lamp", "li\x00ght"]}, "terms.1", "not_valid"),
            ({"terms": ["lamp", "--"]}, "terms.1", "not_valid"),
            ({"terms": ["lamp", ""]}, "terms.1", "required"),
            ({"terms": ["lamp", "x" * 61]}, "terms.1", "too_long"),
            ({"terms": ["lamp", "a b c d e f"]}, "terms.1", "too_many_words"),
        ):
            with pytest.raises(SearchRuleInvalid) as refused:
                await catalog.put_synonyms(PutSynonyms(synonyms=some_synonyms(**fields)))
            assert [(each.path, each.code) for each in refused.value.fields] == [(path, code)]
        for pinning, path, code in (
            ({"query": "\ud800"}, "query", "not_valid"),
            ({"products": []}, "products", "required"),
            ({"products": ["x"] * 21}, "products", "too_many"),
            ({"products": ["A slug"]}, "products.0", "slug_not_valid"),
            ({"products": ["gone"]}, "products.0", "product_unknown"),
        ):
            with pytest.raises(SearchRuleInvalid) as refused:
                await catalog.put_pins(PutPins(pins=some_pins(**pinning)))
            assert [(each.path, each.code) for each in refused.value.fields] == [(path, code)]
        assert await told(env) == []


async def test_there_is_an_end_to_the_number_of_rules(postgres: DatabaseAddress) -> None:
    async with open_catalog(postgres) as (catalog, env):
        async with env.db.write() as session:
            await session.run(
                "INSERT INTO search_synonyms SELECT 'rule-' || n, 1, 'en', '{a,b}', false, $1 "
                "FROM generate_series(1, $2::int) AS n",
                env.clock.now(),
                RULES_MAX,
            )
        with pytest.raises(Invalid) as refused:
            await catalog.put_synonyms(PutSynonyms(synonyms=some_synonyms()))
        assert [each.code for each in refused.value.fields] == ["too_many"]
