"""Inventory owns stock: what is on hand in which warehouse, what is held for whom, and every movement.

Not bucketed: a SKU has one row per warehouse, and hot rows are served by group commit (`kernel/batch.py`).
"""
