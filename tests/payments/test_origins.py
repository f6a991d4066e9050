"""Providers that ask for cards within the shop's pages hear where these are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from rialto.catalog.api import Catalog, Channel, Channels
from rialto.kernel.errors import Unavailable
from rialto.kernel.money import EUR
from rialto.kernel.service import Nothing
from rialto.payments.origins import Origins
from rialto.payments.provider import Provider

pytestmark = pytest.mark.anyio

DEFAULT = Channel(code="default", currencies=[EUR], languages=["en"], country="DE")
TRADE = msgspec.structs.replace(DEFAULT, code="trade", hosts=["b.example", "a.example"])


@dataclass
class Fronts:
    items: list[Channel]

    async def channels(self, _command: Nothing) -> Channels:
        return Channels(items=self.items)


@dataclass
class Told:
    """A provider as far as it listens."""

    heard: list[list[str]] = field(default_factory=list)
    away: bool = False

    async def allow_origins(self, origins: Sequence[str]) -> None:
        if self.away:
            raise Unavailable
        self.heard.append(list(origins))


async def test_each_change_is_told_once_and_again_to_whoever_was_away() -> None:
    fronts, near, far, deaf = Fronts([DEFAULT]), Told(), Told(away=True), object()
    providers = cast("dict[str, Provider]", {"near": near, "far": far, "deaf": deaf})
    origins = Origins(cast("Catalog", cast("Any", fronts)), providers, public_url="https://shop.example:8443")
    assert await origins.tell() == 0, "a shop without further host names says nothing"
    fronts.items = [DEFAULT, TRADE]
    there = ["https://a.example:8443", "https://b.example:8443"]
    assert await origins.tell() == 1
    assert await origins.tell() == 0
    far.away = False
    assert await origins.tell() == 1
    fronts.items = [DEFAULT]
    assert await origins.tell() == 2
    assert near.heard == far.heard == [there, []]
