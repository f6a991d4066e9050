"""The search index: a folder of this host. Without it nothing can be looked for, and everything begun goes on."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rialto.engines.tantivy_index import TantivyEngine, TantivyIndex
from rialto.kernel.db import DatabaseAddress
from rialto.search.ports import Alternatives, Entry, Index, IndexDamaged, Stored
from tests.degradation.people import Three, problem_of, three
from tests.support.shop import a_shop

pytestmark = pytest.mark.anyio

UNKEPT = "/en/search?q=lamp&seen="


class BadDisk:
    """The real engine on a disk that does as it is told."""

    def __init__(self) -> None:
        self.mode = "pass"
        self._engine = TantivyEngine()
        self._turn = itertools.count(1)

    def create(self, folder: Path) -> Index:
        self.suffer()
        return OnBadDisk(self._engine.create(folder), self)

    def open(self, folder: Path) -> Index:
        self.suffer()
        return OnBadDisk(self._engine.open(folder), self)

    def stems(self, language: str, words: Sequence[str]) -> list[str]:
        return self._engine.stems(language, words)

    def suffer(self) -> None:
        if self.mode == "down" or (self.mode == "half" and next(self._turn) % 2 == 0):
            raise IndexDamaged("input/output error")

    @property
    def times(self) -> int:
        return 10 if self.mode == "slow" else 1


class OnBadDisk:
    """An index there. What is slow does everything ten times."""

    def __init__(self, index: TantivyIndex, disk: BadDisk) -> None:
        self._index = index
        self._disk = disk

    def add(self, entries: Sequence[Entry], seq: int) -> None:
        self._index.add(entries, seq)

    def commit(self) -> None:
        self._index.commit()

    def reload(self) -> bool:
        return self._index.reload()

    def changed(self, since: int, kind: str | None = None) -> Iterator[Stored]:
        self._disk.suffer()
        for _ in range(self._disk.times):
            found = list(self._index.changed(since, kind))
        return iter(found)

    def bodies(self, slots: Sequence[int]) -> dict[int, bytes]:
        self._disk.suffer()
        for _ in range(self._disk.times):
            found = self._index.bodies(slots)
        return found

    def match(self, words: Sequence[Alternatives], limit: int | None = None) -> list[tuple[int, float]]:
        self._disk.suffer()
        for _ in range(self._disk.times):
            found = self._index.match(words, limit)
        return found

    def close(self) -> None:
        self._index.close()


@dataclass
class Trouble:
    people: Three
    disk: BadDisk

    async def is_over(self) -> None:
        """The index is made from the catalogue by itself."""
        self.disk.mode = "pass"
        people = self.people

        async def found() -> bool:
            return (await people.shopper.ask("GET", f"{UNKEPT}after")).status_code == 200

        await people.shop.until(found)
        await people.come_back()


@pytest.fixture(scope="module")
async def trouble(postgres: DatabaseAddress) -> AsyncIterator[Trouble]:
    disk = BadDisk()
    async with a_shop(postgres, engines=lambda _sandbox, _clock: {"index": disk}) as shop:
        people = await three(shop)
        yield Trouble(people, disk)
        disk.mode = "pass"
        await people.close()


async def test_search_index_down(trouble: Trouble) -> None:
    people = trouble.people
    await people.shopper.fill_cart()
    form = await people.shopper.review()
    cart = await people.client.cart("PENCIL")
    await people.shopper.get("/en/p/pencil")
    trouble.disk.mode = "down"
    # The shopper: what was looked for lately is shown as it was, anything else is away for a moment; the order is placed.
    looked = await people.shopper.ask("GET", f"{UNKEPT}down")
    assert looked.status_code == 503
    assert "Back in a moment" in looked.text
    await people.shopper.get("/en/p/pencil")
    await people.shopper.get("/en/cart")
    where = await people.shopper.place(form)
    assert "/thanks" in where
    await people.shopper.get(where)
    # The program: no lists, and an order as always.
    problem_of(await people.client.ask("GET", "/v1/products?q=lamp&limit=7"), "unavailable")
    assert (await people.client.check_out(cart, "search-down")).status_code == 201
    problem_of(await people.client.ask("GET", "/health/ready"), "unavailable")
    # The merchant works.
    await people.merchant.works()
    await trouble.is_over()
    await people.all_is_well("search-down-over")


async def test_search_index_slow(trouble: Trouble) -> None:
    people = trouble.people
    trouble.disk.mode = "slow"
    await people.shopper.browse()
    await people.shopper.get(f"{UNKEPT}slow")
    assert "/thanks" in await people.shopper.buy()
    assert (await people.client.get("/v1/products?q=lamp&limit=8")).json()["items"]
    assert (await people.client.buy("search-slow", "PENCIL")).status_code == 201
    await people.merchant.works()
    await trouble.is_over()
    await people.all_is_well("search-slow-over")


async def test_search_index_half_errors(trouble: Trouble) -> None:
    people = trouble.people
    await people.shopper.fill_cart()
    form = await people.shopper.review()
    cart = await people.client.cart("PENCIL")
    trouble.disk.mode = "half"
    for number in range(6):
        assert (await people.shopper.ask("GET", f"{UNKEPT}half-{number}")).status_code in {200, 503}
        listed = await people.client.ask("GET", f"/v1/products?q=lamp&limit={10 + number}")
        assert listed.status_code in {200, 503}
    assert "/thanks" in await people.shopper.place(form)
    assert (await people.client.check_out(cart, "search-half")).status_code == 201
    await people.merchant.works()
    await trouble.is_over()
    await people.all_is_well("search-half-over")
