"""`rialto rebuild search|reporting`: a read model made anew from the truth, beside a running shop or without."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rialto.app import App
from rialto.search.rebuild import rebuild_search


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["search", "reporting"])


async def run(args: argparse.Namespace, app: App, out: Callable[[str], None]) -> int:
    if args.what == "reporting":
        count = await app.handlers["reporting"].fill_anew()
        out(f"{count} orders are in staff's lists.")
        return 0
    tail = await app.bus.tail()
    count = await rebuild_search(app.handlers["search"], positions=tail)
    out(f"{count} products are in the search index.")
    return 0
