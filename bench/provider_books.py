"""The sandbox provider's own books, read beside it: whom it charged, whatever the shop believes."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

ORDER = re.compile(r"/(ord_[0-9a-z]+)")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """`twice`: orders that hold money of two payments. `for_nothing`: orders that were charged and that nobody was told of."""

    twice: tuple[str, ...]
    for_nothing: tuple[str, ...]


class Books:
    """Intents that are authorised or captured, from a moment on. An intent's way back to the shop names its order."""

    def __init__(self, data: Path) -> None:
        self._file = data / "sandbox" / "books.sqlite"
        self._since = self._ask("SELECT coalesce(max(seq), 0) FROM intents")[0][0]

    def judge(self, acknowledged: Collection[str]) -> Judged:
        rows = self._ask(
            "SELECT return_url FROM intents WHERE seq > ? AND state NOT IN ('declined', 'voided') AND amount > voided",
            self._since,
        )
        held = Counter(found[1] for (url,) in rows if (found := ORDER.search(str(url or ""))))
        return Judged(
            twice=tuple(order for order, count in held.items() if count > 1),
            for_nothing=tuple(order for order in held if order not in acknowledged),
        )

    def _ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()
