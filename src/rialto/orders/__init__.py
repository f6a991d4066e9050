"""Orders owns the order streams, the checkout saga's progress, contacts, and the client's idempotency keys.

An order is event-sourced; its stream is the saga's log. Bucketed: a guest's order lives in its cart's bucket.
"""
