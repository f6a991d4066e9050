"""One's data on the web: handed out, erased."""

from __future__ import annotations

from litestar import Response, post
from litestar.params import JSONBody

from rialto.identity.api import Identity, PasswordWrong, ProofNeeded
from rialto.identity.routes.accounts import TAG
from rialto.identity.routes.guards import NO_STORE, AnyRequest, proof_of
from rialto.identity.routes.second_factors import ProofBody
from rialto.kernel.http import Injected, about, customer_only

ZIP = "application/zip"


@post(
    "/v1/account/export",
    status_code=200,
    guards=[customer_only],
    cache_control=NO_STORE,
    **about(
        "export_data", "Get all one's data", tag=TAG, refuses=[ProofNeeded, PasswordWrong], media_type=ZIP
    ),
)
async def export_data(
    data: JSONBody[ProofBody], request: AnyRequest, identity: Injected[Identity]
) -> Response[bytes]:
    """All that the shop keeps of a customer: a ZIP of JSON files, a folder for each part of the shop."""
    archive = await identity.export_data(proof_of(request, data.password))
    return Response(
        archive.content,
        media_type=ZIP,
        headers={"Content-Disposition": 'attachment; filename="my-data.zip"'},
    )


@post(
    "/v1/account/erasure",
    status_code=204,
    guards=[customer_only],
    **about("erase_account", "Erase one's account", tag=TAG, refuses=[ProofNeeded, PasswordWrong]),
)
async def erase_account(data: JSONBody[ProofBody], request: AnyRequest, identity: Injected[Identity]) -> None:
    """At once and for good: nobody can sign in any more, and what is kept of the customer is deleted everywhere.

    Issued invoices stay as long as the law says. The e-mail is free for another account.
    """
    await identity.erase_account(proof_of(request, data.password))


ROUTES = [export_data, erase_account]
