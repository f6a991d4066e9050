"""The composition root: settings → engines → services → one process. The only place that knows the topology."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from rialto import __version__
from rialto.cart.service import SERVICE as CART
from rialto.catalog.service import SERVICE as CATALOG
from rialto.copied import Copied
from rialto.edge.gate import Gate
from rialto.edge.internal import InternalCalls, Leaving
from rialto.edge.refresh import Refreshing
from rialto.elsewhere import Elsewhere
from rialto.engines.choice import Engines, open_bus
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.engines.postgres_bus import PostgresBus
from rialto.engines.postgres_documents import PostgresDocuments
from rialto.faces import operations_app, public_app
from rialto.identity.service import SERVICE as IDENTITY
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.audit import Finding
from rialto.kernel.background import Background
from rialto.kernel.bus import Bus
from rialto.kernel.calls import bind
from rialto.kernel.consumers import GO_ON, Consumer
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.documents import Documents
from rialto.kernel.errors import InvariantBroken, RialtoError
from rialto.kernel.keys import Keyring
from rialto.kernel.maintenance import MaintenanceSign
from rialto.kernel.migrations import BUS_SCHEMA, DOCUMENTS_SCHEMA, role_of
from rialto.kernel.parked import ParkedEvents
from rialto.kernel.personal import Keepers, ServiceKeeper
from rialto.kernel.reaching import Reach, ask
from rialto.kernel.relay import LAG, Relay
from rialto.kernel.remembering import Remembered
from rialto.kernel.service import Job, Service
from rialto.kernel.service_tokens import WEB, ServiceTokens
from rialto.kernel.settings import Settings
from rialto.kernel.upkeep import ServiceUpkeep, Upkeep
from rialto.kernel.workings import Engineer
from rialto.notifications.service import SERVICE as NOTIFICATIONS
from rialto.orders.service import SERVICE as ORDERS
from rialto.payments.service import SERVICE as PAYMENTS
from rialto.pricing.service import SERVICE as PRICING
from rialto.reporting.service import SERVICE as REPORTING
from rialto.reviews.service import SERVICE as REVIEWS
from rialto.search.service import SERVICE as SEARCH
from rialto.topology import Place, place_of_all
from rialto.watching import Watch, tally_of

T = TypeVar("T")

# Each after what it needs.
ALL: tuple[Service, ...] = (
    IDENTITY,
    CATALOG,
    INVENTORY,
    PRICING,
    CART,
    PAYMENTS,
    ORDERS,
    REVIEWS,
    SEARCH,
    NOTIFICATIONS,
    REPORTING,
)

# Events of every service of this release, also of those that live in other processes.
KNOWN = frozenset(event.TYPE for service in ALL for event in service.events)

CONSUMERS = tuple(service.name for service in ALL if service.reactions)

# Names by which routes ask for services, where they are not the service's own.
ROUTE_NAMES = {"cart": "carts"}
CONNECTIONS_MAX = 20
BUS_CONNECTIONS = 3  # one of them listens
# In the data folder: when a process of this machine last had an answer of the database.
REACHED = "database-reached"
DOCUMENTS_CONNECTIONS = 1
# A feed that was away longer is rebuilt; competing consumers never are, their cursors hold the truth.
PRUNE = Job(
    name="bus.prune", every_s=600, run=lambda app: app.bus.prune(CONSUMERS, keep=app.settings.keep.events)
)
# A job and not a step of the start: a document store that is down must not keep orders from going on.
PREPARE = Job(name="documents.prepare", every_s=600, run=lambda app: app.prepare_documents())


class _Env:
    """What one service's `build` receives."""

    def __init__(self, app: App, service: Service, db: Database | None) -> None:
        self._app = app
        self._service = service
        self._db = db
        self.clock = app.engines.clock
        self.ids = app.engines.ids
        self.settings = app.settings
        self.faults = app.engines.faults

    @property
    def db(self) -> Database:
        if self._db is None:
            raise InvariantBroken("a service without tables asked for its database")
        return self._db

    def __getitem__(self, api: type[T]) -> T:
        if api not in self._service.needs:
            raise InvariantBroken(
                f"{self._service.name} asks for {api.__name__} and does not say that it needs it"
            )
        return self._app.asked_by(self._service.name, api)

    def engine(self, port: str) -> Any:
        own = {
            "documents": self._app.documents,
            "keepers": self._app.keepers,
            "keyring": self._app.keyring,
            "keyvalue": self._app.key_values,
            "parked": self._app.parked,
        }
        return own[port] if port in own else self._app.engines.by_port[port]

    def wake(self, job: str) -> None:
        self._app.background.wake(job)


