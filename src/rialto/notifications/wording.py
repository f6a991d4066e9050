"""What mails say, read and changed by staff. Mails that were written before keep what they said."""

from __future__ import annotations

from rialto.catalog.api import Catalog
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database, ReadSession
from rialto.kernel.service import Nothing
from rialto.notifications import wording_store
from rialto.notifications.api import (
    MailPreview,
    MailText,
    MailTextChanged,
    MailTextNotFound,
    MailTextRef,
    MailTexts,
    Passages,
    PreviewMailText,
    PutMailText,
    ResetMailText,
)
from rialto.notifications.model import LANGUAGES
from rialto.notifications.model.wording import (
    PLACEHOLDERS,
    Kind,
    checked_passages,
    next_own,
    own_words,
    worded,
)
from rialto.notifications.render import SHOP_NAME, Renderer, Words
from rialto.notifications.samples import sample_letter
from rialto.notifications.standard import standard_words
from rialto.notifications.wording_store import NONE, OwnWords


class WordingCases:
    """The part of `NotificationHandlers` that is about what mails say; every part that writes one asks `_words`."""

    _db: Database
    _clock: Clock
    _catalog: Catalog
    _renderer: Renderer

    async def mail_texts(self, _command: Nothing) -> MailTexts:
        async with self._db.read() as session:
            kept = await wording_store.load_all(session)
        return MailTexts(
            items=[
                _text(kind, language, kept.get((kind, language), NONE))
                for kind in Kind
                for language in LANGUAGES
            ]
        )

    async def mail_text(self, command: MailTextRef) -> MailText:
        kind = _known(command.kind, command.language)
        async with self._db.read() as session:
            return _text(kind, command.language, await wording_store.load(session, kind, command.language))

    async def put_mail_text(self, command: PutMailText) -> MailText:
        kind = _known(command.kind, command.language)
        passages = checked_passages(kind, command.passages)
        own = own_words(passages, standard_words(kind, command.language))
        return await self._put(kind, command.language, own, command.expected_version)

    async def reset_mail_text(self, command: ResetMailText) -> MailText:
        kind = _known(command.kind, command.language)
        return await self._put(kind, command.language, {}, command.expected_version)

    async def preview_mail_text(self, command: PreviewMailText) -> MailPreview:
        kind = _known(command.kind, command.language)
        passages = checked_passages(kind, command.passages)
        channels = (await self._catalog.channels(Nothing())).items
        letter = sample_letter(
            self._renderer,
            kind,
            command.language,
            lambda *_: passages,
            shop_name=next((one.profile.name for one in channels if one.profile.name), SHOP_NAME),
            now=self._clock.now(),
        )
        return MailPreview(subject=letter.subject, text=letter.text, html=letter.html)

    async def _put(self, kind: Kind, language: str, own: dict[str, str], expected_version: int) -> MailText:
        async with self._db.write() as session:
            present = await wording_store.load(session, kind, language)
            version = next_own(present.passages, present.version, own, expected_version)
            wanted = OwnWords(passages=own, version=version)
            if version != present.version and not await wording_store.put(session, kind, language, wanted):
                raise MailTextChanged
        return _text(kind, language, wanted)

    async def _words(self, session: ReadSession) -> Words:
        """What mails say as of now: asked anew for each batch of mails, so that a change counts at once everywhere."""
        kept = await wording_store.load_all(session)

        def words(kind: Kind, language: str) -> Passages:
            return worded(standard_words(kind, language), kept.get((kind, language), NONE).passages)

        return words


def _known(kind: str, language: str) -> Kind:
    """Raises MailTextNotFound."""
    if kind not in set(Kind) or language not in LANGUAGES:
        raise MailTextNotFound
    return Kind(kind)


def _text(kind: Kind, language: str, own: OwnWords) -> MailText:
    standard = standard_words(kind, language)
    return MailText(
        kind=kind,
        language=language,
        passages=worded(standard, own.passages),
        standard=standard,
        own=bool(own.passages),
        placeholders=list(PLACEHOLDERS[kind]),
        version=own.version,
    )
