"""What the pages of accounts share: plain forms, refusals beside their fields, and the proof that the owner asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from rialto.identity.api import PasswordWrong, Proof, ProofNeeded
from rialto.kernel.errors import FieldProblem, Invalid, RialtoError, TooMany
from rialto.kernel.http import client_of, principal_of, status_of
from rialto.kernel.ids import AccountId
from rialto.kernel.service import Frozen
from rialto.search.api import Search
from rialto.storefront.forms import is_own_path, secret
from rialto.storefront.problems import Problem, problem_of
from rialto.storefront.rendering import PAGE, private_page
from rialto.storefront.texts import Texts
from rialto.storefront.visit import AnyRequest, Visit

T = TypeVar("T")

PATH_LENGTH_MAX = 500
PASSWORD_LENGTH_MAX = 1024
# Which browser and which system, in the order in which their names must be looked for.
_BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "Chrome", "Safari")
_SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS X", "CrOS", "Linux")
_NAMES = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung", "Mac OS X": "Mac", "CrOS": "Chromebook"}


class Field(Frozen):
    """One line of a plain form. `label` and `hint` are the keys of their sentences, `error` is one."""

    name: str
    label: str
    type: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    value: str = ""
    error: str = ""
    length_max: int = PASSWORD_LENGTH_MAX


class PlainForm(Frozen):
    """A page with one form. Its sentences are `account.{name}.title`, `.text` and `.action`; `hidden` goes along unseen."""

    name: str
    action: str
    fields: list[Field] = []
    hidden: dict[str, str] = {}
    links: dict[str, str] = {}


def own_account(visit: Visit) -> AccountId:
    """Whose pages these are, behind the guard that lets customers in only."""
    assert visit.account_id is not None, "a page of an account has no guard"
    return visit.account_id


def local_path(text: str, visit: Visit) -> str:
    """Where to go on after signing in: a page of ours, else the account."""
    own = len(text) <= PATH_LENGTH_MAX and any(is_own_path(text, language) for language in visit.languages)
    return text if own else visit.url("account")


def device_of(request: AnyRequest) -> str:
    """How the list of sessions calls this browser: `Firefox, Linux`."""
    agent = request.headers.get("user-agent", "")
    found = (next((name for name in names if name in agent), None) for names in (_BROWSERS, _SYSTEMS))
    return ", ".join(_NAMES.get(name, name) for name in found if name)


def refusal(error: RialtoError, texts: Texts) -> Problem:
    """Why not, in a sentence; whoever has to wait is told how long."""
    if isinstance(error, TooMany) and error.retry_after_s is not None:
        return Problem(text=texts("problem.wait", n=max(1, -(-int(error.retry_after_s) // 60))))
    return problem_of(error, texts)


def check_filled(**values: str) -> None:
    """Raises Invalid naming every field that is empty, so that nobody is told of one after the other."""
    empty = [
        FieldProblem(path=name, code="required", message="Please fill this in.")
        for name, value in values.items()
        if not value.strip()
    ]
    if empty:
        raise Invalid(fields=tuple(empty))


def field_faults(error: RialtoError, texts: Texts) -> dict[str, str]:
    """Each faulty field's sentence."""
    return {
        problem.path: texts.get(f"account.error.{problem.path}", "error.not_valid")
        for problem in error.fields
    }


def with_faults(form: PlainForm, error: RialtoError, texts: Texts) -> tuple[PlainForm, list[Problem]]:
    """The form once more with what is wrong beside its fields, and the summary above it."""
    faults = field_faults(error, texts)
    fields = [_with_error(field, faults.get(field.name, "")) for field in form.fields]
    named = {field.name for field in form.fields}
    problems = [Problem(text=text, field=name) for name, text in faults.items() if name in named]
    told = PlainForm(name=form.name, action=form.action, fields=fields, hidden=form.hidden, links=form.links)
    return told, problems or [refusal(error, texts)]


async def form_page(
    visit: Visit, search: Search, form: PlainForm, *, error: RialtoError | None = None
) -> PAGE:
    """A page with one form; with an error, what was wrong."""
    problems: list[Problem] = []
    if error is not None:
        form, problems = with_faults(form, error, visit.texts)
    return await private_page(
        visit,
        "pages/account/form.html",
        search=search,
        status=200 if error is None else status_of(error),
        form=form,
        problems=problems,
    )


def password_field(name: str = "password", *, new: bool = False) -> Field:
    return Field(
        name=name,
        label=f"account.field.{name}",
        type="password",
        autocomplete="new-password" if new else "current-password",
        hint="account.hint.password" if new else "",
    )


def told_done(visit: Visit) -> str:
    """What was just done, by the address (`?done=name`): only what we have a sentence for."""
    return visit.texts.sentences.get(f"account.done.{dict(visit.query).get('done', '')}", "")


def proof_of(request: AnyRequest, visit: Visit, password: str) -> Proof:
    return Proof(
        account_id=own_account(visit),
        session_id=principal_of(request).session_id,
        password=password or None,
        client=client_of(request),
        origin=visit.origin,
    )


async def proven(
    request: AnyRequest,
    visit: Visit,
    search: Search,
    act: Callable[[Proof], Awaitable[T]],
    *,
    keep: tuple[str, ...] = (),
) -> T | PAGE:
    """What `act` answers, or the page that asks for the password first and then sends the form again.

    `keep` are the fields of the form that go along.
    """
    data: Mapping[str, Any] = dict(await request.form())
    password = secret(data, "password")
    try:
        return await act(proof_of(request, visit, password))
    except (ProofNeeded, PasswordWrong, TooMany) as error:
        form = PlainForm(
            name="prove",
            action=visit.path,
            fields=[password_field()],
            hidden={name: secret(data, name) for name in keep},
            links={visit.url("account"): "account.back"},
        )
        return await form_page(visit, search, form, error=error if password else None)


def _with_error(field: Field, error: str) -> Field:
    return Field(
        name=field.name,
        label=field.label,
        type=field.type,
        autocomplete=field.autocomplete,
        hint=field.hint,
        value=field.value,
        error=error,
        length_max=field.length_max,
    )
