"""Synonyms and pins: few of them, so that a change locks, checks and publishes all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rialto.catalog import store
from rialto.catalog.api.search_rules import (
    Pins,
    PutPins,
    PutSynonyms,
    QueryPinned,
    SearchRuleChanged,
    SearchRuleNotFound,
    SearchRuleRef,
    SearchRules,
    Synonyms,
)
from rialto.catalog.events import SearchRulesChanged
from rialto.catalog.handlers.saving import Saving
from rialto.catalog.model.fields import is_slug
from rialto.catalog.model.search_rules import (
    RULES_MAX,
    check_products_exist,
    checked_pins,
    checked_synonyms,
    query_key,
)
from rialto.catalog.model.versions import check_room, next_version
from rialto.catalog.store import search_rules
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, ReadSession, WriteSession
from rialto.kernel.service import Nothing

LIST = "search_rules"

Rule = TypeVar("Rule", Synonyms, Pins)


class SearchRuleCases:
    def __init__(self, db: Database, clock: Clock, saving: Saving) -> None:
        self._db = db
        self._clock = clock
        self._saving = saving

    async def search_rules(self, command: Nothing) -> SearchRules:  # noqa: ARG002 - every operation takes a command
        async with self._db.read() as session:
            return await search_rules.load_rules(session)

    async def put_synonyms(self, command: PutSynonyms) -> Synonyms:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            wanted = checked_synonyms(command.synonyms, await _languages(session))
            known = (await search_rules.load_rules(session)).synonyms
            rule, changed = _decide(wanted, known, command.expected_version)
            if changed:
                await search_rules.put_synonyms(session, rule, self._clock.now())
                await self._publish(session)
            return rule

    async def put_pins(self, command: PutPins) -> Pins:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            wanted = checked_pins(command.pins, await _languages(session))
            known = (await search_rules.load_rules(session)).pins
            rule, changed = _decide(wanted, known, command.expected_version)
            if changed:
                key = query_key(rule.query)
                if any(
                    other.id != rule.id and other.language == rule.language and query_key(other.query) == key
                    for other in known
                ):
                    raise QueryPinned
                check_products_exist(rule, await search_rules.known_slugs(session, rule.products))
                await search_rules.put_pins(session, rule, key, self._clock.now())
                await self._publish(session)
            return rule

    async def remove_synonyms(self, command: SearchRuleRef) -> Nothing:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            if not is_slug(command.id) or not await search_rules.remove_synonyms(session, command.id):
                raise SearchRuleNotFound
            await self._publish(session)
        return Nothing()

    async def remove_pins(self, command: SearchRuleRef) -> Nothing:
        async with self._db.write() as session:
            await store.lock_list(session, LIST)
            if not is_slug(command.id) or not await search_rules.remove_pins(session, command.id):
                raise SearchRuleNotFound
            await self._publish(session)
        return Nothing()

    async def _publish(self, session: WriteSession) -> None:
        rules = await search_rules.load_rules(session)
        await self._saving.publish_list(session, LIST, SearchRulesChanged(rules=rules))


async def _languages(session: ReadSession) -> set[str]:
    return {language for channel in await store.channels(session) for language in channel.languages}


def _decide(wanted: Rule, known: Sequence[Rule], expected_version: int) -> tuple[Rule, bool]:
    """The rule as it will be stored, and whether it has to be. Raises SearchRuleChanged, SearchRuleNotFound."""
    present = next((rule for rule in known if rule.id == wanted.id), None)
    decided = next_version(
        present, wanted, expected_version, changed=SearchRuleChanged, missing=SearchRuleNotFound
    )
    if present is None:
        check_room("id", known, RULES_MAX)
    return decided, decided != present
