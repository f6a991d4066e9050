"""Customers of a source as accounts: without a password, which they set by "password forgotten"."""

from __future__ import annotations

from collections.abc import Sequence

from rialto.identity.api import Identity, ImportCustomer
from rialto.importing.model import CustomerRow, NotImported
from rialto.importing.terms import Came
from rialto.kernel.address import Address, check_address
from rialto.kernel.errors import Invalid, RialtoError, Unavailable


async def put_customers(identity: Identity, rows: Sequence[CustomerRow], *, dry_run: bool) -> Came:
    """By e-mail. Whoever has an account already keeps it as it is; an address that is not valid is left out."""
    came = Came()
    for row in rows:
        addresses, faults = _usable(row)
        came.left_out += [
            NotImported(what=f"{row.file}: addresses", rows=1, reason=f"some are not valid ({fault})")
            for fault in faults
        ]
        command = ImportCustomer(
            email=row.email,
            name=row.name,
            language=row.language,
            channel=row.channel,
            addresses=list(addresses.values()),
            default_shipping=_place(row.default_shipping, addresses),
            default_billing=_place(row.default_billing, addresses),
            verified=row.verified,
            registered_at=row.registered_at,
            dry_run=dry_run,
        )
        try:
            came.outcomes.append((await identity.import_customer(command)).outcome)
        except Unavailable:
            raise
        except RialtoError as refused:
            fields = "; ".join(f"{problem.path}: {problem.message}" for problem in refused.fields[:5])
            came.refuse(row, fields or refused.text)
    return came


def _usable(row: CustomerRow) -> tuple[dict[int, Address], list[str]]:
    """Those that a country's post would take, by their place, and for each other the fields that are wrong with it."""
    good: dict[int, Address] = {}
    faults: list[str] = []
    for place, address in enumerate(row.addresses):
        try:
            good[place] = check_address(address, path="address")
        except Invalid as refused:
            names = sorted({problem.path.removeprefix("address.") for problem in refused.fields})
            faults.append(", ".join(names))
    return good, faults


def _place(wanted: int | None, good: dict[int, Address]) -> int | None:
    """Where the default stands among those that are left; the first where it is not among them."""
    if wanted is None or not good:
        return None
    return list(good).index(wanted) if wanted in good else 0
