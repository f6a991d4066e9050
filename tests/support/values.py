"""Values for tests: seeded ids, settings of a folder."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from rialto.kernel.clock import Clock, ManualClock
from rialto.kernel.ids import RandomIds
from rialto.kernel.roles import BUILT_IN, permissions_by
from rialto.kernel.settings import Settings


def seeded_ids(seed: int = 7, clock: Clock | None = None) -> RandomIds:
    return RandomIds(clock or ManualClock(), random.Random(seed))


def built_in(roles: Iterable[str]) -> frozenset[str]:
    """What roles allow in a shop that changed none."""
    return permissions_by(BUILT_IN, roles)


def settings_in(data: Path | None = None) -> Settings:
    folder = data or Path("/nonexistent")
    return Settings(secret_file=folder / "secrets.json", data=folder, strict=True)
