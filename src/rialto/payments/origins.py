"""Telling payment providers where the shop fronts are, so that a new one can take cards without a restart."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from rialto.catalog.api import Catalog, origins_of
from rialto.kernel.errors import Unavailable
from rialto.kernel.service import Nothing
from rialto.payments.provider import InPages, Provider

log = structlog.get_logger("rialto.payments")


class Origins:
    """Remembers what it told. A process that begins tells again: that changes nothing there."""

    def __init__(self, catalog: Catalog, providers: Mapping[str, Provider], *, public_url: str) -> None:
        self._catalog = catalog
        self._providers = {name: one for name, one in providers.items() if isinstance(one, InPages)}
        self._public_url = public_url
        self._told: dict[str, list[str]] = {}

    async def tell(self) -> int:
        """Each provider that has not heard it yet; how many. One that does not answer hears it at the next turn."""
        channels = (await self._catalog.channels(Nothing())).items
        origins = sorted({origin for one in channels for origin in origins_of(one, self._public_url)})
        told = 0
        for name, provider in self._providers.items():
            if self._told.get(name, []) == origins:
                continue
            try:
                await provider.allow_origins(origins)
            except Unavailable as error:
                log.warning(
                    "a payment provider was not told of the shop fronts", provider=name, error=error.text
                )
                continue
            self._told[name] = origins
            told += 1
        return told
