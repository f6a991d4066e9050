"""One-time passwords by time (RFC 6238), by pyotp, and the picture by which a phone reads the secret, by segno."""

from __future__ import annotations

import hmac
import io
from datetime import datetime

import pyotp
import segno

STEP_S = 30
DIGITS = 6
# A phone's clock and a slow typist: the step before and the one after are taken, too.
STEPS_BESIDE = 1


def make_secret(drawn: int) -> str:
    """160 random bits in base 32, as authenticators read them."""
    return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[drawn >> shift & 31] for shift in range(155, -1, -5))


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def picture(uri: str) -> str:
    """The URI as a QR code: SVG, black on white with the quiet zone around it, no style of its own."""
    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=True, scale=4, border=4, light="#fff", dark="#000"
    )
    return drawn.getvalue().decode()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is, the newest that may be; None: no step of now."""
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    present = int(now.timestamp()) // STEP_S
    generator = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    for step in range(present + STEPS_BESIDE, present - STEPS_BESIDE - 1, -1):
        if hmac.compare_digest(generator.at(step * STEP_S), code):
            return step
    return None
