"""Reading settings: one method per kind of value; each failure names the variable and says what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from rialto.kernel.db_address import parse_database_url
from rialto.kernel.errors import RialtoError
from rialto.kernel.keyvalue import SCHEMES, parse_cache_url

T = TypeVar("T")

KUBERNETES_PEER = re.compile(r"RIALTO_([A-Z]+)_SERVICE_HOST")
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")


class SettingWrong(RialtoError):
    """A variable has a value that cannot be used; the text names it and says what would do."""

    code = "setting_wrong"


class Reader:
    """`environment`, and which of its variables were asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.asked: set[str] = set()

    def optional(self, name: str) -> str | None:
        self.asked.add(name)
        return self._environment.get(name, "").strip() or None

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def _parsed(self, name: str, default: T, parse: Callable[[str], T], wanted: str) -> T:
        text = self.optional(name)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError:
            raise SettingWrong(f"{name} is {text!r}; it must be {wanted}.") from None

    def _unshown(self, name: str, default: T, parse: Callable[[str], T], wanted: str) -> T:
        """As `_parsed`, of what a password may stand in: the refusal does not repeat the value."""
        try:
            return self._parsed(name, default, parse, wanted)
        except SettingWrong:
            raise SettingWrong(f"{name} must be {wanted}.") from None

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        def parse(text: str) -> int:
            value = int(text)
            if not lowest <= value <= highest:
                raise ValueError
            return value

        return self._parsed(name, default, parse, f"a whole number from {lowest} to {highest}")

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, 1, 65535)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        def parse(text: str) -> str:
            if text not in choices:
                raise ValueError
            return text

        return self._parsed(name, default, parse, f"one of {', '.join(choices)}")

    def names(self, name: str, choices: tuple[str, ...], default: str) -> tuple[str, ...]:
        def parse(text: str) -> tuple[str, ...]:
            found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
            if not found or not set(found) <= set(choices):
                raise ValueError
            return found

        return self._parsed(
            name, (default,), parse, f"one or more of {', '.join(choices)}, with commas between"
        )

    def listed(self, name: str) -> tuple[str, ...]:
        text = self.optional(name) or ""
        return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))

    def optional_path(self, name: str) -> Path | None:
        text = self.optional(name)
        return None if text is None else Path(text).expanduser().absolute()

    def origins(self, name: str) -> tuple[str, ...]:
        """As browsers write them: scheme, host and a port that is not the scheme's own; no path and no wildcard."""

        def parse(text: str) -> tuple[str, ...]:
            found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
            if not all(map(ORIGIN.fullmatch, found)):
                raise ValueError
            return found

        return self._parsed(
            name, (), parse, "origins such as https://app.example, with commas between; there is no wildcard"
        )

    def peers(self, name: str) -> dict[str, tuple[str, ...]]:
        """As `groups`, over what Kubernetes says of its services."""
        return {**self._kubernetes_peers(), **self.groups(name)}

    def groups(self, name: str) -> dict[str, tuple[str, ...]]:
        """`sell=10.0.0.1:8001,10.0.0.2:8001 shop=shop.internal:8001`"""

        def parse(text: str) -> dict[str, tuple[str, ...]]:
            found: dict[str, tuple[str, ...]] = {}
            for part in text.split():
                group, equals, addresses = part.partition("=")
                listed = tuple(one for one in addresses.split(",") if one)
                if not (group and equals and listed and all(map(_is_address, listed))):
                    raise ValueError
                found[group] = listed
            return found

        wanted = "group=host:port,host:port for each group, with spaces between"
        return self._parsed(name, {}, parse, wanted)

    def _kubernetes_peers(self) -> dict[str, tuple[str, ...]]:
        """A Service named rialto-sell with a port named internal is told to each pod in two variables."""
        found: dict[str, tuple[str, ...]] = {}
        for variable, host in self._environment.items():
            told = KUBERNETES_PEER.fullmatch(variable)
            if told is None:
                continue
            port = self._environment.get(f"RIALTO_{told[1]}_SERVICE_PORT_INTERNAL", "")
            if host and port.isdecimal():
                shown = f"[{host}]" if ":" in host else host
                found[told[1].lower()] = (f"{shown}:{port}",)
        return found

    def flag(self, name: str) -> bool:
        values = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

        def parse(text: str) -> bool:
            if text.lower() not in values:
                raise ValueError
            return values[text.lower()]

        return self._parsed(name, False, parse, "1 or 0")

    def url(self, name: str, default: str) -> str:
        return self._url(name, default, ("http", "https")) or default

    def optional_url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        return self._url(name, None, schemes)

    def database_url(self, name: str) -> str | None:
        def parse(text: str) -> str:
            parse_database_url(text)
            return text

        return self._unshown(name, None, parse, "a URL with postgresql, such as postgresql://user@host/name")

    def database_urls(self, name: str) -> tuple[str, ...]:
        def parse(text: str) -> tuple[str, ...]:
            found = tuple(part.strip() for part in text.split(",") if part.strip())
            for url in found:
                parse_database_url(url)
            return found

        return self._unshown(name, (), parse, "URLs with postgresql, with commas between")

    def cache_url(self, name: str) -> str | None:
        def parse(text: str) -> str:
            parse_cache_url(text)
            return text

        schemes = ", ".join(SCHEMES)
        return self._unshown(
            name, None, parse, f"a URL with {schemes}, such as redis://:password@host:6379/0"
        )

    def cluster_url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        """One URL, or one for each node with commas between. The engine reads the rest; a password is not shown."""
        text = self.optional(name)
        wanted = f"{name} must be a URL with {' or '.join(schemes)}, or several with commas between."
        try:
            parts = [urlsplit(part.strip()) for part in (text or "").split(",") if part.strip()]
        except ValueError:
            raise SettingWrong(wanted) from None
        if (text and not parts) or any(part.scheme not in schemes or not part.hostname for part in parts):
            raise SettingWrong(wanted)
        return text

    def path(self, name: str) -> Path | None:
        text = self.optional(name)
        try:
            return Path(text).expanduser().absolute() if text else None
        except RuntimeError:
            raise SettingWrong(f"{name} is {text!r}; nobody here has that home folder.") from None

    def _url(self, name: str, default: str | None, schemes: tuple[str, ...]) -> str | None:
        def parse(text: str) -> str:
            parts = urlsplit(text)
            if parts.scheme not in schemes or not (parts.hostname or parts.query):
                raise ValueError
            _ = parts.port  # raises ValueError for a port that is none
            return text.rstrip("/")

        return self._parsed(name, default, parse, f"a URL with {' or '.join(schemes)}")

    def networks(self, name: str) -> tuple[str, ...]:
        def parse(text: str) -> tuple[str, ...]:
            return tuple(
                str(ip_network(part.strip(), strict=False)) for part in text.split(",") if part.strip()
            )

        return self._parsed(name, (), parse, "addresses or networks with commas between")


def _is_address(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    return bool(host and colon and port.isdecimal() and 0 < int(port) < 65_536)
