"""How mail texts are kept: what differs from the standard, by kind of mail and language, with how often it was changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from rialto.kernel.db import ReadSession, WriteSession
from rialto.notifications.model.wording import Kind

# No limit: there is at most one row for each kind of mail in each language.
_ALL = "SELECT kind, language, passages, version FROM mail_texts"
_ONE = "SELECT passages, version FROM mail_texts WHERE kind = $1 AND language = $2"
# The version is the fence: of two who change the same, the second writes nothing.
_PUT = """
INSERT INTO mail_texts (kind, language, passages, version) VALUES ($1, $2, $3::json, $4)
ON CONFLICT (kind, language) DO UPDATE SET passages = excluded.passages, version = excluded.version
WHERE mail_texts.version = excluded.version - 1
"""

_decode = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """The merchant's passages by name, and their version."""

    passages: dict[str, str] = field(default_factory=dict)
    version: int = 0


NONE = OwnWords()


async def load_all(session: ReadSession) -> dict[tuple[str, str], OwnWords]:
    """By kind and language, of those that were ever changed."""
    return {
        (row["kind"], row["language"]): OwnWords(passages=_decode(row["passages"]), version=row["version"])
        for row in await session.all(_ALL)
    }


async def load(session: ReadSession, kind: Kind, language: str) -> OwnWords:
    row = await session.one(_ONE, kind, language)
    return OwnWords(passages=_decode(row["passages"]), version=row["version"]) if row else NONE


async def put(session: WriteSession, kind: Kind, language: str, own: OwnWords) -> bool:
    """Keep them if the version before is still the present one; whether it was."""
    text = msgspec.json.encode(own.passages).decode()
    return await session.run(_PUT, kind, language, text, own.version) == 1
