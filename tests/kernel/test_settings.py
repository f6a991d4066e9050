from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.engines.choice import database_address, documents_address, replica_addresses
from rialto.kernel.db import parse_database_url
from rialto.kernel.keyvalue import parse_cache_url
from rialto.kernel.settings import LOG_LEVELS, Settings, read_settings, variables
from rialto.kernel.settings_reader import SettingWrong

pytestmark = pytest.mark.fast

HERE = Path("/somewhere/data")


def read(**values: str) -> Settings:
    environment = {f"RIALTO_{name}": value for name, value in values.items()}
    return read_settings({"PATH": "/bin", **environment}, data_default=HERE)


def test_nothing_set_means_a_shop_on_this_machine() -> None:
    settings = read()
    assert (settings.host, settings.port, settings.ops_port) == ("127.0.0.1", 8000, 8001)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.data == HERE
    assert settings.secret_file == HERE / "secrets.json"
    assert settings.database_url is None
    assert settings.trusted_proxies == ()
    assert not settings.strict
    assert not settings.secure


def test_the_names_of_all_settings_are_known() -> None:
    assert {"RIALTO_PORT", "RIALTO_DATA", "RIALTO_DATABASE_URL", "RIALTO_KEEP_MAILS_DAYS"} <= variables()
    assert all(name.startswith("RIALTO_") for name in variables())


@pytest.mark.parametrize(("days", "good"), [("180", True), ("179", False)])
def test_half_a_year_of_staffs_log_is_kept_at_least(days: str, good: bool) -> None:
    if good:
        assert read(KEEP_STAFF_LOG_DAYS=days).keep.staff_log.days == 180
    else:
        with pytest.raises(SettingWrong, match="RIALTO_KEEP_STAFF_LOG_DAYS"):
            read(KEEP_STAFF_LOG_DAYS=days)


def test_blank_means_not_set() -> None:
    assert read(PORT=" ", DATABASE_URL="", LOG="  ") == read()


