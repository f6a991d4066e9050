"""`rialto maintenance on|off|show`: a shop that can be looked at and not be changed by customers for a while."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rialto.app import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="maintenance_command", required=True, metavar="COMMAND")
    on = commands.add_parser(
        "on", help="answer what customers would change with 503, within a second, everywhere"
    )
    on.add_argument(
        "--message", default="", help="one line for people, in place of our own in their language"
    )
    commands.add_parser("off", help="sell again")
    commands.add_parser("show", help="what is said at the moment")


async def run(options: argparse.Namespace, app: App, out: Callable[[str], None]) -> int:
    """Safe to repeat; beside a running shop. Raises Invalid for a message that is too long."""
    sign = app.maintenance
    if options.maintenance_command == "on":
        await sign.put_up(options.message)
        out(
            "In maintenance: browsing, staff, webhooks and background work go on; customers can change nothing."
        )
    elif options.maintenance_command == "off":
        await sign.take_down()
        out("The shop sells again.")
    else:
        found = await sign.read()
        out("The shop sells." if found is None else f"In maintenance. {found.message}".strip())
    return 0
