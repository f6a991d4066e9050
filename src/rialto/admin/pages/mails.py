"""What mails say: the list of all, and one of them looked at, changed, or given Rialto's words again."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, read_values
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.notifications.api import (
    PASSAGE_LENGTHS_MAX,
    PASSAGES,
    MailPreview,
    MailText,
    MailTextChanged,
    MailTextRef,
    Notifications,
    Passages,
    PreviewMailText,
    PutMailText,
    ResetMailText,
    unknown_placeholders,
)
from rialto.storefront.security import content_policy

LIST = f"{HOME}/settings/mails"
ONE = f"{LIST}/{{kind:str}}/{{spoken:str}}"
READ = [requires("settings.read")]
WRITE = [requires("settings.write")]
# Mails bring their style in themselves; in the frame that shows one nothing runs and nothing is loaded.
PREVIEW_POLICY = content_policy(styles="'self' 'unsafe-inline'")


@get(LIST, guards=READ)
async def list_mails(desk: Injected[Desk], notifications: Injected[Notifications]) -> PAGE:
    texts = (await notifications.mail_texts(Nothing())).items
    by_kind: dict[str, list[MailText]] = {}
    for text in texts:
        by_kind.setdefault(text.kind, []).append(text)
    return page(desk, "pages/mails/list.html", section="mails", mails=by_kind)


@get(ONE, guards=READ)
async def show_mail(
    desk: Injected[Desk],
    notifications: Injected[Notifications],
    kind: FromPath[str],
    spoken: FromPath[str],
) -> PAGE:
    """Raises MailTextNotFound."""
    text = await notifications.mail_text(MailTextRef(kind=kind, language=spoken))
    return _edit(desk, text, _values(text))


@post(ONE, guards=WRITE, status_code=200)
async def change_mail(
    request: AnyRequest,
    desk: Injected[Desk],
    notifications: Injected[Notifications],
    kind: FromPath[str],
    spoken: FromPath[str],
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    text = await notifications.mail_text(MailTextRef(kind=kind, language=spoken))
    values = await read_values(request)
    try:
        reading = Reading(values)
        version = reading.number("version")
        reading.end()
        await notifications.put_mail_text(
            PutMailText(kind=kind, language=spoken, passages=_passages(reading), expected_version=version)
        )
    except MailTextChanged:
        return await _conflict(desk, notifications, kind, spoken, values=values)
    except RialtoError as error:
        return _edit(desk, text, values, error=error)
    return go(f"{_place(text)}?done=mail_saved")


@post(f"{ONE}/preview", guards=WRITE, status_code=200)
async def preview_mail(
    request: AnyRequest,
    desk: Injected[Desk],
    notifications: Injected[Notifications],
    kind: FromPath[str],
    spoken: FromPath[str],
) -> PAGE:
    """The mail as it was typed, above the form with all that was typed. Nothing is saved."""
    text = await notifications.mail_text(MailTextRef(kind=kind, language=spoken))
    values = await read_values(request)
    try:
        found = await notifications.preview_mail_text(
            PreviewMailText(kind=kind, language=spoken, passages=_passages(Reading(values)))
        )
    except RialtoError as error:
        return _edit(desk, text, values, error=error)
    answer = _edit(desk, text, values, preview=found)
    answer.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return answer


@post(f"{ONE}/reset", guards=WRITE, status_code=200)
async def reset_mail(
    request: AnyRequest, notifications: Injected[Notifications], kind: FromPath[str], spoken: FromPath[str]
) -> Redirect:
    """Who looked at an older version is sent to look again."""
    text = await notifications.mail_text(MailTextRef(kind=kind, language=spoken))
    version = Reading(await read_values(request)).number("version", -1)
    try:
        await notifications.reset_mail_text(
            ResetMailText(kind=kind, language=spoken, expected_version=version)
        )
    except MailTextChanged:
        return go(f"{_place(text)}?done=terms_changed")
    return go(f"{_place(text)}?done=mail_reset")


def _place(text: MailText) -> str:
    return f"{LIST}/{text.kind}/{text.language}"


def _passages(reading: Reading) -> Passages:
    return Passages(**{name: reading.text(name) for name in PASSAGES})


def _values(text: MailText) -> Values:
    return {"version": str(text.version)} | {name: getattr(text.passages, name) for name in PASSAGES}


async def _conflict(
    desk: Desk, notifications: Notifications, kind: str, spoken: str, *, values: Values
) -> PAGE:
    stored = await notifications.mail_text(MailTextRef(kind=kind, language=spoken))
    return conflict_page(
        desk,
        section="mails",
        title=_title(desk, stored),
        action=_place(stored),
        back=_place(stored),
        version=str(stored.version),
        fields=[Field(name=name, label=desk.texts(f"mails.{name}")) for name in PASSAGES],
        yours=values,
        theirs=_values(stored),
    )


def _title(desk: Desk, text: MailText) -> str:
    return f"{desk.texts(f'mails.kind.{text.kind}')} ({text.language})"


def _edit(
    desk: Desk,
    text: MailText,
    values: Values,
    *,
    preview: MailPreview | None = None,
    error: RialtoError | None = None,
) -> PAGE:
    shown = _values(text) | values
    return page(
        desk,
        "pages/mails/edit.html",
        section="mails",
        status=200 if error is None else status_of(error),
        mail=text,
        title=_title(desk, text),
        values=shown,
        lengths=PASSAGE_LENGTHS_MAX,
        preview=preview,
        problems=[] if error is None else _problems(desk, text, error, shown),
    )


def _problems(desk: Desk, text: MailText, error: RialtoError, values: Values) -> list[Problem]:
    """As everywhere; a placeholder that is none is told with those there are."""
    told = problems_of(error, desk.texts)
    for index, fault in enumerate(error.fields):
        if fault.code == "placeholder_unknown":
            unknown = unknown_placeholders(values[fault.path], text.placeholders)[0][:40]
            known = ", ".join(f"{{{name}}}" for name in text.placeholders)
            sentence = desk.texts("mails.placeholder_unknown", name=f"{{{unknown}}}", known=known)
            told[index] = Problem(text=sentence, field=fault.path)
        elif fault.code == "too_long":
            most = PASSAGE_LENGTHS_MAX[fault.path]
            told[index] = Problem(text=desk.texts("mails.too_long", most=most), field=fault.path)
    return told


ROUTES: list[Any] = [list_mails, show_mail, change_mail, preview_mail, reset_mail]
