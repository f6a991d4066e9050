"""Extensions: what ports can be given by name, ours and those of other packages.

A package offers something for a port by an entry point in the group `rialto.<port>`; nothing is forked and nothing
registered at import. Ours are listed in a table beside their port as well, so that no other package replaces them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TypeVar

from rialto.kernel.clock import Clock
from rialto.kernel.errors import Invalid
from rialto.kernel.secrets import Secrets
from rialto.kernel.settings import Settings, offered
from rialto.kernel.telemetry import Metrics

T = TypeVar("T")


class ExtensionUnknown(Invalid):
    code = "extension_unknown"


class ExtensionBroken(Invalid):
    code = "extension_broken"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an engine is made with: the entry point is called with this and answers the engine.

    An engine with an `async close()` is closed when the shop ends.
    """

    settings: Settings
    secrets: Secrets
    clock: Clock
    metrics: Metrics = field(default_factory=Metrics)


def extension_names(port: str, ours: Iterable[str]) -> list[str]:
    """The names that `find_extension` knows."""
    return sorted(offered(port, *ours))


def find_extension(port: str, name: str, ours: Mapping[str, T]) -> T:
    """What goes by this name. Raises ExtensionUnknown, ExtensionBroken when its package cannot be loaded."""
    if name in ours:
        return ours[name]
    for found in entry_points(group=f"rialto.{port}", name=name):
        try:
            loaded: T = found.load()
        except Exception as error:
            where = found.dist.name if found.dist else found.value
            raise ExtensionBroken(
                f"{where} offers {name} for {port} and cannot be loaded: {error!r}."
            ) from error
        return loaded
    known = ", ".join(extension_names(port, ours))
    raise ExtensionUnknown(f"There is nothing called {name[:40]!r} for {port}; known are {known}.")
