"""An author's side: writing, changing, withdrawing, and having all of it told or forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator

from rialto.kernel.documents import Query
from rialto.kernel.errors import VersionConflict, field_problem
from rialto.kernel.ids import AccountId, OrderId, ProductId
from rialto.kernel.service import Nothing
from rialto.orders.api import Order, OrderNotFound, OrderRef
from rialto.reviews.api import (
    Author,
    EditReview,
    Forgotten,
    NotBought,
    OrderReviews,
    OwnReview,
    OwnReviews,
    ReviewNotFound,
    WithdrawReview,
    WriteReview,
)
from rialto.reviews.handlers.shared import FOLLOW, ReviewUseCase, own_view
from rialto.reviews.model.reviews import Purchase, ReviewDocument, edit, review_id, withdraw, write
from rialto.reviews.model.texts import checked
from rialto.reviews.store import REVIEWS

BOUGHT = frozenset({"placed", "completed"})
ORDERS_MAX = 1000
PAGE = 100

# What says who asks: an order's key, an account, or both.
Proof = WriteReview | EditReview | WithdrawReview | OrderReviews


class Writing(ReviewUseCase):
    async def write(self, command: WriteReview) -> OwnReview:
        order = await self._order(command.order_id, command)
        _check_bought(order, command.product_id)
        draft = checked(command.draft)
        purchase = Purchase(
            product_id=command.product_id,
            order_id=order.id,
            account_id=command.account_id,
            language=_language(command.language or order.language),
        )
        at, at_once = self.env.clock.now(), self.env.settings.reviews_at_once
        while True:
            found = await self.documents.get(REVIEWS, review_id(order.id, command.product_id))
            before = None if found is None else found.value
            review = write(before, purchase, draft, at=at, at_once=at_once)
            if review == before:
                return own_view(review)
            try:
                await self.documents.put(REVIEWS, review, expected=0 if found is None else found.version)
            except VersionConflict:
                continue
            self.env.wake(FOLLOW)
            return own_view(review)

    async def edit(self, command: EditReview) -> OwnReview:
        draft = checked(command.draft)
        await self._own(command)
        at, at_once = self.env.clock.now(), self.env.settings.reviews_at_once
        return own_view(
            await self.change(
                command.id,
                lambda review: edit(review, draft, expected=command.expected, at=at, at_once=at_once),
            )
        )

    async def withdraw(self, command: WithdrawReview) -> Nothing:
        await self._own(command)
        await self.change(command.id, withdraw)
        return Nothing()

    async def of_order(self, command: OrderReviews) -> OwnReviews:
        """By key and not by index: who has just written is shown what they wrote."""
        order = await self._order(command.order_id, command)
        products = dict.fromkeys(ProductId(line.product_id) for line in order.lines if line.product_id)
        found = [await self.documents.get(REVIEWS, review_id(order.id, product)) for product in products]
        return OwnReviews(
            items=[own_view(one.value) for one in found if one is not None and not one.value.is_withdrawn]
        )

    async def export(self, command: Author) -> OwnReviews:
        return OwnReviews(items=[own_view(review) async for review in self._by(command)])

    async def forget(self, command: Author) -> Forgotten:
        count = 0
        for review in [one async for one in self._by(command)]:
            try:
                await self.change(review.id, withdraw)
            except ReviewNotFound:
                continue  # its author was quicker
            count += 1
        return Forgotten(count=count)

    async def _order(self, order_id: OrderId, by: Proof) -> Order:
        """Raises OrderNotFound for whoever has neither the order's key nor its account."""
        return await self.orders.get(OrderRef(order_id=order_id, key=by.order_key, account_id=by.account_id))

    async def _own(self, command: EditReview | WithdrawReview) -> None:
        """By the account that wrote it, or by the order's key or account. Raises ReviewNotFound for anybody else."""
        review = (await self.load(command.id)).value
        if command.account_id is not None and command.account_id == review.account_id:
            return
        try:
            await self._order(review.order_id, command)
        except OrderNotFound as error:
            raise ReviewNotFound from error

    async def _by(self, author: Author) -> AsyncIterator[ReviewDocument]:
        if len(author.order_ids) > ORDERS_MAX:
            raise field_problem("order_ids", "too_many", f"At most {ORDERS_MAX} orders at a time.")
        wanted: list[tuple[str, AccountId | OrderId]] = [("by_order", one) for one in author.order_ids]
        if author.account_id is not None:
            wanted.insert(0, ("by_account", author.account_id))
        seen: set[str] = set()
        for index, value in wanted:
            cursor: str | None = None
            while True:
                query = Query(index=index, equal=(value,), limit=PAGE, cursor=cursor)
                page = await self.documents.query(REVIEWS, query)
                for stored in page.items:
                    if stored.key not in seen and not stored.value.is_withdrawn:
                        seen.add(stored.key)
                        yield stored.value
                cursor = page.next_cursor
                if cursor is None:
                    break


def _check_bought(order: Order, product_id: ProductId) -> None:
    """Raises NotBought."""
    if order.status not in BOUGHT or product_id not in {line.product_id for line in order.lines}:
        raise NotBought


def _language(code: str) -> str:
    """Raises Invalid for what is no code of a language."""
    primary = code.strip().lower().partition("-")[0]
    if not (primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3):
        raise field_problem("language", "not_valid", "A language is two or three letters, such as `de`.")
    return primary
