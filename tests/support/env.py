"""One service on a fresh database, with peers, clock and ids of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from rialto.engines.memory_cache import MemoryCache
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.engines.picture_files import PictureFiles
from rialto.engines.postgres_documents import PostgresDocuments
from rialto.kernel.calls import bind
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.faults import Faults, NoFaults
from rialto.kernel.ids import Ids
from rialto.kernel.keys import Keyring
from rialto.kernel.migrations import DOCUMENTS_SCHEMA, role_of
from rialto.kernel.personal import Keepers, ServiceKeeper
from rialto.kernel.service import Service
from tests.support.databases import SECRETS, fresh_database
from tests.support.values import seeded_ids, settings_in

T = TypeVar("T")


class TestEnv:
    """An `Env`; `.handlers` is the service under test, `.woken` the jobs it asked for."""

    __test__ = False

    def __init__(
        self,
        db: Database,
        *,
        peers: Mapping[type[Any], Any],
        engines: Mapping[str, Any],
        data: Path | None,
        clock: ManualClock,
        ids: Ids,
    ) -> None:
        self.db = db
        self.clock = clock
        self.ids = ids
        self.settings = settings_in(data)
        self.faults: Faults = NoFaults()
        self.woken: list[str] = []
        self.handlers: Any = None
        self._peers = peers
        self.keepers = Keepers()
        keyring = Keyring(SECRETS, issuer=self.settings.public_url, clock=clock, ids=ids)
        self._engines = {
            "secrets": SECRETS,
            "keyring": keyring,
            "cache": MemoryCache,
            "pictures": PictureFiles,
            "keepers": self.keepers,
            "keyvalue": MemoryKeyValues(clock),
            **engines,
        }

    def __getitem__(self, api: type[T]) -> T:
        return bind(api, self._peers[api], clock=self.clock, strict=True)

    def engine(self, port: str) -> Any:
        return self._engines[port]

    def wake(self, job: str) -> None:
        self.woken.append(job)


@asynccontextmanager
async def open_service(
    service: Service,
    postgres: DatabaseAddress,
    *,
    peers: Mapping[type[Any], Any] | None = None,
    engines: Mapping[str, Any] | None = None,
    data: Path | None = None,
    connections: int = 4,
) -> AsyncIterator[TestEnv]:
    """The service's handlers on a migrated database that only this test uses."""
    async with fresh_database(postgres, [service]) as address:
        role = role_of(service.name)
        db = Database(address.as_user(role, SECRETS.database_password(role)), connections=connections)
        documents = documents_in(address)
        clock = ManualClock()
        env = TestEnv(
            db,
            peers=peers or {},
            engines={"documents": documents, **(engines or {})},
            data=data,
            clock=clock,
            ids=seeded_ids(clock=clock),
        )
        env.handlers = service.build(env)
        if service.personal is not None:
            env.keepers.add(service.name, ServiceKeeper(service.personal, env.handlers))
        try:
            yield env
        finally:
            await documents.close()
            await db.close()


def documents_in(address: DatabaseAddress) -> PostgresDocuments:
    """The document store of a migrated database."""
    role = role_of(DOCUMENTS_SCHEMA)
    return PostgresDocuments(Database(address.as_user(role, SECRETS.database_password(role)), connections=4))
