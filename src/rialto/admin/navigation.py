"""The way around: every part of the back office, and the permission without which it is not shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rialto.kernel.roles import grants


class Entry(NamedTuple):
    """`name` is the section of a page and the end of its texts' key; without a permission all staff may enter."""

    name: str
    path: str
    permission: str | None = None


class Group(NamedTuple):
    name: str
    entries: tuple[Entry, ...]


GROUPS: tuple[Group, ...] = (
    Group("today", (Entry("start", "/admin"),)),
    Group("sell", (Entry("orders", "/admin/orders", "orders.read"),)),
    Group(
        "shop",
        (
            Entry("products", "/admin/products", "catalog.read"),
            Entry("collections", "/admin/collections", "catalog.read"),
            Entry("search", "/admin/search", "catalog.read"),
            Entry("stock", "/admin/stock", "inventory.read"),
            Entry("import", "/admin/import", "catalog.write"),
            Entry("promotions", "/admin/promotions", "pricing.read"),
            Entry("customers", "/admin/customers", "customers.read"),
            Entry("reviews", "/admin/reviews", "reviews.moderate"),
        ),
    ),
    Group(
        "people",
        (
            Entry("staff", "/admin/staff", "staff.write"),
            Entry("roles", "/admin/roles", "staff.write"),
            Entry("log", "/admin/log", "staff.audit"),
        ),
    ),
    Group(
        "house",
        (
            Entry("settings", "/admin/settings", "settings.read"),
            Entry("mails", "/admin/settings/mails", "settings.read"),
            Entry("channels", "/admin/settings/channels", "settings.read"),
            Entry("currencies", "/admin/settings/currencies", "settings.read"),
            Entry("taxes", "/admin/settings/taxes", "pricing.read"),
            Entry("delivery", "/admin/settings/delivery", "pricing.read"),
            Entry("system", "/admin/system", "system.read"),
        ),
    ),
)


def shown_groups(permissions: Iterable[str]) -> list[Group]:
    """What these permissions open; a group of which nothing is left is not shown."""
    granted = frozenset(permissions)
    groups = [
        Group(
            group.name,
            tuple(
                entry
                for entry in group.entries
                if entry.permission is None or grants(granted, entry.permission)
            ),
        )
        for group in GROUPS
    ]
    return [group for group in groups if group.entries]
