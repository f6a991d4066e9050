"""What happens when notifications is asked, or told of an order, an account or stock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from rialto.catalog.api import Catalog, Channel, ShopProfile, address_of
from rialto.identity.api import DueLetter, Identity, LetterRef
from rialto.inventory.api import Inventory
from rialto.kernel import tracing
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.email import email_hash
from rialto.kernel.errors import NotFound, Unavailable
from rialto.kernel.ids import MAIL, Ids, LetterId, OrderId, to_uuid
from rialto.kernel.limits import Throttle
from rialto.kernel.mail import Mailer, MailRefused, Outgoing
from rialto.kernel.personal import Documents, Person
from rialto.kernel.service import Nothing
from rialto.kernel.settings import Keep
from rialto.kernel.text import clean_text
from rialto.notifications import store, waiting_store
from rialto.notifications.api import ListMails, Mail, MailList, MailNotFound, MailRef
from rialto.notifications.model import BEGIN_WITHIN_S, Cause, LetterCause, language_for, message_id
from rialto.notifications.render import SHOP_NAME, Renderer
from rialto.notifications.waiting import CONFIRMED_WITHIN, WAITS, WaitingCases
from rialto.orders.api import Order, OrderNotFound, Orders, OrdersNamed

LISTED_MAX = 200
FORGOTTEN_AT_ONCE = 500
KEPT = Keep().mails

log = structlog.get_logger("rialto.notifications")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A mail to write about an order; `facts` are what the event adds (reason, shipped lines, tracking)."""

    cause: Cause
    order: Order
    facts: Mapping[str, Any] = field(default_factory=dict)
    traceparent: str = field(default_factory=tracing.traceparent)


