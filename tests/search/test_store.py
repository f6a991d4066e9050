"""What is on disk: it survives restarts, is followed by other processes, and is rebuilt when it is no good."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rialto.catalog.api import Documents, ListProducts
from rialto.kernel.errors import Unavailable
from rialto.search.api import ChannelFor
from rialto.search.folder import Folder
from tests.search.builders import DE, FakeCatalog, Shop, a_product, a_shop, published, stock

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


def stopped(shop: Shop) -> None:
    shop.store.close()


def generation(folder: Path) -> Path:
    return next(folder.glob("g-*"))


async def test_a_restart_keeps_everything_and_asks_nobody(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1, {"en": "Lamp", "de": "Leuchte"}), a_product(2, version=3)])
    await shop.tell(stock("SKU-1", "few_left", 2), published(a_product(2, version=4, published=False)))
    stopped(shop)
    again = Shop(tmp_path, FakeCatalog(products=[]))
    assert again.opened
    assert again.feed.positions() == {0: 2}
    assert await again.found(DE, q="leuchte") == ["p-1"]
    assert (await again.browse()).items[0].availability == "few_left"
    assert (await again.search.channel(ChannelFor(host="b2b.example"))).code == "b2b"
    await again.tell(published(a_product(2, version=3)))
    assert await again.found() == ["p-1"], "the version of an unpublished product is remembered"


async def test_a_writer_killed_before_its_commit_has_changed_nothing(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    staged = shop.store.index
    staged.add([], 9)
    from rialto.search.documents import band_entry, counted_band

    staged.add([band_entry("SKU-1", counted_band(0))], 9)
    stopped(shop)
    again = Shop(tmp_path)
    assert (await again.browse(in_stock=True)).total == 1


@pytest.mark.parametrize("harm", ["pointer", "meta", "segments", "truncated", "gone", "schema", "outside"])
async def test_a_folder_that_is_no_good_is_rebuilt(tmp_path: Path, harm: str) -> None:
    shop = await a_shop(tmp_path, [a_product(n) for n in range(50)])
    stopped(shop)
    current, inside = tmp_path / "current", generation(tmp_path)
    match harm:
        case "pointer":
            current.write_bytes(b"{")
        case "meta":
            (inside / "meta.json").write_bytes(b"\x00" * 40)
        case "segments":
            for file in inside.glob("*.store"):
                file.write_bytes(os.urandom(file.stat().st_size))
        case "truncated":
            for file in inside.iterdir():
                os.truncate(file, file.stat().st_size // 2)
        case "gone":
            for file in inside.iterdir():
                file.unlink()
        case "schema":
            current.write_bytes(b'{"generation": "g-000001", "schema": 0}')
        case _:
            current.write_bytes(b'{"generation": "../g-000001", "schema": 1}')
    again = Shop(tmp_path, shop.catalog, shop.inventory)
    assert not again.opened
    with pytest.raises(Unavailable):
        await again.browse()
    assert await again.rebuild(positions={0: 7}) == 50
    assert (await again.browse(q="lamp", in_stock=True)).total == 50
    assert again.feed.positions() == {0: 7}
    assert len(list(tmp_path.glob("g-*"))) == 1, "old generations are swept away"


async def test_damage_found_while_answering_is_a_polite_refusal_and_heals(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    (tmp_path / "current").unlink()
    shop.feed.positions()
    with pytest.raises(Unavailable):
        await shop.browse()
    await shop.tell(stock("SKU-1", "few_left", 1))
    assert (await shop.browse()).items[0].availability == "few_left"


async def test_a_rebuild_keeps_the_position_of_the_feed(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    await shop.tell(stock("SKU-1", "few_left", 2), stock("SKU-1", "few_left", 1))
    await shop.rebuild()
    assert shop.feed.positions() == {0: 2}
    assert (await shop.browse()).items[0].availability == "in_stock", "stock was read anew"


async def test_a_rebuild_that_fails_leaves_the_old_index_answering(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])

    class Broken(FakeCatalog):
        async def documents(self, _command: ListProducts) -> Documents:
            raise Unavailable

    shop.search.catalog = Broken()  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        await shop.rebuild()
    assert await shop.found() == ["p-1"]
    stopped(shop)
    assert await Shop(tmp_path).found() == ["p-1"]


async def test_two_rebuilds_do_not_run_at_once(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    other = Folder(tmp_path)
    assert other.rebuilding.take()
    with pytest.raises(Unavailable) as refusal:
        await shop.rebuild()
    assert refusal.value.stable_code == "rebuild_running"
    other.rebuilding.release()
    assert await shop.rebuild() == 1


async def test_a_commit_that_fails_shows_nothing_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    event = shop.logged(stock("SKU-1", "few_left", 1))

    def refuse() -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(shop.store.index, "commit", refuse)
        with pytest.raises(Unavailable):
            await shop.feed.apply([event])
    assert (await shop.browse()).items[0].availability == "in_stock"
    await shop.feed.apply([event])
    assert (await shop.browse()).items[0].availability == "few_left"


async def test_a_second_store_follows_the_writer_and_takes_over(tmp_path: Path) -> None:
    writer = await a_shop(tmp_path, [a_product(1)])
    assert writer.feed.active
    reader = Shop(tmp_path, writer.catalog, writer.inventory)
    assert not reader.feed.active
    event = writer.logged(published(a_product(2, "Vase")))
    await writer.feed.apply([event])
    assert sorted(await reader.found()) == ["p-1", "p-2"]
    assert await reader.found(q="vase") == ["p-2"]
    await reader.feed.apply([event])
    assert reader.feed.positions() == {0: 1}
    writer.catalog.products.append(a_product(3))
    await writer.rebuild()
    assert len(await reader.found()) == 2, "the new generation is from the catalogue, which has 1 and 3"
    assert len(list(tmp_path.glob("g-*"))) == 1
    stopped(writer)
    assert reader.feed.active
    await reader.tell(published(a_product(4)))
    assert len(await reader.found()) == 3


async def test_a_batch_that_no_writer_committed_is_not_taken_in(tmp_path: Path) -> None:
    writer = await a_shop(tmp_path, [a_product(1)])
    assert writer.feed.active
    reader = Shop(tmp_path, writer.catalog, writer.inventory)
    event = reader.logged(published(a_product(2)))
    with pytest.raises(Unavailable):
        await reader.feed.apply([event])
    assert reader.feed.positions() == {}
    stopped(writer)
    await reader.feed.apply([event])
    assert reader.feed.positions() == {0: 1}
    assert len(await reader.found()) == 2


async def test_a_writer_notices_a_rebuild_by_another_process(tmp_path: Path) -> None:
    writer = await a_shop(tmp_path, [a_product(1)])
    assert writer.feed.active
    await writer.tell(stock("SKU-1", "few_left", 1))
    other = Shop(tmp_path, FakeCatalog([a_product(1), a_product(2)]), writer.inventory)
    await other.rebuild()
    assert writer.feed.positions() == {0: 1}
    assert len(await writer.found()) == 2
    await writer.tell(published(a_product(3)))
    assert len(await writer.found()) == 3
    assert len(await other.found()) == 3


_READER = """
import asyncio, sys
from pathlib import Path
from tests.search.builders import Shop

async def main():
    shop = Shop(Path(sys.argv[1]))
    print(shop.feed.active, await shop.found(), flush=True)
    sys.stdin.readline()
    print(shop.feed.active, await shop.found(), flush=True)

asyncio.run(main())
"""


async def test_a_second_process_reads_what_the_first_writes(tmp_path: Path) -> None:
    shop = await a_shop(tmp_path, [a_product(1)])
    assert shop.feed.active
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
    with subprocess.Popen(
        [sys.executable, "-c", _READER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert _line(process) == "False ['p-1']"
        await shop.tell(published(a_product(2, created_on=a_product(1).draft.created_on)))
        process.stdin.write("\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        assert _line(process) == "False ['p-2', 'p-1']"
    assert process.returncode == 0


def _line(process: subprocess.Popen[Any]) -> str:
    assert process.stdout is not None
    return str(process.stdout.readline()).strip()
