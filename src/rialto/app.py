"""The composition root: settings → engines → services → one process. The only place that knows the topology."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from litestar import Litestar, Response

from rialto.admin.routes import ROUTES as ADMIN
from rialto.admin.routes import render_error as render_error_for_staff
from rialto.cart.service import SERVICE as CART
from rialto.catalog.service import SERVICE as CATALOG
from rialto.edge.audited import audited
from rialto.edge.cached import CachedPages, Kept, pages_of_others
from rialto.edge.gate import Gate
from rialto.edge.maintenance import maintained
from rialto.edge.ops import ops_app
from rialto.edge.refresh import Refreshing
from rialto.edge.renewing import staying_signed_in
from rialto.edge.web import AnyRequest, web_app
from rialto.engines.choice import Engines
from rialto.engines.memory_cache import MemoryCache
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.engines.postgres_bus import PostgresBus
from rialto.engines.postgres_documents import PostgresDocuments
from rialto.identity.api import Identity
from rialto.identity.service import SERVICE as IDENTITY
from rialto.inventory.service import SERVICE as INVENTORY
from rialto.kernel.audit import Finding
from rialto.kernel.auth import TokenVerifier
from rialto.kernel.background import Background
from rialto.kernel.browser import ADMIN as ADMIN_JAR
from rialto.kernel.browser import jar_of
from rialto.kernel.bus import Bus
from rialto.kernel.cache import Entry
from rialto.kernel.calls import bind
from rialto.kernel.consumers import GO_ON, Consumer
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.documents import Documents
from rialto.kernel.errors import InvariantBroken, RialtoError
from rialto.kernel.keys import Keyring
from rialto.kernel.limits import limiter_of
from rialto.kernel.maintenance import MaintenanceSign
from rialto.kernel.migrations import BUS_SCHEMA, DOCUMENTS_SCHEMA, role_of
from rialto.kernel.parked import ParkedEvents
from rialto.kernel.personal import Keepers
from rialto.kernel.relay import LAG, Relay
from rialto.kernel.roles import RoleBook, Roles
from rialto.kernel.service import Job, Nothing, Service
from rialto.kernel.settings import Settings
from rialto.kernel.workings import Engineer
from rialto.notifications.service import SERVICE as NOTIFICATIONS
from rialto.notifications.viewer import OPS_ROUTES
from rialto.orders.service import SERVICE as ORDERS
from rialto.payments.service import SERVICE as PAYMENTS
from rialto.pricing.service import SERVICE as PRICING
from rialto.reporting.service import SERVICE as REPORTING
from rialto.reviews.service import SERVICE as REVIEWS
from rialto.search.service import SERVICE as SEARCH
from rialto.storefront.routes import ROUTES as STOREFRONT
from rialto.storefront.routes import render_error as render_error_for_shoppers

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
DOCUMENTS_CONNECTIONS = 1
PAGES_KEPT = 4000
# A feed that was away longer is rebuilt; competing consumers never are, their cursors hold the truth.
PRUNE = Job(
    name="bus.prune", every_s=600, run=lambda app: app.bus.prune(CONSUMERS, keep=app.settings.keep.events)
)
# A job and not a step of the start: a document store that is down must not keep orders from going on.
PREPARE = Job(name="documents.prepare", every_s=600, run=lambda app: app.prepare_documents())
BURST_S = 4


def render_error(request: AnyRequest, status: int, error: BaseException | None = None) -> Response[Any]:
    """An error's page in the frame of the part of the shop it happened in."""
    is_staffs = jar_of(request.scope["path"]) is ADMIN_JAR
    render = render_error_for_staff if is_staffs else render_error_for_shoppers
    return render(request, status, error)


