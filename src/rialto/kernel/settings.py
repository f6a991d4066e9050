"""Settings: one frozen object, read from the environment once and handed down.

A bad value stops the start with the variable's name. Nothing else reads the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

from rialto.kernel.db_address import VERIFYING, parse_database_url
from rialto.kernel.keyvalue import parse_cache_url
from rialto.kernel.service import Frozen
from rialto.kernel.settings_reader import Reader, SettingWrong

LOG_LEVELS = ("debug", "info", "warning", "error")


class Keep(Frozen):
    """How long what is of no use any more is kept. Events of orders and payments are kept for ever."""

    events: timedelta = timedelta(days=7)
    mails: timedelta = timedelta(days=90)
    staff_log: timedelta = timedelta(days=730)
    sessions: timedelta = timedelta(days=1)
    carts: timedelta = timedelta(days=60)
    keys: timedelta = timedelta(days=30)


class InternalFiles(Frozen):
    """In PEM: by what this process proves to the shop's others who it is, and whose certificates it takes."""

    certificate: Path
    key: Path
    ca: Path


class ProxySettings(Frozen):
    """What `rialto render nginx` writes down, beside the public URL (rialto/proxy/site.py). `servers` and `canary` by group."""

    listen: str = "0.0.0.0:443"
    plain: str | None = "0.0.0.0:80"
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    folder: Path = Path("/var/lib/rialto-proxy")
    user: str | None = None
    servers: Mapping[str, tuple[str, ...]] = {}
    canary: Mapping[str, tuple[str, ...]] = {}
    canary_percent: int = 0
    hsts_subdomains: bool = False


class Settings(Frozen):
    """Everything that is set from outside. Ports are TCP ports; `data` is the data folder.

    `topology`, `group`, `services` and `peers` say what of the shop this process is and where the rest of it is
    (rialto/topology.py); with `internal` they speak TLS to each other, both sides proven. `rate_limit` is requests per second of one client; 0: no limit. `reviews_at_once`: reviews are published without
    waiting for moderation. `cors_origins`: whose scripts may use `/v1`. `archive_gb` bounds what is archived between two backups. `crash_at` is for tests (kernel/faults.py).
    """

    host: str = "127.0.0.1"
    port: int = 8000
    ops_port: int = 8001
    ops_host: str = "127.0.0.1"
    topology: str = "one"
    group: str | None = None
    services: tuple[str, ...] = ()
    peers: Mapping[str, tuple[str, ...]] = {}
    internal: InternalFiles | None = None
    sandbox_port: int = 8010
    public_url: str = "http://127.0.0.1:8000"
    sandbox_url: str = "http://127.0.0.1:8010"
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    smtp_url: str | None = None
    payment_providers: tuple[str, ...] = ("sandbox",)
    secret_file: Path
    data: Path
    database_url: str | None = None
    database_replicas: tuple[str, ...] = ()
    database_direct_url: str | None = None
    database_ca: str | None = None
    cache_url: str | None = None
    cache_ca: str | None = None
    bus_url: str | None = None
    bus_ca: Path | None = None
    documents_url: str | None = None
    admin_password: str | None = None
    reviews_at_once: bool = False
    workers: int = 1
    rate_limit: int = 200
    archive_gb: int = 20
    keep: Keep = Keep()
    proxy: ProxySettings = ProxySettings()
    otlp_url: str | None = None
    trace_percent: int = 1
    trace_slow_ms: int = 1000
    log: str = "info"
    strict: bool = False
    crash_at: str | None = None

    @property
    def secure(self) -> bool:
        """Whether people reach the shop by TLS: cookies are then marked so."""
        return self.public_url.startswith("https://")


def read_settings(environment: Mapping[str, str], *, data_default: Path) -> Settings:
    """Settings from `RIALTO_*`. Raises SettingWrong for the first value that cannot be used."""
    settings = _settings(Reader(environment), data_default)
    if settings.cache_ca and not (settings.cache_url and parse_cache_url(settings.cache_url).tls):
        raise SettingWrong("RIALTO_CACHE_CA is set, and RIALTO_CACHE_URL is none with rediss or valkeys.")
    _check_databases(settings)
    ports = {
        "RIALTO_PORT": settings.port,
        "RIALTO_OPS_PORT": settings.ops_port,
        "RIALTO_SANDBOX_PORT": settings.sandbox_port,
    }
    if len(set(ports.values())) != len(ports):
        raise SettingWrong(
            f"{', '.join(ports)} must differ: {', '.join(str(value) for value in ports.values())}."
        )
    return settings


