"""`rialto events dead|replay`: what services could not take in, and trying it again."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from uuid import UUID

from rialto.app import ALL
from rialto.kernel.consumers import Consumer
from rialto.kernel.dead_letters import Stuck
from rialto.kernel.errors import NotFound
from rialto.kernel.ids import Kind, to_uuid

Out = Callable[[str], None]

SHOWN_MAX = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="events_command", required=True, metavar="COMMAND")
    dead = commands.add_parser("dead", help="list the events that services could not take in")
    replay = commands.add_parser("replay", help="try them again, each stream in its order")
    services = [service.name for service in ALL if service.reactions]
    for command in (dead, replay):
        command.add_argument(
            "--service", choices=services, help="only what this service could not take in", metavar="SERVICE"
        )
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--stream", type=stream_of, help="one stream, as `dead` prints it, or an id such as ord_…"
    )
    which.add_argument("--all", action="store_true", help="all streams")


def stream_of(text: str) -> UUID:
    """A stream from the command line. Raises ValueError for what names none."""
    if "_" in text:
        try:
            return to_uuid(Kind[str](text.partition("_")[0]).parse(text))
        except NotFound:
            raise ValueError(text) from None
    return UUID(text)


async def run(args: argparse.Namespace, consumers: Sequence[Consumer], out: Out) -> int:
    """0: nothing that was asked for is parked (any more); 1: something is. Repeating it does no harm."""
    chosen = [consumer for consumer in consumers if args.service in {None, consumer.name}]
    stream: UUID | None = None
    if args.events_command == "replay":
        stream = args.stream
        count = sum([await _replay(consumer, stream) for consumer in chosen])
        out(
            f"{_events(count)} {'was' if count == 1 else 'were'} taken in."
            if count
            else "No event was taken in."
        )
    left: list[Stuck] = []
    for consumer in chosen:
        left += await consumer.letters.stuck(SHOWN_MAX + 1, stream=stream)
    for one in left[:SHOWN_MAX]:
        out(_line(one))
    out(_summary(left, replayed=args.events_command == "replay"))
    return 1 if left else 0


async def _replay(consumer: Consumer, stream: UUID | None) -> int:
    count = 0
    while taken_in := await consumer.replay(stream=stream):
        count += taken_in
    return count


def _line(one: Stuck) -> str:
    behind = f", {_events(one.behind)} behind it" if one.behind else ""
    return (
        f"{one.consumer}  stream {one.stream} version {one.version}  {one.type} from {one.publisher}: "
        f"{one.reason}, {one.parked_at:%Y-%m-%dT%H:%M:%SZ}{behind}"
    )


def _summary(left: Sequence[Stuck], *, replayed: bool) -> str:
    if not left:
        return "Nothing is parked."
    count = f"more than {SHOWN_MAX} streams" if len(left) > SHOWN_MAX else _counted(len(left), "stream")
    verb = "is" if len(left) == 1 else "are"
    return f"{count} {verb} {'still ' if replayed else ''}parked.".capitalize()


def _events(count: int) -> str:
    return _counted(count, "event")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