class _Env:
    """What one service's `build` receives."""

    def __init__(self, app: App, db: Database | None) -> None:
        self._app = app
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
        return self._app[api]

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

    def __init__(self, settings: Settings, engines: Engines, services: Sequence[Service] = ALL) -> None:
        self.settings = settings
        self.engines = engines
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
        self.parked = ParkedEvents(lambda: self.consumers)
        self.databases: dict[str, Database] = {}
        self._bound: dict[type[Any], Any] = {}
        self._envs: dict[str, _Env] = {}
        wanted = sum(service.connections for service in services if service.stored)
        if wanted + BUS_CONNECTIONS + DOCUMENTS_CONNECTIONS > CONNECTIONS_MAX:
            raise InvariantBroken(f"the services want more than {CONNECTIONS_MAX} connections")
        self.documents = self._open_documents()
        for service in services:
            self._plug_in(service)
        self.bus = self._open_bus()
        self.maintenance = MaintenanceSign(self.databases[BUS_SCHEMA], engines.clock)
        self.consumers = [self._consumer_of(service) for service in services if service.reactions]
        self.feeds = [make(self.handlers[s.name]) for s in services for make in s.feeds]
        self.background = self._make_background(self.bus)

    def __getitem__(self, api: type[T]) -> T:
        found: T = self._bound[api]
        return found

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
        await self.bus.close()
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
            for name, db in self.databases.items():
                if name not in {BUS_SCHEMA, DOCUMENTS_SCHEMA}:
                    async with db.read() as session:
                        waiting[name] = await session.value(LAG)
                    self.metrics.outbox.labels(name).set(waiting[name])
        except RialtoError as error:
            return {"status": "degraded", "database": error.text, "search_ready": self.is_ready()}
        status = "ok" if self.is_ready() else "starting"
        return {
            "status": status,
            "database": "ok",
            "outbox_waiting": waiting,
            "search_ready": self.is_ready(),
        }

    def is_ready(self) -> bool:
        """Whether shoppers can browse; what buying needs is told by its own answers."""
        return all(feed.positions() is not None for feed in self.feeds)

    def _plug_in(self, service: Service) -> None:
        db = self._open_database(service.name, service.connections) if service.stored else None
        env = _Env(self, db)
        handlers = service.build(env)
        self._envs[service.name] = env
        self.handlers[service.name] = handlers
        if service.personal is not None:
            self.keepers.add(service.name, service.personal, handlers)
        self._bound[service.api] = bind(
            service.api, handlers, clock=self.engines.clock, strict=self.settings.strict
        )

    async def prepare_documents(self) -> int:
        """Tables and indexes of all declared collections, where an engine makes them by declaration."""
        await self.documents.prepare([made for service in self.services for made in service.collections])
        return 0

    def _open_database(self, schema: str, connections: int, at: DatabaseAddress | None = None) -> Database:
        role = role_of(schema)
        db = Database(
            (at or self.engines.address).as_user(role, self.engines.secrets.database_password(role)),
            connections=connections,
            on_publish=lambda: self.background.wake_relay(schema),
            gate=self.engines.gate,
            open_connection=self.engines.open_connection,
        )
        self.databases[schema] = db
        return db

    def _open_documents(self) -> Documents:
        where = self.engines.documents_address
        return PostgresDocuments(self._open_database(DOCUMENTS_SCHEMA, DOCUMENTS_CONNECTIONS, where))

    def _open_bus(self) -> PostgresBus:
        db = self._open_database(BUS_SCHEMA, BUS_CONNECTIONS - 1)
        role = role_of(BUS_SCHEMA)
        direct = self.engines.address.as_user(role, self.engines.secrets.database_password(role))
        return PostgresBus(db, self.engines.clock, listen_on=direct if self.engines.listen else None)

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
        )

    def _make_background(self, bus: Bus) -> Background:
        # Who has nothing to tell has an outbox like everybody, and nothing in it: it is not looked at every second.
        telling = {s.name: self.databases[s.name] for s in self.services if s.stored and s.events}
        engines = self.engines
        self.pages_refresh = Refreshing(self.feeds)
        return Background(
            owner=engines.ids.token(80),
            bus=bus,
            relay=Relay(telling, bus, engines.faults),
            consumers=self.consumers,
            jobs=[
                (PRUNE, self),
                (GO_ON, self.consumers),
                (PREPARE, self),
                *((job, self.handlers[s.name]) for s in self.services for job in s.jobs),
            ],
            feeds=[self.pages_refresh],
            clock=engines.clock,
            metrics=self.metrics,
        )

    def _dependencies(self) -> dict[str, Any]:
        services = {ROUTE_NAMES.get(s.name, s.name): self[s.api] for s in self.services}
        return {
            **services,
            "settings": self.settings,
            "clock": self.engines.clock,
            "ids": self.engines.ids,
            "engineer": Engineer(self.details, self.bus, CONSUMERS, self.parked),
        }

    def ops(self) -> Litestar:
        """The application of the operations port."""
        return ops_app(
            OPS_ROUTES, dependencies=self._dependencies(), metrics=self.metrics, details=self.details
        )

    def web(self) -> Gate:
        """The application of the public port. Needs all services."""
        engines, settings = self.engines, self.settings
        routes = [route for service in self.services for route in service.routes]
        app = web_app(
            [*routes, *ADMIN, *STOREFRONT],
            dependencies=self._dependencies(),
            render_error=render_error,
            is_ready=self.is_ready,
            middleware=[
                staying_signed_in(self[Identity], secure=settings.secure),
                maintained(self.maintenance),
                audited(self[Identity]),
            ],
        )
        kept: MemoryCache[Entry[Kept]] = MemoryCache(PAGES_KEPT)
        pages = CachedPages(
            app,
            kept,
            clock=engines.clock,
            ids=engines.ids,
            metrics=self.metrics,
            beyond=pages_of_others(
                self.key_values,
                secret=engines.secrets.derive("keyvalue:pages"),
                clock=engines.clock,
                as_of=self.pages_refresh.positions,
                metrics=self.metrics,
            ),
        )
        self.pages_refresh.then(pages.clear)
        roles = RoleBook(self._load_roles, clock=engines.clock)
        verifier = TokenVerifier(
            self.keyring.public_keys(),
            issuer=settings.public_url,
            clock=engines.clock,
            permissions_of=roles.permissions_of,
            watch=self.keyring.news,
        )
        rate = settings.rate_limit
        return Gate(
            pages,
            clock=engines.clock,
            ids=engines.ids,
            metrics=self.metrics,
            verifier=verifier,
            limiter=limiter_of("gate", self.key_values, per_s=rate, burst=rate * BURST_S, clock=engines.clock)
            if rate
            else None,
            trusted_proxies=settings.trusted_proxies,
            kept=pages,
            roles=roles,
        )

    async def _load_roles(self) -> Roles:
        found = await self[Identity].list_roles(Nothing())
        return {role.name: frozenset(role.permissions) for role in found.items}