def test_good_values_are_taken() -> None:
    settings = read(
        HOST="0.0.0.0",
        PORT="80",
        PUBLIC_URL="https://shop.example/",
        TRUSTED_PROXIES="10.0.0.0/8, ::1,",
        SMTP_URL="smtp://mail.example:25",
        DATABASE_URL="postgresql:///rialto?host=/run/postgresql",
        DOCUMENTS_URL="postgresql://papers@db.example/papers",
        SECRET_FILE="/etc/rialto/secrets.json",
        WORKERS="2",
        RATE_LIMIT="0",
        LOG="debug",
        STRICT="Yes",
        ADMIN_PASSWORD="correct horse",
        CRASH_AT="relay.after_publish:2",
    )
    assert settings.public_url == "https://shop.example"
    assert settings.secure
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert settings.secret_file == Path("/etc/rialto/secrets.json")
    assert (settings.workers, settings.rate_limit, settings.log, settings.strict) == (2, 0, "debug", True)
    assert settings.crash_at == "relay.after_publish:2"
    assert settings.documents_url == "postgresql://papers@db.example/papers"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("shop.local", "http://shop.local:8000"),
    ],
)
def test_the_address_that_is_shown_is_one_that_a_browser_can_open(host: str, shown: str) -> None:
    assert read(HOST=host).public_url == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("PORT", "http"),
        ("PORT", "9" * 5000),
        ("OPS_PORT", "-1"),
        ("SANDBOX_PORT", "x"),
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("RATE_LIMIT", "-1"),
        ("LOG", "loud"),
        ("LOG", "INFO"),
        ("STRICT", "perhaps"),
        ("PUBLIC_URL", "shop.example"),
        ("PUBLIC_URL", "ftp://shop.example"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://shop.example:99999"),
        ("PUBLIC_URL", "https://["),
        ("SANDBOX_URL", "x"),
        ("SMTP_URL", "http://mail.example"),
        ("DATABASE_URL", "mysql://localhost/shop"),
        ("DATABASE_URL", "postgresql://localhost:port/shop"),
        ("DATABASE_URL", "postgresql:///shop?host=/run&port=many"),
        ("DATABASE_URL", "postgresql://localhost/shop?sslmode=maybe"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("CACHE_URL", "http://localhost"),
        ("CACHE_URL", "localhost:6379"),
        ("CACHE_URL", "redis://"),
        ("CACHE_URL", "redis://localhost:port"),
        ("CACHE_URL", "redis://localhost/shop"),
        ("CACHE_URL", "redis://localhost/99999"),
        ("CACHE_URL", "redis://localhost?db=1"),
        ("CACHE_CA", "/etc/ca.pem"),
        ("BUS_URL", "kafka://localhost"),
        ("BUS_URL", "amqp:///shop"),
        ("BUS_URL", "amqp://["),
        ("BUS_URL", ","),
        ("BUS_URL", "amqp://one,http://two"),
        ("BUS_CA", "~nobody-of-this-name/ca.pem"),
        ("DOCUMENTS_URL", "mongodb://localhost"),
        ("DOCUMENTS_URL", "postgresql://localhost/shop?pooler=transaction"),
        ("DATABASE_URL", "postgresql://localhost/shop?pooler=transaction"),
        ("DATABASE_URL", "postgresql://localhost/shop?pooler=session"),
        ("DATABASE_DIRECT_URL", "mysql://localhost/shop"),
        ("DATABASE_DIRECT_URL", "postgresql://localhost/shop"),
        ("DATABASE_REPLICAS", "postgresql://one/shop,mysql://two/shop"),
        ("DATABASE_CA", "/etc/ca.pem"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingWrong) as refused:
        read(**{name: value})
    assert f"RIALTO_{name}" in refused.value.text


@given(
    st.sampled_from(
        [
            "PORT",
            "OPS_PORT",
            "WORKERS",
            "RATE_LIMIT",
            "LOG",
            "STRICT",
            "PUBLIC_URL",
            "DATABASE_URL",
            "DOCUMENTS_URL",
            "CACHE_URL",
            "BUS_URL",
            "BUS_CA",
        ]
    ),
    st.text(min_size=1, max_size=30),
)
def test_any_value_is_taken_or_refused_by_name(name: str, value: str) -> None:
    try:
        settings = read(**{name: value})
    except SettingWrong as refused:
        assert f"RIALTO_{name}" in refused.text  # noqa: PT017 - most texts are refused
        return
    assert settings.log in LOG_LEVELS
    assert 1 <= settings.port <= 65535
    if settings.database_url is not None:
        parse_database_url(settings.database_url)


@pytest.mark.parametrize(
    ("url", "host", "port", "database", "user", "password", "tls"),
    [
        ("redis://cache.example", "cache.example", 6379, 0, None, None, False),
        ("valkey://:p%2Fw@cache.example:7000/3", "cache.example", 7000, 3, None, "p/w", False),
        ("rediss://jo%40n:secret@[::1]/", "::1", 6379, 0, "jo@n", "secret", True),
        ("valkeys://cache.example/0", "cache.example", 6379, 0, None, None, True),
    ],
)
def test_a_key_value_servers_url_is_read_in_full(
    *, url: str, host: str, port: int, database: int, user: str | None, password: str | None, tls: bool
) -> None:
    assert read(CACHE_URL=url).cache_url == url
    address = parse_cache_url(url)
    assert (address.host, address.port, address.database) == (host, port, database)
    assert (address.user, address.password, address.tls, address.ca) == (user, password, tls, None)
    assert address.place == f"{host}:{port}"


def test_an_authority_belongs_to_a_server_by_tls() -> None:
    assert read(CACHE_URL="rediss://cache.example", CACHE_CA="/etc/ca.pem").cache_ca == "/etc/ca.pem"
    with pytest.raises(SettingWrong, match="RIALTO_CACHE_CA"):
        read(CACHE_URL="redis://cache.example", CACHE_CA="/etc/ca.pem")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CACHE_URL", "redis://:hunter2@cache.example/shop"),
        ("DATABASE_URL", "mysql://shop:hunter2@db.example/shop"),
        ("DATABASE_DIRECT_URL", "postgres//shop:hunter2@db.example/shop"),
        ("DOCUMENTS_URL", "postgresql://shop:hunter2@db.example/shop?sslmode=perhaps"),
        ("DATABASE_REPLICAS", "postgresql://shop:hunter2@one.example/shop, mysql://two"),
    ],
)
def test_a_refusal_does_not_repeat_a_password(name: str, value: str) -> None:
    with pytest.raises(SettingWrong) as refused:
        read(**{name: value})
    assert f"RIALTO_{name} must be" in refused.value.text
    assert "hunter2" not in refused.value.text


def test_a_bus_may_have_several_nodes_and_a_ca_of_its_own() -> None:
    settings = read(BUS_URL="amqps://one/shop, amqps://two/shop", BUS_CA="/etc/ssl/ca.pem")
    assert settings.bus_url == "amqps://one/shop, amqps://two/shop"
    assert settings.bus_ca == Path("/etc/ssl/ca.pem")
    assert (read().bus_url, read().bus_ca) == (None, None)


def test_a_password_in_a_refused_address_is_not_shown() -> None:
    with pytest.raises(SettingWrong) as refused:
        read(BUS_URL="http://shop:secret@mq")
    assert "secret" not in refused.value.text


def test_ports_must_differ() -> None:
    with pytest.raises(SettingWrong, match="RIALTO_PORT, RIALTO_OPS_PORT, RIALTO_SANDBOX_PORT must differ"):
        read(PORT="8001")
    with pytest.raises(SettingWrong, match="must differ"):
        read(SANDBOX_PORT="8000")


