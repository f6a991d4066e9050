"""Which engines a process runs on: settings → everything from outside. Nothing configured means the built-in ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rialto.engines import sandbox_payments, smtp
from rialto.engines.http_calls import HttpCalls
from rialto.engines.measured_provider import MeasuredProvider
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

if TYPE_CHECKING:
    from rialto.engines.postgres_bus import PostgresBus
    from rialto.engines.rabbitmq_bus import RabbitBus


@dataclass(frozen=True, kw_only=True)
class Engines:
    """Everything from outside: what a test or the simulator replaces.

    `documents_address` is where documents are kept when that is another database than `address`. Without `key_values`
    each process keeps its own.
    """

    clock: Clock
    ids: Ids
    faults: Faults
    secrets: Secrets
    address: DatabaseAddress
    by_port: Mapping[str, Any]
    documents_address: DatabaseAddress | None = None
    key_values: KeyValues | None = None
    reread_secrets: Callable[[], Secrets | None] = lambda: None
    gate: DatabaseGate | None = None
    open_connection: Connect = connect
    listen: bool = True
    transport: Transport = field(default_factory=HttpCalls)
    resolve: Resolve = resolve
    metrics: Metrics = field(default_factory=Metrics)
    closers: Sequence[Any] = field(default=())


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
    metrics = metrics or Metrics()
    around = Surroundings(settings=settings, secrets=secrets, clock=clock, metrics=metrics)
    key_values = choose_key_values(around)
    providers = [_made("payments", name, around) for name in settings.payment_providers]
    measured = [MeasuredProvider(provider, clock, metrics) for provider in providers]
    mailer = _made("mail", urlsplit(settings.smtp_url).scheme, around) if settings.smtp_url else KeptMail()
    return Engines(
        clock=clock,
        ids=RandomIds(clock),
        faults=CrashAt(settings.crash_at) if settings.crash_at else NoFaults(),
        secrets=secrets,
        address=address,
        by_port={
            "payments": {provider.name: provider for provider in measured},
            "mail": mailer,
            "index": TantivyEngine(),
            "passwords": Argon2Passwords(),
            "cache": MemoryCache,
            "pictures": PictureFiles,
            "secrets": secrets,
        },
        documents_address=documents_address(settings),
        key_values=key_values,
        reread_secrets=SecretsFile(settings.secret_file),
        metrics=metrics,
        closers=[engine for engine in (*providers, mailer, key_values) if hasattr(engine, "close")],
    )


def choose_key_values(around: Surroundings) -> KeyValues:
    """The server in RIALTO_CACHE_URL, or this process's own memory. Raises SettingWrong."""
    if around.settings.cache_url is None:
        return MemoryKeyValues(around.clock)
    # Loaded only when it is wanted: its library would make every other start some 60 ms longer.
    made: KeyValues = resolve_name("rialto.engines.redis_keyvalue:make")(around)
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


def documents_address(settings: Settings) -> DatabaseAddress | None:
    """Where the document port keeps its tables when that is a database of its own."""
    return parse_database_url(settings.documents_url) if settings.documents_url else None
