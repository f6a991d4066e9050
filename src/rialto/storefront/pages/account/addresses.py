"""The address book: what checkout offers to choose from."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.identity.api import (
    AccountRef,
    AddAddress,
    AddressNotFound,
    AddressRef,
    ChangeAddress,
    Identity,
    SavedAddress,
)
from rialto.kernel.address import Address
from rialto.kernel.errors import Invalid, RialtoError
from rialto.kernel.http import Injected, customer_only, status_of
from rialto.kernel.ids import ADDRESS, Ids
from rialto.search.api import Search
from rialto.storefront import formats
from rialto.storefront.accounts import own_account, refusal, told_done
from rialto.storefront.forms import (
    AddressForm,
    field_errors,
    fill_address_form,
    once_key,
    parse_one_address,
    read_address_form,
)
from rialto.storefront.problems import Problem
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit

NEW = "new"


@get("/{lang:str}/account/addresses", guards=[customer_only])
async def address_list(
    visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    book = await identity.list_addresses(AccountRef(account_id=own_account(visit)))
    return await private_page(
        visit,
        "pages/account/addresses.html",
        search=search,
        place="addresses",
        addresses=book.items,
        done=told_done(visit),
        problems=[],
    )


@get("/{lang:str}/account/addresses/{address_id:str}", guards=[customer_only])
async def address_page(
    address_id: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    identity: Injected[Identity],
    *,
    ids: Injected[Ids],
) -> PAGE:
    """To change one, or under `new` to add one. Raises NotFound."""
    saved = None if address_id == NEW else await _load(visit, identity, address_id)
    country = visit.channel.country
    form = fill_address_form(None, saved, None, country=country)
    return await _page(visit, search, address_id=address_id, form=form, key=ids.token())


@post("/{lang:str}/account/addresses/{address_id:str}", status_code=200, guards=[customer_only])
async def save_address(
    address_id: FromPath[str],
    request: AnyRequest,
    visit: Injected[Visit],
    search: Injected[Search],
    *,
    identity: Injected[Identity],
) -> PAGE | Redirect:
    """Pressing twice adds one. Raises NotFound for an address that is not there."""
    data = dict(await request.form())
    form, key = read_address_form(data), once_key(data)
    try:
        await _save(visit, identity, address_id, address=parse_one_address(form), key=key)
    except AddressNotFound:
        raise
    except RialtoError as error:
        return await _page(visit, search, address_id=address_id, form=form, key=key or "", error=error)
    return go(visit.url("account/addresses", done="address"))


@post("/{lang:str}/account/addresses/{address_id:str}/default", status_code=200, guards=[customer_only])
async def make_default(
    address_id: FromPath[str], visit: Injected[Visit], identity: Injected[Identity]
) -> Redirect:
    """The one that checkout begins with, for parcel and bill. Raises NotFound."""
    saved = await _load(visit, identity, address_id)
    await identity.change_address(
        ChangeAddress(
            account_id=own_account(visit),
            address_id=saved.id,
            address=Address(**{name: getattr(saved, name) for name in Address.__struct_fields__}),
            default_shipping=True,
            default_billing=True,
        )
    )
    return go(visit.url("account/addresses", done="address_default"))


@post("/{lang:str}/account/addresses/{address_id:str}/remove", status_code=200, guards=[customer_only])
async def remove_address(
    address_id: FromPath[str], visit: Injected[Visit], identity: Injected[Identity]
) -> Redirect:
    """One that is not there: nothing."""
    found = ADDRESS.parse(address_id)
    await identity.remove_address(AddressRef(account_id=own_account(visit), address_id=found))
    return go(visit.url("account/addresses", done="address_removed"))


async def _load(visit: Visit, identity: Identity, address_id: str) -> SavedAddress:
    book = await identity.list_addresses(AccountRef(account_id=own_account(visit)))
    found = next((one for one in book.items if one.id == address_id), None)
    if found is None:
        raise AddressNotFound
    return found


async def _save(
    visit: Visit, identity: Identity, address_id: str, *, address: Address, key: str | None
) -> None:
    if address_id == NEW:
        await identity.add_address(AddAddress(account_id=own_account(visit), address=address, key=key))
        return
    await identity.change_address(
        ChangeAddress(account_id=own_account(visit), address_id=address_id, address=address)
    )


async def _page(
    visit: Visit,
    search: Search,
    *,
    address_id: str,
    form: AddressForm,
    key: str,
    error: RialtoError | None = None,
) -> PAGE:
    faults = field_errors(error) if isinstance(error, Invalid) else []
    errors = {fault.id: visit.texts.get(fault.text, "error.not_valid") for fault in faults}
    problems = [Problem(text=text, field=field) for field, text in errors.items()]
    if error is not None and not problems:
        problems = [refusal(error, visit.texts)]
    return await private_page(
        visit,
        "pages/account/address.html",
        search=search,
        status=200 if error is None else status_of(error),
        place="addresses",
        address_id=address_id,
        is_new=address_id == NEW,
        form=form,
        key=key,
        errors=errors,
        problems=problems,
        countries=formats.countries(visit.language),
    )
