"""What a shop front may be: its code, where it is reached, what it speaks and sells in."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from rialto.catalog.api.fronts import DEFAULT_CHANNEL, ChannelInvalid, PutChannel
from rialto.catalog.api.profile import Channel, ChannelNotFound
from rialto.catalog.api.selling import ChannelChanged
from rialto.catalog.model.fields import Problems, is_language, named
from rialto.catalog.model.selling import check_currencies, in_order
from rialto.kernel.address import COUNTRIES

CHANNELS_MAX = 50
HOSTS_MAX = 10
LANGUAGES_MAX = 10
CODE_LENGTH_MAX = 40
HOST_LENGTH_MAX = 253
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def decide_channel(command: PutChannel, channels: Sequence[Channel], *, shop_host: str) -> Channel:
    """The shop front as it will be; the present one where nothing changes. `shop_host` is that of the shop's address.

    Raises ChannelNotFound, ChannelInvalid, ChannelChanged.
    """
    present = next((one for one in channels if one.code == command.code), None)
    if present is None and command.expected_version:
        raise ChannelNotFound
    wanted = _checked(command, channels, present, shop_host=shop_host)
    if present is None:
        return msgspec.structs.replace(wanted, version=1)
    if wanted == present:
        return present
    if command.expected_version != present.version:
        raise ChannelChanged
    return msgspec.structs.replace(wanted, version=present.version + 1)


def _checked(
    command: PutChannel, channels: Sequence[Channel], present: Channel | None, *, shop_host: str
) -> Channel:
    problems = Problems()
    if present is None:
        if not _CODE.fullmatch(command.code):
            message = f"Lower-case letters, digits, hyphens and underscores, at most {CODE_LENGTH_MAX}."
            problems.add("code", "code_not_valid", message)
        elif len(channels) >= CHANNELS_MAX:
            problems.add("code", "too_many", f"There are {CHANNELS_MAX} of them already.")
    hosts = list(dict.fromkeys(host.strip().lower().rstrip(".") for host in command.hosts))
    languages = list(dict.fromkeys(command.languages))
    country = command.country.strip().upper()
    _check_hosts(problems, command.code, hosts, channels, shop_host=shop_host)
    check_currencies(problems, command.currencies)
    _check_languages(problems, languages)
    if country not in COUNTRIES:
        problems.add("country", "country_unknown", "This is no country of ISO 3166.")
    if command.code == DEFAULT_CHANNEL and command.own_prices:
        message = "The default shop front has the products' own prices."
        problems.add("own_prices", "not_valid", message)
    if command.code == DEFAULT_CHANNEL and not command.open:
        message = "The default shop front answers wherever no other does; it cannot be closed."
        problems.add("open", "default_stays_open", message)
    problems.raise_as(ChannelInvalid, ChannelInvalid.message)
    base = present or Channel(code=command.code, currencies=[], languages=[], country=country)
    return msgspec.structs.replace(
        base,
        hosts=hosts,
        currencies=in_order(command.currencies),
        languages=languages,
        country=country,
        prices_include_tax=command.prices_include_tax,
        own_prices=command.own_prices,
        open=command.open,
    )


def _check_hosts(
    problems: Problems, code: str, hosts: Sequence[str], channels: Sequence[Channel], *, shop_host: str
) -> None:
    """Exact names: whoever asks by any other is shown the default shop front."""
    if code == DEFAULT_CHANNEL and hosts:
        message = "The default shop front answers wherever no other does; it has no host names of its own."
        problems.add("hosts", "not_valid", message)
        return
    if len(hosts) > HOSTS_MAX:
        problems.add("hosts", "too_many", f"At most {HOSTS_MAX} host names.")
    elsewhere = {host.lower(): one.code for one in channels if one.code != code for host in one.hosts}
    for index, host in enumerate(hosts[:HOSTS_MAX]):
        path = f"hosts.{index}"
        if len(host) > HOST_LENGTH_MAX or not _HOST.fullmatch(host):
            message = f"{named(host)!r} is no host name: like shop.example, without https:// and port."
            problems.add(path, "host_not_valid", message)
        elif host == shop_host:
            problems.add(path, "host_taken", "This is the shop's own address: the default shop front's.")
        elif host in elsewhere:
            problems.add(path, "host_taken", f"The shop front {elsewhere[host]} has this host name already.")


def _check_languages(problems: Problems, languages: Sequence[str]) -> None:
    if not languages:
        problems.add("languages", "required", "A shop front speaks one language at least.")
    if len(languages) > LANGUAGES_MAX:
        problems.add("languages", "too_many", f"At most {LANGUAGES_MAX} languages.")
    for index, language in enumerate(languages[:LANGUAGES_MAX]):
        if not is_language(language):
            message = "This is not a language code such as en or pt-BR."
            problems.add(f"languages.{index}", "language_unknown", message)
