"""The files beside the products of our own CSV: what attributes and categories are, who the customers are, what they bought.

What `attributes.csv` and `categories.csv` say is the truth about them and replaces what the shop has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from rialto.catalog.api import AttributeDefinition, Category, Picture, Texts
from rialto.importing.cells import taken
from rialto.importing.drafting import RowFault, at_line
from rialto.importing.model import (
    AttributeRow,
    CategoryRow,
    CustomerRow,
    FileRefused,
    NotImported,
    Problem,
    Row,
)
from rialto.importing.sheet_orders import ADDRESS_FIELDS, ORDER_KEYS, read_orders
from rialto.importing.tables import Line, Table, columns_of, read_table, shown
from rialto.importing.words import moment, whole_number, yes_or_no
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid, RialtoError

PRODUCTS = "products.csv"
ATTRIBUTES = "attributes.csv"
CATEGORIES = "categories.csv"
CUSTOMERS = "customers.csv"
ORDERS = "orders.csv"

ATTRIBUTE_COLUMNS = ("code", "type", "unit", "filterable", "value")
CATEGORY_COLUMNS = ("slug", "parent", "position", "image", "image_widths", "image_size")
ADDRESS_COLUMNS = ADDRESS_FIELDS
CUSTOMER_KEYS = ("email", "name")
CUSTOMER_COLUMNS = (
    "email", "name", "language", "channel", "verified", "registered_at", "default_shipping", "default_billing",
    "address_name", *ADDRESS_COLUMNS,
)  # fmt: skip
MEDIA = "media:"
LEVELS_MAX = 50  # of a tree in a file; the catalogue takes fewer

_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")


def read_lists(folder: Path) -> Iterator[Row]:
    """All that stands beside the products. Raises FileRefused."""
    for name, (required, read) in READERS.items():
        if (folder / name).exists():
            yield from read(read_table(folder / name, required=required, cell=taken))
    for name in _names(folder):
        if name not in {PRODUCTS, *READERS}:
            yield NotImported(what=name, rows=0, reason="there is no place for it")


def has_lists_only(folder: Path) -> bool:
    """Whether products are left out, and something else is there."""
    return not (folder / PRODUCTS).exists() and any((folder / name).exists() for name in READERS)


def list_in(path: Path) -> Iterator[Row] | None:
    """What a file of customers or of orders holds, whatever it is called; None for any other. Raises FileRefused."""
    columns = columns_of(path)
    for name in (CUSTOMERS, ORDERS):
        required, read = READERS[name]
        if "slug" not in columns and set(required) <= set(columns):
            return read(read_table(path, required=required, cell=taken))
    return None


def picture_at(address: str, line: Line) -> Picture:
    """A picture at an address, or `media:` and the name of one that the shop keeps. Raises Invalid."""
    size = _SIZE.fullmatch(line["image_size"])
    if line["image_size"] and size is None:
        raise Invalid(f"image_size: {shown(line['image_size'])} is no size such as 1200x1500.")
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    if not address.startswith(MEDIA):
        return Picture(url=address, width=width, height=height)
    widths = [whole_number(one) for one in line["image_widths"].split()]
    return Picture(file=address.removeprefix(MEDIA), widths=widths, width=width, height=height)


def _attributes(table: Table) -> Iterator[Row]:
    """A definition's row has no value; the rows of its values follow it in their order."""
    groups: dict[str, list[Line]] = {}
    for line in table.lines:
        groups.setdefault(line["code"], []).append(line)
    for code, lines in groups.items():
        heads = [line for line in lines if not line["value"]]
        if len(heads) != 1:
            reason = f"attribute {code[:60]} has exactly one row without a value."
            yield Problem(file=table.file, line=lines[0].number, reason=reason)
            continue
        values = {line["value"]: _texts(table, line, "name") for line in lines if line["value"]}
        head = heads[0]
        try:
            filterable = yes_or_no(head["filterable"]) if head["filterable"] else False
        except RialtoError as refused:
            yield Problem(file=table.file, line=head.number, reason=f"filterable: {refused.text}")
            continue
        definition = AttributeDefinition(
            code=code,
            label=_texts(table, head, "label"),
            type=head["type"],
            unit=head["unit"] or None,
            filterable=filterable,
            values=values,
            order=list(values),
        )
        yield AttributeRow(definition=definition, file=table.file, line=head.number, inferred=False)


