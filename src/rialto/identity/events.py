"""What identity tells the world: facts about accounts, without a word about the person."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rialto.kernel.events import Event
from rialto.kernel.ids import AccountId, LetterId


class CustomerRegistered(Event):
    """An account was made; its e-mail is not verified yet. The first event of the account's stream."""

    TYPE: ClassVar[str] = "identity.customer_registered"

    account_id: AccountId
    channel: str
    language: str
    registered_at: datetime


class CustomerVerified(Event):
    """The account's e-mail is proved to be its owner's: the first one, and another after a change.

    Ask `Identity.contact` for the e-mail as it is now.
    """

    TYPE: ClassVar[str] = "identity.customer_verified"

    account_id: AccountId
    verified_at: datetime


class CustomerErased(Event):
    """Nothing personal is left of the account. The last event of the account's stream."""

    TYPE: ClassVar[str] = "identity.customer_erased"

    account_id: AccountId
    erased_at: datetime


class LetterRequested(Event):
    """A mail is due: ask `Identity.letter` what it says and to whom. A stream of its own, named by the letter.

    `letter` may answer that there is nobody: an unknown account's request looks the same from here.
    """

    TYPE: ClassVar[str] = "identity.letter_requested"

    letter_id: LetterId
    template: str
    requested_at: datetime


EVENTS: tuple[type[Event], ...] = (CustomerRegistered, CustomerVerified, CustomerErased, LetterRequested)
