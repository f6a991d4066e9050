"""Settings and secrets: whether they fit each other, beyond each being readable."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from rialto.doctor.model import Check, fail, ok, warn
from rialto.kernel.clock import Clock
from rialto.kernel.secrets import SecretsBroken, read_secrets
from rialto.kernel.settings import Settings, variables

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def check_settings(settings: Settings, environment: Mapping[str, str]) -> list[Check]:
    found = []
    strangers = sorted(name for name in environment if name.startswith("RIALTO_") and name not in variables())
    if strangers:
        found.append(
            warn("settings", f"{', '.join(strangers)} is no setting.", "A misspelt one counts as not set.")
        )
    shown = urlsplit(settings.public_url)
    if settings.host not in LOOPBACK and shown.hostname in LOOPBACK:
        text = f"The shop listens on {settings.host} and its address is {settings.public_url}."
        found.append(warn("settings", text, "Set RIALTO_PUBLIC_URL to the address people use."))
    if settings.secure and not settings.trusted_proxies:
        text = (
            "The shop's address is https, and no proxy is trusted: all customers seem to come from the proxy."
        )
        found.append(warn("settings", text, "Set RIALTO_TRUSTED_PROXIES to the proxy's address."))
    if settings.crash_at:
        text = f"RIALTO_CRASH_AT is {settings.crash_at}: the shop kills itself there."
        found.append(fail("settings", text, "It is for tests; unset it."))
    return found or [ok("settings", f"read; the data folder is {settings.data}.")]


def check_secrets(settings: Settings, clock: Clock, *, is_new: bool) -> Check:
    """`is_new`: there is no database yet that would need them."""
    file = settings.secret_file
    if not file.exists():
        if is_new:
            return ok("secrets", f"{file} is made at the first start.")
        return fail(
            "secrets", f"{file} is missing.", "Restore it from your backup, or run `rialto secrets renew`."
        )
    try:
        secrets = read_secrets(file)
    except SecretsBroken as problem:
        return fail("secrets", problem.text, "")
    found = file.stat()
    if datetime.fromtimestamp(found.st_mtime, UTC) > clock.now():
        return warn("secrets", f"{file} is of the future.", "Was the machine's clock set back? Correct it.")
    waiting = sum(former.until > clock.now() for former in secrets.former_signing_keys)
    more = f"; tokens of {waiting} former keys are still taken" if waiting else ""
    return ok("secrets", f"{file}, rights {stat.S_IMODE(found.st_mode):04o}{more}.")
