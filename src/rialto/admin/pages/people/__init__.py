"""Who works here, what roles allow, and what was done."""

from __future__ import annotations

from rialto.admin.pages.people import log, roles, staff

ROUTES = [*staff.ROUTES, *roles.ROUTES, *log.ROUTES]
