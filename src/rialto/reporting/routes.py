"""Reporting on the web: what needs attention."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.datastructures import CacheControlHeader

from rialto.kernel.http import Injected, about, requires
from rialto.kernel.service import Nothing
from rialto.reporting.api import Attention, Reporting


@get(
    "/v1/admin/attention",
    guards=[requires("orders.read")],
    cache_control=CacheControlHeader(no_store=True),
    **about("read_attention", "See what needs attention", tag="staff: reports"),
)
async def read_attention(reporting: Injected[Reporting]) -> Attention:
    """Orders that cannot go on by themselves, checkouts that should have ended, stock that is running out, events that a service could not take in, reviews that wait."""
    return await reporting.attention(Nothing())


ROUTES: list[Any] = [read_attention]