def _categories(table: Table) -> Iterator[Row]:
    """Parents first, whatever the order of the rows; what stands below itself comes last and is refused."""
    lines = {line["slug"]: line for line in table.lines}
    for line in sorted(table.lines, key=lambda one: _depth(one["slug"], lines)):
        try:
            picture = picture_at(line["image"], line) if line["image"] else None
            position = whole_number(line["position"]) if line["position"] else 0
        except RialtoError as refused:
            yield Problem(file=table.file, line=line.number, reason=refused.text)
            continue
        image = None
        if picture is not None:
            image = Picture(
                alt=_texts(table, line, "image_alt"),
                file=picture.file,
                url=picture.url,
                widths=picture.widths,
                width=picture.width,
                height=picture.height,
            )
        category = Category(
            slug=line["slug"],
            title=_texts(table, line, "title"),
            parent=line["parent"] or None,
            position=position,
            description=_texts(table, line, "description"),
            image=image,
        )
        yield CategoryRow(category=category, file=table.file, line=line.number, inferred=False)


def _depth(slug: str, lines: dict[str, Line]) -> int:
    depth = 0
    while slug in lines and depth <= LEVELS_MAX:
        depth, slug = depth + 1, lines[slug]["parent"]
    return depth


def read_customers(table: Table) -> Iterator[Row]:
    """A row for each address of a customer; those without one have a single row."""
    groups: dict[str, list[Line]] = {}
    for line in table.lines:
        groups.setdefault(line["email"].casefold(), []).append(line)
    for lines in groups.values():
        try:
            yield _customer(table, lines)
        except RowFault as fault:
            yield Problem(file=table.file, line=fault.line, reason=fault.reason)
    for column in table.columns:
        rows = sum(1 for line in table.lines if line[column])
        if rows and column not in CUSTOMER_COLUMNS:
            reason = "this column has no meaning here"
            yield NotImported(what=f"{table.file}: {column}", rows=rows, reason=reason)


def _customer(table: Table, lines: list[Line]) -> CustomerRow:
    """Raises RowFault."""
    first = lines[0]
    with at_line(first.number, "verified"):
        verified = yes_or_no(first["verified"]) if first["verified"] else False
    with at_line(first.number, "registered_at"):
        registered_at = moment(first["registered_at"]) if first["registered_at"] else None
    homes = [line for line in lines if line["line1"] or line["country"]]
    return CustomerRow(
        email=first["email"],
        name=first["name"],
        language=first["language"] or "en",
        channel=first["channel"] or "default",
        addresses=[_address(line) for line in homes],
        default_shipping=_default(table, homes, "default_shipping"),
        default_billing=_default(table, homes, "default_billing"),
        verified=verified,
        registered_at=registered_at,
        file=table.file,
        line=first.number,
    )


def _default(table: Table, lines: list[Line], column: str) -> int | None:
    """The first that is said to be it; without such a column the first of all."""
    if column not in table.columns:
        return 0
    for place, line in enumerate(lines):
        with at_line(line.number, column):
            if line[column] and yes_or_no(line[column]):
                return place
    return None


def _address(line: Line) -> Address:
    fields = {name: line[name] or None for name in ADDRESS_COLUMNS}
    return Address(
        name=line["address_name"] or line["name"],
        line1=line["line1"],
        city=line["city"],
        postal_code=line["postal_code"],
        country=line["country"],
        company=fields["company"],
        line2=fields["line2"],
        region=fields["region"],
        phone=fields["phone"],
    )


def _texts(table: Table, line: Line, kind: str) -> Texts:
    """The cells of `title_en`, `title_de` and so on, by language."""
    columns = [column for column in table.columns if column.startswith(f"{kind}_")]
    return {column.removeprefix(f"{kind}_"): line[column] for column in columns if line[column]}


def _names(folder: Path) -> list[str]:
    try:
        return sorted(file.name for file in folder.iterdir() if file.suffix.lower() == ".csv")
    except OSError as error:
        raise FileRefused(folder.name, "the folder cannot be read.") from error


READERS: dict[str, tuple[tuple[str, ...], Callable[[Table], Iterator[Row]]]] = {
    ATTRIBUTES: (("code", "type", "value"), _attributes),
    CATEGORIES: (("slug", "parent"), _categories),
    CUSTOMERS: (CUSTOMER_KEYS, read_customers),
    ORDERS: (ORDER_KEYS, read_orders),
}
