"""How much depends on a request, from the edge to the last process that works for it.

When there is more to do than can be done, what matters most is done. The edge judges a request once by its address
(edge/classes.py); calls to other processes carry the judgement along, so that all of them drop the same ones. Work that
no request asked for settles what was begun, and counts as buying.
"""

from __future__ import annotations

from contextvars import ContextVar
from enum import IntEnum

# Of a call between processes: the name of its request's importance.
IMPORTANCE_HEADER = "rialto-importance"


class Importance(IntEnum):
    """From what can best be done without, to what must go on."""

    SPARE = 0
    BROWSING = 1
    OWN = 2
    BUYING = 3

    @property
    def label(self) -> str:
        """As headers and metrics name it."""
        return self.name.lower()


BY_LABEL = {importance.label: importance for importance in Importance}

importance_now: ContextVar[Importance] = ContextVar("rialto_importance", default=Importance.BUYING)


def importance_named(label: str) -> Importance:
    """What another process said; a word of a later release, or none, is taken for the most important."""
    return BY_LABEL.get(label, Importance.BUYING)
