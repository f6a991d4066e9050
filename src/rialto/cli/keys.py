"""`rialto keys rotate`: other keys sign and seal from now on, and nobody is signed out.

Running processes take the file up by themselves (kernel/keys.py). Where processes have copies of their own of the file,
whoever copied it does so again, within the time that former tokens are taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta

from rialto.app import App
from rialto.engines.postgres_install import make_data_folder
from rialto.engines.processes import CannotStart, FolderLock
from rialto.identity.api import Identity
from rialto.kernel.auth import LEEWAY_S
from rialto.kernel.clock import Clock
from rialto.kernel.ids import Ids
from rialto.kernel.secrets import Secrets, read_secrets, replace_secrets, resealed, rotated
from rialto.kernel.service import Nothing
from rialto.kernel.settings import Settings

# An access token lives ten minutes; a minute more for processes that look late.
ACCEPTED_S = 600 + LEEWAY_S + 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")
    rotate = commands.add_parser("rotate", help="another key signs and another seals; nobody is signed out")
    rotate.add_argument(
        "--accept-former",
        type=int,
        default=ACCEPTED_S,
        metavar="SECONDS",
        help=f"how long access tokens of the former key are still taken (default {ACCEPTED_S}); "
        "0 when somebody has seen it: browsers and programs then refresh at once",
    )


def rotate(options: argparse.Namespace, settings: Settings, ids: Ids, clock: Clock) -> Secrets:
    """Write the new keys. Raises CannotStart, SecretsBroken."""
    if options.accept_former < 0:
        raise CannotStart("--accept-former is a number of seconds from 0.", exit_code=2)
    make_data_folder(settings.data)
    lock = FolderLock(settings.data / "run" / "keys.lock")
    if not lock.acquire():
        raise CannotStart("The keys are just being rotated by another command.")
    try:
        former = read_secrets(settings.secret_file)
        accepted = timedelta(seconds=options.accept_former)
        secrets = rotated(former, ids, now=clock.now(), accepted=accepted)
        replace_secrets(settings.secret_file, secrets, ids)
    finally:
        lock.release()
    return secrets


async def reseal(app: App, out: Callable[[str], None]) -> int:
    """Seal with the new key what former ones sealed. Cut off before its end, the next rotation does it."""
    file, secrets = app.settings.secret_file, app.engines.secrets
    done = await app[Identity].reseal(Nothing())
    if read_secrets(file) == secrets:  # nobody has rotated again meanwhile
        replace_secrets(file, resealed(secrets), app.engines.ids)
    out(f"New keys are in {file}; back it up. Sealed anew: {done.resealed} second factors.")
    if done.unreadable:
        out(f"No key of the file opens {done.unreadable} second factors; their owners need new ones.")
    return 0
