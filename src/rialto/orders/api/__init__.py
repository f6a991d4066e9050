"""What can be asked of orders: to place one, to follow it, to cancel and to ship it."""

from __future__ import annotations

from typing import Protocol

from rialto.cart.api import FilledCart
from rialto.identity.api import AccountRef
from rialto.kernel.service import Nothing, operation
from rialto.orders.api.following import SEVERAL_MAX as SEVERAL_MAX
from rialto.orders.api.following import GivenBack as GivenBack
from rialto.orders.api.following import ListOrders as ListOrders
from rialto.orders.api.following import Order as Order
from rialto.orders.api.following import OrderLine as OrderLine
from rialto.orders.api.following import OrderList as OrderList
from rialto.orders.api.following import OrderNotFound as OrderNotFound
from rialto.orders.api.following import OrderRef as OrderRef
from rialto.orders.api.following import OrderRow as OrderRow
from rialto.orders.api.following import OrdersNamed as OrdersNamed
from rialto.orders.api.following import OrderTax as OrderTax
from rialto.orders.api.following import OwnOrder as OwnOrder
from rialto.orders.api.following import OwnOrderList as OwnOrderList
from rialto.orders.api.following import OwnOrders as OwnOrders
from rialto.orders.api.following import PersonalOrders as PersonalOrders
from rialto.orders.api.following import ReturnedGoods as ReturnedGoods
from rialto.orders.api.following import SeveralOrders as SeveralOrders
from rialto.orders.api.following import Shipment as Shipment
from rialto.orders.api.fulfilling import AddNote as AddNote
from rialto.orders.api.fulfilling import CancelOrder as CancelOrder
from rialto.orders.api.fulfilling import Note as Note
from rialto.orders.api.fulfilling import Notes as Notes
from rialto.orders.api.fulfilling import OrderNotCancellable as OrderNotCancellable
from rialto.orders.api.fulfilling import OrderNotReceivable as OrderNotReceivable
from rialto.orders.api.fulfilling import OrderNotRefundable as OrderNotRefundable
from rialto.orders.api.fulfilling import OrderNotReturnable as OrderNotReturnable
from rialto.orders.api.fulfilling import OrderNotShippable as OrderNotShippable
from rialto.orders.api.fulfilling import ReceiveGoods as ReceiveGoods
from rialto.orders.api.fulfilling import RefundOrder as RefundOrder
from rialto.orders.api.fulfilling import RequestReturn as RequestReturn
from rialto.orders.api.fulfilling import ReturnReason as ReturnReason
from rialto.orders.api.fulfilling import ShipOrder as ShipOrder
from rialto.orders.api.fulfilling import Timeline as Timeline
from rialto.orders.api.fulfilling import TimelineEntry as TimelineEntry
from rialto.orders.api.importing import ImportedLine as ImportedLine
from rialto.orders.api.importing import ImportedOrder as ImportedOrder
from rialto.orders.api.importing import ImportOrder as ImportOrder
from rialto.orders.api.importing import NumberTaken as NumberTaken
from rialto.orders.api.placing import AddressMissing as AddressMissing
from rialto.orders.api.placing import CartEmpty as CartEmpty
from rialto.orders.api.placing import CheckoutAnswer as CheckoutAnswer
from rialto.orders.api.placing import CheckoutInProgress as CheckoutInProgress
from rialto.orders.api.placing import ContinueCheckout as ContinueCheckout
from rialto.orders.api.placing import DeliveryMissing as DeliveryMissing
from rialto.orders.api.placing import KeyMissing as KeyMissing
from rialto.orders.api.placing import KeyReused as KeyReused
from rialto.orders.api.placing import OrderCancelledMeanwhile as OrderCancelledMeanwhile
from rialto.orders.api.placing import PaymentMissing as PaymentMissing
from rialto.orders.api.placing import PlaceOrder as PlaceOrder
from rialto.orders.api.placing import PriceChanged as PriceChanged
from rialto.orders.api.placing import Reorder as Reorder
from rialto.orders.api.placing import RequestInProgress as RequestInProgress
from rialto.orders.api.placing import Tender as Tender
from rialto.orders.api.surveying import ByEmail as ByEmail
from rialto.orders.api.surveying import OrderStream as OrderStream
from rialto.orders.api.surveying import OrderStreams as OrderStreams
from rialto.orders.api.surveying import RecordedEvent as RecordedEvent
from rialto.orders.api.surveying import StreamsAfter as StreamsAfter


