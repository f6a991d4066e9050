"""Statements as spans, in sampled traces only: a request may have tens of them, and each is named but never shown.

A span says which kind of statement went to which table, not what stood in it: values are personal data.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from rialto.kernel import tracing
from rialto.kernel.tracing import Kind, NoSpan, Span

_VERB = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b", re.IGNORECASE)
_LOCKS = re.compile(r"\bFOR (?:NO KEY )?UPDATE\b", re.IGNORECASE)
_TABLE = re.compile(
    r"\b(?:INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN)\s+([a-z_][a-z_0-9.]*+)(?!\s*\()", re.IGNORECASE
)
_NAMED = re.compile(r"(?:WITH|,)\s*([a-z_][a-z_0-9]*)(?:\([^)]*\))?\s+AS\s+\(", re.IGNORECASE)
_WRITES = ("INSERT INTO", "UPDATE", "DELETE FROM")


def traced(connection: Any) -> Any:
    """The connection itself, or one that makes spans of what is asked through it."""
    return TracedConnection(connection) if tracing.is_sampled() else connection


class TracedConnection:
    """What sessions ask of an asyncpg connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *values: Any) -> Any:
        with _statement(sql):
            return await self._connection.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        with _statement(sql):
            return await self._connection.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        with _statement(sql):
            return await self._connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> Any:
        with _statement(sql):
            return await self._connection.execute(sql, *values)

    def terminate(self) -> None:
        self._connection.terminate()


def _statement(sql: str) -> Span | NoSpan:
    made = tracing.span(summary_of(sql), Kind.CLIENT)
    made.set("db.system.name", "postgresql")
    return made


@lru_cache(maxsize=2000)
def summary_of(sql: str) -> str:
    """`INSERT orders` and the like: what it does first that changes something, else what it reads first."""
    sql = _LOCKS.sub("", sql)
    verbs = [verb.upper() for verb in _VERB.findall(sql)]
    if not verbs:
        return sql.split(maxsplit=1)[0].upper() if sql.strip() else "?"
    verb = next((one for one in verbs if one in _WRITES), verbs[0])
    own = {name.lower() for name in _NAMED.findall(sql)}
    wanted = rf"\b{verb}\s+([a-z_][a-z_0-9.]*)" if verb in _WRITES else _TABLE.pattern
    table = next((name for name in re.findall(wanted, sql, re.IGNORECASE) if name.lower() not in own), "")
    return f"{verb.split()[0]} {table}".strip()
