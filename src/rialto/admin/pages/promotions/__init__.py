"""Promotions, their codes, and the preview that says why one is not given."""

from __future__ import annotations

from rialto.admin.pages.promotions import codes, editing, preview

ROUTES = [*editing.ROUTES, *preview.ROUTES, *codes.ROUTES]
