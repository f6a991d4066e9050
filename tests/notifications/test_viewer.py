from __future__ import annotations

from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_rialto_error
from rialto.kernel.ids import MAIL
from rialto.notifications.api import ListMails, Mail, MailList, MailNotFound, MailRef, MailRow
from rialto.notifications.model import Cause, Template
from rialto.notifications.viewer import OPS_ROUTES
from tests.notifications.desk import ORDER_ID, PLACED_AT
from tests.support.values import settings_in

pytestmark = pytest.mark.fast

MAIL_ID = MAIL.of(Cause(order_id=ORDER_ID, template=Template.ORDER_PLACED).mail_id)


class Archive:
    """Notifications with one mail, or none."""

    def __init__(self, **changed: Any) -> None:
        values: dict[str, Any] = {
            "id": MAIL_ID,
            "cause": ORDER_ID,
            "template": "order_placed",
            "language": "en",
            "to": "anna@example.com",
            "subject": "Thank you",
            "text": "Hello",
            "html": '<!DOCTYPE html>\n<html lang="en">\n<head><title>x</title></head><body><a href="http://shop">go</a></body></html>',
            "state": "sent",
            "created_at": PLACED_AT,
            "sent_at": PLACED_AT,
            "attempts": 1,
        }
        self.mail = Mail(**{**values, **changed})
        self.asked: list[ListMails] = []

    async def list(self, command: ListMails) -> MailList:
        self.asked.append(command)
        if command.to not in {None, self.mail.to}:
            return MailList(items=[])
        row = MailRow(**{name: getattr(self.mail, name) for name in MailRow.__struct_fields__})
        return MailList(items=[row])

    async def get(self, command: MailRef) -> Mail:
        if command.id != self.mail.id:
            raise MailNotFound
        return self.mail


def browsing(archive: Archive) -> TestClient[Litestar]:
    settings = settings_in()
    app = Litestar(
        OPS_ROUTES,
        dependencies={
            "notifications": Provide(lambda: archive, sync_to_thread=False),
            "settings": Provide(lambda: settings, sync_to_thread=False),
        },
        exception_handlers={RialtoError: handle_rialto_error},
        openapi_config=None,
    )
    return TestClient(app)


def test_the_list_leads_to_each_mail() -> None:
    with browsing(Archive()) as client:
        page = client.get("/mail")
        assert page.status_code == 200
        assert f'href="/mail/{MAIL_ID}"' in page.text
        assert "anna@example.com" in page.text


def test_an_empty_list_says_what_to_do() -> None:
    with browsing(Archive()) as client:
        page = client.get("/mail", params={"to": "bob@example.com"})
        assert "Nobody wrote to this address" in page.text
        assert 'value="bob@example.com"' in page.text


def test_a_mail_is_shown_with_headers_text_and_a_frame() -> None:
    with browsing(Archive()) as client:
        page = client.get(f"/mail/{MAIL_ID}")
        assert f"{MAIL_ID}@127.0.0.1" in page.text
        assert "<pre" in page.text
        assert f'<iframe src="/mail/{MAIL_ID}/html"' in page.text
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
        assert "script" not in page.headers["Content-Security-Policy"]


def test_a_mails_html_stands_in_a_sandbox_and_opens_links_outside() -> None:
    with browsing(Archive()) as client:
        page = client.get(f"/mail/{MAIL_ID}/html")
        assert page.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
        assert "allow-scripts" not in page.headers["Content-Security-Policy"]
        assert '<head><base target="_blank">' in page.text


def test_what_stands_in_a_mail_cannot_break_the_page() -> None:
    hostile = "<script>alert(1)</script>"
    with browsing(Archive(subject=hostile, text=hostile, to=f"{hostile}@x.de")) as client:
        for path in ("/mail", f"/mail/{MAIL_ID}"):
            assert "<script" not in client.get(path).text


def test_programs_get_json() -> None:
    archive = Archive()
    with browsing(archive) as client:
        (row,) = client.get("/mail.json", params={"to": "anna@example.com", "limit": 10**30}).json()["items"]
        assert (row["id"], row["subject"]) == (MAIL_ID, "Thank you")
        assert client.get("/mail.json", params={"to": "bob@example.com"}).json() == {"items": []}
        assert client.get(f"/mail/{MAIL_ID}/json").json()["text"] == "Hello"
        assert client.get(f"/mail/{MAIL_ID}/text").text == "Hello"
        assert [asked.to for asked in archive.asked] == ["anna@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    "path", ["/mail/mail_x", "/mail/mail_x/html", "/mail/mail_x/text", "/mail/mail_x/json"]
)
def test_a_mail_that_is_none_answers_404(path: str) -> None:
    with browsing(Archive()) as client:
        assert client.get(path).status_code == 404
