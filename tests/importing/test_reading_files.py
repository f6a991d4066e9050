"""Faults of a file: it is refused as a whole, with its line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rialto.importing.demo import DemoImporter
from rialto.importing.importers import find_importer, importer_names
from rialto.importing.model import FileRefused, ImportOptions
from rialto.importing.sheet import SheetImporter
from rialto.importing.spree import SpreeImporter
from rialto.importing.tables import FILE_BYTES_MAX, read_table
from rialto.kernel.errors import Invalid

pytestmark = pytest.mark.fast

HEADER = b"slug,sku,title_en\n"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "shop.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (HEADER + b"a,A,\xe9t\xe9\n", 2),
        (HEADER + b"a,A,B\na,B,C\x00\n", 3),
        (HEADER + b'a,A,"B\n\n', 2),
        (HEADER + b'a,A,"B" C\n', 2),
        (HEADER + b"a,A\n", 2),
        (HEADER + b"a,A,B,C\n", 2),
        (b"slug,sku\na,A\n", 1),
        (b"slug,sku,title_en,sku\na,A,B,C\n", 1),
        (b"slug,sku,title_en,\na,A,B,C\n", 1),
        (b"slug,sku,title_en,price_XXX\na,A,B,1\n", 1),
        (b"\xff\xfes\x00", 1),
        (b"", None),
        (b"\n\n\n", None),
        (HEADER + b'a,A,"' + b"x" * 100_001 + b'"\n', 2),
        (HEADER + b'a,A,"' + b"x" * 200_000 + b'"\n', 2),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int | None) -> None:
    with pytest.raises(FileRefused) as refused:
        list(SheetImporter().read(write(tmp_path, content), ImportOptions()))
    assert (refused.value.file, refused.value.line) == ("shop.csv", line)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    for path in (
        tmp_path / "none.csv",
        tmp_path,
        large,
        Path("/dev/null"),
        tmp_path / ("x" * 300),
        Path("a\x00b"),
    ):
        for importer in (SheetImporter(), SpreeImporter(), DemoImporter()):
            with pytest.raises(FileRefused):
                list(importer.read(path, ImportOptions()))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_may_use_their_delimiter_and_a_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeff" + delimiter.join(("slug", "sku")) + "\r\n\r\n" + delimiter.join(("a", ' "x" ')) + "\r\n"
    table = read_table(write(tmp_path, text.encode()), required=("slug",))
    assert table.columns == ["slug", "sku"]
    assert [(line.number, line["sku"], line["none"]) for line in table.lines] == [(3, '"x"', "")]


def test_a_line_number_is_that_of_the_records_beginning(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, b'a,b\n"1\n2\n3",x\n4,y\n'), required=())
    assert [line.number for line in table.lines] == [2, 5]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b"[" * 100_000,
        b'{"attributes":[],"categories":[],"products":NaN}',
        b"9" * 5000,
        b"\xff",
    ],
)
def test_a_demo_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileRefused):
        list(DemoImporter().read(write(tmp_path, content), ImportOptions()))


def test_an_importer_is_found_by_its_name() -> None:
    assert {"csv", "demo", "spree"} <= set(importer_names())
    assert isinstance(find_importer("spree"), SpreeImporter)
    with pytest.raises(Invalid) as refused:
        find_importer("magento")
    assert refused.value.stable_code == "extension_unknown"


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp(), HEADER + content)
    folder = tmp_path_factory.getbasetemp() / "spree"
    folder.mkdir(exist_ok=True)
    spree = write(folder, b"slug,sku,name,price,currency\n" + content)
    for importer, file in ((SheetImporter(), path), (SpreeImporter(), spree), (DemoImporter(), path)):
        with contextlib.suppress(FileRefused):
            list(importer.read(file, ImportOptions()))
