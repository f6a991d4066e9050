"""Mails to those who wait until a SKU can be bought again.

Nobody is mailed twice for one asking, and nothing but one question goes to an address before its owner has said yes. What
is kept is a row per address and SKU. That stock has come, and that somebody began to wait (who may just have missed
it), both only say that the SKU is to be looked at; whoever looks asks inventory, writes the mails and deletes the rows
in one transaction.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from rialto.catalog.api import Catalog, Offer, OffersOf, address_of
from rialto.identity.api import AccountNotFound, AccountRef, Identity
from rialto.inventory.api import Inventory, LevelsOf
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, WriteSession
from rialto.kernel.email import email_hash, is_email, normalised_email
from rialto.kernel.errors import field_problem
from rialto.kernel.ids import AccountId, Ids
from rialto.kernel.limits import Throttle, network_of
from rialto.kernel.service import Nothing
from rialto.kernel.text import is_plain
from rialto.notifications import store, waiting_store
from rialto.notifications.api import (
    AvailableNow,
    SkuNotOffered,
    TooManyWishes,
    WaitFor,
    WaitingAnswer,
    WaitingLimit,
    WaitingLinkRefused,
    WaitingToken,
)
from rialto.notifications.model import Template, WaitingCause, language_for
from rialto.notifications.render import SHOP_NAME, Renderer, Words
from rialto.notifications.waiting_store import Waiter
from rialto.notifications.wording import WordingCases

# Of one household: ten at once, then one in ten minutes.
ASKED_PER_S = 1 / 600
ASKED_BURST = 10

WAITS = timedelta(days=180)
CONFIRMED_WITHIN = timedelta(hours=24)
# Of one address. Questions that wait for an answer are few: whoever knows an address could ask for every article.
WAITING_MAX = 100
UNCONFIRMED_MAX = 5
MAILED_AT_ONCE = 50
SKU_LENGTH_MAX = 64


@dataclass(frozen=True, kw_only=True)
class Front:
    """A shop front that sells the SKU: what it calls itself, where it is, and the offer."""

    shop_name: str
    shop_url: str
    offer: Offer


class WaitingCases(WordingCases):
    """The part of `NotificationHandlers` that is about waiting; reactions call `restocked`, the job `mail_restocked`."""

    _db: Database
    _clock: Clock
    _ids: Ids
    _catalog: Catalog
    _inventory: Inventory
    _identity: Identity
    _renderer: Renderer
    _waiting_key: bytes
    _askers: Throttle
    _public_url: str

    async def wait(self, command: WaitFor) -> WaitingAnswer:
        wait_s = await self._askers.take(network_of(command.client))
        if wait_s:
            raise TooManyWishes(retry_after_s=wait_s)
        email = command.email.strip()
        if not is_email(email):
            raise field_problem("email", "not_valid", "This is not an e-mail address.")
        waiter = Waiter(
            id=self._ids.uuid(self._ids.bucket()),
            sku=command.sku,
            email=email,
            email_hash=email_hash(email),
            language=language_for(command.language),
            channel=command.channel,
        )
        front = (await self._fronts(waiter.sku)).get(waiter.channel)
        if front is None:
            raise SkuNotOffered
        if await self._is_available(waiter.sku):
            raise AvailableNow
        if await self._is_own(email, command.account_id):
            await self._keep(waiter)
            return WaitingAnswer(status="waiting")
        await self._ask(waiter, front)
        return WaitingAnswer(status="accepted")

    async def confirm_waiting(self, command: WaitingToken) -> Nothing:
        now = self._clock.now()
        waiting_id = UUID(bytes=self._opened("confirm", command.token, 16))
        async with self._db.write() as session:
            sku = await waiting_store.confirm(session, waiting_id, now, good_since=now - CONFIRMED_WITHIN)
            if sku is None:
                raise WaitingLinkRefused
            await waiting_store.look_at(session, [sku], now)
        return Nothing()

    async def end_waiting(self, command: WaitingToken) -> Nothing:
        digest = self._opened("end", command.token, 32)
        async with self._db.write() as session:
            await waiting_store.forget_address(session, [digest])
        return Nothing()

    async def restocked(self, session: WriteSession, skus: Sequence[str]) -> None:
        """Have it looked at who waits for them, in the reaction's transaction. Again: once."""
        await waiting_store.look_at(session, skus, self._clock.now())

    async def mail_restocked(self) -> int:
        """Look at one SKU: mail those who wait longest if it is there, a batch at a time; how many SKUs were looked at.

        What a batch leaves is looked at again after the other SKUs: sold out meanwhile, the rest goes on waiting.
        """
        now = self._clock.now()
        async with self._db.write() as session:
            sku = await waiting_store.next_to_look_at(session)
            if sku is None:
                return 0
            fronts = await self._fronts(sku) if await self._is_available(sku) else {}
            waiters = await waiting_store.lock_waiters(session, sku, list(fronts), MAILED_AT_ONCE)
            words = await self._words(session)
            mails = [
                self._mail(waiter, fronts[waiter.channel], Template.BACK_IN_STOCK, words)
                for waiter in waiters
            ]
            await store.queue(session, mails, now)
            await waiting_store.forget_told(session, [waiter.id for waiter in waiters])
            if len(waiters) == MAILED_AT_ONCE:
                await waiting_store.look_again(session, sku, now)
            else:
                await waiting_store.looked_at(session, sku)
        return 1

    async def _keep(self, waiter: Waiter) -> None:
        now = self._clock.now()
        async with self._db.write() as session:
            if not await waiting_store.keep(session, waiter, now, most=WAITING_MAX):
                raise WaitingLimit
            await waiting_store.look_at(session, [waiter.sku], now)

    async def _ask(self, waiter: Waiter, front: Front) -> None:
        """The question is written whether it is sent or not: whoever waits already is not told by the time it takes."""
        now = self._clock.now()
        async with self._db.write() as session:
            words = await self._words(session)
            mail = self._mail(waiter, front, Template.BACK_IN_STOCK_CONFIRM, words)
            is_new = await waiting_store.ask(
                session,
                waiter,
                now,
                good_since=now - CONFIRMED_WITHIN,
                most=WAITING_MAX,
                unconfirmed_most=UNCONFIRMED_MAX,
            )
            if is_new:
                await store.queue(session, [mail], now)

    async def _fronts(self, sku: str) -> dict[str, Front]:
        """By channel, those that are open and in which the SKU has a price."""
        if not is_plain(sku) or not 1 <= len(sku) <= SKU_LENGTH_MAX:
            return {}
        found: dict[str, Front] = {}
        for channel in (await self._catalog.channels(Nothing())).items:
            if not channel.open:
                continue
            asked = OffersOf(skus=[sku], currency=channel.currencies[0], channel=channel.code)
            offer = (await self._catalog.offers(asked)).items.get(sku)
            if offer is not None and offer.on_sale and offer.price is not None:
                found[channel.code] = Front(
                    shop_name=channel.profile.name or SHOP_NAME,
                    shop_url=address_of(channel, self._public_url),
                    offer=offer,
                )
        return found

    async def _is_available(self, sku: str) -> bool:
        return (await self._inventory.levels(LevelsOf(skus=[sku]))).available.get(sku, 0) > 0

    async def _is_own(self, email: str, account_id: AccountId | None) -> bool:
        """Whether the address was proved to be that of who is signed in: then nobody has to be asked."""
        if account_id is None:
            return False
        try:
            contact = await self._identity.contact(AccountRef(account_id=account_id))
        except AccountNotFound:
            return False
        return contact.verified and normalised_email(contact.email) == normalised_email(email)

    def _mail(self, waiter: Waiter, front: Front, template: Template, words: Words) -> store.NewMail:
        letter = self._renderer.article_letter(
            template,
            waiter.language,
            front.offer,
            shop_name=front.shop_name,
            shop_url=front.shop_url,
            words=words,
            confirm_token=self._token("confirm", waiter.id.bytes),
            end_token=self._token("end", waiter.email_hash),
            valid_until=self._clock.now() + CONFIRMED_WITHIN,
        )
        cause = WaitingCause(waiting_id=waiter.id, template=template)
        return store.NewMail(cause=cause, letter=letter, language=waiter.language, to=waiter.email)

    def _token(self, purpose: str, subject: bytes) -> str:
        return f"{subject.hex()}.{self._sign(purpose, subject)}"

    def _opened(self, purpose: str, token: str, length: int) -> bytes:
        """What a token of ours is about. Raises WaitingLinkRefused for any other."""
        text, _, signature = token.partition(".")
        try:
            subject = bytes.fromhex(text)
        except ValueError:
            raise WaitingLinkRefused from None
        good = hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._sign(purpose, subject).encode()
        )
        if not good or len(subject) != length:
            raise WaitingLinkRefused
        return subject

    def _sign(self, purpose: str, subject: bytes) -> str:
        message = purpose.encode() + b":" + subject
        return hmac.new(self._waiting_key, message, hashlib.sha256).hexdigest()[:40]