def _check_databases(settings: Settings) -> None:
    """A pooler needs a way past it, and named authorities are asked for nothing unless the URL says so."""
    named = {
        "RIALTO_DATABASE_URL": settings.database_url,
        "RIALTO_DATABASE_DIRECT_URL": settings.database_direct_url,
        "RIALTO_DOCUMENTS_URL": settings.documents_url,
    }
    addresses = {name: parse_database_url(url) for name, url in named.items() if url}
    replicas = [("RIALTO_DATABASE_REPLICAS", parse_database_url(url)) for url in settings.database_replicas]
    if settings.database_direct_url and not settings.database_url:
        raise SettingWrong("RIALTO_DATABASE_DIRECT_URL is set, and RIALTO_DATABASE_URL is not.")
    if (main := addresses.get("RIALTO_DATABASE_URL")) and main.pooled and not settings.database_direct_url:
        raise SettingWrong(
            "RIALTO_DATABASE_URL is of a pooler; RIALTO_DATABASE_DIRECT_URL must say the way past it."
        )
    for name in ("RIALTO_DATABASE_DIRECT_URL", "RIALTO_DOCUMENTS_URL"):
        if name in addresses and addresses[name].pooled:
            raise SettingWrong(f"{name} must lead to the database itself, and says pooler=transaction.")
    if settings.database_ca is None:
        return
    for name, address in [*addresses.items(), *replicas]:
        if not address.is_local and address.sslmode not in VERIFYING:
            raise SettingWrong(
                f"RIALTO_DATABASE_CA is set, so {name} must say sslmode=verify-full (or verify-ca or require)."
            )
    if all(address.is_local for address in addresses.values()):
        raise SettingWrong("RIALTO_DATABASE_CA is set, and no database is reached by TLS.")


def _settings(reader: Reader, data_default: Path) -> Settings:
    host = reader.text("RIALTO_HOST", "127.0.0.1")
    port = reader.port("RIALTO_PORT", 8000)
    sandbox_port = reader.port("RIALTO_SANDBOX_PORT", 8010)
    data = Path(reader.text("RIALTO_DATA", str(data_default))).expanduser().absolute()
    # A browser cannot open 0.0.0.0; whoever listens everywhere says by RIALTO_PUBLIC_URL how people come.
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104
    return Settings(
        host=host,
        port=port,
        ops_port=reader.port("RIALTO_OPS_PORT", 8001),
        ops_host=reader.text("RIALTO_OPS_HOST", "127.0.0.1"),
        topology=reader.text("RIALTO_TOPOLOGY", "one"),
        group=reader.optional("RIALTO_GROUP"),
        services=reader.listed("RIALTO_SERVICES"),
        peers=reader.peers("RIALTO_PEERS"),
        internal=_internal(reader),
        sandbox_port=sandbox_port,
        public_url=reader.url("RIALTO_PUBLIC_URL", f"http://{shown}:{port}"),
        sandbox_url=reader.url("RIALTO_SANDBOX_URL", f"http://{shown}:{sandbox_port}"),
        trusted_proxies=reader.networks("RIALTO_TRUSTED_PROXIES"),
        cors_origins=reader.origins("RIALTO_CORS_ORIGINS"),
        smtp_url=reader.optional_url("RIALTO_SMTP_URL", offered("mail", "smtp", "smtps")),
        payment_providers=reader.names("RIALTO_PAYMENTS", offered("payments", "sandbox"), "sandbox"),
        secret_file=Path(reader.text("RIALTO_SECRET_FILE", str(data / "secrets.json")))
        .expanduser()
        .absolute(),
        data=data,
        database_url=reader.database_url("RIALTO_DATABASE_URL"),
        database_replicas=reader.database_urls("RIALTO_DATABASE_REPLICAS"),
        database_direct_url=reader.database_url("RIALTO_DATABASE_DIRECT_URL"),
        database_ca=reader.optional("RIALTO_DATABASE_CA"),
        cache_url=reader.cache_url("RIALTO_CACHE_URL"),
        cache_ca=reader.optional("RIALTO_CACHE_CA"),
        bus_url=reader.cluster_url("RIALTO_BUS_URL", ("amqp", "amqps")),
        bus_ca=reader.path("RIALTO_BUS_CA"),
        documents_url=reader.database_url("RIALTO_DOCUMENTS_URL"),
        admin_password=reader.optional("RIALTO_ADMIN_PASSWORD"),
        reviews_at_once=reader.flag("RIALTO_REVIEWS_AT_ONCE"),
        workers=reader.number("RIALTO_WORKERS", 1, 1, 64),
        rate_limit=reader.number("RIALTO_RATE_LIMIT", 200, 0, 1_000_000),
        archive_gb=reader.number("RIALTO_ARCHIVE_GB", 20, 1, 100_000),
        keep=Keep(
            events=timedelta(days=reader.number("RIALTO_KEEP_EVENTS_DAYS", 7, 1, 36_500)),
            mails=timedelta(days=reader.number("RIALTO_KEEP_MAILS_DAYS", 90, 1, 36_500)),
            staff_log=timedelta(days=reader.number("RIALTO_KEEP_STAFF_LOG_DAYS", 730, 180, 36_500)),
            sessions=timedelta(days=reader.number("RIALTO_KEEP_SESSIONS_DAYS", 1, 1, 36_500)),
            carts=timedelta(days=reader.number("RIALTO_KEEP_CARTS_DAYS", 60, 1, 36_500)),
            keys=timedelta(days=reader.number("RIALTO_KEEP_KEYS_DAYS", 30, 1, 36_500)),
        ),
        proxy=_proxy(reader),
        otlp_url=reader.optional_url("RIALTO_OTLP_URL", ("http", "https")),
        trace_percent=reader.number("RIALTO_TRACE_PERCENT", 1, 0, 100),
        trace_slow_ms=reader.number("RIALTO_TRACE_SLOW_MS", 1000, 1, 3_600_000),
        log=reader.choice("RIALTO_LOG", "info", LOG_LEVELS),
        strict=reader.flag("RIALTO_STRICT"),
        crash_at=reader.optional("RIALTO_CRASH_AT"),
    )


