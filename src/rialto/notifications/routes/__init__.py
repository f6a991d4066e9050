"""Notifications on the web. The mails themselves are shown on the operations port only."""

from __future__ import annotations

from typing import Any

from rialto.notifications.routes import mail_texts, waiting

ROUTES: list[Any] = [*waiting.ROUTES, *mail_texts.ROUTES]
