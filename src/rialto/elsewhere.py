"""The services that other processes have, for the composition root: how each is reached, and by whom it is called."""

from __future__ import annotations

from typing import TypeVar

import structlog

from rialto.engines.choice import Engines
from rialto.kernel.calls import connect
from rialto.kernel.personal import Keeper
from rialto.kernel.remote import Peer, RemoteService
from rialto.kernel.replicas import Replicas
from rialto.kernel.service import Service
from rialto.kernel.service_tokens import WEB, ServiceTokens
from rialto.kernel.upkeep import Upkeep
from rialto.topology import Place

T = TypeVar("T")

LOOK_UP_EVERY_S = 5.0
# Beside its own interface each service can be asked for these, under names of their own.
UPKEEP = "upkeep"
PERSONAL = "personal"
# Who hands out and erases what is kept of people, over all services.
ASKS_KEEPERS = "identity"

log = structlog.get_logger("rialto.elsewhere")


class Elsewhere:
    """Those that `place` has peers for. Connections are made when they are first wanted."""

    def __init__(self, place: Place, engines: Engines, tokens: ServiceTokens) -> None:
        self._place = place
        self._engines = engines
        self._tokens = tokens
        self._peers: dict[str, Peer] = {}
        self._remotes: dict[str, RemoteService] = {}

    def has(self, service: str) -> bool:
        return service in self._place.peers

    def service(self, service: Service, caller: str) -> object:
        """The service's interface, as `caller` may call it."""
        return connect(service.api, self._remote(service.name).caller(caller))

    def upkeep(self, service: Service) -> Upkeep:
        return connect(Upkeep, self._remote(service.name, UPKEEP).caller(WEB))

    def keeper(self, service: Service) -> Keeper:
        return connect(Keeper, self._remote(service.name, PERSONAL).caller(ASKS_KEEPERS))

    async def run(self) -> None:
        """Look again and again which replicas there are, until cancelled."""
        while True:
            for peer in self._peers.values():
                await peer.replicas.refresh()
            await self._engines.clock.sleep(LOOK_UP_EVERY_S)

    async def close(self) -> None:
        if self._peers:
            await self._engines.transport.close()

    def _remote(self, service: str, aside: str = "") -> RemoteService:
        name = f"{service}.{aside}" if aside else service
        if name not in self._remotes:
            group, addresses = self._place.peers[service]
            self._remotes[name] = RemoteService(
                name,
                self._peer(group, addresses),
                clock=self._engines.clock,
                ids=self._engines.ids,
                metrics=self._engines.metrics,
                token_of=self._tokens,
            )
        return self._remotes[name]

    def _peer(self, group: str, addresses: tuple[str, ...]) -> Peer:
        if group not in self._peers:
            replicas = Replicas(
                addresses, self._engines.resolve, clock=self._engines.clock, ids=self._engines.ids
            )
            self._peers[group] = Peer(group, replicas, self._engines.transport)
        return self._peers[group]
