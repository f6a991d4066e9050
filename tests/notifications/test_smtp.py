from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from rialto.engines.smtp import KeptMail, SmtpMail, default_sender
from rialto.kernel.errors import Unavailable
from rialto.kernel.mail import MailRefused, Outgoing, compose
from rialto.kernel.settings_reader import SettingWrong
from tests.notifications.desk import PLACED_AT
from tests.support.mail_server import Server, serving

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

SENDER = Address(display_name="Rialto", addr_spec="shop@rialto.test")
SHOP = "https://shop.example"


def a_mail(**changed: Any) -> Outgoing:
    values: dict[str, Any] = {
        "message_id": "mail_1@shop.example",
        "to": "anna@example.com",
        "subject": "Danke für Ihre Bestellung – schönes Stück, größer als Übliches und so lang, dass es umbricht",
        "text": "Grüße\n.\nein Punkt allein\n",
        "html": "<p>Grüße</p>",
        "language": "de",
        "at": PLACED_AT,
    }
    return Outgoing(**{**values, **changed})


def read_back(message: EmailMessage) -> EmailMessage:
    found = message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


async def test_umlauts_in_the_subject_are_encoded_by_rfc_2047_and_read_back() -> None:
    message = compose(a_mail(), sender=SENDER)
    raw = message.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert b"=?utf-8?" in head
    assert max(len(line) for line in head.split(b"\r\n")) <= 78
    assert read_back(message)["Subject"] == a_mail().subject


@pytest.mark.parametrize(
    ("reply_to", "stands"),
    [
        ("hello@shop.example", "hello@shop.example"),
        ("grüße@shop.example", None),
        ("a b@c.d", None),
        ("", None),
    ],
)
async def test_answers_go_to_the_shop_where_its_address_can_be_written(
    reply_to: str, stands: str | None
) -> None:
    assert read_back(compose(a_mail(reply_to=reply_to), sender=SENDER))["Reply-To"] == stands


async def test_a_message_has_both_bodies_and_the_headers_of_an_automatic_mail() -> None:
    message = read_back(compose(a_mail(), sender=SENDER))
    assert (message["From"], message["To"]) == ("Rialto <shop@rialto.test>", "anna@example.com")
    assert (message["Message-ID"], message["Auto-Submitted"]) == ("<mail_1@shop.example>", "auto-generated")
    assert message["Date"] == "Mon, 05 Jan 2026 09:00:00 +0000"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == a_mail().text
    assert html.get_content().strip() == a_mail().html


async def test_an_address_with_umlauts_in_its_domain_is_written_in_ascii() -> None:
    assert read_back(compose(a_mail(to="anna@müller.de"), sender=SENDER))["To"] == "anna@xn--mller-kva.de"


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Hello\r\nBcc: all@example.com"},
        {"subject": "Hello\nBcc: all@example.com"},
        {"to": "anna@example.com\nBcc: all@example.com"},
        {"to": "anna@example.com, all@example.com"},
        {"to": "anna"},
        {"to": ""},
        {"to": "@"},
        {"to": "anna@" + "x" * 300},
    ],
)
async def test_nothing_is_smuggled_into_the_headers(changed: dict[str, str]) -> None:
    with pytest.raises(MailRefused):
        compose(a_mail(**changed), sender=SENDER)
    with pytest.raises(MailRefused):
        await KeptMail().send(a_mail(**changed))


async def test_without_a_server_a_mail_is_only_kept() -> None:
    await KeptMail().send(a_mail())


async def test_a_mail_is_handed_to_the_server() -> None:
    server = Server()
    async with serving(server) as address:
        await SmtpMail(f"smtp://shop:p%40ss@{address}?from=hello@shop.example", public_url=SHOP).send(
            a_mail()
        )
    assert any(line.startswith("AUTH PLAIN") for line in server.heard)
    assert any(line.startswith("MAIL FROM:<hello@shop.example>") for line in server.heard)
    assert "RCPT TO:<anna@example.com>" in server.heard
    assert b"Message-ID: <mail_1@shop.example>" in server.message
    assert b"\r\n..\r\n" in server.message  # a dot alone does not end the mail


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"RCPT": "550 no such mailbox"}, MailRefused),
        ({"RCPT": "450 later"}, Unavailable),
        ({".": "554 we do not like it"}, MailRefused),
        ({".": "451 later"}, Unavailable),
        ({"MAIL": "451 later"}, Unavailable),
        ({"MAIL": "550 not this sender"}, Unavailable),
        ({"AUTH": "535 wrong password"}, Unavailable),
        ({"EHLO": "502 what", "HELO": "502 what"}, Unavailable),
    ],
)
async def test_refusals_for_now_and_for_good_are_told_apart(
    answers: dict[str, str], expected: type[Exception]
) -> None:
    async with serving(Server(**answers)) as address:
        with pytest.raises(expected):
            await SmtpMail(f"smtp://shop:secret@{address}", public_url=SHOP).send(a_mail())


async def test_nobody_listening_means_later() -> None:
    async with serving(Server()) as address:
        pass
    with pytest.raises(Unavailable):
        await SmtpMail(f"smtp://{address}", public_url=SHOP).send(a_mail())


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable):
            await SmtpMail(f"smtp://127.0.0.1:{port}", public_url=SHOP).send(a_mail())


async def test_a_password_does_not_travel_in_the_clear_to_another_machine() -> None:
    assert SmtpMail("smtp://u:p@mail.example", public_url=SHOP)._start_tls() is True
    assert SmtpMail("smtp://u:p@localhost", public_url=SHOP)._start_tls() is None
    assert SmtpMail("smtp://mail.example", public_url=SHOP)._start_tls() is None
    assert SmtpMail("smtps://u:p@mail.example", public_url=SHOP)._start_tls() is False


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        (SHOP, "shop@shop.example"),
        ("http://127.0.0.1:8000", "shop@rialto.test"),
        ("http://localhost", "shop@rialto.test"),
        ("http://[::1]:1", "shop@rialto.test"),
    ],
)
async def test_the_sender_follows_from_the_shops_address(url: str, sender: str) -> None:
    assert default_sender(url) == sender


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c", "x y@z.de"])
async def test_a_sender_that_is_no_address_stops_the_start(sender: str) -> None:
    with pytest.raises(SettingWrong, match="RIALTO_SMTP_URL"):
        SmtpMail(
            f"smtp://mail.example?from={sender}&x=1" if sender else "smtp://mail.example?from=%20",
            public_url=SHOP,
        )
