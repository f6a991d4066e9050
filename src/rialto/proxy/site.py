"""What an operator decides about the proxy: where it listens, for which names, over which servers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from rialto.kernel.service import Frozen
from rialto.kernel.settings import Settings
from rialto.kernel.settings_reader import SettingWrong

# What is written into the configuration must not be able to end a word there.
ADDRESS = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")
NAME = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\]")
GROUP = re.compile(r"[a-z][a-z0-9_-]{0,40}")
PLAIN_PATH = re.compile(r"/[\w./@+-]*")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?")


class Server(Frozen):
    """A replica: the address of its public port. `down`: it is sent nothing, because it is about to stop."""

    address: str
    weight: int = 1
    down: bool = False


class Inside(Frozen):
    """`listen` is where people come, `servers` operations ports of the group `name`; files are what we prove ourselves by."""

    listen: str
    name: str
    servers: tuple[str, ...]
    certificate: Path
    key: Path
    ca: Path


class Rates(Frozen):
    """What one client may do; a client is an IPv4 address or an IPv6 /64.

    Requests per second, and how many more at once: guests and browsers, programs with a bearer token, members of staff's
    pages; per minute for addresses where passwords and codes are tried. `requests_at_once` bounds what one client has
    running at the same time, `0` as a rate means no limit. Raises SettingWrong for what is less than nothing.
    """

    guest_per_s: int = 100
    guest_burst: int = 400
    token_per_s: int = 200
    token_burst: int = 400
    staff_per_s: int = 50
    staff_burst: int = 200
    sign_in_per_min: int = 60
    sign_in_burst: int = 20
    requests_at_once: int = 200

    def __post_init__(self) -> None:
        numbers = msgspec.structs.asdict(self)
        if min(numbers.values()) < 0 or self.requests_at_once < 1:
            raise SettingWrong(
                "A rate and a burst are at least 0, and a client has at least one request at a time."
            )


# What a shop whose own limit is switched off has in front of it: passwords are tried slowly all the same.
UNLIMITED = Rates(guest_per_s=0, token_per_s=0, staff_per_s=0)


class Site(Frozen):
    """Everything the configuration is made of, beside the routes.

    `listen` is an address for TLS, `plain` one for HTTP that answers with redirects to `https`. `names` are the host names
    (or addresses) that people use; requests for others are refused. `folder` holds all that nginx writes: pid, logs, cache,
    temporary files. Started as root, nginx works as `user` (its own default is nobody), who must be able to reach the folder.
    `canary` has the servers of the next release for some groups; they get `canary_percent` of the clients. `origins` are the
    web sites whose scripts may use `/v1` (as in RIALTO_CORS_ORIGINS). `hsts_s` is how long browsers remember that there is TLS
    (0: they are not told to, as for `localhost`, whose other ports have none); `hsts_subdomains`: for names below ours too.
    `inside` is for a platform on one machine (proxy/inside.py).

    Raises SettingWrong for what cannot be written into a configuration.
    """

    listen: str
    names: tuple[str, ...]
    certificate: Path
    key: Path
    folder: Path
    groups: Mapping[str, tuple[Server, ...]]
    plain: str | None = None
    canary: Mapping[str, tuple[Server, ...]] = {}
    canary_percent: int = 0
    rates: Rates = Rates()
    origins: tuple[str, ...] = ()
    hsts_s: int = 63_072_000
    hsts_subdomains: bool = False
    cache_mb: int = 256
    user: str | None = None
    inside: Inside | None = None

    def __post_init__(self) -> None:
        servers = [server for group in (*self.groups.values(), *self.canary.values()) for server in group]
        addresses = [self.listen, *([self.plain] if self.plain else []), *(one.address for one in servers)]
        _each("an address with a port", ADDRESS, addresses)
        _each("a host name", NAME, self.names)
        _each("the name of a group", GROUP, [*self.groups, *self.canary])
        _each("a plain absolute path", PLAIN_PATH, map(str, (self.certificate, self.key, self.folder)))
        _each("a user", USER, [self.user] if self.user else [])
        _each("an origin", ORIGIN, self.origins)
        if not self.names:
            raise SettingWrong("The proxy needs a host name.")
        empty = [name for name, group in {**self.groups, **self.canary}.items() if not group]
        if empty or not self.groups:
            raise SettingWrong(f"The proxy has no server for {', '.join(empty) or 'any group'}.")
        if self.canary.keys() - self.groups.keys():
            raise SettingWrong("There is a canary for a group that is not there.")
        if not 0 <= self.canary_percent <= 100:
            raise SettingWrong(f"A canary gets from 0 to 100 percent, not {self.canary_percent}.")
        if any(server.weight < 1 for server in servers):
            raise SettingWrong("A server's weight is at least 1.")


def site_of(settings: Settings, groups: Collection[str]) -> Site:
    """The site by settings, over servers for all of these groups. Raises SettingWrong.

    A shop of one group is at its own port on this machine, unless a setting says where its replicas are. A shop that limits
    nobody (`rate_limit` is 0) is not limited here either, but for passwords.
    """
    told = settings.proxy
    if not settings.secure:
        raise SettingWrong(
            "RIALTO_PUBLIC_URL must begin with https: that is how people come through the proxy."
        )
    if told.certificate is None or told.key is None:
        raise SettingWrong("RIALTO_PROXY_CERTIFICATE and RIALTO_PROXY_KEY must name the certificate's files.")
    servers = told.servers or (
        {next(iter(groups)): (f"{_reached(settings.host)}:{settings.port}",)} if len(groups) == 1 else {}
    )
    missing = set(groups) - servers.keys()
    if missing:
        raise SettingWrong(f"RIALTO_PROXY_SERVERS says nothing of {', '.join(sorted(missing))}.")
    public = urlsplit(settings.public_url).hostname or ""
    names = (f"[{public}]" if ":" in public else public, *told.names)
    return Site(
        listen=told.listen,
        plain=told.plain,
        names=tuple(dict.fromkeys(names)),
        certificate=told.certificate,
        key=told.key,
        folder=told.folder,
        groups={group: _servers(servers[group]) for group in sorted(groups)},
        canary={group: _servers(told.canary[group]) for group in sorted(told.canary)},
        canary_percent=told.canary_percent,
        rates=Rates() if settings.rate_limit else UNLIMITED,
        origins=settings.cors_origins,
        hsts_subdomains=told.hsts_subdomains,
        user=told.user,
    )


def _reached(host: str) -> str:
    """Who listens everywhere is reached here."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


def _servers(addresses: Iterable[str]) -> tuple[Server, ...]:
    return tuple(Server(address=address) for address in addresses)


def _each(what: str, pattern: re.Pattern[str], values: Iterable[str]) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise SettingWrong(f"{value!r} is not {what} that a proxy's configuration can name.")
