"""What `rialto run` starts, worked out from the settings: commands, places and environments, and nothing run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rialto.kernel.secrets import Secrets
from rialto.kernel.settings import Settings

_FLAGS = {
    "data": ("RIALTO_DATA", "the data folder"),
    "host": ("RIALTO_HOST", "the address to listen on"),
    "port": ("RIALTO_PORT", "the shop's port"),
    "ops_port": ("RIALTO_OPS_PORT", "the port of metrics and internal calls"),
    "sandbox_port": ("RIALTO_SANDBOX_PORT", "the sandbox payment provider's port"),
    "workers": ("RIALTO_WORKERS", "how many worker processes serve the shop"),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to run where. `environment` is all that children get, but for the database's URL."""

    data: Path
    host: str
    port: int
    ops_port: int
    sandbox_port: int
    workers: int
    database_url: str | None
    environment: Mapping[str, str]
    serve: Sequence[str]
    sandbox: Sequence[str]
    archive_gb: int = 20
    durable: bool = True  # False in tests: the database does not wait for the disk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Each option is a setting under another name; it wins over the environment."""
    for flag, (variable, meaning) in _FLAGS.items():
        parser.add_argument(f"--{flag.replace('_', '-')}", help=f"{meaning} ({variable})")


def environment_with(options: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment as the options change it, for the settings and for every child."""
    chosen = {variable: getattr(options, flag) for flag, (variable, _) in _FLAGS.items()}
    return {**environment, **{variable: value for variable, value in chosen.items() if value is not None}}


def plan_of(settings: Settings, environment: Mapping[str, str]) -> Plan:
    return Plan(
        data=settings.data,
        host=settings.host,
        port=settings.port,
        ops_port=settings.ops_port,
        sandbox_port=settings.sandbox_port,
        workers=settings.workers,
        database_url=settings.database_url,
        archive_gb=settings.archive_gb,
        environment={**environment, "RIALTO_DATA": str(settings.data)},
        serve=(sys.executable, "-m", "rialto.cli", "serve"),
        sandbox=_sandbox_command(settings),
    )


def sandbox_folder(settings: Settings) -> Path:
    return settings.data / "sandbox"


def write_sandbox_keys(settings: Settings, secrets: Secrets) -> None:
    """Tell the provider what it shares with the shop, as a person would type it into its dashboard: a file of its
    own, since a provider must not be able to read the shop's other secrets."""
    folder = sandbox_folder(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = {
        "publishable_key": secrets.sandbox_publishable_key,
        "secret_key": secrets.sandbox_secret_key,
        "webhook_secret": secrets.sandbox_webhook_secret,
    }
    fresh = folder / "keys.json.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(keys))
    fresh.replace(folder / "keys.json")


def _sandbox_command(settings: Settings) -> tuple[str, ...]:
    folder = sandbox_folder(settings)
    # Webhooks take the short way: the public address may be a proxy that is not there yet.
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared
    return (
        *(sys.executable, "-m", "rialto.sandbox"),
        *("--host", settings.host),
        *("--port", str(settings.sandbox_port)),
        *("--books", str(folder / "books.sqlite")),
        *("--secret-file", str(folder / "keys.json")),
        *("--shop-origin", settings.public_url),
        *("--public-url", settings.sandbox_url),
        *("--webhook-url", f"http://{reached}:{settings.port}/v1/payments/webhooks/sandbox"),
    )