class App:
    """One process's shop: services bound to each other, its background work and its two web applications."""

    def __init__(
        self,
        settings: Settings,
        engines: Engines,
        services: Sequence[Service] = ALL,
        *,
        place: Place | None = None,
    ) -> None:
        """`place` says which of `services` live here and where the others are; None: all of them live here."""
        self.settings = settings
        self.engines = engines
        self.place = place or place_of_all(service.name for service in services)
        self.everything = services
        services = [service for service in services if service.name in self.place.parts]
        self.services = services
        self.metrics = engines.metrics
        self.key_values = engines.key_values or MemoryKeyValues(engines.clock)
        self.handlers: dict[str, Any] = {}
        self.keepers = Keepers()
        self.keyring = Keyring(
            engines.secrets,
            engines.reread_secrets,
            issuer=settings.public_url,
            clock=engines.clock,
            ids=engines.ids,
        )
        self.elsewhere = Elsewhere(self.place, engines, ServiceTokens(self.keyring, engines.clock))
        self.upkeep: dict[str, Upkeep] = {}
        self.parked = ParkedEvents(self.upkeep)
        self.databases: dict[str, Database] = {}
        self.copied = Copied(engines, lambda: self.databases[BUS_SCHEMA])
        self._bound: dict[type[Any], Any] = {}
        self._callers: dict[tuple[str, type[Any]], Any] = {}
        self._envs: dict[str, _Env] = {}
        wanted = sum(service.connections for service in services if service.stored)
        if wanted + BUS_CONNECTIONS + DOCUMENTS_CONNECTIONS > CONNECTIONS_MAX:
            raise InvariantBroken(f"the services want more than {CONNECTIONS_MAX} connections")
        self.reach = Reach(self._ask_database, engines.clock, note=settings.data / REACHED)
        self.reach.when_away(self._let_go)
        self.documents = self._open_documents()
        for service in self.everything:
            self._plug_in(service) if service.name in self.place.parts else self._reach(service)
        self.bus = self._open_bus()
        self.maintenance = MaintenanceSign(self.databases[BUS_SCHEMA], engines.clock)
        self.consumers = [self._consumer_of(service) for service in services if service.reactions]
        self.leaving = Leaving()
        self.feeds = [make(self.handlers[s.name]) for s in services for make in s.feeds]
        self.background = self._make_background(self.bus)
        self.watch = Watch(self)

    def __getitem__(self, api: type[T]) -> T:
        return self.asked_by(WEB, api)

    def asked_by(self, caller: str, api: type[T]) -> T:
        """The service with this interface, here or elsewhere, as the service `caller` (or the web) may call it."""
        found: Any = self._bound.get(api) or self._callers.get((caller, api))
        if found is None:
            service = next(service for service in self.everything if service.api is api)
            found = self._callers[caller, api] = self.elsewhere.service(service, caller)
        reached: T = found
        return reached

    async def start(self) -> None:
        """Make what this process needs before it can serve: read models that are missing."""
        await self.pages_refresh.start(await self.bus.tail())

    async def close(self) -> None:
        """Finish what was accepted, then let go of everything."""
        for handlers in reversed(self.handlers.values()):
            if hasattr(handlers, "finish"):
                await handlers.finish()
        for engine in self.engines.closers:
            await engine.close()
        await self.elsewhere.close()
        await self.bus.close()
        await self.copied.close()
        await asyncio.gather(*(db.close() for db in self.databases.values()))

    async def audit(self) -> list[Finding]:
        """Every service's proof of its invariants."""
        found: list[Finding] = []
        for service in self.services:
            for check in service.audits:
                found += await check(self._envs[service.name])
        return found

    async def details(self) -> dict[str, Any]:
        """What an operator asks first: does the database answer, is anything waiting."""
        waiting: dict[str, int] = {}
        try:
            for name in self.databases:
                if name not in {BUS_SCHEMA, DOCUMENTS_SCHEMA}:
                    waiting[name] = await self._waiting(name)
        except RialtoError as error:
            return {"status": "degraded", "database": error.text, "search_ready": self.is_ready()}
        status = "ok" if self.is_ready() else "starting"
        return {
            "status": status,
            "version": __version__,
            "parts": sorted(self.place.parts),
            "database": "ok",
            "outbox_waiting": waiting,
            "search_ready": self.is_ready(),
        }

    async def _waiting(self, service: str) -> int:
        async with self.databases[service].read() as session:
            count: int = await session.value(LAG)
        return count

    def is_ready(self) -> bool:
        """Whether shoppers can browse; what buying needs is told by its own answers."""
        return all(feed.positions() is not None for feed in self.feeds)

    def _plug_in(self, service: Service) -> None:
        db = self._open_database(service.name, service.connections) if service.stored else None
        env = _Env(self, service, db)
        handlers = service.build(env)
        self._envs[service.name] = env
        self.handlers[service.name] = handlers
        if service.personal is not None:
            self.keepers.add(service.name, ServiceKeeper(service.personal, handlers))
        if service.stored:
            self.upkeep[service.name] = ServiceUpkeep(
                lambda: next((one for one in self.consumers if one.name == service.name), None),
                waiting=lambda: self._waiting(service.name),
                ready=self.is_ready,
            )
        self._bound[service.api] = bind(
            service.api,
            handlers,
            clock=self.engines.clock,
            strict=self.settings.strict,
            tally=tally_of(service, self.metrics),
        )

    def _reach(self, service: Service) -> None:
        """What this process asks of a service elsewhere beside its interface."""
        if not self.elsewhere.has(service.name):
            return
        if service.personal is not None:
            self.keepers.add(service.name, self.elsewhere.keeper(service))
        if service.stored:
            self.upkeep[service.name] = self.elsewhere.upkeep(service)

    async def prepare_documents(self) -> int:
        """Tables and indexes of all declared collections, where an engine makes them by declaration."""
        await self.documents.prepare([made for service in self.services for made in service.collections])
        return 0

    def _open_database(self, schema: str, connections: int, at: DatabaseAddress | None = None) -> Database:
        role = role_of(schema)
        elsewhere = at is not None and at.as_user("", "") != self.engines.address.as_user("", "")
        db = Database(
            (at or self.engines.address).as_user(role, self.engines.secrets.database_password(role)),
            connections=connections,
            on_publish=lambda: self.background.wake_relay(schema),
            gate=self.engines.gate,
            open_connection=self.engines.open_connection,
            reach=None if elsewhere else self.reach,
        )
        if at is None and self.engines.replica_addresses:
            self.copied.lend(db, role)
        self.databases[schema] = db
        return db

    async def _ask_database(self) -> None:
        await ask(self.databases[BUS_SCHEMA].pool)

    def _let_go(self) -> None:
        for db in self.databases.values():
            if db.reach is self.reach:
                db.pool.let_go()
        # Its connections carry nothing that was promised to anybody: new ones find out sooner that the server is back.
        self.databases[BUS_SCHEMA].terminate()

    def _open_documents(self) -> Documents:
        where = self.engines.documents_address
        return PostgresDocuments(self._open_database(DOCUMENTS_SCHEMA, DOCUMENTS_CONNECTIONS, where))

    def _open_bus(self) -> Bus:
        db = self._open_database(BUS_SCHEMA, BUS_CONNECTIONS - 1)
        role = role_of(BUS_SCHEMA)
        direct = self.engines.address.as_user(role, self.engines.secrets.database_password(role))
        log = PostgresBus(db, self.engines.clock, listen_on=direct if self.engines.listen else None)
        self.reach.when_away(log.stop_listening)
        return open_bus(self.settings, log, self.engines.clock, CONSUMERS)

    def _consumer_of(self, service: Service) -> Consumer:
        return Consumer(
            service.name,
            self.databases[service.name],
            self.handlers[service.name],
            service.reactions,
            clock=self.engines.clock,
            faults=self.engines.faults,
            known=KNOWN,
            gathers_s=service.gathers_s,
            on_taken_in=lambda taken: self.metrics.count_taken_in(
                service.name, taken, self.engines.clock.now()
            ),
            tracer=self.engines.tracer,
        )

    def _make_background(self, bus: Bus) -> Background:
        # Who has nothing to tell has an outbox like everybody, and nothing in it: it is not looked at every second.
        telling = {s.name: self.databases[s.name] for s in self.services if s.stored and s.events}
        engines = self.engines
        self.pages_refresh = Refreshing(self.feeds)
        return Background(
            owner=engines.ids.token(80),
            bus=bus,
            relay=Relay(
                telling, bus, engines.faults, on_published=self.metrics.count_published, tracer=engines.tracer
            ),
            consumers=self.consumers,
            scope=self.place.scope,
            jobs=[
                (PRUNE, self),
                (GO_ON, self.consumers),
                (PREPARE, self),
                *((job, self.handlers[s.name]) for s in self.services for job in s.jobs),
            ],
            feeds=[self.pages_refresh],
            clock=engines.clock,
            metrics=self.metrics,
            tracer=engines.tracer,
        )

    def dependencies(self) -> dict[str, Any]:
        reached = [s for s in self.everything if s in self.services or self.elsewhere.has(s.name)]
        services = {ROUTE_NAMES.get(s.name, s.name): self[s.api] for s in reached}
        return {
            **services,
            "settings": self.settings,
            "clock": self.engines.clock,
            "ids": self.engines.ids,
            "remembered": Remembered(self.key_values, self.keyring),
            "engineer": Engineer(
                self.details, self.bus, CONSUMERS, self.parked, elsewhere=self._upkeep_elsewhere()
            ),
        }

    def _upkeep_elsewhere(self) -> dict[str, Upkeep]:
        return {name: upkeep for name, upkeep in self.upkeep.items() if self.elsewhere.has(name)}

    def ops(self) -> InternalCalls:
        """The application of the operations port."""
        return operations_app(self)

    def web(self) -> Gate:
        """The application of the public port: the routes of the services that are here, and pages if they are."""
        return public_app(self)
