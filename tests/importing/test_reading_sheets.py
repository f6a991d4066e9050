"""Reading our own CSV and the demo catalogue."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from rialto.catalog.api import Content, Maker, Picture
from rialto.importing.attributes import definitions_of
from rialto.importing.demo import demo_catalogue
from rialto.importing.model import AttributeRow, CategoryRow, CustomerRow, PastOrderRow, Row
from tests.importing.sources import DATA, left_out_in, problems_in, products_in, rows_of

pytestmark = pytest.mark.fast

SHEET = DATA / "shop.csv"
HEADER = "slug,sku,title_en,price_EUR,compare_at_EUR,weight_g,stock_berlin,published,created_on\n"


def read(folder: Path, *rows: str) -> list[Row]:
    path = folder / "some.csv"
    path.write_text(HEADER + "\n".join(rows), "utf-8")
    return rows_of("csv", path)


def test_one_row_is_one_variant_and_the_first_speaks_for_the_product() -> None:
    row = products_in(rows_of("csv", SHEET))["cup"]
    draft = row.draft
    assert draft.title == {"en": "Cup", "de": "Tasse"}
    assert (draft.tax_class, draft.featured, draft.created_on) == ("standard", True, date(2026, 1, 31))
    assert (draft.category, draft.related) == ("tableware-cups", ["bowl"])
    assert draft.options == ["colour", "size"]
    first = draft.variants[0]
    assert (first.sku, first.weight_g, first.gtin) == ("CUP-RED-S", 210, "4006381333931")
    assert (first.prices, first.compare_at) == ({"EUR": 1250, "USD": 1375}, {"EUR": 1500})
    assert draft.variants[2].options == {"colour": "blue", "size": "s"}
    assert draft.images[1] == Picture(
        url="https://example.com/cup-blue.webp",
        alt={"en": "A blue cup"},
        options={"colour": "blue", "size": "s"},
    )


def test_contents_makers_and_warnings_are_taken_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "tea.csv"
    path.write_text(
        "slug,sku,title_en,price_EUR,content,content_unit,maker_name,maker_address,maker_email,safety_en\n"
        'tea,TEA-S,Tea,5,100,g,Sample Tea,"Street 1\nTown",tea@maker.example,Hot\n'
        "tea,TEA-L,,9,,,,,,\n",
        "utf-8",
    )
    draft = products_in(rows_of("csv", path))["tea"].draft
    assert [variant.content for variant in draft.variants] == [Content(amount="100", unit="g"), None]
    assert draft.maker == Maker(name="Sample Tea", address="Street 1\nTown", email="tea@maker.example")
    assert draft.safety == {"en": "Hot"}


def test_values_have_names_in_several_languages() -> None:
    rows = rows_of("csv", SHEET)
    colour = next(row.definition for row in rows if isinstance(row, AttributeRow))
    assert colour.values == {"red": {"en": "Red", "de": "Rot"}, "blue": {"en": "Blue", "de": "Blau"}}
    material = products_in(rows)["cup"].said[0]
    assert (material.text, material.labels) == ("Stoneware", {"de": "Steinzeug"})


def test_stock_is_counted_per_warehouse_and_an_empty_cell_says_nothing() -> None:
    row = products_in(rows_of("csv", SHEET))["cup"]
    assert [(one.sku, one.warehouse, one.on_hand) for one in row.stock] == [
        ("CUP-RED-S", "berlin", 4),
        ("CUP-RED-S", "rotterdam", 0),
        ("CUP-RED-L", "rotterdam", 9),
        ("CUP-BLUE-S", "berlin", 0),
        ("CUP-BLUE-S", "rotterdam", 0),
    ]


def test_a_column_without_meaning_is_named() -> None:
    assert left_out_in(rows_of("csv", SHEET)) == {"shop.csv: buying_price": 1}


@pytest.mark.parametrize(
    "row",
    [
        "a,A,A,1.234,,,,,",
        "a,A,A,0,,,,,",
        "a,A,A,-1,,,,,",
        "a,A,A,1e3,,,,,",
        'a,A,A,"1.234,50",,,,,',
        "a,A,A,5,5,,,,",
        "a,A,A,,5,,,,",
        "a,A,A,5,,1.5,,,",
        "a,A,A,5,,,many,,",
        "a,A,A,5,,,,perhaps,",
        "a,A,A,5,,,,,31.01.2026",
        ",A,A,5,,,,,",
    ],
)
def test_a_faulty_row_costs_its_product_only(tmp_path: Path, row: str) -> None:
    rows = read(tmp_path, row, "b,B,B,5,,,,,")
    assert set(products_in(rows)) == {"b"}
    [(file, line, _)] = problems_in(rows)
    assert (file, line) == ("some.csv", 2)


def test_a_product_says_one_thing_about_itself(tmp_path: Path) -> None:
    rows = read(tmp_path, "a,A1,A,5,,,,,", "a,A2,Other,5,,,,,")
    assert problems_in(rows) == [("some.csv", 3, "a")]
    rows = read(tmp_path, "a,A1,A,5,,,,,", "a,A1,A,5,,,,,")
    assert problems_in(rows) == [("some.csv", 3, "a")]


def test_codes_may_stand_behind_names_and_pictures_in_rows_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(
        "slug,sku,title_en,category,options,option_size,option_tone,attribute_clay,attribute_clay:de,image,image_widths,image_size\n"
        "a,A,'=A,Odd > Things {things},tone size,S,Stone grey {grey},Fine {f.1}|Coarse,Fein|Grob,,,\n"
        "a,,,,,,{grey},,,media:a-1,400 800,800x600\n"
        "a,,,,,,,,,https://example.com/a.png,,\n",
        "utf-8",
    )
    rows = rows_of("csv", path)
    assert problems_in(rows) == []
    row = products_in(rows)["a"]
    assert (row.draft.title, row.draft.category) == ({"en": "=A"}, "things")
    assert row.draft.options == ["tone", "size"]
    assert row.draft.variants[0].options == {"size": "s", "tone": "grey"}
    assert row.draft.images == [
        Picture(file="a-1", widths=[400, 800], width=800, height=600, options={"tone": "grey"}),
        Picture(url="https://example.com/a.png"),
    ]
    tree = {one.category.slug: one.category for one in rows if isinstance(one, CategoryRow)}
    assert (tree["things"].title, tree["things"].parent) == ({"en": "Things"}, "odd")
    definitions = definitions_of({}, [], [row], "en")
    assert definitions["clay"].values == {
        "f.1": {"en": "Fine", "de": "Fein"},
        "coarse": {"en": "Coarse", "de": "Grob"},
    }


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ("a,A,A,x,S,,,", 2),
        ("a,A,A,,S,media:a,four,800x600", 2),
        ("a,A,A,,S,media:a,400,800", 2),
        ("a,A,A,,S,,,\na,,,,,media:a,400,large", 3),
        ("a,,A,,S,,,", 2),
        ("a,A,A,,S,,,\na,,,,,media:a,400,,5", 3),
        ("a,A,A,,S,,,\na,,,,,media:a,400,,,7", 3),
    ],
)
def test_a_faulty_picture_or_order_costs_its_product(tmp_path: Path, cells: str, line: int) -> None:
    path = tmp_path / "some.csv"
    path.write_text(
        "slug,sku,title_en,options,option_size,image,image_widths,image_size,price_EUR,weight_g\n"
        + "\n".join(row + "," * (9 - row.count(",")) for row in (*cells.splitlines(), "b,B,B")),
        "utf-8",
    )
    rows = rows_of("csv", path)
    assert set(products_in(rows)) == {"b"}
    assert problems_in(rows) == [("some.csv", line, "a")]


def test_files_beside_the_products_are_the_truth_about_attributes_and_categories(tmp_path: Path) -> None:
    for name, text in {
        "products.csv": "slug,sku,title_en\na,A,A\n",
        "attributes.csv": "code,type,unit,filterable,value,label_en,name_en,name_de\n"
        "size,choice,,yes,,Size,,\nsize,,,,m,,Middle,Mittel\nsize,,,,s,,Small,\n"
        "twice,text,,,,A,,\ntwice,text,,,,B,,\nodd,text,,perhaps,,O,,\ndepth,number,cm,,,Depth,,\n",
        "categories.csv": "slug,parent,position,title_en,image,image_alt_en\n"
        "cups,tableware,2,Cups,https://example.com/c.png,Cups\ntableware,,,Tableware,,\nbad,,many,Bad,,\n"
        "round,round,,Round,,\n",
        "customers.csv": "email,name,line1,city,postal_code,country,verified,shoe_size\n"
        "ada@example.com,Ada,Weg 1,Berlin,10115,DE,yes,39\nADA@example.com,Ada,Platz 2,Berlin,10115,DE,yes,\n",
        "orders.csv": "number,status,started_at,currency,line,quantity,payment,hat\n"
        "1,completed,2026-01-01T00:00:00Z,EUR,1,2,cash,9\n1,,,,2,1,,\n2,completed,then,EUR,1,1,,\n",
        "other.csv": "a\n1\n",
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    rows = rows_of("csv", tmp_path)
    size, depth = [one for one in rows if isinstance(one, AttributeRow)]
    assert (size.inferred, size.line, size.definition.order) == (False, 2, ["m", "s"])
    assert size.definition.values["m"] == {"en": "Middle", "de": "Mittel"}
    assert (depth.definition.type, depth.definition.unit) == ("number", "cm")
    categories = [one.category for one in rows if isinstance(one, CategoryRow)]
    assert [one.slug for one in categories] == ["tableware", "cups", "round"]
    assert categories[1].image == Picture(url="https://example.com/c.png", alt={"en": "Cups"})
    assert sorted(problems_in(rows)) == [
        ("attributes.csv", 5, ""),
        ("attributes.csv", 7, ""),
        ("categories.csv", 4, ""),
        ("orders.csv", 4, ""),
    ]
    [ada] = [one for one in rows if isinstance(one, CustomerRow)]
    assert [one.line1 for one in ada.addresses] == ["Weg 1", "Platz 2"]
    assert ada.verified
    [order] = [one.order for one in rows if isinstance(one, PastOrderRow)]
    assert [line.quantity for line in order.lines] == [2, 1]
    assert left_out_in(rows) == {
        "customers.csv: shoe_size": 1,
        "orders.csv: payment": 1,
        "orders.csv: hat": 1,
        "other.csv": 0,
    }


def test_the_shipped_catalogue_is_read_whole() -> None:
    rows = rows_of("demo", demo_catalogue())
    assert problems_in(rows) == []
    assert len(products_in(rows)) >= 80
    assert {type(row) for row in rows} >= {AttributeRow, CategoryRow}


def test_a_faulty_product_of_a_catalogue_is_named(tmp_path: Path) -> None:
    good = {"slug": "a", "title": {"en": "A"}, "variants": [{"sku": "A", "stock": {"berlin": 3}}]}
    bad = {"slug": "b", "title": {"en": "B"}, "variants": [{"sku": "B", "weight_g": 1.5}]}
    decimal = {**good, "slug": "c", "attributes": {"height": 9.5}}
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"attributes": [], "categories": [], "products": [good, bad, decimal, {}]}))
    rows = rows_of("demo", path)
    assert problems_in(rows) == [("catalogue.json", 0, "b"), ("catalogue.json", 0, "")]
    assert products_in(rows)["c"].draft.attributes == {"height": "9.5"}
    assert products_in(rows)["a"].stock[0].on_hand == 3


def test_the_documented_example_is_read_without_a_problem(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
    example = text.split("```csv\n")[1].split("```")[0]
    path = tmp_path / "example.csv"
    path.write_text(example, "utf-8")
    rows = rows_of("csv", path)
    assert problems_in(rows) == []
    assert left_out_in(rows) == {}
    assert [len(row.draft.variants) for row in products_in(rows).values()] == [3, 1]


def test_every_documented_column_is_known(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    columns = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    columns = [name.replace("CODE", "colour").replace("WAREHOUSE", "berlin") for name in columns]
    assert len(columns) > 15
    path = tmp_path / "columns.csv"
    path.write_text(",".join(columns) + "\n" + ",".join("x" for _ in columns), "utf-8")
    assert left_out_in(rows_of("csv", path)) == {}
