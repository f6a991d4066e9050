"""Small `Carts` and `Orders` in memory. Totals are simple sums; failures are told by setting `fail`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec

from rialto.cart.api import (
    AddLine,
    Cart,
    CartForCheckout,
    CartLimit,
    CartLine,
    CartNotFound,
    CartOrdered,
    CartRef,
    CartTotals,
    ChangeCode,
    ChangeLine,
    ChosenDelivery,
    ChosenPayment,
    CodeNotValid,
    LineNotFound,
    NewCart,
    SetAddress,
    SetDelivery,
    SetPayment,
    SkuNotSold,
)
from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import CART, LINE, ORDER, CartId, Ids, OrderId
from rialto.kernel.money import Currency, Money, total
from rialto.orders.api import (
    CancelOrder,
    CheckoutAnswer,
    ContinueCheckout,
    Order,
    OrderLine,
    OrderNotCancellable,
    OrderNotFound,
    OrderRef,
    PlaceOrder,
    PriceChanged,
    RequestReturn,
    ReturnedGoods,
)
from rialto.pricing.api import DeliveryOption, DeliveryOptions, Quote, TaxLine, Totals
from tests.storefront.fixture_search import FixtureSearch

TAX_DIVISOR = 119


class FixtureCarts:
    def __init__(self, search: FixtureSearch, ids: Ids, clock: Clock) -> None:
        self.search, self.ids, self.clock = search, ids, clock
        self.carts: dict[str, Cart] = {}
        self.payments: dict[str, ChosenPayment] = {}
        self.seen: dict[str, Money] = {}
        self.fail: RialtoError | None = None

    async def create(self, command: NewCart) -> Cart:
        currency = Currency(command.currency or "EUR")
        zero = Money.zero(currency)
        cart = Cart(
            id=CART.new(self.ids, 0),
            version=1,
            currency=currency,
            country=command.country or "DE",
            language=command.language or "en",
            channel=command.channel,
            lines=[],
            totals=CartTotals(items=zero, discount=zero, delivery=zero, tax=zero, total=zero),
        )
        self.carts[cart.id] = cart
        return cart

    async def get(self, command: CartRef) -> Cart:
        if self.fail:
            raise self.fail
        return self._load(command.cart_id)

    async def add_line(self, command: AddLine) -> Cart:
        cart = self._open(command.cart_id)
        try:
            draft, variant = self.search.find(command.sku)
        except StopIteration:
            raise SkuNotSold from None
        present = next((line for line in cart.lines if line.sku == command.sku), None)
        quantity = command.quantity + (present.quantity if present else 0)
        if quantity > 99:
            raise CartLimit
        price = Money(variant.prices[cart.currency], cart.currency)
        language = command.language or cart.language
        line = CartLine(
            id=present.id if present else LINE.new(self.ids, 0),
            sku=command.sku,
            slug=draft.slug,
            title=draft.title.get(language, draft.title["en"]),
            options={
                code: self.search.label(code, value, language) for code, value in variant.options.items()
            },
            image=self.search.image_of(command.sku),
            quantity=quantity,
            unit_price=price,
            total=price * quantity,
            available=min(99, self.search.stock.left[command.sku]),
        )
        others = [other for other in cart.lines if other.sku != command.sku]
        return self._save(cart, lines=[*others, self._judged(line)])

    async def change_line(self, command: ChangeLine) -> Cart:
        cart = self._open(command.cart_id)
        if all(line.id != command.line_id for line in cart.lines):
            raise LineNotFound
        changed = [
            self._judged(
                msgspec.structs.replace(
                    line, quantity=command.quantity, total=line.unit_price * command.quantity
                )
            )
            if line.id == command.line_id
            else line
            for line in cart.lines
        ]
        return self._save(cart, lines=[line for line in changed if line.quantity])

    async def set_address(self, command: SetAddress) -> Cart:
        cart = self._open(command.cart_id)
        changes = {"email": command.email, "shipping": command.shipping, "billing": command.billing}
        return self._save(cart, **changes)

    async def delivery_options(self, command: CartRef) -> DeliveryOptions:
        cart = self._load(command.cart_id)
        if cart.shipping and cart.shipping.country == "AQ":
            return DeliveryOptions(items=[])
        return DeliveryOptions(items=self._options(cart))

    async def set_delivery(self, command: SetDelivery) -> Cart:
        cart = self._open(command.cart_id)
        option = next(option for option in self._options(cart) if option.id == command.option_id)
        chosen = ChosenDelivery(
            option_id=option.id,
            title=option.title.get(cart.language, option.title["en"]),
            price=option.price,
            delivered_on_from=option.delivered_on_from.isoformat(),
            delivered_on_to=option.delivered_on_to.isoformat(),
        )
        return self._save(cart, delivery=chosen)

    async def set_payment(self, command: SetPayment) -> Cart:
        self.payments[command.cart_id] = command.payment
        return self._save(self._open(command.cart_id), payment_label=command.payment.label)

    async def add_code(self, command: ChangeCode) -> Cart:
        raise CodeNotValid

    async def remove_code(self, command: ChangeCode) -> Cart:
        return self._load(command.cart_id)

    async def for_checkout(self, command: CartRef) -> CartForCheckout:
        cart = self._open(command.cart_id)
        totals = Totals(**{name: getattr(cart.totals, name) for name in Totals.__struct_fields__})
        tax = TaxLine(rate="0.19", net=totals.total - totals.tax, tax=totals.tax)
        quote = Quote(
            currency=cart.currency, tax_included=True, lines=[], delivery=None, taxes=[tax], totals=totals
        )
        payment = self.payments.get(cart.id)
        return CartForCheckout(cart=cart, quote=quote, seen_total=self.seen.get(cart.id), payment=payment)

    async def accept_total(self, command: CartRef) -> Cart:
        cart = self._load(command.cart_id)
        self.seen[cart.id] = cart.totals.total
        return cart

    def close(self, cart_id: CartId, order_id: OrderId) -> None:
        self._save(self._load(cart_id), status="ordered", order_id=order_id)

    def change(self, cart_id: CartId, **changes: Any) -> Cart:
        return self._save(self._load(cart_id), **changes)

    def _load(self, cart_id: CartId) -> Cart:
        if cart_id not in self.carts:
            raise CartNotFound
        return self.carts[cart_id]

    def _open(self, cart_id: CartId) -> Cart:
        cart = self._load(cart_id)
        if cart.status != "open":
            raise CartOrdered(extra={"order_id": cart.order_id})
        return cart

    def _judged(self, line: CartLine) -> CartLine:
        problem = "sold_out" if not line.available else "few_left" if line.available < line.quantity else None
        return msgspec.structs.replace(line, problem=problem)

    def _options(self, cart: Cart) -> list[DeliveryOption]:
        today = date(2026, 1, 5)
        offers = (
            ("standard", "Parcel", "Paketversand", 490, 2, 4),
            ("express", "Express", "Expressversand", 1290, 1, 1),
        )
        return [
            DeliveryOption(
                id=code,
                title={"en": english, "de": german},
                price=Money(minor, cart.currency),
                delivered_on_from=today + timedelta(days=first),
                delivered_on_to=today + timedelta(days=last),
            )
            for code, english, german, minor, first, last in offers
        ]

    def _save(self, cart: Cart, **changes: Any) -> Cart:
        changed: Cart = msgspec.structs.replace(cart, version=cart.version + 1, **changes)
        items = total((line.total for line in changed.lines), cart.currency)
        delivery = changed.delivery.price if changed.delivery else Money.zero(cart.currency)
        whole = items + delivery
        tax = Money(whole.amount * 19 // TAX_DIVISOR, cart.currency)
        zero = Money.zero(cart.currency)
        totals = CartTotals(items=items, discount=zero, delivery=delivery, tax=tax, total=whole)
        self.carts[cart.id] = changed = msgspec.structs.replace(changed, totals=totals)
        return changed


class FixtureOrders:
    """What happens at checkout hangs on the token, as at the provider; `tok_3ds` waits for `resume`."""

    def __init__(self, carts: FixtureCarts, ids: Ids, clock: Clock) -> None:
        self.carts, self.ids, self.clock = carts, ids, clock
        self.orders: dict[str, Order] = {}
        self.answers: dict[str, CheckoutAnswer] = {}
        self.resumes: dict[str, str] = {}
        self.fail: RialtoError | None = None
        self.placed: list[PlaceOrder] = []

    async def checkout(self, command: PlaceOrder) -> CheckoutAnswer:
        self.placed.append(command)
        if command.key in self.answers:
            return self.answers[command.key]
        if self.fail:
            raise self.fail
        cart = (await self.carts.for_checkout(CartRef(cart_id=command.cart_id))).cart
        if command.expected_total != cart.totals.total:
            raise PriceChanged
        token = command.tenders[0].token
        outcome = {"tok_declined": "declined", "tok_3ds": "action", "tok_slow": "pending"}.get(
            token, "placed"
        )
        order = self._order(cart, outcome)
        self.orders[order.id] = order
        answer = CheckoutAnswer(
            outcome=outcome,
            order=order,
            next_action_url=f"https://provider.test/challenge/{order.id}" if outcome == "action" else None,
            decline_code="insufficient_funds" if outcome == "declined" else None,
        )
        self.answers[command.key] = answer
        if outcome == "placed":
            self.carts.close(cart.id, order.id)
        return answer

    async def resume(self, command: ContinueCheckout) -> CheckoutAnswer:
        order = await self.get(OrderRef(order_id=command.order_id, key=command.key))
        outcome = self.resumes.get(order.id, "pending")
        url = "https://provider.test/challenge/x" if outcome == "action" else None
        reason = "authentication_failed" if outcome == "declined" else None
        return CheckoutAnswer(outcome=outcome, order=order, next_action_url=url, decline_code=reason)

    async def get(self, command: OrderRef) -> Order:
        order = self.orders.get(command.order_id)
        if order is None or command.key != order.key:
            raise OrderNotFound
        return order

    async def cancel(self, command: CancelOrder) -> Order:
        order = await self.get(OrderRef(order_id=command.order_id, key=command.key))
        if order.fulfilment_status != "unfulfilled":
            raise OrderNotCancellable
        return self.change(
            order.id, status="cancelled", payment_status="voided", fulfilment_status="cancelled"
        )

    async def request_return(self, command: RequestReturn) -> Order:
        order = await self.get(OrderRef(order_id=command.order_id, key=command.key))
        if self.fail:
            raise self.fail
        back = ReturnedGoods(
            id=command.step,
            lines=command.lines,
            reason=command.reason,
            requested_at=self.clock.now(),
        )
        lines = [
            msgspec.structs.replace(line, returning=line.returning + command.lines.get(line.id, 0))
            for line in order.lines
        ]
        return self.change(order.id, returns=[*order.returns, back], lines=lines)

    def send(self, order_id: OrderId) -> Order:
        """All of it left the house."""
        lines = [msgspec.structs.replace(line, shipped=line.quantity) for line in self.orders[order_id].lines]
        return self.change(order_id, lines=lines, status="completed", fulfilment_status="shipped")

    def change(self, order_id: OrderId, **changes: Any) -> Order:
        changed: Order = msgspec.structs.replace(self.orders[order_id], **changes)
        self.orders[order_id] = changed
        return changed

    def _order(self, cart: Cart, outcome: str) -> Order:
        order_id, key = ORDER.new(self.ids, 0), self.ids.token()
        zero = Money.zero(cart.currency)
        lines = [
            OrderLine(
                id=line.id,
                sku=line.sku,
                title=line.title,
                slug=line.slug,
                product_id=self.carts.search.ids[line.slug or ""],
                options=line.options,
                image=line.image,
                quantity=line.quantity,
                unit_price=line.unit_price,
                total=line.total,
                tax=zero,
                tax_rate="0.19",
            )
            for line in cart.lines
        ]
        kept = (
            "currency",
            "language",
            "channel",
            "totals",
            "email",
            "shipping",
            "billing",
            "delivery",
            "payment_label",
        )
        return Order(
            id=order_id,
            number="R-26-48291",
            version=1,
            cart_id=cart.id,
            lines=lines,
            status="placed" if outcome == "placed" else "pending",
            payment_status="authorised",
            fulfilment_status="unfulfilled",
            started_at=self.clock.now(),
            placed_at=self.clock.now(),
            refunded=zero,
            status_url=f"/en/orders/{order_id}?key={key}",
            key=key,
            **{name: getattr(cart, name) for name in kept},
        )
