"""`rialto user add|password|list|disable`: staff's accounts from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable

from rialto.identity.api import Identity, PutStaff, Staff, StaffNotFound, StaffRef
from rialto.kernel.errors import RialtoError
from rialto.kernel.roles import BUILT_IN
from rialto.kernel.service import Nothing

Out = Callable[[str], None]
ReadPassword = Callable[[str], str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="user_command", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="create a member of staff, or change name, roles and password")
    add.add_argument("email")
    add.add_argument("--name", required=True)
    add.add_argument(
        "--role",
        action="append",
        required=True,
        dest="roles",
        metavar="ROLE",
        help=f"such as {', '.join(BUILT_IN)}; may be repeated",
    )
    password = commands.add_parser("password", help="set another password; ends their sessions")
    password.add_argument("email")
    commands.add_parser("list", help="show all staff")
    disable = commands.add_parser("disable", help="end their sessions and let them sign in no more")
    disable.add_argument("email")


async def run(args: argparse.Namespace, identity: Identity, out: Out, read_password: ReadPassword) -> int:
    """Carry out one command; the exit code. `out` takes whole lines, `read_password` gets a prompt."""
    commands: dict[str, Callable[[], Awaitable[str]]] = {
        "add": lambda: _add(args, identity, read_password),
        "password": lambda: _password(args, identity, read_password),
        "list": lambda: _list(identity),
        "disable": lambda: _disable(args, identity),
    }
    try:
        out(await commands[args.user_command]())
    except RialtoError as refusal:
        out(" ".join((refusal.text, *(f"{field.path}: {field.message}" for field in refusal.fields))))
        return 1
    return 0


async def _add(args: argparse.Namespace, identity: Identity, read_password: ReadPassword) -> str:
    password = read_password(f"Password for {args.email}: ")
    command = PutStaff(email=args.email, name=args.name, password=password, roles=list(args.roles))
    return _line(await identity.put_staff(command))


async def _password(args: argparse.Namespace, identity: Identity, read_password: ReadPassword) -> str:
    known = await _find(args.email, identity)
    password = read_password(f"New password for {known.email}: ")
    command = PutStaff(email=known.email, name=known.name, password=password, roles=known.roles)
    return _line(await identity.put_staff(command))


async def _find(email: str, identity: Identity) -> Staff:
    for staff in (await identity.list_staff(Nothing())).items:
        if staff.email == email.strip().lower():
            return staff
    raise StaffNotFound


async def _list(identity: Identity) -> str:
    staff = (await identity.list_staff(Nothing())).items
    return "\n".join(_line(one) for one in staff) or "There is no staff yet."


async def _disable(args: argparse.Namespace, identity: Identity) -> str:
    return _line(await identity.disable_staff(StaffRef(email=args.email)))


def _line(staff: Staff) -> str:
    state = "active" if staff.active else "disabled"
    return f"{staff.email}  {staff.name}  {', '.join(staff.roles)}  {state}"
