"""Which engines a process runs on: settings → everything from outside. Nothing configured means the built-in ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rialto.engines import sandbox_payments, smtp
from rialto.engines.http_calls import HttpCalls
from rialto.engines.internal_tls import InternalTls, choose_internal_tls
from rialto.engines.measured_provider import measured
from rialto.engines.memory_cache import MemoryCache
from rialto.engines.memory_keyvalue import MemoryKeyValues
from rialto.engines.names import resolve
from rialto.engines.passwords import Argon2Passwords
from rialto.engines.picture_files import PictureFiles
from rialto.engines.smtp import KeptMail
from rialto.engines.tantivy_index import TantivyEngine
from rialto.kernel.clock import Clock, SystemClock
from rialto.kernel.db import Connect, DatabaseAddress, connect, parse_database_url
from rialto.kernel.db import Gate as DatabaseGate
from rialto.kernel.extensions import Surroundings, find_extension
from rialto.kernel.faults import CrashAt, Faults, NoFaults
from rialto.kernel.ids import Ids, RandomIds
from rialto.kernel.keys import SecretsFile
from rialto.kernel.keyvalue import KeyValues
from rialto.kernel.remote import Transport
from rialto.kernel.replicas import Resolve
from rialto.kernel.secrets import Secrets
from rialto.kernel.settings import Settings
from rialto.kernel.telemetry import Metrics
from rialto.kernel.tracing import NO_TRACER, Tracer

if TYPE_CHECKING:
    from rialto.engines.postgres_bus import PostgresBus
    from rialto.engines.rabbitmq_bus import RabbitBus


@dataclass(frozen=True, kw_only=True)
class Engines:
    """Everything from outside: what a test or the simulator replaces.

    `documents_address` is where documents are kept when that is another database than `address`; `replica_addresses`
    are standbys of `address`. Without `key_values` each process keeps its own. With `internal_tls` the operations port and calls to others are TLS.
    """

    clock: Clock
    ids: Ids
    faults: Faults
    secrets: Secrets
    address: DatabaseAddress
    by_port: Mapping[str, Any]
    documents_address: DatabaseAddress | None = None
    replica_addresses: Sequence[DatabaseAddress] = ()
    key_values: KeyValues | None = None
    reread_secrets: Callable[[], Secrets | None] = lambda: None
    gate: DatabaseGate | None = None
    open_connection: Connect = connect
    listen: bool = True
    internal_tls: InternalTls | None = None
    transport: Transport = field(default_factory=HttpCalls)
    resolve: Resolve = resolve
    metrics: Metrics = field(default_factory=Metrics)
    tracer: Tracer = NO_TRACER
    closers: Sequence[Any] = field(default=())

    @property
    def database_addresses(self) -> Sequence[DatabaseAddress]:
        """Of every database that the shop does not go without."""
        found = (self.address, self.address.direct, self.documents_address)
        return [address for address in found if address is not None]


# Ours, by port and name. Other packages add theirs as entry points `rialto.<port>`, made in the same way.
ENGINES: Mapping[str, Mapping[str, Callable[[Surroundings], Any]]] = {
    "payments": {"sandbox": sandbox_payments.make},
    "mail": {"smtp": smtp.make, "smtps": smtp.make},
}


def choose_engines(
    settings: Settings, secrets: Secrets, address: DatabaseAddress, metrics: Metrics | None = None
) -> Engines:
    """The engines that the settings ask for; nothing configured means the built-in ones. Opens no connection."""
    clock = SystemClock()
    ids = RandomIds(clock)
    metrics = metrics or Metrics()
    around = Surroundings(settings=settings, secrets=secrets, clock=clock, metrics=metrics)
    key_values = choose_key_values(around)
    tracer, *collectors = choose_tracer(around, ids)
    internal_tls = choose_internal_tls(settings.internal, clock)
    providers = [_made("payments", name, around) for name in settings.payment_providers]
    watched = [measured(provider, clock, metrics) for provider in providers]
    mailer = _made("mail", urlsplit(settings.smtp_url).scheme, around) if settings.smtp_url else KeptMail()
    return Engines(
        clock=clock,
        ids=ids,
        faults=CrashAt(settings.crash_at) if settings.crash_at else NoFaults(),
        secrets=secrets,
        address=address,
        by_port={
            "payments": {provider.name: provider for provider in watched},
            "mail": mailer,
            "index": TantivyEngine(),
            "passwords": Argon2Passwords(),
            "cache": MemoryCache,
            "pictures": PictureFiles,
            "secrets": secrets,
        },
        documents_address=documents_address(settings),
        replica_addresses=replica_addresses(settings),
        key_values=key_values,
        reread_secrets=SecretsFile(settings.secret_file),
        internal_tls=internal_tls,
        transport=HttpCalls(internal_tls),
        metrics=metrics,
        tracer=tracer,
        closers=[
            engine for engine in (*providers, mailer, key_values, *collectors) if hasattr(engine, "close")
        ],
    )


def choose_key_values(around: Surroundings) -> KeyValues:
    """The server in RIALTO_CACHE_URL, or this process's own memory. Raises SettingWrong."""
    if around.settings.cache_url is None:
        return MemoryKeyValues(around.clock)
    # Loaded only when it is wanted: its library would make every other start some 60 ms longer.
    made: KeyValues = resolve_name("rialto.engines.redis_keyvalue:make")(around)
    return made


def choose_tracer(around: Surroundings, ids: Ids) -> Sequence[Any]:
    """The tracer, and behind it what delivers traces to RIALTO_OTLP_URL, if there is one."""
    if around.settings.otlp_url is None:
        return (NO_TRACER,)
    # Its libraries would make every other start some 90 ms longer.
    made: Sequence[Any] = resolve_name("rialto.engines.otlp_traces:make_tracer")(around, ids)
    return made


def open_bus(
    settings: Settings, log: PostgresBus, clock: Clock, consumers: Sequence[str]
) -> PostgresBus | RabbitBus:
    """The PostgreSQL bus itself, or a broker that leaves to it what it does not do. Raises SettingWrong."""
    if settings.bus_url is None:
        return log
    # Its library is loaded by those only who use it: it costs every start some 30 ms otherwise.
    opened: RabbitBus = resolve_name("rialto.engines.rabbitmq_bus:open_rabbit_bus")(
        settings.bus_url, log, clock, ca=settings.bus_ca, consumers=consumers
    )
    return opened


def _made(port: str, name: str, around: Surroundings) -> Any:
    """An engine of ours or of another package. Raises ExtensionUnknown, ExtensionBroken."""
    return find_extension(port, name, ENGINES[port])(around)


def database_address(settings: Settings, url: str) -> DatabaseAddress:
    """The main database: the setting's, or the built-in one's `url`."""
    address = parse_database_url(url, ca=settings.database_ca)
    if settings.database_direct_url is None or url != settings.database_url:
        return address
    return address.behind_pooler(parse_database_url(settings.database_direct_url, ca=settings.database_ca))


def replica_addresses(settings: Settings) -> list[DatabaseAddress]:
    """Standbys of the main database."""
    return [parse_database_url(url, ca=settings.database_ca) for url in settings.database_replicas]


def documents_address(settings: Settings) -> DatabaseAddress | None:
    """Where the document port keeps its tables when that is a database of its own."""
    if settings.documents_url is None:
        return None
    return parse_database_url(settings.documents_url, ca=settings.database_ca)
