"""The mail viewer: pages of the operations port that show what was written to whom.

For the machine's owner only; the public port does not have these routes. A mail's HTML is shown in a frame
that may run no script and reach nothing, whatever stands in it.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from rialto.kernel.http import Injected
from rialto.kernel.ids import MailId, to_uuid
from rialto.kernel.settings import Settings
from rialto.notifications.api import ListMails, Mail, MailList, MailRef, Notifications
from rialto.notifications.model import message_id

HTML = "text/html; charset=utf-8"
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FRAME_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
        " img-src data: http: https:; frame-ancestors 'self'"
    ),
}

_templates = Environment(
    loader=PackageLoader("rialto.notifications"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@get("/mail", summary="Mails, newest first", include_in_schema=False)
async def list_page(notifications: Injected[Notifications], to: FromQuery[str] = "") -> Response[str]:
    mails = await notifications.list(ListMails(to=to.strip() or None))
    return _page("viewer/list.html", mails=mails.items, to=to.strip())


@get("/mail.json", summary="Mails, newest first, for programs", include_in_schema=False)
async def list_json(
    notifications: Injected[Notifications], to: FromQuery[str] = "", limit: FromQuery[int] = 50
) -> MailList:
    return await notifications.list(ListMails(to=to.strip() or None, limit=min(max(limit, 1), 200)))


@get("/mail/{mail_id:str}", summary="One mail", include_in_schema=False)
async def mail_page(
    mail_id: FromPath[str], notifications: Injected[Notifications], settings: Injected[Settings]
) -> Response[str]:
    mail = await notifications.get(MailRef(id=MailId(mail_id)))
    return _page("viewer/mail.html", mail=mail, message_id=message_id(to_uuid(mail.id), settings.public_url))


@get("/mail/{mail_id:str}/json", summary="One mail, for programs", include_in_schema=False)
async def mail_json(mail_id: FromPath[str], notifications: Injected[Notifications]) -> Mail:
    return await notifications.get(MailRef(id=MailId(mail_id)))


@get("/mail/{mail_id:str}/text", summary="A mail's plain text", include_in_schema=False)
async def mail_text(mail_id: FromPath[str], notifications: Injected[Notifications]) -> Response[str]:
    mail = await notifications.get(MailRef(id=MailId(mail_id)))
    return Response(mail.text, media_type="text/plain; charset=utf-8", headers=PAGE_HEADERS)


@get("/mail/{mail_id:str}/html", summary="A mail's HTML, for the viewer's frame", include_in_schema=False)
async def mail_html(mail_id: FromPath[str], notifications: Injected[Notifications]) -> Response[str]:
    mail = await notifications.get(MailRef(id=MailId(mail_id)))
    # A link in the frame would open in the frame, where the shop refuses to be shown.
    html = mail.html.replace("<head>", '<head><base target="_blank">', 1)
    return Response(html, media_type=HTML, headers=FRAME_HEADERS)


def _page(template: str, **values: Any) -> Response[str]:
    return Response(_templates.get_template(template).render(values), media_type=HTML, headers=PAGE_HEADERS)


OPS_ROUTES = [list_page, list_json, mail_page, mail_json, mail_text, mail_html]
