"""The page to sign in on, and what waits beside its form until somebody has."""

from __future__ import annotations

from rialto.kernel.errors import RialtoError
from rialto.kernel.http import status_of
from rialto.kernel.service import Frozen
from rialto.search.api import Search
from rialto.storefront.accounts import Field, PlainForm, password_field, with_faults
from rialto.storefront.problems import Problem
from rialto.storefront.rendering import PAGE, private_page
from rialto.storefront.visit import Visit


class Entry(Frozen):
    """Where somebody goes on after signing in. `typed` is an address form that was sent after a session had ended."""

    next: str
    email: str = ""
    typed: str = ""

    @property
    def hidden(self) -> dict[str, str]:
        return {"next": self.next} | ({"typed": self.typed} if self.typed else {})


async def ask_in(visit: Visit, search: Search, entry: Entry, *, error: RialtoError | None = None) -> PAGE:
    """The page to sign in on."""
    form = PlainForm(
        name="sign_in",
        action=visit.url("account/sign-in"),
        fields=[
            Field(
                name="email",
                label="account.field.email",
                type="email",
                autocomplete="username",
                value=entry.email,
                length_max=254,
            ),
            password_field(),
        ],
        hidden=entry.hidden,
        links={visit.url("account/forgot"): "account.sign_in.forgot"},
    )
    problems: list[Problem] = []
    if error is not None:
        form, problems = with_faults(form, error, visit.texts)
    return await private_page(
        visit,
        "pages/account/sign_in.html",
        search=search,
        status=200 if error is None else status_of(error),
        form=form,
        problems=problems,
        ended=visit.lapsed,
        kept_typed=bool(entry.typed),
    )