class NotificationHandlers(WaitingCases):
    """Implements `Notifications`; reactions call `orders`, `queue` and `restocked`, the job calls `send_due`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        *,
        orders: Orders,
        catalog: Catalog,
        identity: Identity,
        inventory: Inventory,
        mailer: Mailer,
        renderer: Renderer,
        public_url: str,
        waiting_key: bytes,
        askers: Throttle,
        kept: timedelta = KEPT,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._orders = orders
        self._catalog = catalog
        self._identity = identity
        self._inventory = inventory
        self._mailer = mailer
        self._renderer = renderer
        self._public_url = public_url
        self._kept = kept
        self._waiting_key = waiting_key
        self._askers = askers

    async def list(self, command: ListMails) -> MailList:
        limit = min(max(command.limit, 1), LISTED_MAX)
        if command.to is not None and not clean_text(command.to):
            return MailList(items=[])
        async with self._db.recent() as session:
            return MailList(items=await store.load_newest(session, limit, command.to))

    async def get(self, command: MailRef) -> Mail:
        try:
            mail_id = to_uuid(MAIL.parse(command.id))
        except NotFound as error:
            raise MailNotFound from error
        async with self._db.recent() as session:
            mail = await store.load_mail(session, mail_id)
        if mail is None:
            raise MailNotFound
        return mail

    async def orders(self, order_ids: Sequence[OrderId]) -> Sequence[Order]:
        """The orders that mails are about: events hold nothing personal. Raises OrderNotFound if one is missing."""
        found = await self._orders.several(OrdersNamed(order_ids=list(order_ids)))
        if len(found.items) != len(order_ids):
            raise OrderNotFound
        return found.items

    async def queue(self, session: WriteSession, notices: Sequence[Notice]) -> None:
        """Write mails and keep them for sending, in the reaction's transaction. Again for a cause: nothing."""
        shops, words = await self._shops(), await self._words(session)
        await store.queue(
            session,
            [
                store.NewMail(
                    cause=notice.cause,
                    letter=self._renderer.letter(
                        notice.cause.template,
                        notice.order,
                        notice.facts,
                        shop_name=_profile(shops, notice.order.channel).name or SHOP_NAME,
                        shop_url=self._address(shops, notice.order.channel),
                        words=words,
                    ),
                    language=language_for(notice.order.language),
                    to=notice.order.email,
                    reply_to=_profile(shops, notice.order.channel).email,
                    traceparent=notice.traceparent,
                )
                for notice in notices
                if notice.order.email  # erased: there is nobody to write to
            ],
            self._clock.now(),
        )

    async def letter(self, letter_id: LetterId) -> DueLetter:
        """Raises LetterNotFound."""
        return await self._identity.letter(LetterRef(letter_id=letter_id))

    async def _shops(self) -> dict[str, Channel]:
        """Each shop front by its code, the default one first."""
        channels = (await self._catalog.channels(Nothing())).items
        return {channel.code: channel for channel in channels}

    def _address(self, shops: Mapping[str, Channel], code: str) -> str:
        return address_of(shops[code], self._public_url) if code in shops else ""

    async def queue_letter(self, session: WriteSession, cause: LetterCause, due: DueLetter) -> None:
        """Write a letter of an account and keep it for sending, in the reaction's transaction.

        It speaks for the shop front where the account was made; what that does not say, the first that does.
        """
        shops = await self._shops()
        profiles = [_profile(shops, due.channel), *(shop.profile for shop in shops.values())]
        name = next((profile.name for profile in profiles if profile.name), SHOP_NAME)
        words = await self._words(session)
        mail = store.NewMail(
            cause=cause,
            letter=self._renderer.account_letter(
                cause.template,
                due,
                shop_name=name,
                shop_url=self._address(shops, due.channel),
                words=words,
            ),
            language=language_for(due.language),
            to=due.email,
            reply_to=next((profile.email for profile in profiles if profile.email), ""),
        )
        await store.queue(session, [mail], self._clock.now())

    async def documents_of(self, person: Person) -> Documents:
        """What was mailed to a person, as they may read it."""
        async with self._db.read() as session:
            mails = await store.load_of_person(session, person.emails)
            waiting = await waiting_store.load_of_person(session, _hashes(person))
        found = {"mails": mails, "waiting": waiting}
        return {name: msgspec.to_builtins(rows) for name, rows in found.items() if rows}

    async def forget(self, person: Person) -> None:
        """Mails hold names, addresses and what was bought. Again: nothing is left to delete."""
        async with self._db.write() as session:
            await store.forget_person(session, person.emails)
            await waiting_store.forget_address(session, _hashes(person))

    async def forget_old(self) -> int:
        """What mails said and to whom, when they are as old as is kept, and who waited in vain; how many."""
        now = self._clock.now()
        async with self._db.write() as session:
            mails = await store.forget_old(session, now - self._kept, FORGOTTEN_AT_ONCE)
            return mails + await waiting_store.forget_old(
                session, now - WAITS, now - CONFIRMED_WITHIN, FORGOTTEN_AT_ONCE
            )

    async def send_due(self) -> int:
        """Send the mails whose turn it is; how many were sent or refused for good.

        Mails that could not be sent are due again later and do not count: the job rests before it tries again.
        """
        claimed_at = self._clock.now()
        async with self._db.write() as session:
            mails = await store.claim_due(session, self._mailer.parallel, claimed_at)
        if not mails:
            return 0
        begin_until = claimed_at + timedelta(seconds=BEGIN_WITHIN_S)
        outcomes = await asyncio.gather(
            *(self._send_traced(mail, begin_until) for mail in mails), return_exceptions=True
        )
        sent = [to_uuid(due.mail.id) for due, outcome in zip(mails, outcomes, strict=True) if outcome is None]
        failures = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
        async with self._db.write() as session:
            if sent:
                await store.mark_sent(session, sent, self._clock.now())
            if failures:
                await store.mark_not_sent(session, failures)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome  # a bug, met by one mail: what the others got is kept first
        return len(sent) + sum(is_final for _, _, is_final in failures)

    async def _send_traced(self, due: store.DueMail, begin_until: datetime) -> tuple[UUID, str, bool] | None:
        with tracing.resumed("mail.send", due.traceparent, tracing.Kind.CLIENT) as span:
            span.set("rialto.mail.template", due.mail.template)
            outcome = await self._send(due.mail, begin_until)
            if outcome is not None:
                span.fail("refused" if outcome[2] else "not_sent")
            return outcome

    async def _send(self, mail: Mail, begin_until: datetime) -> tuple[UUID, str, bool] | None:
        """None when it is on its way, else (id, why not, whether for good)."""
        mail_id = to_uuid(mail.id)
        if self._clock.now() >= begin_until:
            return mail_id, "the claim was too old", False
        outgoing = Outgoing(
            message_id=message_id(mail_id, self._public_url),
            to=mail.to,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            language=mail.language,
            at=mail.created_at,
            reply_to=mail.reply_to,
        )
        try:
            await self._mailer.send(outgoing)
        except Unavailable as error:
            log.warning(
                "a mail waits",
                mail=mail.id,
                attempt=mail.attempts,
                error=error.text,
                cause=repr(error.__cause__),
            )
            return mail_id, error.text, False
        except MailRefused as error:
            log.warning("a mail was refused", mail=mail.id, attempt=mail.attempts, error=error.text)
            return mail_id, error.text, True
        return None


def _profile(shops: Mapping[str, Channel], code: str) -> ShopProfile:
    """Of a shop front that this shop does not have (an order from elsewhere names it) nothing is known."""
    return shops[code].profile if code in shops else ShopProfile()


def _hashes(person: Person) -> list[bytes]:
    return [email_hash(email) for email in person.emails]
