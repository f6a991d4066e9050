"""`rialto secrets renew`: new secrets for a shop that lost its file, or whose file somebody else has seen.

Also where every command gets the secrets from, so that a lost file is told as what it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rialto.engines.embedded_postgres import EmbeddedPostgres, has_database
from rialto.engines.postgres_install import make_data_folder
from rialto.engines.processes import CannotStart, FolderLock
from rialto.kernel.ids import Ids
from rialto.kernel.secrets import (
    Secrets,
    SecretsBroken,
    load_or_make_secrets,
    read_secrets,
    renewed,
    replace_secrets,
)
from rialto.kernel.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="secrets_command", required=True, metavar="COMMAND")
    commands.add_parser(
        "renew",
        help="make new secrets and have the built-in database accept them; everybody has to sign in again",
    )


def secrets_of(settings: Settings, ids: Ids) -> Secrets:
    """The shop's secrets, made at the first start. Raises CannotStart when a database is there that lost its file."""
    if settings.database_url is None and not settings.secret_file.exists() and has_database(settings.data):
        raise CannotStart(
            f"The secrets file {settings.secret_file} is missing, and without it the database in {settings.data} "
            "cannot be opened; restore the file from your backup, or if there is none, run `rialto secrets renew`, "
            "which makes new secrets and keeps all data (everybody has to sign in again)."
        )
    return load_or_make_secrets(settings.secret_file, ids)


def run(settings: Settings, ids: Ids, out: Callable[[str], None]) -> int:
    """Safe to repeat: cut off in the middle, it is simply run again. Raises CannotStart, SecretsBroken."""
    make_data_folder(settings.data)
    lock = FolderLock(settings.data / "run" / "lock")
    if not lock.acquire():
        raise CannotStart(
            f"Rialto runs with the data folder {settings.data} (process {lock.holder()}); stop it first."
        )
    try:
        secrets = renewed(_former(settings), ids)
        if settings.database_url is None and has_database(settings.data):
            EmbeddedPostgres(settings.data).change_password(secrets.database_password("rialto"))
        replace_secrets(settings.secret_file, secrets, ids)
    finally:
        lock.release()
    out(
        f"New secrets are in {settings.secret_file}. Back the file up, then start the shop or run `rialto migrate`."
    )
    return 0


def _former(settings: Settings) -> Secrets | None:
    """What sealed second factors so far; without it their owners need new ones."""
    try:
        return read_secrets(settings.secret_file)
    except SecretsBroken:
        return None
