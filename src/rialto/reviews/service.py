"""How reviews are plugged in. Engines: `documents` (kernel.documents.Documents), `secrets` (kernel.secrets.Secrets)."""

from __future__ import annotations

import msgspec

from rialto.kernel.ids import AccountId
from rialto.kernel.personal import Documents, Person, PersonalData
from rialto.kernel.service import Job, Service
from rialto.orders.api import Orders
from rialto.reviews.api import Author, Reviews
from rialto.reviews.audit import AUDITS
from rialto.reviews.events import EVENTS
from rialto.reviews.handlers import ReviewHandlers
from rialto.reviews.reactions import REACTIONS
from rialto.reviews.routes import ROUTES
from rialto.reviews.store import COLLECTIONS


async def export(handlers: ReviewHandlers, person: Person) -> Documents:
    """Reviews written while signed in; those written with an order's key alone are told with that key."""
    kept = await handlers.export(Author(account_id=AccountId(person.account_id)))
    return msgspec.to_builtins(kept)  # type: ignore[no-any-return]


async def erase(handlers: ReviewHandlers, person: Person) -> None:
    """Before the account is gone; what its last access token still writes goes when `CustomerErased` is reacted to."""
    await handlers.forget(Author(account_id=AccountId(person.account_id)))


SERVICE = Service(
    name="reviews",
    api=Reviews,
    package="rialto.reviews",
    needs=(Orders,),
    build=ReviewHandlers,
    routes=ROUTES,
    reactions=REACTIONS,
    jobs=(Job(name="reviews.follow", every_s=2, run=lambda handlers: handlers.follow()),),
    events=EVENTS,
    collections=COLLECTIONS,
    permissions=("reviews.moderate",),
    connections=1,
    personal=PersonalData(export=export, erase=erase),
    audits=AUDITS,
)
