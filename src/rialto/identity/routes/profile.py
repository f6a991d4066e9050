"""One's own account on the web."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, patch
from litestar.params import JSONBody

from rialto.identity.api import Account, AccountRef, ChangeAccount, GiveConsent, Identity
from rialto.identity.routes.accounts import TAG, Short
from rialto.identity.routes.guards import NO_STORE, AnyRequest, account_of
from rialto.kernel.http import Injected, about, customer_only
from rialto.kernel.service import Frozen


class AccountChange(Frozen):
    """What is left out stays. A consent names its purpose and the version of the text that was shown."""

    name: Short | None = None
    language: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    consents: Annotated[list[GiveConsent], msgspec.Meta(max_length=20)] = []


@get(
    "/v1/account",
    guards=[customer_only],
    cache_control=NO_STORE,
    **about("read_account", "Read one's account", tag=TAG),
)
async def read_account(request: AnyRequest, identity: Injected[Identity]) -> Account:
    """`consents` holds the latest of each purpose; `pending_email` waits to be verified."""
    return await identity.account(AccountRef(account_id=account_of(request)))


@patch(
    "/v1/account",
    guards=[customer_only],
    cache_control=NO_STORE,
    **about("change_account", "Change one's account", tag=TAG),
)
async def change_account(
    data: JSONBody[AccountChange], request: AnyRequest, identity: Injected[Identity]
) -> Account:
    """Name, language and consents. Consents are written down with their time, and earlier ones are kept."""
    return await identity.change_account(
        ChangeAccount(
            account_id=account_of(request), name=data.name, language=data.language, consents=data.consents
        )
    )


ROUTES = [read_account, change_account]
