"""What reviews does when identity speaks."""

from __future__ import annotations

from rialto.identity.events import CustomerErased
from rialto.kernel.consumers import Delivery
from rialto.kernel.service import Reaction
from rialto.reviews.api import Author
from rialto.reviews.handlers import ReviewHandlers


async def forget_erased_account(handlers: ReviewHandlers, event: CustomerErased, _delivery: Delivery) -> None:
    """What the account's last access token wrote after its reviews had been erased. Again: none is left.

    Reviews stand in the document store, so nothing is written in the delivery's transaction.
    """
    await handlers.forget(Author(account_id=event.account_id))


REACTIONS = (Reaction(event=CustomerErased, run=forget_erased_account),)
