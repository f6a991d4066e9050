"""The mail port's engines: an SMTP server, or nobody (the mail is kept and seen in the viewer).

`smtp://user:password@host:587?from=shop@example.com`. `smtp` switches to TLS when the server offers it, and
insists on it when there is a password and the server is not this machine; `smtps` speaks TLS from the start.
`from` is the sender; without it `shop@` and the host name of the shop.
"""

from __future__ import annotations

import asyncio
from email.errors import MessageError
from email.headerregistry import Address
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from rialto.kernel.errors import Unavailable
from rialto.kernel.extensions import Surroundings
from rialto.kernel.mail import SEND_WITHIN_S, Mailer, MailRefused, Outgoing, check_headers, compose
from rialto.kernel.settings_reader import SettingWrong

SHOP_NAME = "Rialto"
TIMEOUT_S = 10.0  # one step of the conversation
PARALLEL = 8  # common servers take ten connections of one client

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class KeptMail:
    """No server is configured: a mail counts as sent once it is kept."""

    parallel = 100

    async def send(self, mail: Outgoing) -> None:
        """Nothing to do; only what no server could take is refused here as there."""
        check_headers(mail)


class SmtpMail:
    """One conversation with the server per mail."""

    parallel = PARALLEL

    def __init__(self, url: str, *, public_url: str, timeout_s: float = TIMEOUT_S) -> None:
        """Raises SettingWrong when the sender in the URL is no address."""
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587 if self._username else 25)
        self._timeout_s = timeout_s
        self._sender = _sender(parse_qs(parts.query).get("from", [default_sender(public_url)])[0])

    async def send(self, mail: Outgoing) -> None:
        message = compose(mail, sender=self._sender)
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self._converse(message, mail.to)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError) as error:
            if _is_final(error):
                raise MailRefused(f"The mail server refused the mail: {_codes(error)}.") from error
            raise Unavailable("The mail server asks to come again later.") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unavailable("The mail server does not answer as it should.") from error

    async def _converse(self, message: object, to: str) -> None:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            timeout=self._timeout_s,
            use_tls=self._tls,
            start_tls=self._start_tls(),
            local_hostname="localhost",
        )
        async with client:
            await client.send_message(message, sender=self._sender.addr_spec, recipients=[to])  # type: ignore[arg-type]

    def _start_tls(self) -> bool | None:
        """False where TLS is on already, True where a password must not travel in the clear, None: if offered."""
        if self._tls:
            return False
        return True if self._password and self._host not in LOOPBACK else None


def make(around: Surroundings) -> Mailer:
    """The mailer for a `RIALTO_SMTP_URL` whose scheme is this engine's name."""
    return SmtpMail(around.settings.smtp_url or "", public_url=around.settings.public_url)


def default_sender(public_url: str) -> str:
    """`shop@` the shop's domain; an address in numbers or a bare name has none."""
    host = urlsplit(public_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return f"shop@{host}" if "." in host else "shop@rialto.test"
    return "shop@rialto.test"


def _sender(text: str) -> Address:
    try:
        return Address(display_name=SHOP_NAME, addr_spec=text)
    except (MessageError, ValueError, IndexError) as error:
        raise SettingWrong(f"RIALTO_SMTP_URL has from={text!r}; it must be an e-mail address.") from error


def _is_final(error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPDataError) -> bool:
    return all(code >= 500 for code in _codes(error))


def _codes(error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPDataError) -> list[int]:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return [refused.code for refused in error.recipients]
    return [error.code]