def test_a_relative_data_folder_is_made_absolute() -> None:
    assert read(DATA="shop-data").data.is_absolute()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        read().port = 1  # type: ignore[misc]


def test_a_database_url_is_read_with_what_it_leaves_out() -> None:
    plain = parse_database_url("postgresql://db.example")
    assert (plain.host, plain.port, plain.database, plain.user, plain.password, plain.sslmode) == (
        "db.example",
        5432,
        "postgres",
        "postgres",
        None,
        "prefer",
    )


def test_a_database_url_is_read_in_full() -> None:
    full = parse_database_url("postgres://jo%40n:p%2Fw@h:6432/shop%20a?sslmode=require")
    assert (full.host, full.port, full.database, full.user, full.password, full.sslmode) == (
        "h",
        6432,
        "shop a",
        "jo@n",
        "p/w",
        "require",
    )
    socket = parse_database_url("postgresql://u@/shop?host=/run/pg&port=5433")
    assert (socket.host, socket.port) == ("/run/pg", 5433)
    other = full.as_user("rialto_cart", "secret")
    assert (other.user, other.password, other.host, other.sslmode) == (
        "rialto_cart",
        "secret",
        "h",
        "require",
    )


def test_a_pooler_has_a_way_past_it() -> None:
    pooler, direct = "postgresql://shop@pooler:6432/shop", "postgresql://owner:pw@db/shop"
    settings = read(DATABASE_URL=pooler, DATABASE_DIRECT_URL=direct)
    address = database_address(settings, pooler)
    assert (address.host, address.pooled, address.session.host, address.session.pooled) == (
        "pooler",
        True,
        "db",
        False,
    )
    service = address.as_user("rialto_cart", "secret")
    assert (service.pooled, service.user, service.session.user) == (True, "rialto_cart", "rialto_cart")
    assert database_address(settings, "postgresql://u@/shop?host=/run/pg").session.host == "/run/pg"
    plain = database_address(read(DATABASE_URL=direct), direct)
    assert (plain.pooled, plain.session) == (False, plain)
    with pytest.raises(SettingWrong, match="RIALTO_DATABASE_DIRECT_URL must lead to the database itself"):
        read(DATABASE_URL=pooler, DATABASE_DIRECT_URL=f"{direct}?pooler=transaction")


def test_an_authority_is_asked_for_a_proof_everywhere_or_nowhere() -> None:
    proven, plain = "postgresql://db/shop?sslmode=verify-full", "postgresql://db/shop"
    settings = read(
        DATABASE_URL=proven, DOCUMENTS_URL=proven, DATABASE_REPLICAS=proven, DATABASE_CA="/etc/ca.pem"
    )
    documents = documents_address(settings)
    assert documents is not None
    addresses = [database_address(settings, proven), documents, *replica_addresses(settings)]
    assert [address.ca for address in addresses] == ["/etc/ca.pem"] * 3
    for name in ("DOCUMENTS_URL", "DATABASE_REPLICAS", "DATABASE_DIRECT_URL"):
        with pytest.raises(SettingWrong, match=f"so RIALTO_{name} must say sslmode=verify-full"):
            read(**{"DATABASE_URL": proven, "DATABASE_CA": "/etc/ca.pem", name: plain})
    with pytest.raises(SettingWrong, match="no database is reached by TLS"):
        read(DATABASE_URL="postgresql://u@/shop?host=/run/pg", DATABASE_CA="/etc/ca.pem")


def test_several_replicas_are_read_and_their_passwords_not_repeated() -> None:
    assert read(DATABASE_REPLICAS="postgresql://one/shop, postgresql://two/shop").database_replicas == (
        "postgresql://one/shop",
        "postgresql://two/shop",
    )
    with pytest.raises(SettingWrong) as refused:
        read(DATABASE_REPLICAS="http://shop:hunter2@one")
    assert "hunter2" not in refused.value.text


def test_origins_are_taken_as_browsers_write_them() -> None:
    assert read().cors_origins == ()
    settings = read(CORS_ORIGINS="https://app.example, http://localhost:3000,https://app.example")
    assert settings.cors_origins == ("https://app.example", "http://localhost:3000")


@pytest.mark.parametrize(
    "text", ["*", "https://*.example", "app.example", "https://app.example/", "null", "https://App.example"]
)
def test_what_no_browser_writes_is_no_origin(text: str) -> None:
    with pytest.raises(SettingWrong, match="RIALTO_CORS_ORIGINS"):
        read(CORS_ORIGINS=text)


def test_what_proves_a_process_is_whole_or_not_there() -> None:
    whole = {f"INTERNAL_{name}": f"/tls/{name.lower()}.pem" for name in ("CERTIFICATE", "KEY", "CA")}
    found = read(**whole).internal
    assert found is not None
    assert found.key == Path("/tls/key.pem")
    with pytest.raises(SettingWrong, match="go together"):
        read(INTERNAL_KEY="/tls/key.pem")
