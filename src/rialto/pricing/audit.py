"""I12: how often a code was used is how many orders hold it, and its limits hold, proved from the rows.

So does what is given with a first order.
"""

from __future__ import annotations

from rialto.kernel.audit import Audit, Finding, findings
from rialto.kernel.service import Env

_USES_ARE_HOLDS = """
SELECT v.code AS subject, v.uses, count(h.order_id) AS held
FROM vouchers AS v LEFT JOIN voucher_uses AS u USING (code)
LEFT JOIN voucher_holds AS h ON h.order_id = u.order_id AND h.state = 'held'
GROUP BY v.code, v.uses HAVING v.uses <> count(h.order_id) ORDER BY v.code
"""
_CUSTOMERS_WITHIN_LIMIT = """
SELECT v.code AS subject, v.customer_max, count(*) AS held
FROM vouchers AS v JOIN voucher_uses AS u USING (code) JOIN voucher_holds AS h USING (order_id)
WHERE h.state = 'held' AND v.customer_max IS NOT NULL
GROUP BY v.code, v.customer_max, h.customer HAVING count(*) > v.customer_max ORDER BY v.code
"""


_FIRST_ORDERS_ARE_HELD = """
SELECT c.order_id AS subject FROM customer_orders AS c LEFT JOIN voucher_holds AS h USING (order_id)
WHERE c.given AND h.state IS DISTINCT FROM 'held' ORDER BY c.order_id
"""


async def codes_keep_their_limits(e: Env) -> list[Finding]:
    async with e.db.read() as session:
        return [
            *await findings(
                session, "I12", _USES_ARE_HOLDS, text="used {uses} times, but {held} orders hold it"
            ),
            *await findings(
                session,
                "I12",
                _CUSTOMERS_WITHIN_LIMIT,
                text="one customer holds it {held} times, {customer_max} are allowed",
            ),
            *await findings(
                session,
                "I12",
                _FIRST_ORDERS_ARE_HELD,
                text="given as a first order, but nothing is held for it",
            ),
        ]


AUDITS: tuple[Audit, ...] = (codes_keep_their_limits,)
