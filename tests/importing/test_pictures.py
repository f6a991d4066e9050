"""Pictures by address as pictures of the shop."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from rialto.catalog.api import Category, Picture, ProductRef
from rialto.cli import import_
from rialto.engines.picture_files import KeptPicture, PictureFiles, PictureRefused
from rialto.engines.public_web import AnswerRefused
from rialto.importing.model import CategoryRow, FileRefused, NotImported, Row
from rialto.importing.pictures import BYTES_MAX, with_pictures
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError, Unavailable
from tests.engines.test_picture_files import a_picture
from tests.importing.sources import DATA, a_shop, products_in, rows_of

pytestmark = pytest.mark.anyio

RED, BLUE = "https://example.com/cup-red.webp", "https://example.com/cup-blue.webp"


class Files:
    """Kept pictures by address."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptPicture] = {}

    async def find(self, url: str) -> KeptPicture | None:
        return self.kept.get(url)

    async def keep(self, url: str, content: bytes) -> KeptPicture:
        if not content:
            raise PictureRefused("It is no picture.")
        kept = KeptPicture(file=f"web-{content.decode()}", widths=[400, 800], width=800, height=600)
        self.kept[url] = kept
        return kept


class Web:
    """What stands at which address; anything else does not answer."""

    def __init__(self, **answers: bytes | RialtoError) -> None:
        self._answers = {f"https://example.com/cup-{name}.webp": answer for name, answer in answers.items()}
        self.asked: list[str] = []

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        assert bytes_max == BYTES_MAX
        self.asked.append(url)
        answer = self._answers.get(url, Unavailable("It could not be loaded."))
        if isinstance(answer, RialtoError):
            raise answer
        return answer


def images(rows: list[Row]) -> list[Picture]:
    return products_in(rows)["cup"].draft.images


@pytest.mark.fast
async def test_pictures_are_loaded_once_and_keep_what_they_show() -> None:
    files, web = Files(), Web(red=b"red", blue=b"blue")
    steps: list[tuple[int, int]] = []
    rows = await with_pictures(
        rows_of("csv", DATA / "shop.csv"), files, web, progress=lambda *step: steps.append(step)
    )
    assert images(rows) == [
        Picture(
            file="web-red", widths=[400, 800], width=800, height=600, alt={"en": "A red cup"},
            options={"colour": "red", "size": "s"},
        ),
        Picture(
            file="web-blue", widths=[400, 800], width=800, height=600, alt={"en": "A blue cup"},
            options={"colour": "blue", "size": "s"},
        ),
    ]  # fmt: skip
    assert steps[-1] == (2, 2)
    assert await with_pictures(rows_of("csv", DATA / "shop.csv"), files, web) == rows
    assert await with_pictures(rows_of("csv", DATA / "shop.csv"), files, None) == rows
    assert sorted(web.asked) == [BLUE, RED]


@pytest.mark.fast
async def test_a_picture_that_fails_is_reported_and_its_product_stays() -> None:
    web = Web(red=b"", blue=AnswerRefused("The answer was 404."))
    rows = await with_pictures(rows_of("csv", DATA / "shop.csv"), Files(), web)
    assert [one.url for one in images(rows)] == [RED, BLUE]
    left = {one.what: one.reason for one in rows if isinstance(one, NotImported)}
    assert left[f"picture '{RED}'"] == "It is no picture."
    assert left[f"picture '{BLUE}'"] == "The answer was 404."


@pytest.mark.fast
async def test_a_category_has_its_picture_too_and_a_silent_host_is_left_alone() -> None:
    web = Web(red=b"red")
    addresses = [RED, *(f"https://silent.example/{number}.png" for number in range(20))]
    given = [
        CategoryRow(
            category=Category(slug=f"c{index}", title={"en": "C"}, image=Picture(url=url)),
            file="a",
            line=index,
        )
        for index, url in enumerate(addresses)
    ]
    rows = await with_pictures(given, Files(), web)
    first = rows[0]
    assert isinstance(first, CategoryRow)
    assert first.category.image is not None
    assert first.category.image.file == "web-red"
    assert len(web.asked) < 10
    assert sum(isinstance(row, NotImported) for row in rows) == 20


@pytest.mark.fast
async def test_nothing_is_loaded_for_a_file_that_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes((DATA / "shop.csv").read_bytes() + b'lamp,LAMP,"open\n')
    web = Web(red=b"red")
    with pytest.raises(FileRefused):
        await with_pictures(rows_of("csv", path), Files(), web)
    assert web.asked == []


async def test_the_command_loads_pictures_when_asked_to(postgres: DatabaseAddress, tmp_path: Path) -> None:
    parser = ArgumentParser()
    import_.add_arguments(parser)
    words = [str(DATA / "shop.csv"), "--format", "csv"]
    files, web = PictureFiles(tmp_path), Web(red=a_picture("PNG"))
    said: list[str] = []
    async with a_shop(postgres) as shop:
        for more, asked in (
            ([], 0),
            (["--fetch-pictures", "--dry-run"], 0),
            (["--fetch-pictures"], 2),
            ([], 2),
        ):
            args = parser.parse_args([*words, *more])
            code = await import_.run(args, shop.catalog, shop.inventory, said.append, files=files, web=web)
            assert (code, len(web.asked)) == (0, asked)
        cup = await shop.catalog.get_product(ProductRef(ref="cup"))
        red, blue = cup.draft.images
        assert (red.widths, red.width, red.height, red.url) == ([400, 800, 900], 900, 600, None)
        assert blue.url == BLUE
        assert (tmp_path / f"{red.file}-400.webp").is_file()
    assert any("picture 'https://example.com/cup-blue.webp'" in line for line in said)
    products = [line for line in said if line.startswith("  products ")]
    assert products[-1] == "  products   0 created, 0 changed, 2 unchanged, 0 refused"
