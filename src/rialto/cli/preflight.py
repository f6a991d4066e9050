"""What must hold before `rialto run` starts anything; each fault is one plain sentence that says what to change."""

from __future__ import annotations

import asyncio
import errno
import http.client
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from rialto.engines.postgres_install import make_data_folder
from rialto.engines.processes import CannotStart
from rialto.kernel.db import DatabaseAddress, connect
from rialto.kernel.db_address import VERIFYING
from rialto.kernel.db_tls import tls_problem
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.keyvalue import KeyValues
from rialto.kernel.settings_reader import SettingWrong

DISK_MIN_BYTES = 200 * 1024 * 1024
_MODULES = ("asyncpg", "jinja2", "litestar", "msgspec", "tantivy", "uvicorn")


def check_python(version: tuple[int, int] = sys.version_info[:2], modules: Iterable[str] = _MODULES) -> None:
    if version < (3, 11):
        raise CannotStart(f"Rialto needs Python 3.11 or newer and this is {version[0]}.{version[1]}.")
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotStart(
            f"The Python {_plural('module', missing)} {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            f"missing in {sys.prefix}; run `make run`, which installs what is needed."
        )


def check_data_folder(data: Path, *, disk_min_bytes: int = DISK_MIN_BYTES) -> None:
    """The folder exists afterwards, can be written, and has room."""
    probe = data / "run" / f"probe-{os.getpid()}"
    try:
        make_data_folder(data)
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
        free = shutil.disk_usage(data).free
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(data, 0, disk_min_bytes) from problem
        raise CannotStart(
            f"The data folder {data} cannot be written ({_why(problem)}); set RIALTO_DATA to a folder that can.",
            exit_code=2,
        ) from problem
    if free < disk_min_bytes:
        raise _full(data, free, disk_min_bytes)


def check_ports(host: str, ports: Mapping[str, int]) -> None:
    """Each port can be bound; `ports` maps the setting's name to its value."""
    seen: dict[int, str] = {}
    for setting, port in ports.items():
        if port in seen:
            raise CannotStart(f"{setting} and {seen[port]} are both {port}; they must differ.", exit_code=2)
        seen[port] = setting
        try:
            _bind(host, port)
        except OSError as problem:
            raise _not_bindable(host, port, setting, problem) from problem


async def meet_key_values(key_values: KeyValues) -> None:
    """Raises SettingWrong when the server will not let us in. Away, it is no reason not to start: it may come yet."""
    try:
        await key_values.check()
    except Unavailable as away:
        sys.stderr.write(f"{away.text} Each process goes on alone until it does.\n")


async def meet_databases(addresses: Iterable[DatabaseAddress]) -> None:
    """Raises SettingWrong when one that has to prove who it is does not. Away, it may come yet.

    Whoever asks for no proof, as by a socket, is not called here.
    """
    proving = [one for one in addresses if not one.is_local and one.sslmode in VERIFYING]
    await asyncio.gather(*map(_meet_database, proving))


async def _meet_database(address: DatabaseAddress) -> None:
    try:
        connection = await connect(address)
    except RialtoError as away:
        if why := tls_problem(address, away.__cause__):
            raise SettingWrong(why) from away
    else:
        await connection.close()


def answers_ready(host: str, port: int, path: str = "/health/ready") -> bool:
    """Whether the process behind a port says that it is ready."""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=1.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """The address under which a server bound to `host` is reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _not_bindable(host: str, port: int, setting: str, problem: OSError) -> CannotStart:
    if problem.errno == errno.EADDRINUSE:
        return CannotStart(f"Port {port} is in use by another program; set {setting} to a free port.")
    if problem.errno in (errno.EACCES, errno.EPERM):
        return CannotStart(
            f"Port {port} may not be used by this user; set {setting} to a port above 1023.", exit_code=2
        )
    return CannotStart(f"RIALTO_HOST is {host}, which is not an address of this machine.", exit_code=2)


def _full(data: Path, free: int, needed: int) -> CannotStart:
    return CannotStart(
        f"The disk of {data} is full: {free // 2**20} MB are free and Rialto needs {needed // 2**20} MB to start; "
        "free some space or set RIALTO_DATA to another disk."
    )


def _why(problem: OSError) -> str:
    reason = (problem.strerror or str(problem)).lower()
    return f"{reason}: {problem.filename}" if problem.filename else reason


def _plural(noun: str, things: list[str]) -> str:
    return noun if len(things) == 1 else f"{noun}s"
