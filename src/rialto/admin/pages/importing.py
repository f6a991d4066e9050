"""Taking over a catalogue: files are handed in, what they would change is shown, and then it is done."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import get, post
from litestar.datastructures import UploadFile

from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, page
from rialto.admin.uploads import BYTES_MAX, Handed, Uploads
from rialto.catalog.api import Catalog
from rialto.identity.api import Identity
from rialto.importing.importers import find_importer
from rialto.importing.load import load
from rialto.importing.model import Counts, ImportOptions, Report
from rialto.inventory.api import Inventory
from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.http import Injected, requires
from rialto.kernel.ids import Ids
from rialto.kernel.money import parse_currency
from rialto.kernel.service import Frozen, Nothing
from rialto.orders.api import Orders
from rialto.pricing.api import Pricing

PLACE = f"{HOME}/import"
# Files bring counts of stock with them.
GUARDS = [requires("catalog.write"), requires("inventory.write")]
FORMATS = ("csv", "saleor", "spree", "flower-shop")
KINDS = ("products", "attributes", "categories", "stock", "promotions", "delivery", "customers", "orders")
SHOWN_MAX = 200
# Around the files of a form stand its fields and boundaries.
BODY_MAX = BYTES_MAX + 200_000


class Peers(Frozen):
    """Whom an import tells. Who may not change prices or people, or take in orders, takes over goods only."""

    catalog: Any
    inventory: Any
    pricing: Any
    identity: Any
    orders: Any


async def open_peers(
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    inventory: Injected[Inventory],
    pricing: Injected[Pricing],
    *,
    identity: Injected[Identity],
    orders: Injected[Orders],
) -> Peers:
    """Litestar dependency `peers`."""
    return Peers(
        catalog=catalog,
        inventory=inventory,
        pricing=pricing if desk.may("pricing.write") else None,
        identity=identity if desk.may("customers.write") else None,
        orders=orders if desk.may("orders.import") else None,
    )


@get(PLACE, guards=GUARDS)
async def ask(desk: Injected[Desk], peers: Injected[Peers]) -> PAGE:
    return await _page(desk, peers, mode="ask", values={})


@post(PLACE, guards=GUARDS, status_code=200, request_max_body_size=BODY_MAX)
async def rehearse(
    request: AnyRequest,
    desk: Injected[Desk],
    peers: Injected[Peers],
    ids: Injected[Ids],
    *,
    clock: Injected[Clock],
) -> PAGE:
    """Keep the files and show what they would change. Nothing is changed."""
    values = await read_values(request)
    handed = [one for one in (await request.form()).getall("files", []) if isinstance(one, UploadFile)]
    files = [Handed(name=one.filename, content=await one.read()) for one in handed if one.filename]
    uploads, token = _uploads(desk), ids.token(120)
    try:
        await asyncio.to_thread(uploads.keep, token, files, now=clock.now().timestamp())
        report = await _load(values, token, uploads, peers, dry_run=True)
    except RialtoError as error:
        uploads.drop(token)
        return await _page(
            desk,
            peers,
            mode="ask",
            values=values,
            problems=problems_of(error, desk.texts),
            status=status_of(error),
        )
    return await _page(desk, peers, mode="preview", values=values | {"token": token}, report=report)


@post(f"{PLACE}/apply", guards=GUARDS, status_code=200)
async def apply(request: AnyRequest, desk: Injected[Desk], peers: Injected[Peers]) -> PAGE:
    """Load what was looked at. Sent again it finds everything unchanged, or the files gone."""
    values = await read_values(request)
    uploads, token = _uploads(desk), values.get("token", "")
    try:
        report = await _load(values, token, uploads, peers, dry_run=False)
    except RialtoError as error:
        # What was loaded stays; the same files go on from there.
        mode = "preview" if isinstance(error, Unavailable) else "ask"
        problems = problems_of(error, desk.texts)
        return await _page(desk, peers, mode=mode, values=values, problems=problems, status=status_of(error))
    uploads.drop(token)
    return await _page(desk, peers, mode="done", values=values, report=report)


def _uploads(desk: Desk) -> Uploads:
    return Uploads(desk.settings.data / "uploads")


async def _load(values: Values, token: str, uploads: Uploads, peers: Peers, *, dry_run: bool) -> Report:
    """Raises UploadGone, FileRefused, Invalid, Unavailable."""
    path = uploads.find(token)
    reading = Reading(values)
    options = ImportOptions(
        warehouse=reading.text("warehouse") or ImportOptions().warehouse,
        language=reading.text("language") or "en",
        currency=parse_currency(reading.text("currency"), path="currency")
        if reading.text("currency")
        else None,
    )
    form = reading.text("format")
    importer = find_importer(form if form in FORMATS else "csv")
    # Reading a large file takes a second of nothing but work: other requests go on meanwhile.
    rows = await asyncio.to_thread(lambda: list(importer.read(path, options)))
    return await load(
        rows,
        peers.catalog,
        peers.inventory,
        source=path.name,
        pricing=peers.pricing,
        identity=peers.identity,
        orders=peers.orders,
        options=options,
        dry_run=dry_run,
    )


async def _page(
    desk: Desk,
    peers: Peers,
    *,
    mode: str,
    values: Values,
    report: Report | None = None,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> PAGE:
    warehouses = (await peers.inventory.warehouses(Nothing())).items
    counts = (
        [(kind, getattr(report, kind)) for kind in KINDS if getattr(report, kind) != Counts()]
        if report
        else []
    )
    return page(
        desk,
        "pages/import.html",
        section="import",
        status=status,
        mode=mode,
        values=values,
        formats=FORMATS,
        warehouses=[(one.code, one.code) for one in warehouses],
        report=report,
        counts=counts,
        shown_max=SHOWN_MAX,
        problems=problems or [],
    )


ROUTES: list[Any] = [ask, rehearse, apply]
