"""I7 of mails: one per cause. Two are looked for among our rows, missing ones by asking orders for its causes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from rialto.kernel.audit import FINDINGS_MAX, Audit, Finding, findings
from rialto.kernel.service import Env
from rialto.notifications.model import Cause, Template
from rialto.orders.api import ListOrders, OrderRef, OrderRow, Orders

PAGE = 200
# Events arrive within seconds; after this a mail that is not even queued will not come by itself.
QUEUED_WITHIN = timedelta(minutes=15)

_TWICE = """
SELECT cause AS subject, template, count(*) AS mails FROM mails GROUP BY cause, template HAVING count(*) > 1
"""
_KNOWN = "SELECT cause, template FROM mails WHERE cause = ANY ($1::text[])"


async def no_cause_has_two_mails(e: Env) -> list[Finding]:
    """I7: the unique key holds it; this would tell if somebody had dropped that."""
    async with e.db.read() as session:
        return await findings(session, "I7", _TWICE, text="has {mails} mails {template}")


async def no_mail_is_missing(e: Env) -> list[Finding]:
    """I7: each placed order has its confirmation, each shipment and each return its mail, unless nobody is left to write to.

    Mails about cancellations are not looked for: an order does not tell when it was cancelled.
    """
    found: list[Finding] = []
    before = e.clock.now() - QUEUED_WITHIN
    async for rows in _placed(e, before):
        for cause in await _without_mail(e, [*_confirmations(rows), *await _parcels(e, rows, before)]):
            # Asked last, for the few: an order without an e-mail (erased since, say) gets no mail.
            if (await e[Orders].get(OrderRef(order_id=cause.order_id, staff=True))).email:
                text = f"has no mail {cause.template}"
                found.append(Finding(invariant="I7", subject=cause.key, text=text))
        if len(found) >= FINDINGS_MAX:
            break
    return found[:FINDINGS_MAX]


async def _placed(e: Env, before: datetime) -> AsyncIterator[Sequence[OrderRow]]:
    """Orders placed before an instant, in pages."""
    cursor: str | None = None
    while True:
        page = await e[Orders].list(ListOrders(cursor=cursor, limit=PAGE))
        # Orders from elsewhere were confirmed there.
        yield [
            row
            for row in page.items
            if row.placed_at is not None and row.placed_at < before and not row.imported
        ]
        cursor = page.next_cursor
        if cursor is None:
            return


def _confirmations(rows: Sequence[OrderRow]) -> list[Cause]:
    return [Cause(order_id=row.id, template=Template.ORDER_PLACED) for row in rows]


async def _parcels(e: Env, rows: Sequence[OrderRow], before: datetime) -> list[Cause]:
    causes: list[Cause] = []
    for row in rows:
        if row.fulfilment_status in {"partially_shipped", "shipped"}:
            order = await e[Orders].get(OrderRef(order_id=row.id, staff=True))
            causes += [
                Cause(order_id=row.id, template=Template.ORDER_SHIPPED, step=shipment.id)
                for shipment in order.shipments
                if shipment.shipped_at < before
            ]
            causes += [
                Cause(order_id=row.id, template=Template.ORDER_RETURN, step=back.id)
                for back in order.returns
                if back.requested_at < before
            ]
    return causes


async def _without_mail(e: Env, causes: Sequence[Cause]) -> list[Cause]:
    async with e.db.read() as session:
        rows = await session.all(_KNOWN, [cause.key for cause in causes])
    known = {(row["cause"], row["template"]) for row in rows}
    return [cause for cause in causes if (cause.key, cause.template) not in known]


AUDITS: tuple[Audit, ...] = (no_cause_has_two_mails, no_mail_is_missing)
