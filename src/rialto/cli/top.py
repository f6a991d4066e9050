"""`rialto top`: the live state of all processes in a terminal. Not a terminal, or `--once`: one look as text."""

from __future__ import annotations

import argparse
import os
import select
import shutil
import ssl
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rialto.cli.cluster import add_data, data_folder
from rialto.cluster.inner_tls import inner_files, watching_tls
from rialto.cluster.layout import FILE, HOST, read_layout
from rialto.kernel.clock import SystemClock
from rialto.kernel.settings import Settings
from rialto.observability.overview import Look, overview, painted
from rialto.observability.reading import ask
from rialto.observability.scraping import Target, targets_of
from rialto.topology import ONE

ONCE_S = 1.0
EVERY_MIN_S = 0.5
OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
FROM_THE_TOP, TO_THE_END_OF_LINE, BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="one look as text, of a second")
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="look so often; 2")
    add_data(parser)


def run(options: argparse.Namespace, settings: Settings, out: Callable[[str], None]) -> int:
    """0, also when nothing answers: the look says so. Raises CannotStart for a folder without a platform."""
    targets = targets_for(options, settings)
    clock, tls = SystemClock(), _tls(options, settings)

    def look() -> Look:
        found = ask(targets, clock.monotonic, tls)
        return {target.address: reading for target, reading in zip(targets, found, strict=True)}

    if options.once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        for line in _look_once(targets, look):
            out(line)
        return 0
    with _screen():
        _show(targets, look, max(options.every, EVERY_MIN_S))
    return 0


def targets_for(options: argparse.Namespace, settings: Settings) -> list[Target]:
    """A platform's replicas (its folder is named, or the usual one has a platform); else what the settings know of."""
    folder = data_folder(options)
    if _has_platform(options):
        return [
            Target(address=f"{HOST}:{replica.ops_port}", group=replica.group, name=replica.name)
            for replica in read_layout(folder).replicas
        ]
    own = f"{settings.ops_host}:{settings.ops_port}"
    return targets_of(settings.peers, own=own, group=settings.group or ONE)


def _has_platform(options: argparse.Namespace) -> bool:
    return bool(options.data) or (data_folder(options) / FILE).exists()


def _tls(options: argparse.Namespace, settings: Settings) -> ssl.SSLContext | None:
    """What operations ports want to see of whoever looks, where they want anything."""
    files = inner_files(data_folder(options)) if _has_platform(options) else settings.internal
    return None if files is None else watching_tls(files)


def _look_once(targets: Sequence[Target], look: Callable[[], Look]) -> list[str]:
    before = look()
    select.select([], [], [], ONCE_S)
    lines = overview(targets, before, look())
    return painted(lines, columns=200, rows=len(lines), colours=False)


def _show(targets: Sequence[Target], look: Callable[[], Look], every_s: float) -> None:
    """Until `q` is pressed."""
    colours = has_colours(os.environ)
    before: Look = {}
    while True:
        after = look()
        columns, rows = shutil.get_terminal_size()
        lines = painted(overview(targets, before, after), columns=columns, rows=rows - 1, colours=colours)
        text = "".join(f"{line}{TO_THE_END_OF_LINE}\r\n" for line in lines)
        sys.stdout.write(f"{FROM_THE_TOP}{text}q: end{BELOW}")
        sys.stdout.flush()
        before = after
        if _pressed(every_s) in {"q", "Q"}:
            return


def has_colours(environment: Mapping[str, str]) -> bool:
    """Not where NO_COLOR is set to anything (no-color.org), nor in a terminal that has none."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _pressed(within_s: float) -> str:
    """A key, or nothing after that time. The end of input is as good as `q`."""
    ready, _, _ = select.select([sys.stdin], [], [], within_s)
    return (sys.stdin.read(1) or "q") if ready else ""


@contextmanager
def _screen() -> Iterator[None]:
    """A screen of its own, keys without Enter; the terminal is afterwards as it was."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        sys.stdout.write(OTHER_SCREEN)
        yield
    except KeyboardInterrupt:
        return
    finally:
        sys.stdout.write(OWN_SCREEN)
        sys.stdout.flush()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
