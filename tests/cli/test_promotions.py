"""Promotions from the command line."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rialto.cli import promotions
from rialto.kernel.db import DatabaseAddress
from rialto.pricing.service import SERVICE
from tests.pricing.peers import ChannelsOnly
from tests.pricing.promotions import a_promotion
from tests.support.env import open_service

pytestmark = pytest.mark.anyio


class Desk:
    def __init__(self, pricing: Any) -> None:
        self._pricing = pricing
        self._parser = argparse.ArgumentParser()
        promotions.add_arguments(self._parser)

    async def __call__(self, *words: str) -> tuple[int, str]:
        said: list[str] = []
        code = await promotions.run(self._parser.parse_args(words), self._pricing, said.append)
        return code, "\n".join(said)


@pytest.fixture
async def desk(postgres: DatabaseAddress) -> AsyncIterator[Desk]:
    async with open_service(SERVICE, postgres, peers=dict.fromkeys(SERVICE.needs, ChannelsOnly())) as env:
        yield Desk(env.handlers)


def a_file(tmp_path: Path, **content: Any) -> str:
    path = tmp_path / "sale.json"
    path.write_bytes(msgspec.json.encode(content))
    return str(path)


async def test_a_file_is_put_listed_and_tried(desk: Desk, tmp_path: Path) -> None:
    assert await desk("list") == (0, "There are no promotions.")
    file = a_file(
        tmp_path,
        promotions=[a_promotion("winter", needs_code=True), a_promotion("closed", active=False)],
        codes=[{"code": "snow", "promotion_id": "winter"}],
    )
    assert await desk("put", file) == (0, "2 promotions and 1 codes are set.")
    assert await desk("put", file) == (0, "2 promotions and 1 codes are set.")
    assert await desk("list") == (0, "closed  inactive\nwinter  active")
    assert await desk("preview", "cup=2") == (0, "closed  inactive\nwinter  code_missing\ntotal 98.00 EUR")
    given = (0, "closed  inactive\nwinter  -9.80\ntotal 88.20 EUR")
    assert await desk("preview", "cup=2", "--code", "Snow") == given


async def test_single_use_codes_are_made_and_printed(desk: Desk, tmp_path: Path) -> None:
    await desk("put", a_file(tmp_path, promotions=[a_promotion("winter", needs_code=True)]))
    code, printed = await desk("codes", "winter", "--count", "3", "--batch", "fair")
    assert (code, len(set(printed.split()))) == (0, 3)


async def test_what_cannot_be_done_is_said_in_a_sentence(desk: Desk, tmp_path: Path) -> None:
    wrong = a_promotion("winter", position=-1)
    for words, part in (
        (("put", str(tmp_path / "none.json")), "cannot be used"),
        (("put", a_file(tmp_path, promotions=[{"id": 7}])), "cannot be used"),
        (("codes", "none", "--count", "1"), "no such promotion"),
        (("preview", "unknown"), "items.0.sku"),
        (("preview", "cup=x"), "SKU=QUANTITY"),
    ):
        code, said = await desk(*words)
        assert code == 1
        assert part in said
    code, said = await desk("put", a_file(tmp_path, promotions=[wrong]))
    assert (code, "position" in said) == (1, True)
