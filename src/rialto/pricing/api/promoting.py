"""What can be given to whom: promotions, the codes that some need, and which orders hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rialto.kernel.errors import Conflict, Invalid, NotFound, VersionConflict
from rialto.kernel.ids import OrderId
from rialto.kernel.service import Frozen, Nothing, operation


class Selection(Frozen):
    """Which articles are meant: those that any of the lists names; with all lists empty, every article.

    A category means everything below it, too. Collections whose rule asks for stock mean nothing here.
    """

    products: list[str] = []
    categories: list[str] = []
    collections: list[str] = []


class PercentOff(Frozen, tag="percent"):
    """`percent` of each article meant, a decimal above 0 and up to 100 such as `12.5`."""

    percent: str


class AmountOff(Frozen, tag="amount"):
    """So much off all articles meant together, in minor units by currency; never more than they cost."""

    amounts: dict[str, int]


class UnitPrice(Frozen, tag="unit_price"):
    """Each article meant costs this, in minor units by currency, where that is less."""

    prices: dict[str, int]


class FreeDelivery(Frozen, tag="free_delivery"):
    """Delivery by these methods costs nothing; without any named, by all."""

    methods: list[str] = []


class BuyGet(Frozen, tag="buy_get"):
    """Of every `buy` + `get` articles meant, the cheapest `get` are `percent` cheaper (100: free)."""

    buy: int
    get: int
    percent: str = "100"


class Tier(Frozen):
    """From `items` on (minor units by currency) or from `quantity` on, whichever is given."""

    percent: str
    items: dict[str, int] = {}
    quantity: int | None = None


class Tiered(Frozen, tag="tiers"):
    """The highest percentage whose tier the articles meant reach."""

    tiers: list[Tier]


Benefit = PercentOff | AmountOff | UnitPrice | FreeDelivery | BuyGet | Tiered


class Conditions(Frozen):
    """All of them must hold. `items_min` (minor units by currency) and `quantity_min` are of the articles meant,
    at their price before any promotion; where `items_min` is given, other currencies are left out. `groups` are
    those of a customer's account: one of them is enough. `first_order`: no order of the account was placed before; of
    guests nobody knows, so that it is given only to who is signed in.
    """

    items_min: dict[str, int] = {}
    quantity_min: int = 0
    channels: list[str] = []
    groups: list[str] = []
    first_order: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Promotion(Frozen):
    """What is given to whom. Promotions are looked at by `position`, then id; each works on what the ones before left.

    An `exclusive` one is given alone: not after another, and none after it. `not_with` names promotions it is not
    given together with. With `needs_code` it is given only to who has one of its codes.
    """

    id: str
    title: dict[str, str]
    benefit: Benefit
    applies_to: Selection = Selection()
    conditions: Conditions = Conditions()
    needs_code: bool = False
    position: int = 0
    exclusive: bool = False
    not_with: list[str] = []
    active: bool = True


class PromotionUnknown(NotFound):
    message = "There is no such promotion."


class PromotionChanged(VersionConflict):
    message = "Somebody changed this promotion meanwhile."


class PromotionTaken(Conflict):
    code = "promotion_taken"
    message = "Another promotion has this id already."


class PromotionInUse(Conflict):
    """Orders hold its codes: it can be ended, not removed."""

    code = "promotion_in_use"
    message = "Codes of this promotion were used; end it instead."


class CodeUnknown(NotFound):
    message = "There is no such code."


class BatchTaken(Conflict):
    code = "batch_taken"
    message = "There is a batch of this name already."


class CodeRefused(Invalid):
    """`extra["code"]` is the one; `extra["reason"]` is unknown, ended, used_up or used_by_you."""

    code = "code_not_valid"
    message = "This code is not valid."


class StoredPromotion(Frozen):
    promotion: Promotion
    version: int


class Promotions(Frozen):
    items: list[StoredPromotion]


class PutPromotion(Frozen):
    """`expected_version` None: whatever is there; 0: it must not exist yet, unless as it is; else the present one."""

    promotion: Promotion
    expected_version: int | None = None


class PromotionRef(Frozen):
    id: str


class EndPromotion(Frozen):
    """`expected_version` is the one that was looked at."""

    id: str
    expected_version: int


class RemovePromotion(Frozen):
    id: str
    expected_version: int


class Voucher(Frozen):
    """A code. `uses_max` orders may hold it in all, `customer_max` of one customer; None: any number."""

    code: str
    promotion_id: str
    batch: str = ""
    uses_max: int | None = None
    customer_max: int | None = None
    ends_at: datetime | None = None
    active: bool = True
    uses: int = 0


class PutVoucher(Frozen):
    """Make a code or change its limits; how often it was used stays. Written in capitals, without blanks."""

    voucher: Voucher


class MakeVouchers(Frozen):
    """`count` new codes that nobody can guess, each good for one order. A batch's name is used once; "" is none."""

    promotion_id: str
    batch: str
    count: int
    ends_at: datetime | None = None