def _internal(reader: Reader) -> InternalFiles | None:
    certificate = reader.path("RIALTO_INTERNAL_CERTIFICATE")
    key = reader.path("RIALTO_INTERNAL_KEY")
    ca = reader.path("RIALTO_INTERNAL_CA")
    if certificate and key and ca:
        return InternalFiles(certificate=certificate, key=key, ca=ca)
    if certificate or key or ca:
        raise SettingWrong(
            "RIALTO_INTERNAL_CERTIFICATE, RIALTO_INTERNAL_KEY and RIALTO_INTERNAL_CA go together: all are set, or none."
        )
    return None


def _proxy(reader: Reader) -> ProxySettings:
    plain = reader.text("RIALTO_PROXY_PLAIN", "0.0.0.0:80")
    return ProxySettings(
        listen=reader.text("RIALTO_PROXY_LISTEN", "0.0.0.0:443"),
        plain=None if plain == "none" else plain,
        names=reader.listed("RIALTO_PROXY_NAMES"),
        certificate=reader.optional_path("RIALTO_PROXY_CERTIFICATE"),
        key=reader.optional_path("RIALTO_PROXY_KEY"),
        folder=Path(reader.text("RIALTO_PROXY_FOLDER", "/var/lib/rialto-proxy")).absolute(),
        user=reader.optional("RIALTO_PROXY_USER"),
        servers=reader.groups("RIALTO_PROXY_SERVERS"),
        canary=reader.groups("RIALTO_PROXY_CANARY"),
        canary_percent=reader.number("RIALTO_PROXY_CANARY_PERCENT", 0, 0, 100),
        hsts_subdomains=reader.flag("RIALTO_PROXY_HSTS_SUBDOMAINS"),
    )


def variables() -> frozenset[str]:
    """The names of all settings."""
    reader = Reader({})
    _settings(reader, Path("/"))
    return frozenset(reader.asked)


def offered(port: str, *ours: str) -> tuple[str, ...]:
    """The names a setting may choose from for a port: ours and those of other installed packages."""
    others = {found.name for found in entry_points(group=f"rialto.{port}")}
    return (*ours, *sorted(others.difference(ours)))
