"""All that the shop keeps of a customer: to take along, or to have erased."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.response import Redirect

from rialto.identity.api import Archive, Identity
from rialto.kernel.http import Injected, customer_only
from rialto.search.api import Search
from rialto.storefront.accounts import proven
from rialto.storefront.forms import typed
from rialto.storefront.pages.account.entering import left
from rialto.storefront.problems import Problem
from rialto.storefront.rendering import PAGE, go, private_page
from rialto.storefront.visit import AnyRequest, Visit


@get("/{lang:str}/account/data", guards=[customer_only])
async def data_page(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    return await _page(visit, search)


@post("/{lang:str}/account/data/export", status_code=200, guards=[customer_only])
async def export(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE:
    """A ZIP to keep; a session that began a while ago is asked for the password first."""
    archive = await proven(request, visit, search, identity.export_data)
    if not isinstance(archive, Archive):
        return archive
    return Response(
        archive.content,
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="my-data.zip"',
            "Cache-Control": "no-store",
        },
    )


@post("/{lang:str}/account/data/erase", status_code=200, guards=[customer_only])
async def erase(
    request: AnyRequest, visit: Injected[Visit], search: Injected[Search], identity: Injected[Identity]
) -> PAGE | Redirect:
    """For good: the word must have been typed, and the owner proven."""
    word = typed(dict(await request.form()), "word").strip()
    if word.casefold() != visit.texts("account.erase.word").casefold():
        return await _page(visit, search, error=visit.texts("account.error.word"))
    answer = await proven(request, visit, search, identity.erase_account, keep=("word",))
    if isinstance(answer, Response):
        return answer
    gone = go(visit.url("account/told/erased"))
    left(gone, visit)
    return gone


async def _page(visit: Visit, search: Search, *, error: str = "") -> PAGE:
    return await private_page(
        visit,
        "pages/account/data.html",
        search=search,
        status=422 if error else 200,
        place="data",
        error=error,
        problems=[Problem(text=error, field="word")] if error else [],
    )