class Orders(Protocol):
    """Orders, event-sourced; placing one is a saga that survives being killed anywhere."""

    @operation(idempotent=True, timeout_s=30)
    async def checkout(self, command: PlaceOrder) -> CheckoutAnswer:
        """Place an order from a cart. Same key and request: the same answer, one order.

        Raises CartEmpty, AddressMissing, DeliveryMissing, PaymentMissing, PriceChanged, KeyReused,
        RequestInProgress, CheckoutInProgress, OrderCancelledMeanwhile, and others' CartNotFound, CartOrdered,
        OutOfStock, ProviderUnknown, CardNumberRefused.
        """
        ...

    @operation(idempotent=True, timeout_s=30)
    async def resume(self, command: ContinueCheckout) -> CheckoutAnswer:
        """Go on after the customer came back from the provider.

        Raises OrderNotFound, OrderCancelledMeanwhile, and inventory's OutOfStock.
        """
        ...

    @operation(idempotent=True)
    async def get(self, command: OrderRef) -> Order:
        """Raises OrderNotFound, also for a wrong key."""
        ...

    @operation(idempotent=True)
    async def several(self, command: OrdersNamed) -> SeveralOrders:
        """For other services: orders by id, without keys. Raises Invalid for more than SEVERAL_MAX."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def cancel(self, command: CancelOrder) -> Order:
        """Before anything is shipped: payment voided, stock back. Again: unchanged.

        Raises OrderNotCancellable, VersionConflict.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def ship(self, command: ShipOrder) -> Order:
        """Ship and capture the shipped part. Raises OrderNotFound, OrderNotShippable, VersionConflict.

        Also payments' PaymentStateWrong where the money cannot be taken: the parcel is noted all the same, and
        the worker goes on asking until a person must look.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def refund(self, command: RefundOrder) -> Order:
        """Give back captured money: an amount, or what units were paid with. The same step again: unchanged.

        It is decided at once, and `done` when the provider has it; the worker goes on asking. Raises Invalid,
        OrderNotFound, KeyReused, OrderNotRefundable, VersionConflict.
        """
        ...

    @operation(idempotent=True)
    async def request_return(self, command: RequestReturn) -> Order:
        """Announce that shipped units are sent back, within thirty days of the last parcel: the right of withdrawal.

        A confirmation is mailed. The same step again: unchanged. Raises Invalid, OrderNotFound, KeyReused,
        OrderNotReturnable.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def receive(self, command: ReceiveGoods) -> Order:
        """Note what came back, announced or not, and put what can be sold again into stock. The same step again: unchanged.

        It is noted at once; the shelf follows, if need be by the worker. Raises Invalid, OrderNotFound, KeyReused,
        OrderNotReceivable, VersionConflict, and inventory's UnknownWarehouse.
        """
        ...

    @operation(idempotent=True, timeout_s=15)
    async def import_order(self, command: ImportOrder) -> ImportedOrder:
        """Take in an order that was placed, paid and delivered elsewhere, as history: no stock, no payment, no ledger entry,
        no mail. It comes to the account that has proven its e-mail, as a guest's order does.

        By its number: one that began here stays as it is (unchanged); one that was taken in before says from then on what
        the newest source says, except that nobody's name comes back once it was erased. Raises Invalid naming the field,
        NumberTaken, VersionConflict.
        """
        ...

    @operation(idempotent=True)
    async def timeline(self, command: OrderRef) -> Timeline:
        """What happened to the order. Raises OrderNotFound."""
        ...

    @operation(idempotent=True)
    async def notes(self, command: OrderRef) -> Notes:
        """For staff. Raises OrderNotFound."""
        ...

    @operation(idempotent=True)
    async def add_note(self, command: AddNote) -> Note:
        """For staff. The same step again: the note that is there. Raises OrderNotFound, Invalid, TooMany."""
        ...

    @operation(idempotent=True)
    async def list(self, command: ListOrders) -> OrderList: ...

    @operation(idempotent=True)
    async def own(self, command: OwnOrders) -> OwnOrderList:
        """An account's placed orders. One that was just placed or cancelled by its owner shows so at once."""
        ...

    @operation(idempotent=False)
    async def reorder(self, command: Reorder) -> FilledCart:
        """Put what was bought into a cart once more, as far as it goes.

        Raises OrderNotFound, and cart's CartNotFound, CartOrdered, CartMerged.
        """
        ...

    @operation(idempotent=True, timeout_s=60)
    async def personal_export(self, command: AccountRef) -> PersonalOrders: ...

    @operation(idempotent=True, timeout_s=60)
    async def forget(self, command: AccountRef) -> Nothing:
        """Delete for good whom the account's orders are for; what was bought and paid stays in the books."""
        ...

    @operation(idempotent=True)
    async def by_email(self, command: ByEmail) -> OrdersNamed:
        """For staff: orders of guests with this e-mail and of the account that has proven it, placed or not."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def streams(self, command: StreamsAfter) -> OrderStreams:
        """For read models: whole streams, page by page. Raises Invalid for a limit or cursor that is none."""
        ...
