"""Payments owns payment streams, what providers said, webhooks seen, and the ledger.

Only provider tokens enter our network. Each payment has one stream, fed alike by the browser's request, the
provider's webhooks and the asking of the checkout saga. Money that moves is a balanced double entry, written
in the transaction of the event that moved it. Bucketed by the order's bucket.
"""
