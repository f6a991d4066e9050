"""What mails say, changed at the desk and through the API: looked at first, at once in the next mail, never over another's change."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from rialto.notifications.api import ListMails, Mail, MailRef, MailText, MailTextRef, Notifications
from tests.admin.merchants_desk import Browser
from tests.api.people import OWNER, hire, sign_in

pytestmark = pytest.mark.anyio

LIST = "/settings/mails"
PLACED = f"{LIST}/order_placed/en"
ACTION = "/admin/settings/mails/order_placed/en"
API = "/v1/admin/mail-texts/order_placed/en"
WORDS = {"subject": "{order_number}: thanks", "headline": "Many thanks."}


async def text_of(desk: Browser, kind: str = "order_placed", language: str = "en") -> MailText:
    return await desk.shop.app[Notifications].mail_text(MailTextRef(kind=kind, language=language))


async def mail_about_an_order(desk: Browser) -> Mail:
    order = (await desk.shop.buy("PENCIL")).order
    await desk.shop.settle()
    mails = desk.shop.app[Notifications]
    found = [
        row for row in (await mails.list(ListMails(to=order.email))).items if row.template == "order_placed"
    ]
    return await mails.get(MailRef(id=found[0].id))


async def api(desk: Browser, method: str, path: str, *, email: str = OWNER, **more: object) -> httpx.Response:
    token = (await sign_in(desk.shop, email)).access_token
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}  # type: ignore[dict-item]
    return await desk.shop.web.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


async def reset(desk: Browser) -> None:
    await desk.post(f"{PLACED}/reset", {"version": str((await text_of(desk)).version)})


async def test_a_text_is_looked_at_changed_mailed_and_given_up(desk: Browser) -> None:
    assert f'href="{ACTION}"' in await desk.get(LIST)
    form = await desk.form(PLACED, ACTION)
    assert form["subject"] == "Thank you for your order {order_number}"
    mine = form | {
        "subject": "Order {order_number} of {shop_name}",
        "greeting": "Dear {name},",
        "introduction": "We pack <b>today</b>.\r\nReally.\r\n\r\nYou ordered on {placed_on}.",
        "closing": "",
        "signature": "Lamps & More\r\nPetra",
    }
    looked = await desk.post(f"{PLACED}/preview", mine, 200)
    frame = unescape(re.findall(r'srcdoc="([^"]*)"', looked)[0])
    assert "We pack &lt;b&gt;today&lt;/b&gt;.<br>Really." in frame
    assert "Dear Ada Lovelace," in frame
    assert 'sandbox=""' in looked
    assert '<strong lang="en">Order ABCDE-12345 of Rialto</strong>' in looked
    assert (await text_of(desk)).version == 0, "nothing is saved by looking"
    again = await desk.post(PLACED, mine)
    assert again == f"{ACTION}?done=mail_saved"

    mail = await mail_about_an_order(desk)
    assert re.fullmatch(r"Order \w{5}-\w{5} of Rialto", mail.subject)
    assert "We pack <b>today</b>.\nReally.\n\nYou ordered on " in mail.text
    assert "We pack &lt;b&gt;today&lt;/b&gt;.<br>Really." in mail.html
    assert "Lamps &amp; More<br>Petra" in mail.html
    assert "See your order:" in mail.text, "what a mail has to say stays"
    stored = await desk.form(PLACED, ACTION)
    assert stored["introduction"] == "We pack <b>today</b>.\nReally.\n\nYou ordered on {placed_on}."
    assert await desk.post(PLACED, stored) == f"{ACTION}?done=mail_saved", "a round trip"
    assert (await text_of(desk)).version == 1

    assert "done=terms_changed" in await desk.post(f"{PLACED}/reset", {"version": "0"})
    assert "done=terms_changed" in await desk.post(f"{PLACED}/reset", {})
    assert "done=mail_reset" in await desk.post(f"{PLACED}/reset", {"version": "1"})
    assert not (await text_of(desk)).own
    assert (await mail_about_an_order(desk)).subject.startswith("Thank you for your order ")


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"subject": ""}, "Please fill this in."),
        ({"subject": "x" * 151}, "At most 150 characters."),
        ({"subject": "Hello\r\nBcc: all@example.com"}, "a line break where there is one line only"),
        ({"headline": "Hello {nmae}"}, "This mail knows no {nmae}. It knows {order_number}, "),
        ({"closing": "Until {valid_until}"}, "This mail knows no {valid_until}."),
        ({"introduction": "{{ 7 * 7 }}"}, "Braces stand around the name of a placeholder"),
        ({"introduction": "{order_number"}, "Braces stand around the name of a placeholder"),
        ({"signature": "\x07"}, "characters that cannot be mailed"),
        ({"version": "x"}, "This is no whole number."),
    ],
)
async def test_what_cannot_be_mailed_is_refused_where_it_stands(
    desk: Browser, odd: dict[str, str], told: str
) -> None:
    before = await text_of(desk)
    form = await desk.form(PLACED, ACTION)
    page = unescape(await desk.post(PLACED, form | odd, 422))
    assert 'id="problems"' in page
    assert told in page
    if "version" not in odd:
        assert told in unescape(await desk.post(f"{PLACED}/preview", form | odd, 422))
    assert await text_of(desk) == before


async def test_of_two_who_change_a_text_the_second_chooses(desk: Browser) -> None:
    first = await desk.form(PLACED, ACTION)
    second = dict(first)
    await desk.post(PLACED, first | {"closing": "See you."})
    page = await desk.post(PLACED, second | {"closing": "Bye."}, 409)
    assert "Somebody else was quicker" in page
    for name in ("closing-yours", "closing-theirs"):
        assert f'id="{name}"' in page
    assert (await text_of(desk)).passages.closing == "See you.", "nothing was overwritten"
    await reset(desk)


async def test_what_is_no_mail_is_not_found(desk: Browser) -> None:
    form = await desk.form(PLACED, ACTION)
    for path in ("birthday/en", "order_placed/fr", "order_placed/..en"):
        await desk.get(f"{LIST}/{path}", 404)
        for action in ("", "/preview", "/reset"):
            await desk.post(f"{LIST}/{path}{action}", form, 404)


async def test_the_api_reads_changes_looks_and_resets_under_a_version(desk: Browser) -> None:
    items = (await api(desk, "GET", "/v1/admin/mail-texts")).json()["items"]
    assert len(items) == 30
    found = await api(desk, "GET", API)
    assert "order_number" in found.json()["placeholders"]
    tag = found.headers["ETag"]
    missing = await api(desk, "PUT", API, json=WORDS)
    assert (missing.status_code, missing.json()["code"]) == (400, "if_match_missing")
    put = await api(desk, "PUT", API, json=WORDS, headers={"If-Match": tag})
    assert put.status_code == 200, put.text
    assert put.json()["passages"]["introduction"] == "", "what is not said is not there"
    assert put.json()["own"] is True
    again = await api(desk, "PUT", API, json=WORDS, headers={"If-Match": tag})
    assert (again.status_code, again.headers["ETag"]) == (200, put.headers["ETag"]), (
        "the same again: unchanged"
    )
    late = await api(desk, "PUT", API, json=WORDS | {"headline": "No"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    bad = await api(
        desk, "PUT", API, json=WORDS | {"closing": "{nmae}"}, headers={"If-Match": put.headers["ETag"]}
    )
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (422, "placeholder_unknown")
    looked = await api(desk, "POST", f"{API}/preview", json=WORDS)
    assert looked.json()["subject"] == "ABCDE-12345: thanks"
    late = await api(desk, "DELETE", API, headers={"If-Match": tag})
    assert late.status_code == 412
    gone = await api(desk, "DELETE", API, headers={"If-Match": put.headers["ETag"]})
    assert (gone.status_code, gone.json()["own"]) == (200, False)
    assert gone.headers["ETag"] != tag, "a version never comes twice"


async def test_who_may_only_look_changes_nothing(desk: Browser) -> None:
    await hire(desk.shop, "viewer@staff.test", "viewer")
    read = await api(desk, "GET", API, email="viewer@staff.test")
    assert read.status_code == 200
    tag = {"If-Match": read.headers["ETag"]}
    for method in ("PUT", "DELETE"):
        answer = await api(desk, method, API, email="viewer@staff.test", json=WORDS, headers=tag)
        assert answer.status_code == 403
