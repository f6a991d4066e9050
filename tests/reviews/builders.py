"""Orders to review, commands with defaults, and a document store that fails where it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from rialto.cart.api import CartTotals
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.documents import Changes, Collection, Documents, Page, Query, Stored
from rialto.kernel.errors import Unavailable
from rialto.kernel.ids import CART, LINE, ORDER, PRODUCT, AccountId, OrderId, ProductId, ReviewId
from rialto.kernel.money import EUR, Money
from rialto.kernel.service import Frozen
from rialto.orders.api import Order, OrderLine, OrderNotFound, OrderRef, Orders
from rialto.reviews.api import Draft, ModerateReview, OwnReview, Reviews, WriteReview
from rialto.reviews.handlers import ReviewHandlers
from rialto.reviews.model.reviews import ReviewDocument, Status, review_id
from rialto.reviews.service import SERVICE
from tests.pricing.peers import Peer
from tests.support.env import TestEnv, open_service

T = TypeVar("T", bound=Frozen)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "k3y"
EUROS = Money(1000, EUR)


def _uuid(number: int) -> UUID:
    return UUID(int=(0x019B8D3E9C00 << 80) | (7 << 76) | (5 << 64) | (0b10 << 62) | number)


MUG: ProductId = PRODUCT.of(_uuid(1))
LAMP: ProductId = PRODUCT.of(_uuid(2))


def order_id(number: int = 1) -> OrderId:
    return ORDER.of(_uuid(1000 + number))


def an_order(number: int = 1, *, products: Sequence[ProductId] = (MUG, LAMP), **changed: Any) -> Order:
    values: dict[str, Any] = {
        "id": order_id(number),
        "number": f"R-{number}",
        "version": 2,
        "cart_id": CART.of(_uuid(number)),
        "currency": EUR,
        "language": "de",
        "channel": "default",
        "lines": [
            OrderLine(
                id=LINE.of(_uuid(place)),
                sku=f"SKU-{place}",
                product_id=product,
                title="Thing",
                quantity=1,
                unit_price=EUROS,
                total=EUROS,
                tax=EUROS,
                tax_rate="0.19",
            )
            for place, product in enumerate(products)
        ],
        "totals": CartTotals(items=EUROS, discount=EUROS, delivery=EUROS, tax=EUROS, total=EUROS),
        "refunded": EUROS,
        "status": "placed",
        "payment_status": "authorised",
        "fulfilment_status": "unfulfilled",
        "started_at": AT,
        "placed_at": AT,
        "status_url": "/",
        "key": KEY,
    }
    return Order(**{**values, **changed})


class OrderBook(Peer):
    """Orders by id and key, or by the account that owns them. One that nobody entered is there all the same."""

    def __init__(self) -> None:
        self.owners: dict[OrderId, AccountId] = {}
        self.changed: dict[OrderId, Order] = {}
        self.away = False

    async def get(self, command: OrderRef) -> Order:
        if self.away:
            raise Unavailable
        owner = self.owners.get(command.order_id)
        if command.key != KEY and (owner is None or owner != command.account_id):
            raise OrderNotFound
        if command.order_id in self.changed:
            return self.changed[command.order_id]
        number = next(number for number in range(1000) if order_id(number) == command.order_id)
        return an_order(number)


def a_draft(**changed: Any) -> Draft:
    values: dict[str, Any] = {
        "rating": 5,
        "title": "Liegt gut in der Hand",
        "body": "Schwerer, als er aussieht.",
        "name": "Ada L.",
    }
    return Draft(**{**values, **changed})


def to_write(number: int = 1, *, product: ProductId = MUG, **changed: Any) -> WriteReview:
    values = {"product_id": product, "order_id": order_id(number), "order_key": KEY}
    fields = {name: changed.pop(name) for name in list(changed) if name in WriteReview.__struct_fields__}
    return WriteReview(**{**values, **fields}, draft=a_draft(**changed))


def a_review(number: int = 1, **changed: Any) -> ReviewDocument:
    values: dict[str, Any] = {
        "id": review_id(order_id(number), MUG),
        "product_id": MUG,
        "order_id": order_id(number),
        "rating": 4,
        "title": "Gut",
        "body": "Wirklich.",
        "name": "Ada",
        "language": "de",
        "status": Status.PUBLISHED,
        "revision": 1,
        "written_at": AT,
    }
    return ReviewDocument(**{**values, **changed})


class Desk:
    """The service, its store and its orders."""

    def __init__(self, env: TestEnv, orders: OrderBook) -> None:
        self.env = env
        self.orders = orders
        self.handlers: ReviewHandlers = env.handlers
        self.documents: Documents = env.engine("documents")

    @property
    def reviews(self) -> Reviews:
        return self.handlers

    async def write(self, number: int = 1, **changed: Any) -> OwnReview:
        return await self.handlers.write(to_write(number, **changed))

    async def decide(self, review: OwnReview, status: str = "published") -> None:
        await self.handlers.moderate(
            ModerateReview(id=review.id, status=status, expected=review.revision, by="stf_1")
        )

    async def published(self, number: int = 1, **changed: Any) -> ReviewId:
        review = await self.write(number, **changed)
        await self.decide(review)
        return review.id

    async def settle(self) -> None:
        while await self.handlers.follow():
            pass

    async def audit(self) -> list[str]:
        return [finding.text for check in SERVICE.audits for finding in await check(self.env)]


@asynccontextmanager
async def open_desk(postgres: DatabaseAddress) -> AsyncIterator[Desk]:
    orders = OrderBook()
    async with open_service(SERVICE, postgres, peers={Orders: orders}) as env:
        yield Desk(env, orders)


class Cut(Exception):
    """The process died here."""


class CutShort:
    """A document store whose process dies at the `at`th write: just before it, or just after (`done`)."""

    def __init__(self, inner: Documents, at: int, *, done: bool) -> None:
        self._inner = inner
        self._left = at
        self._done = done

    async def put(self, collection: Collection[T], value: T, *, expected: int) -> int:
        self._left -= 1
        if self._left == 0 and not self._done:
            raise Cut
        version = await self._inner.put(collection, value, expected=expected)
        if self._left == 0:
            raise Cut
        return version

    async def delete(self, collection: Collection[T], key: str, *, expected: int) -> None:
        self._left -= 1
        if self._left == 0 and not self._done:
            raise Cut
        await self._inner.delete(collection, key, expected=expected)
        if self._left == 0:
            raise Cut

    async def get(self, collection: Collection[T], key: str) -> Stored[T] | None:
        return await self._inner.get(collection, key)

    async def query(self, collection: Collection[T], query: Query) -> Page[T]:
        return await self._inner.query(collection, query)

    async def scan(self, collection: Collection[T], *, cursor: str | None = None, limit: int) -> Page[T]:
        return await self._inner.scan(collection, cursor=cursor, limit=limit)

    async def changes(self, collection: Collection[T], after: str | None, *, limit: int) -> Changes[T]:
        return await self._inner.changes(collection, after, limit=limit)

    async def tail(self, collection: Collection[T]) -> str:
        return await self._inner.tail(collection)

    async def prepare(self, collections: Sequence[Collection[Any]]) -> None:
        await self._inner.prepare(collections)

    async def close(self) -> None:
        """The store outlives who uses it."""
