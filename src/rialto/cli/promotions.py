"""`rialto promotions list|put|codes|preview`: what is given to whom, from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.money import parse_currency
from rialto.kernel.service import Frozen, Nothing
from rialto.pricing.api import (
    MakeVouchers,
    PreviewFor,
    Pricing,
    Promotion,
    PutPromotion,
    PutVoucher,
    Voucher,
    WantedItem,
)

Out = Callable[[str], None]


class File(Frozen):
    """What `put` reads: promotions by id and codes by code; those that are there already are replaced."""

    promotions: list[Promotion] = []
    codes: list[Voucher] = []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="promotions_command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="show all promotions in the order in which they are looked at")
    put = commands.add_parser("put", help="make or replace what a JSON file holds")
    put.add_argument("file", type=Path)
    codes = commands.add_parser("codes", help="make single-use codes and print them")
    codes.add_argument("promotion")
    codes.add_argument("--count", type=int, required=True)
    codes.add_argument("--batch", default="")
    preview = commands.add_parser("preview", help="say what a cart would get, and why not the rest")
    preview.add_argument("items", nargs="+", metavar="SKU[=QUANTITY]")
    preview.add_argument("--currency", default="EUR")
    preview.add_argument("--country")
    preview.add_argument("--code", action="append", default=[], dest="codes")


async def run(args: argparse.Namespace, pricing: Pricing, out: Out) -> int:
    """Carry out one command; the exit code. `out` takes whole lines."""
    commands: dict[str, Callable[[], Awaitable[str]]] = {
        "list": lambda: _list(pricing),
        "put": lambda: _put(args.file, pricing),
        "codes": lambda: _codes(args, pricing),
        "preview": lambda: _preview(args, pricing),
    }
    try:
        out(await commands[args.promotions_command]())
    except RialtoError as refusal:
        out(" ".join((refusal.text, *(f"{field.path}: {field.message}" for field in refusal.fields))))
        return 1
    return 0


async def _list(pricing: Pricing) -> str:
    found = (await pricing.promotions(Nothing())).items
    lines = [f"{one.promotion.id}  {'active' if one.promotion.active else 'inactive'}" for one in found]
    return "\n".join(lines) or "There are no promotions."


async def _put(path: Path, pricing: Pricing) -> str:
    file = _read(path)
    for promotion in file.promotions:
        await pricing.put_promotion(PutPromotion(promotion=promotion))
    for code in file.codes:
        await pricing.put_voucher(PutVoucher(voucher=code))
    return f"{len(file.promotions)} promotions and {len(file.codes)} codes are set."


def _read(path: Path) -> File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=File)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be used: {error}") from None


async def _codes(args: argparse.Namespace, pricing: Pricing) -> str:
    command = MakeVouchers(promotion_id=args.promotion, batch=args.batch, count=args.count)
    return "\n".join(voucher.code for voucher in (await pricing.make_vouchers(command)).items)


async def _preview(args: argparse.Namespace, pricing: Pricing) -> str:
    found = await pricing.preview(
        PreviewFor(
            items=[_item(text) for text in args.items],
            currency=parse_currency(args.currency),
            country=args.country,
            codes=args.codes,
        )
    )
    lines = [
        f"{one.promotion_id}  {f'-{one.amount.decimal()}' if one.given else one.reason}"
        for one in found.considered
    ]
    return "\n".join([*lines, f"total {found.quote.totals.total.decimal()} {found.quote.currency}"])


def _item(text: str) -> WantedItem:
    sku, _, quantity = text.partition("=")
    if not (quantity or "1").isascii() or not (quantity or "1").isdigit():
        raise Invalid(f"{text!r} is not SKU or SKU=QUANTITY.")
    return WantedItem(sku=sku, quantity=int((quantity or "1")[:9]))