class BlockVoucher(Frozen):
    promotion_id: str
    code: str


class ListVouchers(Frozen):
    """`batch` None: all of them."""

    promotion_id: str
    batch: str | None = None
    cursor: str | None = None
    limit: int = 100


class Vouchers(Frozen):
    items: list[Voucher]
    next_cursor: str | None = None


class CodeRef(Frozen):
    code: str


class NotFirstOrder(Conflict):
    """Two orders of one account wanted what is given with the first; the other was before."""

    code = "not_first_order"
    message = "Another order of yours came first, so what is given with the first order is not given again."


class HoldCodes(Frozen):
    """`customer` stands for who buys, the same whenever they buy: an account, or a guest's e-mail.

    `first_order`: this order was given what only a customer's first one is.
    """

    order_id: OrderId
    codes: list[str]
    customer: str
    first_order: bool = False


class CodesOf(Frozen):
    order_id: OrderId


class Promoting(Protocol):
    """Promotions and their codes."""

    @operation(idempotent=True)
    async def promotions(self, command: Nothing) -> Promotions:
        """All of them, in their order of stacking."""
        ...

    @operation(idempotent=True)
    async def promotion(self, command: PromotionRef) -> StoredPromotion:
        """Raises PromotionUnknown."""
        ...

    @operation(idempotent=True)
    async def put_promotion(self, command: PutPromotion) -> StoredPromotion:
        """Add or replace by id. Raises Invalid naming each field, PromotionTaken, PromotionUnknown, PromotionChanged."""
        ...

    @operation(idempotent=False)
    async def end_promotion(self, command: EndPromotion) -> StoredPromotion:
        """Give it to nobody from now on; orders that have it keep it. Raises PromotionUnknown, PromotionChanged."""
        ...

    @operation(idempotent=False)
    async def remove_promotion(self, command: RemovePromotion) -> Nothing:
        """Forget it and its codes, none of which was ever used.

        Raises PromotionUnknown, PromotionChanged, PromotionInUse.
        """
        ...

    @operation(idempotent=True)
    async def put_voucher(self, command: PutVoucher) -> Voucher:
        """Raises PromotionUnknown, Invalid (also for a cap below what is used already)."""
        ...

    @operation(idempotent=False, timeout_s=30)
    async def make_vouchers(self, command: MakeVouchers) -> Vouchers:
        """Raises PromotionUnknown, Invalid, BatchTaken: so a repeat of a named batch makes no second one."""
        ...

    @operation(idempotent=True)
    async def block_voucher(self, command: BlockVoucher) -> Voucher:
        """From now on nobody can use it; orders that hold it keep it. Raises CodeUnknown."""
        ...

    @operation(idempotent=True)
    async def vouchers(self, command: ListVouchers) -> Vouchers:
        """A promotion's codes by batch and code.

        Raises PromotionUnknown, Invalid for a cursor that is none of ours.
        """
        ...

    @operation(idempotent=True, timeout_s=2)
    async def check_code(self, command: CodeRef) -> Voucher:
        """The code, if it can be used now by somebody. Raises CodeRefused."""
        ...

    @operation(idempotent=True, timeout_s=15)
    async def hold_codes(self, command: HoldCodes) -> Nothing:
        """Count the codes as used by this order, and it as the customer's first if it is to be: all or nothing.

        Again for the order: unchanged. Raises CodeRefused, also for an order that has given its codes up; NotFirstOrder.
        """
        ...

    @operation(idempotent=True)
    async def free_codes(self, command: CodesOf) -> Nothing:
        """Give back what the order holds, codes and being the first; from now on it can hold nothing."""
        ...
