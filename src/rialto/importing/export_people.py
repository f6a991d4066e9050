"""Writing down customers and orders. The files hold personal data: only their owner may read them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

from rialto.identity.api import AccountRef, Customer, Identity, ListCustomers, SavedAddress
from rialto.importing.files import PRIVATE, new_table
from rialto.importing.sheet_lists import ADDRESS_COLUMNS, CUSTOMER_COLUMNS
from rialto.importing.sheet_orders import OPTION_AFTER, OPTIONS_BETWEEN, ORDER_COLUMNS, TAXES_BETWEEN
from rialto.kernel.address import Address
from rialto.kernel.money import Money
from rialto.orders.api import ListOrders, Order, OrderLine, Orders, OrdersNamed, OrderTax

PAGE = 200
NUMBERS = frozenset(
    {
        "items_total", "discount_total", "delivery_total", "tax_total", "total", "refunded", "line", "quantity",
        "shipped", "unit_price", "line_total", "line_tax", "tax_rate",
    }
)  # fmt: skip

Cells = dict[str, str]


async def export_customers(identity: Identity, path: Path) -> int:
    """One row per address of each account, one for those without any, by e-mail; how many accounts. Raises CannotWrite.

    Whoever is being erased is left out: a file must not bring them back.
    """
    everybody = sorted([one async for one in _customers(identity) if one.active], key=lambda one: one.email)
    with new_table(path, CUSTOMER_COLUMNS, mode=PRIVATE, numbers=frozenset()) as write:
        for customer in everybody:
            book = await identity.list_addresses(AccountRef(account_id=customer.id))
            for row in _customer(customer, book.items):
                write(row)
    return len(everybody)


async def _customers(identity: Identity) -> AsyncIterator[Customer]:
    cursor = None
    while True:
        page = await identity.list_customers(ListCustomers(cursor=cursor, limit=PAGE))
        for customer in page.items:
            yield customer
        cursor = page.next_cursor
        if cursor is None:
            return


async def export_orders(orders: Orders, path: Path) -> int:
    """One row per line of each order, the newest first; how many orders. Raises CannotWrite.

    Neither keys nor tokens are written: what a file tells opens no order.
    """
    count, cursor = 0, None
    with new_table(path, ORDER_COLUMNS, mode=PRIVATE, numbers=NUMBERS) as write:
        while True:
            page = await orders.list(ListOrders(cursor=cursor, limit=PAGE))
            found = await orders.several(OrdersNamed(order_ids=[row.id for row in page.items]))
            for order in found.items:
                for row in _order(order):
                    write(row)
            count += len(found.items)
            cursor = page.next_cursor
            if cursor is None:
                return count


def _customer(customer: Customer, book: list[SavedAddress]) -> Iterator[Cells]:
    head = {
        "email": customer.email,
        "name": customer.name,
        "language": customer.language,
        "channel": customer.channel,
        "verified": _yes(customer.verified),
        "registered_at": _time(customer.created_at),
    }
    if not book:
        yield head
    for address in book:
        yield {
            **head,
            "default_shipping": _yes(address.default_shipping),
            "default_billing": _yes(address.default_billing),
            "address_name": address.name,
            **_address(address),
        }


def _order(order: Order) -> Iterator[Cells]:
    totals = order.totals
    head = {
        "number": order.number,
        "id": order.id,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "cancel_reason": order.cancel_reason or "",
        "started_at": _time(order.started_at),
        "placed_at": _time(order.placed_at) if order.placed_at else "",
        "channel": order.channel,
        "language": order.language,
        "currency": order.currency,
        "email": order.email or "",
        "shipping_name": order.shipping.name if order.shipping else "",
        **(_address(order.shipping) if order.shipping else {}),
        **(_billing(order.billing) if order.billing and order.billing != order.shipping else {}),
        "delivery": order.delivery.option_id if order.delivery else "",
        "delivery_title": order.delivery.title if order.delivery else "",
        "payment": order.payment_label or "",
        "codes": " ".join(order.codes),
        "taxes": TAXES_BETWEEN.join(_tax(tax) for tax in order.taxes),
        "items_total": _amount(totals.items),
        "discount_total": _amount(totals.discount),
        "delivery_total": _amount(totals.delivery),
        "tax_total": _amount(totals.tax),
        "tax_included": _yes(order.tax_included),
        "total": _amount(totals.total),
        "refunded": _amount(order.refunded),
    }
    for number, line in enumerate(order.lines, start=1):
        yield {**head, **_line(number, line)}


def _line(number: int, line: OrderLine) -> Cells:
    return {
        "line": str(number),
        "sku": line.sku,
        "title": line.title,
        "options": OPTIONS_BETWEEN.join(
            f"{name}{OPTION_AFTER}{value}" for name, value in line.options.items()
        ),
        "quantity": str(line.quantity),
        "shipped": str(line.shipped),
        "unit_price": _amount(line.unit_price),
        "line_total": _amount(line.total),
        "line_tax": _amount(line.tax),
        "tax_rate": line.tax_rate,
    }


def _address(address: Address) -> Cells:
    return {name: getattr(address, name) or "" for name in ADDRESS_COLUMNS}


def _billing(address: Address) -> Cells:
    return {
        "billing_name": address.name,
        **{f"billing_{name}": text for name, text in _address(address).items()},
    }


def _tax(tax: OrderTax) -> str:
    return f"{tax.rate} {tax.tax.decimal()} {tax.net.decimal()}"


def _amount(money: Money | None) -> str:
    return "" if money is None else money.decimal()


def _time(at: datetime) -> str:
    """To the microsecond, where there are some: an import tells orders of one second apart."""
    return at.isoformat().replace("+00:00", "Z")


def _yes(value: bool) -> str:
    return "yes" if value else "no"
