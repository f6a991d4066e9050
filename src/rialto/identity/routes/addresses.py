"""The address book on the web."""

from __future__ import annotations

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from rialto.identity.api import (
    AccountRef,
    AddAddress,
    AddressBook,
    AddressesFull,
    AddressRef,
    ChangeAddress,
    Identity,
    KeyReused,
    SavedAddress,
)
from rialto.identity.routes.accounts import TAG
from rialto.identity.routes.guards import (
    KEY_NOT_VALID,
    KEY_PARAMETER,
    NO_STORE,
    AnyRequest,
    account_of,
    key_of,
)
from rialto.kernel.address import Address
from rialto.kernel.http import Injected, about, customer_only
from rialto.kernel.ids import ADDRESS
from rialto.kernel.service import Frozen


class NewAddress(Frozen):
    """The first address is the default for both."""

    address: Address
    default_shipping: bool = False
    default_billing: bool = False


class AddressChange(Frozen):
    """The whole address. A default that is left out stays as it is."""

    address: Address
    default_shipping: bool | None = None
    default_billing: bool | None = None


@get(
    "/v1/account/addresses",
    guards=[customer_only],
    cache_control=NO_STORE,
    **about("list_addresses", "List one's addresses", tag=TAG),
)
async def list_addresses(request: AnyRequest, identity: Injected[Identity]) -> AddressBook:
    """The oldest first; at most fifty."""
    return await identity.list_addresses(AccountRef(account_id=account_of(request)))


@post(
    "/v1/account/addresses",
    status_code=201,
    guards=[customer_only],
    cache_control=NO_STORE,
    **about(
        "add_address",
        "Add an address",
        tag=TAG,
        refuses=[AddressesFull, KeyReused, KEY_NOT_VALID],
        parameters=[KEY_PARAMETER],
    ),
)
async def add_address(
    data: JSONBody[NewAddress], request: AnyRequest, identity: Injected[Identity]
) -> SavedAddress:
    """Checked for what its country asks: fields, region and postal code."""
    return await identity.add_address(
        AddAddress(
            account_id=account_of(request),
            address=data.address,
            default_shipping=data.default_shipping,
            default_billing=data.default_billing,
            key=key_of(request),
        )
    )


@put(
    "/v1/account/addresses/{address_id:str}",
    guards=[customer_only],
    cache_control=NO_STORE,
    **about("change_address", "Change an address", tag=TAG),
)
async def change_address(
    data: JSONBody[AddressChange],
    request: AnyRequest,
    identity: Injected[Identity],
    address_id: FromPath[str],
) -> SavedAddress:
    """The whole address anew. Orders keep the address they were placed with."""
    return await identity.change_address(
        ChangeAddress(
            account_id=account_of(request),
            address_id=address_id,
            address=data.address,
            default_shipping=data.default_shipping,
            default_billing=data.default_billing,
        )
    )


@delete(
    "/v1/account/addresses/{address_id:str}",
    status_code=204,
    guards=[customer_only],
    **about("remove_address", "Remove an address", tag=TAG),
)
async def remove_address(
    request: AnyRequest, identity: Injected[Identity], address_id: FromPath[str]
) -> None:
    """One that is not there: nothing. No other becomes the default in its place."""
    found = ADDRESS.parse(address_id)
    await identity.remove_address(AddressRef(account_id=account_of(request), address_id=found))


ROUTES = [list_addresses, add_address, change_address, remove_address]
