"""Products: found, edited, made; their prices changed in bulk."""

from __future__ import annotations

from rialto.admin.pages.products import bulk, demo, editing, listing, pictures

ROUTES = [*listing.ROUTES, *bulk.ROUTES, *demo.ROUTES, *editing.ROUTES, *pictures.ROUTES]
