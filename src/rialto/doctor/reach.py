"""Whoever the shop talks to: the mail server, payment providers, and the certificates people see."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from rialto.doctor.model import Check, fail, ok, warn
from rialto.kernel.clock import Clock
from rialto.kernel.errors import RialtoError, Unavailable
from rialto.kernel.keyvalue import KeyValues
from rialto.kernel.settings import Settings
from rialto.kernel.settings_reader import SettingWrong

ANSWERS_WITHIN_S = 5.0
EXPIRES_SOON = timedelta(days=14)
PORTS = {"https": 443, "smtps": 465, "smtp": 25}


def check_mail(settings: Settings) -> Check:
    """Only whether somebody takes the call: nothing is said or sent."""
    if settings.smtp_url is None:
        return ok("mail", "No server is set; mails are kept in the viewer only.")
    host, port = _place(settings.smtp_url)
    try:
        socket.create_connection((host, port), ANSWERS_WITHIN_S).close()
    except OSError as problem:
        text = f"{host}:{port} does not answer ({problem.strerror or problem})."
        return fail(
            "mail", text, "Mails wait and are tried again for days; correct RIALTO_SMTP_URL or the server."
        )
    return ok("mail", f"{host}:{port} answers.")


async def check_key_values(key_values: KeyValues | None) -> list[Check]:
    """The server in RIALTO_CACHE_URL, if there is one."""
    if key_values is None or not key_values.shared:
        return []
    try:
        await key_values.check()
    except SettingWrong as problem:
        return [fail("key-value", problem.text, "The shop would not start with this.")]
    except Unavailable as problem:
        return [
            warn("key-value", problem.text, "The shop goes on without it; each process limits for itself.")
        ]
    return [ok("key-value", "The server in RIALTO_CACHE_URL answers.")]


async def check_providers(providers: Mapping[str, Any], *, is_running: bool) -> list[Check]:
    """Each is asked for the first page of its statement, as the audit does."""
    found = []
    for name, provider in sorted(providers.items()):
        try:
            await provider.statement(None)
            found.append(ok("payments", f"{name} answers."))
        except RialtoError as problem:
            if name == "sandbox" and not is_running:
                found.append(ok("payments", "sandbox runs only while the shop does."))
            else:
                text = f"{name} does not answer: {problem.text}"
                found.append(fail("payments", text, "Nobody can pay with it until it does."))
    return found


def check_certificates(settings: Settings, clock: Clock) -> list[Check]:
    """Of each address with TLS, as a stranger sees it."""
    named = {
        "RIALTO_PUBLIC_URL": settings.public_url,
        "RIALTO_SANDBOX_URL": settings.sandbox_url,
        "RIALTO_SMTP_URL": settings.smtp_url or "",
    }
    secure = {name: url for name, url in named.items() if urlsplit(url).scheme in {"https", "smtps"}}
    return [_certificate(name, *_place(url), clock) for name, url in secure.items()]


def _certificate(setting: str, host: str, port: int, clock: Clock) -> Check:
    where = f"{host}:{port} ({setting})"
    try:
        with (
            socket.create_connection((host, port), ANSWERS_WITHIN_S) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            until = _until(wrapped.getpeercert())
    except ssl.SSLError as problem:
        reason = getattr(problem, "verify_message", "") or problem.reason or "no TLS"
        return fail("certificate", f"{where}: {reason}.", "Renew it, or correct what terminates TLS.")
    except OSError as problem:
        text = f"{where} cannot be reached from here ({problem.strerror or problem})."
        return warn("certificate", text, "Look from outside.")
    left = until - clock.now()
    text = f"{where} is good until {until:%Y-%m-%d}."
    if left < EXPIRES_SOON:
        return warn("certificate", text, "Renew it.")
    return ok("certificate", text)


def _until(certificate: Any) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "localhost", parts.port or (587 if parts.username else PORTS[parts.scheme])
