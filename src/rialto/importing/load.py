"""Applying neutral rows to the shop: everything is read first, then saved, and a report tells what came of it.

Loading again what was loaded changes nothing. A dry run asks the catalogue to rehearse the same changes, so it
reports the same of products; what pricing and identity would refuse is only known once it is really saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from rialto.catalog.api import (
    AttributeDefinition,
    Catalog,
    Category,
    ProductDraft,
    Verdict,
)
from rialto.identity.api import Identity
from rialto.importing.attributes import definitions_of, typed_draft
from rialto.importing.changes import differences
from rialto.importing.customers import put_customers
from rialto.importing.model import (
    CHANGES_MAX,
    AttributeRow,
    CategoryRow,
    Change,
    Counts,
    CustomerRow,
    DeliveryRow,
    ImportOptions,
    NotImported,
    PastOrderRow,
    Problem,
    ProductRow,
    PromotionRow,
    Report,
    Row,
)
from rialto.importing.past_orders import put_orders
from rialto.importing.saving import Rehearsing, Saver, Saving
from rialto.importing.stock import put_stock
from rialto.importing.terms import Came, put_delivery, put_promotions
from rialto.inventory.api import Inventory
from rialto.kernel.errors import FieldProblem
from rialto.kernel.service import Nothing
from rialto.orders.api import Orders
from rialto.pricing.api import Pricing

PRODUCTS_AT_ONCE = 500
KINDS = ("attributes", "categories", "products", "stock", "promotions", "delivery", "customers", "orders")

Progress = Callable[[int, int], None]
Where = tuple[str, int]
T = AttributeDefinition | Category


class Loading:
    """One import on its way: what was read, what became of it. Where a service is not given, its rows are left out."""

    def __init__(self, rows: Iterable[Row], options: ImportOptions) -> None:
        everything = list(rows)  # a fault of the file ends here, before anything is saved
        self._options = options
        self._attributes = [row for row in everything if isinstance(row, AttributeRow)]
        self._categories = [row for row in everything if isinstance(row, CategoryRow)]
        self._products = [row for row in everything if isinstance(row, ProductRow)]
        self._refused = [row for row in everything if isinstance(row, Problem)]
        self._left_out = [row for row in everything if isinstance(row, NotImported)]
        self._promotions = [row for row in everything if isinstance(row, PromotionRow)]
        self._delivery = [row for row in everything if isinstance(row, DeliveryRow)]
        self._customers = [row for row in everything if isinstance(row, CustomerRow)]
        self._orders = [row for row in everything if isinstance(row, PastOrderRow)]
        self._saved: list[ProductRow] = []
        self._changes: list[Change] = []
        self._counts: dict[str, Counts] = {kind: Counts() for kind in KINDS}
        for kind, names in (
            ("products", {problem.product for problem in self._refused}),
            ("orders", {problem.order for problem in self._refused}),
        ):
            for _ in names - {""}:
                self._count(kind, "refused")

    async def save_goods(
        self, catalog: Catalog, inventory: Inventory, *, dry_run: bool, progress: Progress
    ) -> None:
        """Attributes, categories, products and their stock."""
        saver: Saver = Rehearsing(catalog) if dry_run else Saving(catalog)
        definitions = await self._save_attributes(catalog, saver)
        await self._save_categories(catalog, saver)
        if any(row.spare_prices for row in self._products):
            self._leave_out_prices(await _currencies(catalog))
        await self._save_products(saver, definitions, progress)
        await self._save_stock(inventory, dry_run=dry_run)

    async def save_terms(self, pricing: Pricing | None, catalog: Catalog, *, dry_run: bool) -> None:
        """Promotions and ways of delivery; after the products, which promotions name."""
        if pricing is None:
            self._leave_out("promotions", self._promotions)
            self._leave_out("ways of delivery", self._delivery)
            return
        self._take("promotions", await put_promotions(pricing, catalog, self._promotions, dry_run=dry_run))
        self._take("delivery", await put_delivery(pricing, self._delivery, dry_run=dry_run))

    async def save_customers(self, identity: Identity | None, *, dry_run: bool) -> None:
        if identity is None:
            self._leave_out("customers", self._customers)
            return
        self._take("customers", await put_customers(identity, self._customers, dry_run=dry_run))

    async def save_orders(self, orders: Orders | None, *, dry_run: bool) -> None:
        """After the customers, whose lists they may come to."""
        if orders is None:
            self._leave_out("orders", self._orders)
            return
        self._take("orders", await put_orders(orders, self._orders, dry_run=dry_run))

    def report(self, source: str, *, dry_run: bool) -> Report:
        return Report(
            source=source,
            dry_run=dry_run,
            refused=sorted(self._refused, key=lambda problem: (problem.file, problem.line)),
            not_imported=_summed(self._left_out),
            changes=self._changes[:CHANGES_MAX],
            **self._counts,
        )

    def _leave_out(self, what: str, rows: Sequence[Row]) -> None:
        if rows:
            reason = "nothing here takes them in"
            self._left_out.append(NotImported(what=what, rows=len(rows), reason=reason))

    def _take(self, kind: str, came: Came) -> None:
        self._refused += came.problems
        self._left_out += came.left_out
        for outcome in came.outcomes:
            self._count(kind, outcome)

    def _leave_out_prices(self, currencies: frozenset[str]) -> None:
        """Of the products whose prices may be left out: those in currencies that the shop does not sell in."""
        for index, row in enumerate(self._products):
            if row.spare_prices:
                kept, gone = _sold(row, currencies)
                self._products[index] = kept
                reason = "no channel of the shop sells in this currency"
                self._left_out += [
                    NotImported(what=f"{row.file}: prices in {currency}", rows=1, reason=reason)
                    for currency in gone
                ]

    async def _save_attributes(self, catalog: Catalog, saver: Saver) -> dict[str, AttributeDefinition]:
        known = {one.code: one for one in (await catalog.attributes(Nothing())).items}
        wanted = definitions_of(known, self._attributes, self._products, self._options.language)
        where = {row.definition.code: (row.file, row.line) for row in self._attributes}
        for product in self._products:
            where |= {one.code: (product.file, one.line) for one in product.said if one.code not in where}
        outcomes = {code: _difference(known.get(code), definition) for code, definition in wanted.items()}
        news = [definition for code, definition in wanted.items() if outcomes[code] != "unchanged"]
        for definition, verdict in zip(news, await saver.attributes(news), strict=True):
            code = definition.code
            outcomes[code] = self._judged(
                verdict, outcomes[code], where=where[code], what=f"attribute {code}"
            )
        for outcome in outcomes.values():
            self._count("attributes", outcome)
        return {**known, **wanted}

    async def _save_categories(self, catalog: Catalog, saver: Saver) -> None:
        """Inferred categories that no product needs (all of its rows were refused) are not made."""
        known = {one.slug: one for one in (await catalog.categories(Nothing())).items}
        parents = {row.category.slug: row.category.parent for row in self._categories}
        needed: set[str] = set()
        for product in self._products:
            slug = product.draft.category
            while slug is not None and slug not in needed:
                needed.add(slug)
                slug = parents.get(slug)
        said = {row.category.slug for row in self._categories if not row.inferred}
        rows = [
            row
            for row in self._categories
            if not row.inferred
            or ((row.empty_too or row.category.slug in needed) and row.category.slug not in said)
        ]
        outcomes = {row.category.slug: _category_outcome(known.get(row.category.slug), row) for row in rows}
        news = [row for row in rows if outcomes[row.category.slug] != "unchanged"]
        verdicts = await saver.categories([row.category for row in news])
        for row, verdict in zip(news, verdicts, strict=True):
            slug = row.category.slug
            outcomes[slug] = self._judged(
                verdict, outcomes[slug], where=(row.file, row.line), what=f"category {slug}"
            )
        for outcome in outcomes.values():
            self._count("categories", outcome)

    async def _save_products(
        self, saver: Saver, definitions: Mapping[str, AttributeDefinition], progress: Progress
    ) -> None:
        ready: list[tuple[ProductRow, ProductDraft]] = []
        for row in self._without_doubles():
            typed = typed_draft(row, definitions, self._left_out)
            if isinstance(typed, Problem):
                self._refuse(typed)
            else:
                ready.append((row, typed))
        for start in range(0, len(ready), PRODUCTS_AT_ONCE):
            progress(start, len(ready))
            batch = ready[start : start + PRODUCTS_AT_ONCE]
            verdicts = await saver.products([draft for _, draft in batch])
            for (row, draft), verdict in zip(batch, verdicts, strict=True):
                if verdict.outcome == "refused":
                    self._refuse(_problem_of(row, verdict))
                else:
                    self._count("products", verdict.outcome)
                    self._saved.append(row)
                if verdict.before is not None and len(self._changes) < CHANGES_MAX:
                    self._changes += differences(verdict.before, draft)
        progress(len(ready), len(ready))

    def _without_doubles(self) -> Iterable[ProductRow]:
        """Products whose slug and SKUs no earlier product of the source has."""
        slugs: set[str] = set()
        owners: dict[str, str] = {}
        for row in self._products:
            slug = row.draft.slug
            double = next((one.sku for one in row.draft.variants if one.sku in owners), None)
            if slug in slugs or double is not None:
                reason = (
                    "this product stands in the source twice."
                    if double is None
                    else f"the SKU {double[:64]} belongs to {owners[double][:120]} already."
                )
                self._refuse(Problem(file=row.file, line=row.line, reason=reason, product=slug))
                continue
            slugs.add(slug)
            owners |= {variant.sku: slug for variant in row.draft.variants}
            yield row

    async def _save_stock(self, inventory: Inventory, *, dry_run: bool) -> None:
        done = await put_stock(inventory, self._saved, dry_run=dry_run, keep=self._options.keep_stock)
        for outcome in done.outcomes:
            self._count("stock", outcome)
        self._refused += done.problems
        self._changes += done.changes

    def _judged(self, verdict: Verdict, outcome: str, *, where: Where, what: str) -> str:
        if verdict.outcome != "refused":
            return outcome
        reason = f"{what}: {_sentence(verdict)}"
        self._refused.append(Problem(file=where[0], line=where[1], reason=reason))
        return "refused"

    def _refuse(self, problem: Problem) -> None:
        self._refused.append(problem)
        self._count("products", "refused")

    def _count(self, kind: str, outcome: str) -> None:
        self._counts[kind] = self._counts[kind].plus(outcome)


async def load(
    rows: Iterable[Row],
    catalog: Catalog,
    inventory: Inventory,
    *,
    source: str,
    pricing: Pricing | None = None,
    identity: Identity | None = None,
    orders: Orders | None = None,
    options: ImportOptions | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Report:
    """Apply all rows and report. Idempotent. Raises FileRefused before anything was saved; Unavailable in the
    middle: what was saved stays, and the same import again goes on from there.

    Without `pricing`, `identity` or `orders` the rows that are theirs are reported as not imported.
    """
    loading = Loading(rows, options or ImportOptions())
    await loading.save_goods(catalog, inventory, dry_run=dry_run, progress=progress)
    await loading.save_terms(pricing, catalog, dry_run=dry_run)
    await loading.save_customers(identity, dry_run=dry_run)
    await loading.save_orders(orders, dry_run=dry_run)
    return loading.report(source, dry_run=dry_run)


async def _currencies(catalog: Catalog) -> frozenset[str]:
    channels = (await catalog.channels(Nothing())).items
    return frozenset(currency for channel in channels for currency in channel.currencies)


def _sold(row: ProductRow, currencies: frozenset[str]) -> tuple[ProductRow, list[str]]:
    """The product with prices in these currencies only, and the currency of each price that was taken away."""
    gone = [code for variant in row.draft.variants for code in variant.prices if code not in currencies]
    variants = [
        msgspec.structs.replace(
            variant,
            prices={code: amount for code, amount in variant.prices.items() if code in currencies},
            compare_at={code: amount for code, amount in variant.compare_at.items() if code in currencies},
        )
        for variant in row.draft.variants
    ]
    draft = msgspec.structs.replace(row.draft, variants=variants)
    return msgspec.structs.replace(row, draft=draft), gone


def _difference(before: T | None, after: T) -> str:
    if before is None:
        return "created"
    return "unchanged" if before == after else "changed"


def _category_outcome(before: Category | None, row: CategoryRow) -> str:
    return "unchanged" if row.inferred and before else _difference(before, row.category)


def _problem_of(row: ProductRow, verdict: Verdict) -> Problem:
    """The refusal at the line of its first field that has one."""
    lines = (_line_of(row, field) for field in verdict.fields)
    line = next((line for line in lines if line is not None), row.line)
    return Problem(file=row.file, line=line, reason=_sentence(verdict), product=row.draft.slug)


def _line_of(row: ProductRow, field: FieldProblem) -> int | None:
    beginnings = [path for path in row.lines if field.path == path or field.path.startswith(f"{path}.")]
    return row.lines[max(beginnings, key=len)] if beginnings else None


def _sentence(verdict: Verdict) -> str:
    fields = "; ".join(f"{field.path}: {field.message}" for field in verdict.fields[:5])
    return f"{verdict.message} {fields}" if fields else verdict.message


def _summed(left_out: Iterable[NotImported]) -> list[NotImported]:
    """One entry per thing and reason, rows added up, in the order they were met."""
    sums: dict[tuple[str, str], NotImported] = {}
    for one in left_out:
        before = sums.get((one.what, one.reason))
        rows = one.rows + (before.rows if before else 0)
        sums[one.what, one.reason] = msgspec.structs.replace(one, rows=rows)
    return list(sums.values())
