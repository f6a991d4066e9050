"""The rules of an order, pure: its state folded from events, and what may happen to it next.

started ──▶ awaiting customer ──▶ placed ──▶ shipped (in parts) ──▶ completed
   │               │                 │             └─▶ returns asked for, goods received (then restocked),
   │               │                 │                 money given back (decided, then refunded)
   └───────────────┴─▶ cancelled ◀───┘      cancelled: first voided and restocked, then closed
imported (completed or cancelled elsewhere): history from the first event on
"""

from __future__ import annotations

from rialto.orders.model.ending import attach as attach
from rialto.orders.model.ending import cancel as cancel
from rialto.orders.model.ending import far_from_account as far_from_account
from rialto.orders.model.importing import NOWHERE as NOWHERE
from rialto.orders.model.importing import check_imported as check_imported
from rialto.orders.model.importing import take_in as take_in
from rialto.orders.model.numbers import bucket_of_number as bucket_of_number
from rialto.orders.model.numbers import is_order_number as is_order_number
from rialto.orders.model.numbers import order_number as order_number
from rialto.orders.model.returning import decide_refund as decide_refund
from rialto.orders.model.returning import receive as receive
from rialto.orders.model.returning import request_return as request_return
from rialto.orders.model.shipping import ship as ship
from rialto.orders.model.state import OrderState as OrderState
from rialto.orders.model.state import fold as fold
